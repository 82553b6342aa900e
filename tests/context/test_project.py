"""How long code of other files stays in a document's prompt."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from herdmate import threads
from herdmate.context import project as project_module
from herdmate.context.project import Project
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.text import Cursor
from herdmate.token_counts import TokenCounts
from tests.fake_model import cursor


class _Letters:
    async def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]


COUNTS = TokenCounts(_Letters())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text("def area(width): return 1\n", "utf-8")
    (tmp_path / "colours.py").write_text("def shade(colour): return 1\n", "utf-8")
    return tmp_path


@pytest.fixture
def neighbours(project: Path) -> Project:
    found = Project(folders=(project,))
    for path in project.glob("*.py"):
        found.index.read(path)
    return found


def _here(project: Path) -> Cursor:
    return cursor("x = area(shade(", "\n", (project / "main.py").as_uri())


async def _seen(
    neighbours: Project, project: Path, tokens: int = 500, *, nobody_types: bool = False
) -> str:
    found = await neighbours.excerpts_for(_here(project), tokens, COUNTS, nobody_types)
    return "".join(item.code for item in found)


async def test_what_was_chosen_stays_while_one_types(neighbours: Project, project: Path) -> None:
    seen = await _seen(neighbours, project)
    assert seen == "def shade(colour): return 1\ndef area(width): return 1\n"
    (project / "more.py").write_text("def area(other): return 1\n", "utf-8")
    neighbours.index.read(project / "more.py")
    assert await _seen(neighbours, project) == seen


async def test_a_choice_made_before_all_files_were_read_grows_in_a_pause(
    neighbours: Project, project: Path
) -> None:
    neighbours.index.forget(project / "shapes.py")
    few = await _seen(neighbours, project)
    assert "area" not in few
    neighbours.index.read(project / "shapes.py")
    assert await _seen(neighbours, project) == few
    assert "area" in await _seen(neighbours, project, nobody_types=True)


async def test_without_room_nothing_is_kept(neighbours: Project, project: Path) -> None:
    assert await _seen(neighbours, project)
    assert await _seen(neighbours, project, 0) == ""
    assert await _seen(neighbours, project, 0, nobody_types=True) == ""


async def test_a_file_that_is_gone_or_changed_goes_at_once(
    neighbours: Project, project: Path
) -> None:
    await _seen(neighbours, project)
    neighbours.index.forget(project / "shapes.py")
    assert await _seen(neighbours, project) == "def shade(colour): return 1\n"
    (project / "colours.py").write_text("def shade(colour, by): return 1\n", "utf-8")
    neighbours.index.read(project / "colours.py")
    assert await _seen(neighbours, project) == "def shade(colour, by): return 1\n"


async def test_what_git_ignores_since_it_was_read_is_not_chosen(
    neighbours: Project, project: Path
) -> None:
    assert "area" in await _seen(neighbours, project)
    (project / ".gitignore").write_text("shapes.py\n", "utf-8")
    assert await _seen(neighbours, project, nobody_types=True) == "def shade(colour): return 1\n"
    assert project / "shapes.py" not in neighbours.index
    (project / ".gitignore").write_text("*.py\n", "utf-8")
    neighbours.choose_anew()
    assert await _seen(neighbours, project) == ""


async def test_disks_are_looked_at_on_another_thread(
    neighbours: Project, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def noted(path: Path, folders: tuple[Path, ...]) -> object:
        threads.append(threading.current_thread())
        return reason_to_withhold_file(path, folders)

    monkeypatch.setattr("herdmate.context.project.reason_to_withhold_file", noted)
    assert await _seen(neighbours, project)
    assert threads
    assert threading.current_thread() not in threads


def _changing_rules(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[int], None]
) -> Callable[[], int]:
    """Have rules change right after each look at the disk; returns how many looks there were."""
    loop, looks, look = asyncio.get_running_loop(), list[int](), project_module._withheld

    def late(*given: Any) -> list[Path]:
        found = look(*given)
        looks.append(1)
        loop.call_soon_threadsafe(change, len(looks))  # before the look is known to be over
        return found

    monkeypatch.setattr(project_module, "_withheld", late)
    return lambda: len(looks)


@pytest.mark.parametrize("was_known", [True, False])
async def test_what_git_ignores_from_the_moment_of_the_check_is_not_seen(
    neighbours: Project, project: Path, monkeypatch: pytest.MonkeyPatch, was_known: bool
) -> None:
    def ignore(look: int) -> None:
        if look == 1:
            (project / ".gitignore").write_text("shapes.py\n", "utf-8")
            neighbours.choose_anew()

    if was_known:
        assert "area" in await _seen(neighbours, project)
    looks = _changing_rules(monkeypatch, ignore)
    seen = [await _seen(neighbours, project, nobody_types=True)]
    assert looks() == 2
    seen.append(await _seen(neighbours, project))
    assert seen == ["def shade(colour): return 1\n"] * 2


async def test_rules_that_change_while_tokens_are_counted_hold_at_once(
    neighbours: Project, project: Path
) -> None:
    class Counting(_Letters):
        async def count_tokens(self, texts: list[str]) -> list[int]:
            (project / ".gitignore").write_text("shapes.py\n", "utf-8")
            neighbours.choose_anew()
            return await super().count_tokens(texts)

    counts = TokenCounts(Counting())
    found = await neighbours.excerpts_for(_here(project), 500, counts, nobody_types=False)
    assert "".join(item.code for item in found) == "def shade(colour): return 1\n"


@pytest.mark.parametrize("change", [Project.choose_anew, lambda it: it.forget("file:///b.py")])
async def test_while_rules_change_again_and_again_no_other_file_is_seen(
    neighbours: Project,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Project], None],
) -> None:
    with monkeypatch.context() as patched:
        looks = _changing_rules(patched, lambda _look: change(neighbours))
        assert await _seen(neighbours, project) == ""
        assert looks() == 2
        assert not neighbours._chosen
    assert "area" in await _seen(neighbours, project)


async def test_while_the_disk_hangs_no_other_file_is_seen_and_afterwards_all_are(
    neighbours: Project, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "area" in await _seen(neighbours, project)
    answers, look = threading.Event(), project_module._withheld

    def hanging(*given: Any) -> list[Path]:
        answers.wait(60)
        return look(*given)

    try:
        with monkeypatch.context() as patched:
            patched.setattr(project_module, "_withheld", hanging)
            patched.setattr(threads, "_SECONDS", 0.05)
            assert await _seen(neighbours, project, nobody_types=True) == ""
            assert await _seen(neighbours, project) == ""
    finally:
        answers.set()
    late = neighbours._checks._running
    assert late is not None
    await asyncio.wait_for(late, 60)
    assert "area" in await _seen(neighbours, project)


async def test_a_disk_that_fails_costs_only_the_code_of_other_files(
    neighbours: Project, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_given: Any) -> list[Path]:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(project_module, "_withheld", failing)
    assert await _seen(neighbours, project) == ""


async def test_fragments_come_from_any_remembered_file_that_may_still_be_seen(
    neighbours: Project, project: Path
) -> None:
    (project / "far" / "away").mkdir(parents=True)
    path = project / "far" / "away" / "like.py"
    path.write_text("print(area(shade(3)))\n", "utf-8")
    neighbours.index.read(path)
    await neighbours.remember(path)
    assert "print(area(shade(3)))" in await _seen(neighbours, project)
    (project / ".gitignore").write_text("away/\n", "utf-8")
    assert "print" not in await _seen(neighbours, project, nobody_types=True)
    assert path not in neighbours.index


async def test_what_is_not_indexed_is_not_remembered(neighbours: Project, project: Path) -> None:
    (project / "other.py").write_text("print(area(shade(3)))\n", "utf-8")
    await neighbours.remember(project / "other.py")
    assert "print" not in await _seen(neighbours, project)


BODY = "".join(f"        self.step_{at}(path, mode_{at})\n" for at in range(40))
SIBLING = "class Other:\n    def install(self, path):\n" + BODY


async def test_code_almost_like_this_is_followed_in_pauses(
    neighbours: Project, project: Path
) -> None:
    (project / "sibling.py").write_text(SIBLING, "utf-8")
    neighbours.index.read(project / "sibling.py")
    await neighbours.remember(project / "sibling.py")

    async def seen(rows: int, *, nobody_types: bool) -> str:
        before = "\n".join(SIBLING.split("\n")[: 2 + rows]) + "\n        "
        here = cursor(before, "\n", (project / "main.py").as_uri())
        found = await neighbours.excerpts_for(here, 500, COUNTS, nobody_types)
        return "".join(item.code for item in found)

    first = await seen(2, nobody_types=True)
    assert "step_2(" in first
    assert "step_20(" not in first
    assert await seen(4, nobody_types=True) == first  # it still says what comes next
    assert await seen(20, nobody_types=False) == first
    assert "step_20(" in await seen(20, nobody_types=True)


@pytest.mark.parametrize(
    ("siblings", "more", "end", "room"),
    [
        (1, "", "", 1200),
        (2, "", "", 1200),
        (12, "", "", 1200),
        (1, "", "  ", 1200),
        (1, "x" * 90, "", 1200),
        (2, "x" * 300, "", 1200),
        (2, "x" * 90, "", 500),
        (1, "", "", 200),
    ],
)
async def test_the_choice_changes_rarely_where_much_is_alike(
    neighbours: Project, project: Path, siblings: int, more: str, end: str, room: int
) -> None:
    text = SIBLING.replace("(path, ", f"(path, {more}").replace(")\n", f"){end}\n")
    for at in range(siblings):
        path = project / f"sibling_{at}.py"
        path.write_text(text.replace("Other", f"Other{at}"), "utf-8")
        neighbours.index.read(path)
        await neighbours.remember(path)
    lines = text.split("\n")
    seen = []
    for row in range(4, 34):
        for typed in ("        ", "        self", "        self.step_"):
            before = "\n".join(lines[:row]) + "\n" + typed
            here = cursor(before, "\n", (project / "main.py").as_uri())
            seen.append(await neighbours.excerpts_for(here, room, COUNTS, True))
    changes = sum(one != other for one, other in pairwise(seen))
    assert changes <= 12  # of 90 pauses
    if room == 1200 and len(more) < 100:
        assert changes >= 2
        assert f"step_{33 - 2}" in "".join(item.code for item in seen[-1])


async def test_what_is_only_a_little_alike_brings_no_new_choice(
    neighbours: Project, project: Path
) -> None:
    names = [f"name_{at}" for at in range(30)]
    for name in names:
        (project / f"{name}.py").write_text(f"def {name}(): return 1\n", "utf-8")
    body = "".join(f"    first_{at}(where)\n    second_{at}(what, how)\n" for at in range(9))
    (project / "far.py").write_text("def far(where, what, how):\n" + body, "utf-8")
    for path in project.glob("*.py"):
        neighbours.index.read(path)
        await neighbours.remember(path)

    async def seen(*lines: str) -> str:
        before = " ".join(names) + "\n" + "x = 1\n" * 100 + "\n".join(lines) + "\n"
        here = cursor(before, "\n", (project / "main.py").as_uri())
        found = await neighbours.excerpts_for(here, 900, COUNTS, True)
        return "".join(item.code for item in found)

    first = await seen("print()")
    assert "second_5" not in first
    assert await seen("one(two)", "first_4(where)", "third(three)") == first
    assert "second_5" in await seen(*body.split("\n")[4:11])
