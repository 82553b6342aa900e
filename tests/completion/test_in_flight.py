"""Generations that go on: who follows, what is whole when the box ends, when the model stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from herdmate.completion.in_flight import GRACE, InFlight
from herdmate.completion.postprocess import Shown
from herdmate.completion.syntax_check import syntax_check_at
from herdmate.errors import EngineError, HerdmateError
from herdmate.generation import Finished, Piece, Priority, Prompt, Request, Usage
from herdmate.text import Cursor, Document
from tests.context.parsed import parsed
from tests.waiting import until

REQUEST = Request(Prompt(()), "lane", 64)
LIMIT = "<limit>"
"""Said by a model that the limit of tokens stops."""

BEFORE, AFTER = "def total(items):\n    ", "\n\nprint(total([1]))\n"


def _cursor(typed: str = "") -> Cursor:
    text = BEFORE + typed + AFTER
    return Cursor(Document("a", "python", text), len(BEFORE + typed))


class _Model:
    """Says what the test lets it say, and knows whether it was stopped."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.asked: list[Request] = []
        self.was_stopped = False
        self.idle = asyncio.Event()

    async def answer(
        self,
        request: Request,
        is_enough: Callable[[str], bool] = lambda _: False,
        on_piece: Callable[[Piece], None] = lambda _: None,
        on_end: Callable[[Finished], None] = lambda _: None,
    ) -> str:
        self.asked.append(request)
        text = ""
        try:
            while True:
                self.idle.set()
                piece = await self.pieces.get()
                if isinstance(piece, Exception):
                    raise piece
                if piece in (None, LIMIT):
                    usage = Usage(generated_tokens=request.max_tokens)
                    on_end(Finished("length" if piece else "end", usage))
                    return text
                text += str(piece)
                on_piece(Piece(str(piece), logprob=-4.0 if "doubtful" in str(piece) else -0.01))
                if is_enough(text):
                    return text
        except asyncio.CancelledError:
            self.was_stopped = True
            raise

    def say(self, *pieces: str | Exception | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)

    async def heard(self) -> None:
        """Wait until everything was said."""
        while not self.pieces.empty():
            self.idle.clear()
            await self.idle.wait()


def _start(model: _Model, ended: dict[int, str] | None = None, room: int = 0) -> InFlight:
    kept = ended if ended is not None else {}
    on_end = lambda cursor, shown, _cut: kept.__setitem__(cursor.offset, shown.text)  # noqa: E731
    check = syntax_check_at(_cursor())
    running = InFlight(_cursor(), "block", check, on_end, room=lambda: room)
    return running.start(REQUEST, model)


async def test_all_of_it_where_it_ends_in_time_and_the_cache_is_told() -> None:
    model, ended = _Model(), dict[int, str]()
    running = _start(model, ended)
    model.say("return ", "sum(items)", None)
    assert await running.follow(_cursor(), 60, False) == Shown("return sum(items)")
    assert ended == {len(BEFORE): "return sum(items)"}


async def test_whole_lines_when_the_box_ends_and_the_rest_for_who_follows() -> None:
    model, ended = _Model(), dict[int, str]()
    running = _start(model, ended)
    model.say("result = 0\n", "    for item in ite")
    await model.heard()
    first = await running.follow(_cursor(), 0.01, False)
    assert first == Shown("result = 0")
    accepted = _cursor(first.text)
    assert running.agrees(accepted)
    model.say("ms:\n        result += item\n    return result\n", None)
    assert await running.follow(accepted, 60, False) == Shown(
        "\n    for item in items:\n        result += item\n    return result"
    )
    assert not model.was_stopped
    assert ended[len(BEFORE)].startswith("result = 0\n    for item")


async def test_what_was_shown_stays_while_it_is_typed() -> None:
    """It does not vanish until the model has come to its end."""
    model = _Model()
    running = _start(model)
    following = asyncio.ensure_future(running.follow(_cursor(), 0.01, False))
    model.say("return sum(items)\n", "    # and")
    assert await following == Shown("return sum(items)")
    assert await running.follow(_cursor("ret"), 60, False) == Shown("urn sum(items)")
    asked = asyncio.ensure_future(running.follow(_cursor("ret"), None, True))
    await model.heard()
    assert not asked.done()  # who asks by the key waits for all of it
    model.say(" more\n", None)
    assert await asked == Shown("urn sum(items)\n    # and more")


async def test_a_line_is_shown_the_moment_it_ends_and_the_rest_as_it_comes() -> None:
    model, ended = _Model(), dict[int, str]()
    running = _start(model, ended)
    model.say("result = 0", "\n")
    first = await asyncio.wait_for(running.follow(_cursor(), 0.0, False), 60)
    assert first == Shown("result = 0")
    growing = asyncio.ensure_future(running.more(_cursor(), first.text))
    model.say("    for item in items:", "\n")  # no head without its body
    await model.heard()
    assert not growing.done()
    model.say("        result += item", "\n")
    second = await asyncio.wait_for(growing, 60)
    assert second == Shown("result = 0\n    for item in items:\n        result += item")
    whole = asyncio.ensure_future(running.more(_cursor(), second.text, at_end=True))
    model.say("    print(result)\n", "    return re")
    await model.heard()
    assert not whole.done()
    model.say("sult", None)
    last = await whole
    assert last is not None
    assert last.text == ended[len(BEFORE)] == second.text + "\n    print(result)\n    return result"
    assert await running.more(_cursor(), last.text) is None


async def test_what_was_typed_of_it_is_not_shown_again_as_it_grows() -> None:
    model = _Model()
    running = _start(model)
    model.say("result = 0\n")
    assert await running.follow(_cursor("res"), 0.0, False) == Shown("ult = 0")
    growing = asyncio.ensure_future(running.more(_cursor("res"), "ult = 0"))
    model.say("    return result", None)
    assert await growing == Shown("ult = 0\n    return result")


@pytest.mark.parametrize("end", ["stop", EngineError("It died."), None])
async def test_what_ends_without_more_does_not_grow(end: Exception | str | None) -> None:
    model = _Model()
    running = _start(model)
    model.say("return 1\n")
    assert await running.follow(_cursor(), 0.0, False) == Shown("return 1")
    growing = asyncio.ensure_future(running.more(_cursor(), "return 1"))
    await model.heard()
    running.stop() if end == "stop" else model.say(end)
    assert await asyncio.wait_for(growing, 60) is None


async def test_what_was_shown_is_never_taken_back() -> None:
    """All of it repeats a line below, which only its end tells."""
    model, ended = _Model(), dict[int, str]()
    before = "def total(items):\n    "
    cursor = Cursor(Document("a", "python", before + "\n    print(1)\n"), len(before))
    kept = lambda cursor, shown, _cut: ended.__setitem__(cursor.offset, shown.text)  # noqa: E731
    running = InFlight(cursor, "block", None, kept).start(REQUEST, model)
    model.say("a = 1\n")
    assert await running.follow(cursor, 0.0, False) == Shown("a = 1")
    running._raw = ""  # as if a rule dropped all of it
    model.say(None)
    await until(lambda: running.is_done)
    assert ended == {len(before): "a = 1"}


async def test_lines_are_not_shown_with_what_closes_them_while_the_model_goes_on() -> None:
    """The rest would not begin with them."""
    model = _Model()
    text = "const sum = \nlet b\n"
    code = Cursor(Document("a", "javascript", text, tree=parsed(text, "javascript")), 12)
    running = InFlight(code, "block", syntax_check_at(code), lambda *_: None).start(REQUEST, model)
    following = asyncio.ensure_future(running.follow(code, 0.0, False))
    model.say("add(one,\n", "  two")
    await model.heard()
    done, _ = await asyncio.wait([following], timeout=0.2)
    assert not done
    model.say(")\n", None)
    assert await following == Shown("add(one,\n  two)")


async def test_half_a_line_is_never_shown() -> None:
    model = _Model()
    running = _start(model)
    model.say("result = su")
    following = asyncio.ensure_future(running.follow(_cursor(), 0.01, False))
    await model.heard()
    done, _ = await asyncio.wait([following], timeout=0.2)
    assert not done  # the box ended long ago
    model.say("m(items)\n", "    return result\n", None)
    assert await following == Shown("result = sum(items)\n    return result")


async def test_code_that_is_slow_to_parse_holds_nothing_else_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = set[threading.Thread]()

    def part(text: str, check: object, reach: int) -> str:
        threads.add(threading.current_thread())
        return text

    monkeypatch.setattr("herdmate.completion.syntax_check.sound_part", part)
    model = _Model()
    running = _start(model)
    model.say("return 1", None)
    assert await running.follow(_cursor(), 60, False) == Shown("return 1")
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("end", [None, EngineError("It died."), "stop"], ids=str)
async def test_a_generation_that_ends_while_its_lines_are_checked_is_answered(
    end: Exception | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking, go_on = threading.Event(), threading.Event()

    def part(text: str, check: object, reach: int) -> str:
        if "more" in text:
            return text
        checking.set()
        assert go_on.wait(60)
        return ""

    monkeypatch.setattr("herdmate.completion.syntax_check.sound_part", part)
    model = _Model()
    running = _start(model)
    model.say("result = 0\n", "    more")
    await model.heard()
    following = asyncio.ensure_future(running.follow(_cursor(), 0.01, False))
    assert await asyncio.to_thread(checking.wait, 60)
    running.stop() if end == "stop" else model.say(end)
    await until(lambda: running.is_done)
    go_on.set()
    if isinstance(end, Exception):
        with pytest.raises(EngineError):
            await asyncio.wait_for(following, 60)
    else:
        found = await asyncio.wait_for(following, 60)
        assert found == (None if end == "stop" else Shown("result = 0\n    more"))


async def test_a_generation_that_is_stopped_before_it_begins_is_answered() -> None:
    running = _start(_Model())
    running.stop()
    assert await asyncio.wait_for(running.follow(_cursor(), None, True), 60) is None


async def test_typing_what_it_says_follows_and_something_else_does_not() -> None:
    model = _Model()
    running = _start(model)
    assert running.agrees(_cursor("ret"))  # nothing is known yet
    model.say("return sum")
    await model.heard()
    assert running.agrees(_cursor("ret"))
    assert running.agrees(_cursor("return sum(it"))
    assert not running.agrees(_cursor("res"))
    following = asyncio.ensure_future(running.follow(_cursor("return s"), 60, False))
    model.say("(items)", None)
    assert await following == Shown("um(items)")


async def test_what_turns_out_to_be_wrong_is_nothing() -> None:
    model = _Model()
    running = _start(model)
    following = asyncio.ensure_future(running.follow(_cursor("while"), 60, False))
    model.say("return sum(items)")
    assert await following is None


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_model_stops_when_nobody_waits(at_once: bool) -> None:
    model = _Model()
    running = _start(model)
    waiting = asyncio.ensure_future(running.follow(_cursor(), 60, at_once))
    await model.heard()
    await model.idle.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not running.is_done
    if not at_once:  # the next keystroke comes within the grace
        following = asyncio.ensure_future(running.follow(_cursor("r"), 60, False))
        await asyncio.sleep(GRACE * 1.5)
        assert not running.is_done
        following.cancel()
    await until(lambda: running.is_done)
    assert model.was_stopped


async def test_each_keystroke_has_a_grace_of_its_own() -> None:
    """That of the key before ends while the next request is on its way."""
    model = _Model()
    running = _start(model)
    await model.heard()
    for typed, pause in (("", 0.0), ("r", GRACE * 0.8)):
        await asyncio.sleep(pause)
        waiting = asyncio.ensure_future(running.follow(_cursor(typed), 60, False))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await asyncio.sleep(GRACE * 0.5)
    assert not model.was_stopped
    await until(lambda: model.was_stopped)


@pytest.mark.parametrize("turns", range(5))
async def test_a_cancel_counts_also_at_the_moment_of_a_new_piece(turns: int) -> None:
    """Up to Python 3.11, ``asyncio.wait_for`` can drop it."""
    model = _Model()
    running = _start(model)
    waiting = asyncio.ensure_future(running.follow(_cursor(), 60, False))
    await model.heard()
    await model.idle.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    running._note_change()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting}, timeout=1)
    running.stop()
    assert waiting.cancelled()


async def test_an_error_reaches_who_waits() -> None:
    model = _Model()
    running = _start(model)
    model.say(EngineError("The model fell over."))
    with pytest.raises(EngineError, match="fell over"):
        await running.follow(_cursor(), 60, False)


async def test_an_error_of_herdmates_own_is_logged_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = _Model()
    running = _start(model)
    model.say("return", ZeroDivisionError("a mistake"))
    with pytest.raises(HerdmateError, match="internal error"):
        await running.follow(_cursor(), 60, False)
    assert "internal error" in caplog.text
    assert "ZeroDivisionError: a mistake" in caplog.text


async def test_nobody_follows_what_will_be_dropped() -> None:
    """The model repeats the line below, of which nothing is shown."""
    model = _Model()
    running = _start(model)
    model.say("\nprint(total([1]))")
    await model.heard()
    assert running.said() == Shown("")
    assert not running.agrees(_cursor("while"))
    running.stop()


async def test_what_would_break_the_file_is_waited_out() -> None:
    """A head without its body is no Python: it is shown once there is more."""
    model = _Model()
    before = "def show(items):\n    items = sorted(items)\n    "
    cursor = Cursor(Document("a", "python", before + "\n"), len(before))
    running = InFlight(cursor, "block", syntax_check_at(cursor), lambda *_: None).start(
        REQUEST, model
    )
    model.say("for item in items:\n", "        print(it")
    following = asyncio.ensure_future(running.follow(cursor, 0.01, False))
    await model.heard()
    done, _ = await asyncio.wait([following], timeout=0.2)
    assert not done
    model.say("em)\n", "    return (", None)
    assert await following == Shown("for item in items:\n        print(item)")


async def test_a_bracket_that_the_editor_closes_is_followed_over() -> None:
    model = _Model()
    running = _start(model)
    model.say("return su")
    await model.heard()
    text = BEFORE + "return sum()" + AFTER
    typed = Cursor(Document("a", "python", text), len(BEFORE + "return sum("))
    assert running.agrees(typed)
    wrong = replace(typed, document=Document("a", "python", text.replace("sum()", "sum(]")))
    assert not running.agrees(wrong)
    following = asyncio.ensure_future(running.follow(typed, 60, False))
    model.say("m(items)", None)
    assert await following == Shown("items)", 1)


async def test_a_bracket_that_stays_open_is_not_doubled() -> None:
    """In a language without a grammar nothing else would stop it."""
    model = _Model()
    begun = Cursor(Document("a", "plaintext", "x = \n"), 4)
    running = InFlight(begun, "line", None, lambda *_: None).start(REQUEST, model)
    following = asyncio.ensure_future(
        running.follow(Cursor(Document("a", "plaintext", "x = f()\n"), 6), 60, False)
    )
    model.say("f(one,", None)
    assert await following is None


async def test_a_block_that_the_limit_cuts_off_goes_on_in_the_background() -> None:
    model, ended = _Model(), dict[int, str]()
    running = _start(model, ended, room=128)
    model.say("result = 0\n", "    for item in items:\n        res", LIMIT)
    assert await running.follow(_cursor(), 0.0, False) == Shown("result = 0")
    model.say("ult += item\n", "    return result", LIMIT)
    await until(lambda: running.is_done)
    assert ended == {
        len(BEFORE): "result = 0\n    for item in items:\n        result += item\n    return result"
    }
    first, second = model.asked
    assert (first.prompt.said, first.priority) == ("", Priority.ASKED)
    assert second.prompt.said == "result = 0\n    for item in items:\n        res"
    assert second.priority is Priority.BACKGROUND


async def test_what_the_limit_cuts_off_is_shown_before_the_rest_is_there() -> None:
    """No line of it is sound by itself, so nothing is shown until then; the rest replaces what was
    added to close it."""
    model = _Model()
    running = _start(model, room=640)
    following = asyncio.ensure_future(running.follow(_cursor(), 0.0, False))
    model.say("names = (\n", '        "a",\n', '        "b",\n')
    await model.heard()
    assert not following.done()
    model.say(LIMIT)
    shown = await asyncio.wait_for(following, 60)
    assert shown == Shown('names = (\n        "a",\n        "b",\n    )')
    growing = asyncio.ensure_future(running.more(_cursor(), shown.text, at_end=True))
    model.say('        "c",\n', "    )\n", "\n\n", None)
    grown = await asyncio.wait_for(growing, 60)
    assert grown is not None
    assert grown.text.startswith('names = (\n        "a",\n        "b",\n        "c",\n    )')


async def test_nothing_goes_on_that_is_doubtful_or_too_long_unless_it_is_asked_for() -> None:
    model, ended = _Model(), dict[int, str]()
    running = _start(model, ended, room=64)
    model.say("result = 0\n", "    more", LIMIT)
    await until(lambda: running.is_done)
    assert len(model.asked) == 1
    model = _Model()
    check = syntax_check_at(_cursor())
    running = InFlight(
        _cursor(), "block", check, lambda *_: None, level=0.1, room=lambda: 640
    ).start(REQUEST, model)
    model.say("result = 0\n", "    doubtful = 1\n", LIMIT)
    await until(lambda: running.is_done)
    assert len(model.asked) == 1
    model = _Model()
    running = _start(model, room=0)
    running.allow(128)
    model.say("result = 0\n", "    doubtful = 1\n", LIMIT, "    return 1", LIMIT)
    await until(lambda: running.is_done)
    assert [request.priority for request in model.asked] == [Priority.ASKED] * 2


@pytest.mark.parametrize("is_asked", [False, True])
async def test_what_was_asked_for_is_shown_to_who_types_along_with_it(is_asked: bool) -> None:
    model, check = _Model(), syntax_check_at(_cursor())
    running = InFlight(_cursor(), "block", check, lambda *_: None, level=0.1).start(REQUEST, model)
    running.allow(64 if is_asked else 0)
    model.say("doubtful", None)
    shown = await running.follow(_cursor("d"), 60, False)
    assert (shown is not None) == is_asked


@pytest.mark.parametrize(("typed", "requests"), [("", 1), ("doubtful", 2)])
async def test_what_is_shown_since_a_doubtful_word_was_typed_goes_on(
    typed: str, requests: int
) -> None:
    model, check = _Model(), syntax_check_at(_cursor())
    running = InFlight(
        _cursor(), "block", check, lambda *_: None, level=0.01, room=lambda: 640
    ).start(REQUEST, model)
    following = asyncio.ensure_future(running.follow(_cursor(typed), 0.0, False))
    await model.idle.wait()
    await asyncio.sleep(0)  # it follows before anything is said
    model.say("doubtful", " = 0\n", "    for item in items:\n", LIMIT, "        pass", None)
    await until(lambda: running.is_done)
    shown = await following
    assert len(model.asked) == requests
    assert (shown is not None) == bool(typed)


async def test_what_was_written_stays_if_the_rest_fails() -> None:
    model, ended = _Model(), dict[int, str]()
    running = _start(model, ended, room=640)
    model.say("result = 0\n", LIMIT, EngineError("It died."))
    assert await running.follow(_cursor(), 60, False) == Shown("result = 0")
    assert ended == {len(BEFORE): "result = 0"}


@pytest.mark.parametrize("piece", ["", "    a = 1\n"])
async def test_a_server_that_counts_nothing_is_not_asked_for_ever(piece: str) -> None:
    asked: list[Request] = []

    class Server:
        async def answer(
            self,
            request: Request,
            is_enough: Callable[[str], bool] = lambda _: False,
            on_piece: Callable[[Piece], None] = lambda _: None,
            on_end: Callable[[Finished], None] = lambda _: None,
        ) -> str:
            await asyncio.sleep(0)
            asked.append(request)
            assert len(asked) < 50
            text = piece if len(asked) > 1 else "result = 0\n"
            on_piece(Piece(text, logprob=-0.01))
            is_enough(text)
            on_end(Finished("length", Usage()))
            return text

    running = InFlight(_cursor(), "block", None, lambda *_: None, room=lambda: 10)
    running.start(REQUEST, Server())
    await until(lambda: running.is_done)
    assert 1 < len(asked) <= 10
