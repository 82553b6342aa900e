"""What the model never sees, and why."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import herdmate
from herdmate.context.files import MOST_LEVELS, readable_files
from herdmate.context.withheld import (
    Withheld,
    WithheldReason,
    forget_document,
    reason_to_withhold,
    reason_to_withhold_file,
    without_secrets,
    without_secrets_soon,
)
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.generation import Priority, Prompt, Request, Special, Text
from herdmate.redaction.hidden import hidden_in
from herdmate.redaction.places import Place
from herdmate.text import Document
from tests.context.tokens import tokens

IGNORED = Withheld(WithheldReason.IGNORED_BY_GIT)


@pytest.mark.parametrize(
    "uri",
    ["file:///project/.env", "untitled:.env.local", "file:///project/%2Eenv",
     "git:/project/.env?%7B%7D",
     "vscode-notebook-cell:/project/.env#W0s", "file:///a?b/.env", "file:///c#/server.key",
     "file:///c%3A/Users/me/.aws/credentials", "file:///C:\\Users\\me\\.kube\\config",
     "vscode-remote://ssh-remote%2Bhost/home/me/.docker/config.json", "FILE:///PROJECT/.ENV",
     'git:/project/.env.git?{"path":"/project/.env","ref":"~"}',
     "git:/x.git?%7B%22path%22%3A%22%2Fproject%2Fprod.tfvars%22%7D", "file:///project/%252Eenv",
     "gitlens://0123/project/serviceAccountKey.json?%7B%7D", "jar:file:///a.jar!/secrets.yml",
     "untitled:C:\\project\\api_key.txt", "file:///project/.ssh/config", "file://[bad/.env"],
)  # fmt: skip
def test_the_name_in_a_uri_tells(uri: str) -> None:
    assert "secrets" in str(reason_to_withhold(Document(uri, "plaintext", ""), {}))


def test_a_reason_that_is_known_is_given() -> None:
    document = Document("file:///project/a.py", "python", "")
    assert reason_to_withhold(document, {}) is None
    assert reason_to_withhold(document, {document.uri: IGNORED}) == IGNORED


@pytest.mark.parametrize(
    "uri",
    ["untitled:Untitled-1", "file:///project/main.py", "git:/project/main.py?%7B%7D", "",
     "vscode-notebook-cell:/project/a.ipynb#W0sZmlsZQ%3D%3D", "output:tasks", "?", "file://[",
     'git:/project/a.py?{"path":"/project/a.py","ref":"secret"}', "vscode-remote://wsl/a/token.ts"],
)  # fmt: skip
def test_other_uris_are_seen(uri: str) -> None:
    assert reason_to_withhold(Document(uri, "plaintext", ""), {}) is None


def test_a_link_by_way_of_a_secret_name_is_withheld(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("x", "utf-8")
    (tmp_path / ".env").symlink_to("b.py")
    (tmp_path / "a.py").symlink_to(".env")
    assert "secrets" in str(reason_to_withhold_file(tmp_path / "a.py", ()))
    (tmp_path / "c.py").symlink_to("c.py")
    assert reason_to_withhold_file(tmp_path / "c.py", ()) is None


def test_only_the_engine_host_tells_an_engine_anything() -> None:
    """What it tells goes through the redaction: see ``EngineHost.generate``."""
    told = re.compile(
        r"engine\.(?:generate|count_tokens)\(|_running\(\)\)\.(?:generate|count_tokens)"
    )
    places = [
        path.name
        for path in Path(herdmate.__file__).parent.rglob("*.py")
        if told.search(path.read_text("utf-8"))
    ]
    assert places == ["host.py"]


async def test_whatever_a_request_says_its_secrets_are_stars(tmp_path: Path) -> None:
    token = tokens()["GitHub"][0]
    record = tmp_path / "record"
    made = EngineHost()
    await made.start(FakeStart({"": "ok"}, ("<|fim_prefix|>",), record=str(record)))
    try:
        prompt = Prompt((Text(f"x = {token}"), Special("<|fim_prefix|>"), Text(token)))
        for priority in Priority:
            await made.answer(Request(prompt, "a", 4, priority=priority))
        await made.count_tokens([token, "the end"])
        assert made.last_request is not None
        assert token not in repr(made.last_request.request)
    finally:
        await made.stop()
    assert "the end" in record.read_text("utf-8")
    assert token not in record.read_text("utf-8")


def test_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("private/\n", "utf-8")
    for name in ("private/a.py", ".env", "b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    for name, target in {
        "c.py": "private/a.py",
        "d.py": ".env",
        "e": "private",
        "f": "b.py",
    }.items():
        (tmp_path / name).symlink_to(tmp_path / target)
    why = {name: reason_to_withhold_file(tmp_path / name, ()) for name in ("c.py", "d.py", "f")}
    assert "git ignores" in str(why["c.py"])
    assert "secrets" in str(why["d.py"])
    assert why["f"] is None
    assert "git ignores" in str(reason_to_withhold_file(tmp_path / "e" / "a.py", (tmp_path,)))


def test_rules_that_cannot_be_read_withhold_and_say_which_they_are(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("a" * 300_000, "utf-8")
    reason = str(reason_to_withhold_file(tmp_path / "a.py", (tmp_path,)))
    assert f"the rules in {tmp_path / '.gitignore'} cannot be read" in reason
    (tmp_path / ".gitignore").write_text("a.py\n", "utf-8")
    reason = str(reason_to_withhold_file(tmp_path / "a.py", (tmp_path,)))
    assert "git ignores this file" in reason
    (tmp_path / ".gitignore").unlink()
    assert reason_to_withhold_file(tmp_path / "a.py", (tmp_path,)) is None


def test_what_lies_too_deep_is_withheld_and_not_searched(tmp_path: Path) -> None:
    """Checking a path against the rules of each folder costs the square of its depth."""
    folder = tmp_path
    while len(folder.parts) < MOST_LEVELS + 2:
        folder = folder / "a"
        folder.mkdir()
        (folder / "x.py").write_text("x = 1\n")
    reason = reason_to_withhold_file(folder / "x.py", (tmp_path,))
    assert reason is not None
    assert f"more than {MOST_LEVELS} folders" in str(reason)
    (tmp_path / "link.py").symlink_to(folder / "x.py")
    assert reason_to_withhold_file(tmp_path / "link.py", (tmp_path,)) == reason
    found = list(readable_files(tmp_path))
    assert found
    assert all(reason_to_withhold_file(file, (tmp_path,)) is None for file in found)


@pytest.mark.parametrize("is_long", [False, True])
async def test_a_long_document_is_searched_for_secrets_on_another_thread(
    is_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ghost text in two million characters held the event loop for 0.3 s."""
    threads = []

    def noted(document: Document) -> Document:
        threads.append(threading.current_thread())
        return without_secrets(document)

    monkeypatch.setattr("herdmate.context.withheld.without_secrets", noted)
    secret = 'key = "ghp_' + "a1B2" * 9 + '"\n'
    text = secret + "x = 1\n" * (50_000 if is_long else 10)
    found = await without_secrets_soon(Document("file:///long.py", "python", text))
    assert "ghp_a1" not in found.text
    assert len(found.text) == len(text)
    assert [thread is threading.current_thread() for thread in threads] == [not is_long]


async def test_keystrokes_while_a_long_document_is_first_searched_start_no_other_search_of_it_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched, first, go_on = list[int](), threading.Event(), threading.Event()

    def counted(text: str) -> Iterator[Place]:
        searched.append(len(text))
        first.set()
        assert len(text) < 100_000 or go_on.wait(60)
        yield from hidden_in(text)

    monkeypatch.setattr("herdmate.redaction.redact.hidden_in", counted)
    uri, text = "file:///longer.py", "x = 1\n" * 50_000
    typed = [Document(uri, "python", "y" * at + text) for at in range(5)]
    searches = [asyncio.ensure_future(without_secrets_soon(document)) for document in typed]
    assert await asyncio.to_thread(first.wait, 60)
    short = await without_secrets_soon(Document("file:///short.py", "python", "x = 1\n"))
    for search in searches[:-1]:
        search.cancel()
    go_on.set()
    assert (await searches[-1]).text == typed[-1].text
    assert short.text == "x = 1\n"
    assert [count for count in searched if count > 100_000] == [len(text)]
    forget_document(uri)
