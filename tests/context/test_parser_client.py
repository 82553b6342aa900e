"""What is parsed where a crash takes nothing along."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from herdmate.context import parser_client, parser_worker, syntax
from herdmate.context.grammars import ending_of, parser_for
from herdmate.context.index import Index
from herdmate.context.nesting_limits import DEEPEST, MOST_LEVELS, nests_without_measure
from herdmate.context.parser_client import ParserClient
from herdmate.text import Edit, Span
from tests.context.parsed import parsed

IS_OLD = sys.version_info < (3, 13)


def _nested_ifs(count: int) -> str:
    return "def f(x: Int): Int =\n" + "".join("  " * at + "if x:\n" for at in range(1, count))


HARMFUL = {
    "scala": _nested_ifs(200),
    "julia": '"$(' * 20_000,
    "markdown": "[" * 500,
    "c": "a => " * 3_000,
}
"""Text that ends a parser of one of the packages of grammars, or holds it up for many seconds."""


@pytest.fixture
def client() -> ParserClient:
    return parser_client.for_documents()


@pytest.mark.parametrize("language", sorted(HARMFUL))
def test_text_that_ends_a_parser_does_not_end_the_server(language: str) -> None:
    begun = time.monotonic()
    parsed(HARMFUL[language], language)
    syntax.parse(HARMFUL[language] + "\n", language)
    assert time.monotonic() - begun < 30
    assert syntax.parse("def f(x):\n    return x\n", "python") is not None


@pytest.mark.parametrize("language", sorted(HARMFUL))
def test_text_that_ends_a_parser_may_be_pasted(language: str) -> None:
    tree = parsed("x\n", language)
    assert isinstance(tree, syntax.SyntaxTree)
    pasted = HARMFUL[language]
    syntax.edited(tree, "x\n", (Edit(Span(0, 0), pasted),), pasted + "x\n")
    assert syntax.parse("def f(x):\n    return x\n", "python") is not None


@pytest.mark.skipif(not IS_OLD, reason="this parser of Markdown aborts in the older package alone")
def test_what_did_harm_once_is_not_tried_again(client: ParserClient) -> None:
    text = "[" * 499 + "a"
    assert syntax.parse(text, "markdown") is None
    assert syntax.parse("# A\n", "markdown") is not None
    before = client.process_id
    assert syntax.parse(text, "markdown") is None
    assert syntax.errors_in(text, "markdown") is None
    assert client.process_id == before


@pytest.mark.skipif(not IS_OLD, reason="this parser of Markdown aborts in the older package alone")
def test_growing_nesting_typed_key_by_key_ends_no_server() -> None:
    text = "[" * 100
    tree: syntax.SyntaxTree | None = syntax.parse(text, "markdown")
    for _ in range(DEEPEST // 50):
        if tree is None:
            break
        edit = Edit(Span(len(text), len(text)), "[" * 50)
        tree = syntax.edited(tree, text, (edit,), text + edit.new_text)
        text += edit.new_text
    assert tree is None


@pytest.mark.parametrize("language", ["scala", "c"])
def test_a_file_that_ends_a_parser_is_indexed_without_its_definitions(
    language: str, tmp_path: Path
) -> None:
    index = Index()
    bad, good = tmp_path / f"bad{ending_of(language)}", tmp_path / "good.py"
    bad.write_text(HARMFUL[language], "utf-8")
    good.write_text("def area(x):\n    return x\n", "utf-8")
    for path in (bad, good):
        index.read(path, tmp_path)
    assert index.named("area", "python")
    assert bad in index


def test_a_link_out_of_the_workspace_is_not_read(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "out.py").write_text("def outside(): ...\n", "utf-8")
    (inside / "a.py").symlink_to(tmp_path / "out.py")
    index = Index()
    assert not index.read(inside / "a.py", inside)
    assert not index.named("outside", "python")


def test_edits_are_tried_in_the_same_steps_and_a_parser_that_ended_is_started_again(
    client: ParserClient,
) -> None:
    text = "def f(x):\n    return x\n"
    tree: syntax.SyntaxTree | None = parsed(text, "python")  # type: ignore[assignment]
    for ending in (False, True, False):
        if ending and client.process_id is not None:
            process = psutil.Process(client.process_id)
            process.kill()
            process.wait(10)
        assert tree is not None
        edit = Edit(Span(4, 5), "ß(" if ending else "long")
        new = text[:4] + edit.new_text + text[5:]
        tree = syntax.edited(tree, text, (edit,), new)
        text = new
    assert tree is not None
    fresh = syntax.parse(text, "python")
    assert fresh is not None
    assert syntax.error_count(tree) == syntax.error_count(fresh) == syntax.errors_in(text, "python")
    assert str(tree.tree.root_node) == str(fresh.tree.root_node)


def test_who_asks_a_parser_that_just_ended_is_answered_by_the_next_one() -> None:
    client = ParserClient()
    assert client.try_text("x", "python", 1, 1.0)
    process = psutil.Process(client.process_id)
    process.suspend()
    ends = time.monotonic() + 60
    while process.status() != psutil.STATUS_STOPPED and time.monotonic() < ends:
        time.sleep(0.01)  # each of its threads stops when it runs next
    threading.Timer(0.1, process.kill).start()
    assert client.try_text("y", "python", 2, 5.0)
    assert client.process_id != process.pid
    with pytest.raises(LookupError):
        client.try_edits(1, 1, (), 3, "x", "python", 1.0)
    client.end()


def test_of_many_open_documents_each_follows_its_edits() -> None:
    count = parser_worker.MOST_TREES + 3
    trees = [parsed(f"a{at} = 1\n", "python") for at in range(count)]
    for at, tree in enumerate(trees):
        assert isinstance(tree, syntax.SyntaxTree)
        old = f"a{at} = 1\n"
        new = syntax.edited(tree, old, (Edit(Span(0, 1), "b"),), "b" + old[1:])
        assert new is not None
        assert not new.is_stale


def test_a_parser_ends_with_the_one_who_asks() -> None:
    client = ParserClient()
    assert client.try_text("x", "python", 0, 1.0)
    assert client.process_id is not None
    process = psutil.Process(client.process_id)
    assert client._process is not None
    assert client._process.stdin is not None
    client._process.stdin.close()  # as the end of the server does
    assert process.wait(20) in (0, None)


def test_a_parser_that_never_answers_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_client, "_LONGEST_WAIT", 0.5)
    monkeypatch.setattr(
        parser_client,
        "_COMMAND",
        (sys.executable, "-c", "print('{}', flush=True); input(); input()"),
    )
    client = ParserClient()
    assert not client.try_text("x", "python", 0, 0.0)
    assert client.process_id is not None
    assert not psutil.pid_exists(client.process_id)


@pytest.mark.parametrize(
    "answer", ["", "[]", "null", "{}", '{"parsed": 1}', "x" * 1000, '{"heads": 3}']
)
def test_nonsense_that_a_parser_answers_is_no_answer(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"print('{{}}', flush=True)\nwhile input():\n    print({answer!r}, flush=True)"
    monkeypatch.setattr(parser_client, "_COMMAND", (sys.executable, "-c", code))
    client = ParserClient()
    try:
        assert not client.try_text("x", "python", 0, 1.0)
        assert client.error_count("y", "python", 1.0) is None
        assert client.heads("z", "python") == ()
    finally:
        client.end()


def test_without_a_parser_process_there_is_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_client, "_COMMAND", ("/nowhere/python",))
    assert not ParserClient().try_text("x", "python", 0, 1.0)


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("(" * (DEEPEST + 1), True),
        ("[{(" * DEEPEST, True),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), True),
        (")" * 9_000 + "(" * 9_000, True),
        ("f(x[1], {2})\n" * 100_000, False),
        ("(" * DEEPEST + ")" * DEEPEST, False),
        ("]" * 100_000, False),
        ("", False),
        (_nested_ifs(MOST_LEVELS + 2), True),
        (_nested_ifs(MOST_LEVELS - 2), False),
        ("".join("\t" * at + "- a:\n" for at in range(MOST_LEVELS + 2)), True),
        ((" " * 200 + "| a\n" + "b\n") * 1000, False),
    ],
)
def test_brackets_in_one_another_have_a_limit(text: str, is_refused: bool) -> None:
    assert nests_without_measure(text) is is_refused


def test_the_look_at_brackets_never_takes_long() -> None:
    nest = "(" * DEEPEST + ")" * DEEPEST
    begun = time.monotonic()
    for text in (nest * 2_000, ("[" + ")" * 999) * 2_000, "[(" * 400 + "{)" * 900_000):
        nests_without_measure(text)
    assert time.monotonic() - begun < 10


def test_languages_without_a_grammar_start_no_process() -> None:
    assert parser_for("plaintext") is None
    assert syntax.errors_in("x", "plaintext") is None
    assert syntax.parse("x", "plaintext") is None


_WORKS_FOREVER = """
import sys
print("{}", flush=True)
for line in sys.stdin:
    while "endless" in line:
        pass
    print('{"parsed": true}', flush=True)
"""


def test_a_parser_that_worked_for_too_long_is_killed_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parser_client, "_COMMAND", (sys.executable, "-c", _WORKS_FOREVER))
    client = ParserClient()
    assert not client.try_text("endless", "c", 0, 0.2)
    assert client.try_text("int a;", "c", 0, 10.0)
    before = client.process_id
    assert not client.try_text("endless", "c", 0, 0.2)
    assert client.process_id == before
    client.end()


def test_who_waits_for_an_answer_hears_that_the_parser_was_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On another thread, as the server ends; the text did no harm and may be tried again."""
    monkeypatch.setattr(parser_client, "_LONGEST_WAIT", 300.0)
    client, is_asked = ParserClient(), threading.Event()
    found: list[bool] = []
    exchange = client._exchange

    def tell(line: bytes, seconds: float) -> object:
        assert client._process is not None
        psutil.Process(client._process.pid).suspend()  # it will never answer
        is_asked.set()
        return exchange(line, seconds)

    monkeypatch.setattr(client, "_exchange", tell)

    def ask() -> None:
        found.append(client.try_text("x = 1\n", "python", 0, 200.0))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    assert is_asked.wait(60)
    client.end()
    asking.join(60)
    assert found == [False]
    monkeypatch.undo()
    assert client.try_text("x = 1\n", "python", 0, 60.0)
    client.end()


def test_a_parser_that_ends_as_it_starts_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its input may take a question though nobody will read it."""
    client, waited = ParserClient(), []
    monkeypatch.setattr(parser_client, "_COMMAND", (sys.executable, "-c", "0"))
    monkeypatch.setattr(parser_client, "_patiently", lambda *_: waited.append(True))
    with client._lock:
        client._start()
    assert client._process is not None
    kept = client._process.stdin
    read, write = os.pipe()
    client._process.stdin = os.fdopen(write, "wb")
    try:
        assert client._exchange(b"{}\n", 0.0) is None
        assert waited == []
    finally:
        client._process.stdin.close()
        client._process.stdin = kept
        os.close(read)
        client.end()


def test_a_parser_that_takes_too_much_memory_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system sets no limit, as Windows."""
    hoard = "print('{}', flush=True); input(); held = bytearray(b'x' * (64 << 20)); input()"
    monkeypatch.setattr(parser_client, "_COMMAND", (sys.executable, "-c", hoard))
    monkeypatch.setattr(parser_client, "_MOST_MEMORY", 48 << 20)
    monkeypatch.setattr(parser_client, "_LONGEST_WAIT", 300.0)
    client = ParserClient()
    begun = time.monotonic()
    assert not client.try_text("x", "python", 0, 200.0)
    assert time.monotonic() - begun < 100
    assert client.process_id is not None
    assert not psutil.pid_exists(client.process_id)
    assert not client.try_text("x", "python", 0, 200.0)  # it is not asked again


def test_text_that_meets_a_parser_full_of_earlier_trees_is_not_taken_for_harmful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the system sets no limit, the trees of open files can fill the process."""
    second = "held = bytearray(b'x' * (64 << 20)); input()"
    answer = "print('{}', flush=True); input(); print('{\"parsed\": true}', flush=True); input(); "
    monkeypatch.setattr(parser_client, "_COMMAND", (sys.executable, "-c", answer + second))
    monkeypatch.setattr(parser_client, "_MOST_MEMORY", 48 << 20)
    monkeypatch.setattr(parser_client, "_LONGEST_WAIT", 300.0)
    client, ids = ParserClient(), set()
    for number in range(3):
        assert client.try_text(f"x = {number}", "python", number, 200.0)
        ids.add(client.process_id)
    client.end()
    assert len(ids) == 3


def test_a_key_in_a_long_file_asks_no_parser_and_a_pause_tells_it_all(
    client: ParserClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "def ä(x):\n    return x\n" * 100
    edits = [Edit(Span(at, at), char) for at, char in enumerate("\nß = f(ä", start=len(text) // 2)]
    tree = _tree(text, "python")
    asked = _questions(monkeypatch)
    tree, text = _typed(tree, text, [*edits, Edit(Span(0, 3), "class")])
    assert not asked
    tree = _tree(text, "python", tree)
    assert asked == ["edit"]
    fresh = syntax.parse(text, "python")
    assert fresh is not None
    assert str(tree.tree.root_node) == str(fresh.tree.root_node)


@pytest.mark.parametrize("language", [*sorted(HARMFUL), "python"])
def test_harm_typed_in_a_long_file_is_not_parsed_in_the_pause(language: str) -> None:
    harmful = HARMFUL.get(language, "(" * (DEEPEST + 1))
    parts = [Edit(Span(at, at), harmful[at : at + 500]) for at in range(0, len(harmful), 500)]
    tree, text = _typed(_tree("x\n", language), "x\n", parts)
    after = parsed(text, language, tree)
    assert isinstance(after, syntax.NoTree) or after.is_stale
    assert syntax.parse("def f(x):\n    return x\n", "python") is not None


def test_after_very_many_keys_a_pause_parses_the_whole_text_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "def f(x):\n    return x\n"
    tree, text = _typed(_tree(text, "python"), text, [Edit(Span(4, 4), "f")] * 1_000)
    assert len(tree.untold) <= 200
    asked = _questions(monkeypatch)
    assert not _tree(text, "python", tree).is_stale
    assert asked == ["edit", "try"]


def _tree(text: str, language: str, old: syntax.SyntaxTree | None = None) -> syntax.SyntaxTree:
    tree = parsed(text, language, old)
    assert isinstance(tree, syntax.SyntaxTree)
    assert not tree.is_stale
    return tree


def _typed(tree: syntax.SyntaxTree, text: str, edits: list[Edit]) -> tuple[syntax.SyntaxTree, str]:
    """The tree and the text after edits that were not parsed, as in a long file."""
    for edit in edits:
        new = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
        after = syntax.edited(tree, text, (edit,), new, 0.0)
        assert after is not None
        assert after.is_stale
        tree, text = after, new
    return tree, text


def _questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What parser processes are asked from now on."""
    asked: list[str] = []
    ask = ParserClient._ask

    def noted(client: ParserClient, question: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        asked.append(question["do"])
        return ask(client, question, *more, **named)

    monkeypatch.setattr(ParserClient, "_ask", noted)
    return asked
