"""Where the user was last, and what they cut out, in the context of another file."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.completion.complete import complete
from herdmate.context.fragments import Files
from herdmate.context.recent import Recent
from herdmate.context.resemblance import Wanted
from herdmate.settings import CompletionSettings
from herdmate.text import Span
from tests.context.test_project import COUNTS
from tests.context.test_unsaved import SAVED, _Editor, editor, shapes
from tests.fake_model import cursor, fake_completion

__all__ = ["editor", "shapes"]

HERE = Path("/work/here.py")
MOVED = "def shade(colour):\n    return area(colour)\n"


def test_places_move_with_edits_above_and_are_bounded() -> None:
    recent = Recent()
    recent.note_edit(HERE, 50, 50, 0)
    recent.note_edit(HERE, 10, 10, 3)
    assert recent.rows[HERE] == (53, 13)
    recent.note_edit(HERE, 20, 30, 0)
    assert recent.rows[HERE] == (43, 13, 20)
    recent.note_edit(HERE, 21, 21, 0)
    assert recent.rows[HERE] == (43, 13, 21)
    for row in range(0, 1000, 100):
        recent.note_look(HERE, row)
    assert recent.rows[HERE] == (600, 700, 800, 900)
    for at in range(99):
        recent.note_look(Path(f"/work/{at}.py"), 1)
    assert len(recent.rows) == 16
    assert HERE not in recent.rows


@pytest.mark.parametrize(
    "code",
    ["one line only\n", "\n\n\n", "x = 1\n" * 50, "x" * 3000 + "\n" + "y\n", ""],
)
def test_only_a_few_lines_count_as_cut(code: str) -> None:
    recent = Recent()
    recent.note_cut(HERE, f"a = 1\n{code}b = 2\n", Span(6, 6 + len(code)))
    assert recent.cuts == ()


def test_few_cuts_are_kept_and_none_of_a_closed_file() -> None:
    recent = Recent()
    for at in range(9):
        recent.note_cut(Path(f"/work/{at}.py"), MOVED, Span(0, len(MOVED)))
    assert [cut.path.stem for cut in recent.cuts] == ["6", "7", "8"]
    recent.forget(Path("/work/7.py"))
    assert [cut.path.stem for cut in recent.cuts] == ["6", "8"]


def test_of_equal_windows_the_one_edited_last_comes_first(tmp_path: Path) -> None:
    code = "".join(f"session = open_session(place_{at})\n" for at in range(100))
    (tmp_path / "long.py").write_text(code, "utf-8")
    files = Files()
    files.read([tmp_path / "long.py"], (tmp_path,))
    wanted = Wanted("session = open_session(", "python", HERE, {})
    assert "place_95)" in files.alike(wanted, 1)[0].text
    wanted = replace(wanted, rows={tmp_path / "long.py": (72,)})
    assert "place_72)" in files.alike(wanted, 1)[0].text


async def test_code_that_was_cut_is_seen_elsewhere_until_it_is_pasted_or_the_file_closed(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    before = MOVED + SAVED
    editor.project.recent.note_cut(shapes, before, Span(0, len(MOVED)))
    editor.type(shapes, SAVED)
    assert MOVED in await editor.seen(tmp_path)
    pasted = cursor(MOVED + "x = area(shade(", "\n", (tmp_path / "main.py").as_uri())
    editor.project.choose_anew()
    found = await editor.project.excerpts_for(pasted, 500, COUNTS, False)
    assert MOVED not in "".join(item.code for item in found)
    editor.project.choose_anew()
    editor.close(shapes)
    assert MOVED not in await editor.seen(tmp_path)


async def test_no_secrets_in_what_was_cut_even_from_the_middle_of_one(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    key = "".join(f"{chr(65 + at % 26) * 60}{at}\n" for at in range(30))
    text = f"shade = '''-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----'''\n{MOVED}"
    start = text.index(key.split()[27]) + 5
    editor.project.recent.note_cut(shapes, text, Span(start, len(text)))
    seen = await editor.seen(tmp_path)
    assert MOVED in seen
    assert not any(line[5:] in seen for line in key.split())


async def test_nothing_that_was_cut_out_of_a_file_that_git_ignores(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    editor.project.recent.note_cut(shapes, MOVED, Span(0, len(MOVED)))
    (tmp_path / ".gitignore").write_text("shapes.py\n", "utf-8")
    assert await editor.seen(tmp_path) == ""


async def test_a_key_evaluates_a_few_tokens_whatever_the_user_does_elsewhere(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    uri = (tmp_path / "main.py").as_uri()
    async with fake_completion({"": "value)"}) as state:
        state.project = editor.project
        typed, counts = "x = area(shade(", []
        for key in "first":
            typed += key
            await complete(cursor(typed, "\n", uri), state, CompletionSettings(delay=0), True)
            counts.append((await state.host.totals()).evaluated_tokens)
            state.cache.forget(uri)
            editor.project.recent.note_look(shapes, len(typed))
            editor.project.recent.note_cut(shapes, MOVED, Span(0, len(MOVED)))
    keys = [after - before for before, after in itertools.pairwise(counts)]
    assert counts[0] > len(SAVED)
    assert max(keys) < 16
