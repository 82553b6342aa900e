"""What is asked of the model, and what comes of it: with the fake engine."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from herdmate import threads
from herdmate.completion.complete import Completion, complete, typing_request
from herdmate.completion.postprocess import Shown
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.completion.syntax_check import sound
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.context import project
from herdmate.context.withheld import Withheld, WithheldReason, without_secrets_soon
from herdmate.generation import Request, Text
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Document
from tests.fake_model import cursor, fake_completion
from tests.waiting import until

SETTINGS = CompletionSettings(delay=0)
LINES = "".join(f"value_{number} = {number}\n" for number in range(400))


@pytest.mark.parametrize("context", [160, 512, 1024, 8192])
@pytest.mark.parametrize("most", [64, 4096])
async def test_what_is_asked_fits_into_any_context(context: int, most: int) -> None:
    settings = replace(SETTINGS, max_tokens=most, prefix_tokens=3000, suffix_tokens=1000)
    async with fake_completion({"": "fine"}, context=context) as model:
        here = cursor(LINES + "x = ", "\n" + LINES)
        request = await typing_request(here, model, settings)
        texts = [part.text for part in request.prompt.segments if isinstance(part, Text)]
        prompt = sum(map(len, texts)) + len(request.prompt.segments) - len(texts)
        assert prompt + request.max_tokens <= context
        assert prompt + request.max_tokens > min(context, 4000 + 64) * 0.6  # what fits is used
        assert any(text.endswith("x = ") for text in texts)
        found = await complete(here, model, settings, invoked=True)
    assert isinstance(found, tuple)
    assert [item.text for item in found] == ["fine"]


async def test_one_line_of_figures_a_request_also_where_it_was_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="herdmate.engine.host")
    replies = {"x = <|fim_suffix|>": "1\n\n\n\nmore = 2\n" * 9, "": "last"}
    async with fake_completion(replies, seconds=0.002) as model:
        await complete(cursor("x = ", "\n"), model, SETTINGS, invoked=False)
        # The engine answers in order, so this one's figures come after those of the first.
        await complete(cursor("y = ", "\n"), model, SETTINGS, invoked=False)
        lines = [line for line in caplog.messages if line.startswith("typing: ")]
    assert len(lines) == 2
    prompt = len("x = \n") + 3
    assert lines[0].startswith(f"typing: stopped early; prompt {prompt} tokens, 0 reused, {prompt}")
    assert "typing: end; " in lines[1]
    assert "1 reused" in lines[1]


@pytest.mark.parametrize("invoked", [True, False])
async def test_who_asks_again_where_something_is_shown_gets_others_after_it(invoked: bool) -> None:
    here = cursor("x = ", "\n")
    async with fake_completion({"": "one"}) as model:
        first = await complete(here, model, SETTINGS, invoked)
        assert isinstance(first, tuple)
        assert [item.text for item in first] == ["one"]  # as soon as there is one
        for _ in range(2):
            found = await complete(here, model, SETTINGS, invoked=True)
            assert isinstance(found, tuple)
            assert [type(item) for item in found] == [Completion] * SETTINGS.alternatives
            assert found[0].text == "one"
            assert len({item.text for item in found}) == 3
        alone = await complete(here, model, replace(SETTINGS, alternatives=1), invoked=True)
        assert isinstance(alone, tuple)
        assert [item.text for item in alone] == ["one"]
        asked = (await model.host.totals()).requests
        again = await complete(here, model, SETTINGS, invoked=False)
        assert isinstance(again, tuple)
        assert [item.text for item in again] == ["one"]
        assert (await model.host.totals()).requests == asked


async def test_what_the_model_doubts_is_shown_only_to_those_who_ask() -> None:
    settings = replace(SETTINGS, confidence=0.1)
    here = cursor("x = ", "\n")
    async with fake_completion({"": "onz"}, doubtful="z") as model:
        for _ in range(2):  # the second time from the cache
            found = await complete(here, model, settings, False)
            assert isinstance(found, Silence)
            assert found.reason is SilenceReason.DOUBTFUL
            assert "completion.confidence" in str(found)
        assert (await model.host.totals()).requests == 1
        for sure, invoked in ((settings, True), (replace(settings, confidence=0.0), False)):
            found = await complete(here, model, sure, invoked)
            assert isinstance(found, tuple)
            assert [item.text for item in found] == ["onz"]
    async with fake_completion({"": "onz"}, doubtful="z") as model:
        found = await complete(here, model, settings, True)
        assert isinstance(found, tuple)
    async with fake_completion({"": "one"}, doubtful="z") as model:
        assert isinstance(await complete(here, model, settings, False), tuple)


_WORD_DOUBTED = replace(SETTINGS, confidence=0.01, alternatives=1)
"""In ``onz`` the line is sure enough, and the word is not."""


async def test_a_doubted_word_that_was_asked_for_comes_at_once_and_stays() -> None:
    settings, here = replace(_WORD_DOUBTED, alternatives=3), cursor("x = ", "\n")
    async with fake_completion({"": "onz + 1"}, doubtful="z") as model:
        assert isinstance(await complete(here, model, settings, False), Silence)
        asked = await complete(here, model, settings, True)
        assert isinstance(asked, tuple)
        assert [item.text for item in asked] == ["onz + 1"]
        for typed in ("", "o", "on", "onz", "onz "):
            found = await complete(cursor(f"x = {typed}", "\n"), model, settings, False)
            assert isinstance(found, tuple)
            assert [item.text for item in found] == ["onz + 1".removeprefix(typed)]
        assert (await model.host.totals()).requests == 1
        more = await complete(here, model, settings, True)
        assert isinstance(more, tuple)
        assert len(more) == 3


@pytest.mark.parametrize("is_seen", [False, True])
async def test_a_doubted_word_is_left_out_unless_it_is_seen_already(is_seen: bool) -> None:
    async with fake_completion({"": "one + z + 1"}, doubtful="z") as model:
        shown = []
        for typed in ("", "o", "one +", "one + z"):
            here = cursor(f"x = {typed}", "\n")
            found = await complete(here, model, _WORD_DOUBTED, False)
            shown.append(isinstance(found, tuple))
            if isinstance(found, tuple) and is_seen:
                model.cache.note_seen(here, found[0].text)
        assert shown == [True, True, is_seen, True]
        assert (await model.host.totals()).requests == 1


@pytest.mark.parametrize("end", ["begun anew", "closed"])
async def test_what_was_seen_says_nothing_about_another_answer(end: str) -> None:
    replies = {"y = 1\n": "onz + 1", "": "one + 1"}
    async with fake_completion(replies, doubtful="z") as model:
        here = cursor("x = ", "\n")
        assert await complete(here, model, _WORD_DOUBTED, True)
        model.cache.note_seen(here, "one + 1")
        if end == "closed":
            model.forget(here.document.uri)
        for typed in ("", "o", "on"):
            found = await complete(cursor(f"x = {typed}", "\ny = 1\n"), model, _WORD_DOUBTED, False)
            assert isinstance(found, Silence), typed


async def test_a_model_that_takes_over_is_asked_though_the_other_was_in_doubt() -> None:
    async with (
        fake_completion({"": "onz\n" * 9}, seconds=0.02, doubtful="z") as model,
        fake_completion({"": "one"}) as other,
    ):
        here = cursor("x = ", "\n")
        asking = asyncio.ensure_future(complete(here, model, _WORD_DOUBTED, False, grows=True))
        await until(lambda: any(it.is_doubtful for it in model.in_flight.values()))
        following = asyncio.ensure_future(complete(here, model, _WORD_DOUBTED, False, grows=True))
        await asyncio.sleep(0)
        model.reset(other.host)
        assert isinstance(await following, tuple)
        await asking


async def test_a_doubted_answer_that_was_waited_for_is_not_asked_for_again() -> None:
    async with fake_completion({"": "onz"}, seconds=0.02, doubtful="z") as model:
        first = asyncio.ensure_future(complete(cursor("x = ", "\n"), model, _WORD_DOUBTED, False))
        await until(lambda: bool(model.running()))
        first.cancel()
        found = await complete(cursor("x = o", "\n"), model, _WORD_DOUBTED, False)
        assert isinstance(found, Silence)
        assert found.reason is SilenceReason.DOUBTFUL
        assert (await model.host.totals()).requests == 1
        other = await complete(cursor("x = p", "\n"), model, _WORD_DOUBTED, False)
        assert isinstance(other, Silence)
        assert (await model.host.totals()).requests == 2


async def test_a_block_is_shown_up_to_what_the_model_doubts() -> None:
    settings = replace(SETTINGS, confidence=0.1)
    here = cursor("def f(a):\n    ", "\n")
    async with fake_completion({"": "b = a\n    cz = b\n    return c"}, doubtful="z") as model:
        found = await complete(here, model, settings, False)
        assert isinstance(found, tuple)
        assert [item.text for item in found] == ["b = a"]


async def test_switched_off_it_is_silent_unless_asked() -> None:
    settings = replace(SETTINGS, enabled=False)
    async with fake_completion({"": "one"}) as model:
        assert isinstance(await complete(cursor("x = ", "\n"), model, settings, False), Silence)
        assert isinstance(await complete(cursor("x = ", "\n"), model, settings, True), tuple)


async def test_a_scope_that_is_switched_off_is_silent_unless_asked() -> None:
    settings, here = replace(SETTINGS, scopes=("code",)), cursor("x = 1  # ", "\n")
    async with fake_completion({"": "fine"}) as model:
        assert await complete(here, model, SETTINGS, invoked=False)
        silence = await complete(here, model, settings, invoked=False)
        assert "herdmate.completion.scopes" in str(silence)
        assert isinstance(await complete(here, model, settings, invoked=True), tuple)


async def test_the_name_of_an_empty_file_is_all_that_tells_what_belongs_there() -> None:
    async with fake_completion({"": "import bisect"}) as model:
        named = Cursor(Document("file:///a/binary_search.py", "python", "\n"), 0)
        request = await typing_request(named, model, SETTINGS)
        texts = [part.text for part in request.prompt.segments if isinstance(part, Text)]
        assert "# binary_search.py\n" in texts
        begun = Cursor(Document("file:///a/binary_search.py", "python", "x = 1\n"), 6)
        request = await typing_request(begun, model, SETTINGS)
        assert not any("binary" in p.text for p in request.prompt.segments if isinstance(p, Text))
        assert isinstance(await complete(named, model, SETTINGS, invoked=False), tuple)


@pytest.mark.parametrize(
    ("name", "language", "comment"),
    [
        ("login_form.html", "html", "<!-- login_form.html -->\n"),
        ("UserCard.vue", "vue", "<!-- UserCard.vue -->\n"),
        ("dark_theme.css", "css", "/* dark_theme.css */\n"),
        ("fibonacci.ml", "ocaml", "(* fibonacci.ml *)\n"),
        ("http_server.erl", "erlang", "% http_server.erl\n"),
        ("index.html", "html", ""),
        ("package.json", "json", ""),
    ],
)
async def test_the_name_of_an_empty_file_stands_in_a_comment_of_its_language(
    name: str, language: str, comment: str
) -> None:
    empty = Cursor(Document(f"file:///a/{name}", language, ""), 0)
    async with fake_completion({"": "x"}) as model:
        request = await typing_request(empty, model, SETTINGS)
        texts = [part.text for part in request.prompt.segments if isinstance(part, Text)]
        assert [it for it in texts if name in it] == [comment] * bool(comment)


async def test_a_byte_order_mark_is_not_shown_to_the_model() -> None:
    async with fake_completion({"": "fine"}) as model:
        marked = Cursor(Document("file:///a.py", "python", "\ufeffx = 1\ny = \n"), 11)
        request = await typing_request(marked, model, SETTINGS)
        assert "x = 1\ny = " in [p.text for p in request.prompt.segments if isinstance(p, Text)]


async def test_a_document_withheld_while_its_prompt_is_made_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = cursor("x = ", "\n")
    async with fake_completion({"": "one"}) as model:

        async def made(*given: Any, **named: Any) -> Request:
            request = await typing_request(*given, **named)
            model.project.withheld[here.document.uri] = Withheld(WithheldReason.IGNORED_BY_GIT)
            return request

        monkeypatch.setattr("herdmate.completion.complete.typing_request", made)
        assert isinstance(await complete(here, model, SETTINGS, invoked=True), Silence)
        assert (await model.host.totals()).requests == 0


async def test_it_counts_as_asking_only_while_the_model_is_asked() -> None:
    asked: list[str] = []

    @asynccontextmanager
    async def asking() -> AsyncIterator[None]:
        asked.append("begins")
        yield
        asked.append("ends")

    several = replace(SETTINGS, alternatives=2)
    async with fake_completion({"x = <|fim_suffix|>": "value + 1", "": "two"}) as model:
        assert await complete(cursor("x = ", "\n"), model, SETTINGS, False, asking)
        assert asked == ["begins", "ends"]
        for typed in ("v", "va", "val"):  # out of the cache
            assert await complete(cursor(f"x = {typed}", "\n"), model, SETTINGS, False, asking)
        assert isinstance(
            await complete(cursor("na", "me\n"), model, SETTINGS, False, asking), Silence
        )
        assert asked == ["begins", "ends"]
        for _ in range(2):  # the second time for others
            assert await complete(cursor("y = ", "\n"), model, several, True, asking)
        assert asked == ["begins", "ends"] * 3


async def test_while_a_disk_hangs_there_is_ghost_text_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keystroke supersedes the one before it, whose thread waits for the disk forever."""
    begun, answers, looks = threading.Event(), threading.Event(), list[int]()

    def hanging(*_given: Any) -> list[Path]:
        looks.append(1)
        begun.set()
        answers.wait(120)
        return []

    monkeypatch.setattr(project, "_withheld", hanging)
    monkeypatch.setattr(threads, "_SECONDS", 0.05)
    (tmp_path / "shapes.py").write_text("def area(width): return 1\n", "utf-8")
    try:
        async with fake_completion({"": "width)"}) as model:
            model.project.folders = (tmp_path,)
            model.project.index.read(tmp_path / "shapes.py")
            await model.host.ready()
            for number in range((os.cpu_count() or 1) + 8):
                here = cursor(f"x_{number} = area(", "\n", (tmp_path / "a.py").as_uri())
                typed = asyncio.ensure_future(typing_request(here, model, SETTINGS))
                for _ in range(9):  # until it waits for a thread
                    await asyncio.sleep(0)
                typed.cancel()
            assert await asyncio.to_thread(begun.wait, 60)
            for name in ("a.py", "b.py"):
                here = cursor("y = area(", "\n", (tmp_path / name).as_uri())
                found = await asyncio.wait_for(complete(here, model, SETTINGS, False), 60)
                assert isinstance(found, tuple)
                assert [item.text for item in found] == ["width)"]
            assert looks == [1]
    finally:
        answers.set()


async def test_ghost_text_is_checked_though_hung_disks_hold_all_other_threads() -> None:
    answers = threading.Event()
    hanging = [asyncio.ensure_future(asyncio.to_thread(answers.wait, 120)) for _ in range(40)]
    check = SyntaxCheck("python", "x = ", "\n")
    long = cursor("password = 'hUnter2-9xQz'\n" + "x = 1\n" * 30_000, "").document
    try:
        await asyncio.sleep(0)
        assert (await asyncio.wait_for(sound(Shown("1)"), check), 60)).text == ""
        shown = await asyncio.wait_for(without_secrets_soon(long), 60)
        assert "hUnter2" not in shown.text
    finally:
        answers.set()
        await asyncio.gather(*hanging)


async def test_an_explicit_request_goes_on_from_what_the_limit_cut_off() -> None:
    """The cache has only what was written while typing, and the engine is told all of that."""
    settings = replace(SETTINGS, max_tokens=33, time_box=0)
    here = cursor("def total(items):\n    ", "\n")
    first = "result = 0\n    for item in items:"
    replies = {first: "\n        result += item\n", "def total": first + "\n        res"}
    async with fake_completion(replies) as model:
        found = await complete(here, model, settings, invoked=False)
        assert isinstance(found, tuple)
        assert [item.text for item in found] == ["result = 0"]
        asked = await complete(here, model, settings, invoked=True)
        assert isinstance(asked, tuple)
        assert [item.text for item in asked] == [
            "result = 0\n    for item in items:\n        result += item"
        ]
        assert model.host.last_request is not None
        assert model.host.last_request.request.prompt.said == first
        again = await complete(here, model, settings, invoked=False)  # what is whole stays
        assert isinstance(again, tuple)
        assert again[0].text == asked[0].text


async def test_other_answers_are_as_long_as_the_context_allows() -> None:
    settings = replace(SETTINGS, max_tokens=4096, prefix_tokens=3000, suffix_tokens=1000)
    async with fake_completion({"x = ": "/"}, context=512) as model:
        here = cursor(f"{LINES}x = ", f"\n{LINES}")
        asked = await complete(here, model, settings, invoked=True)
    assert isinstance(asked, tuple)
    assert [item.text for item in asked] == ["0"]


async def test_a_typed_block_goes_on_past_the_limit_while_its_first_lines_are_shown() -> None:
    settings = replace(SETTINGS, max_tokens=33)
    here = cursor("def total(items):\n    ", "\n")
    first = "result = 0\n    for item in items:"
    replies = {first: "\n        result += item\n", "def total": first + "\n        res"}
    async with fake_completion(replies) as model:
        found = await complete(here, model, settings, invoked=False, grows=True)
        assert isinstance(found, tuple)
        assert [item.text for item in found] == ["result = 0"]
        await until(lambda: model.in_flight["a"].is_done)
        again = await complete(here, model, settings, invoked=False)
        assert isinstance(again, tuple)
        assert again[0].text == "result = 0\n    for item in items:\n        result += item"


async def test_an_explicit_request_tries_other_answers_if_nothing_is_left_of_the_first() -> None:
    """The fake engine's other answers begin with the next characters of the alphabet."""
    here = cursor("value = 1\nx = ", "\n")
    async with fake_completion({"x = ": ")"}) as model:  # what closes nothing breaks the file
        typed = await complete(here, model, SETTINGS, invoked=False)
        assert isinstance(typed, Silence)
        assert (await model.host.totals()).requests == 1
        asked = await complete(here, model, SETTINGS, invoked=True)
        assert isinstance(asked, Silence)
        assert (await model.host.totals()).requests == 3
    async with fake_completion({"x = ": "/"}) as model:
        asked = await complete(here, model, SETTINGS, invoked=True)
        assert isinstance(asked, tuple)
        assert [item.text for item in asked] == ["0"]


async def test_an_explicit_request_may_end_a_block_and_begin_another() -> None:
    """Generation has stopped at the end of the block, and goes on from there."""
    code = "function f() {\n  a();\n│\n  c();\n}\n"
    document = Document("a", "javascript", code.replace("│", ""))
    here, more = Cursor(document, code.index("│")), "\nfunction g() {\n  b();"
    replies = {"<|fim_middle|>}\n": more, "  a();": "}\n" + more}
    async with fake_completion(replies) as model:
        assert isinstance(await complete(here, model, SETTINGS, invoked=False), Silence)
        asked = await complete(here, model, SETTINGS, invoked=True)
        assert isinstance(asked, tuple)
        assert [item.text for item in asked] == ["}\n\nfunction g() {\n  b();"]
        again = await complete(here, model, SETTINGS, invoked=False)
        assert isinstance(again, tuple)
        assert again[0].text == asked[0].text


@pytest.mark.parametrize(
    ("reply", "reason"),
    [("a b c", SilenceReason.BREAKS_CODE), ("", SilenceReason.NOTHING_USEFUL),
     ("value = 1\n", SilenceReason.NOTHING_USEFUL)],
)  # fmt: skip
async def test_the_reason_tells_whether_the_model_had_anything(
    reply: str, reason: SilenceReason
) -> None:
    async with fake_completion({"": reply}) as model:
        silence = await complete(cursor("value = 1\n", "\n"), model, SETTINGS, invoked=False)
    assert isinstance(silence, Silence)
    assert silence.reason is reason
