"""The table of families: what the user adds is checked, and what is wrong in it is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herdmate.generation import ModelInfo, Special
from herdmate.prompting import family_table as table
from herdmate.prompting.families import family_of, infill_prompt

OWN = """
[[infill]]
name = "wombat"
order = "psm"
psm = "{<A>}{prefix}{<B>}{suffix}{<C>}"
[[family]]
name = "Wombat"
when = { has = ["<A>", "<B>", "<C>"] }
infill = "wombat"
chat = "chatml"
"""


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's file, which is read anew."""
    path = tmp_path / "families.toml"
    monkeypatch.setattr(table, "user_file", lambda: path)
    table.family_table.cache_clear()
    monkeypatch.setattr("herdmate.prompting.recognition.family_table", table.family_table)
    return path


@pytest.fixture(autouse=True)
def _forget() -> object:
    yield
    table.family_table.cache_clear()


def test_our_own_files_have_no_mistakes() -> None:
    found, errors = table.family_table()
    assert not errors
    assert all(entry.source for entry in found.families if entry.infill)
    for entry in found.families:
        if entry.infill:  # what can be asked can also be told apart from what was not trained
            assert entry.when is not None
            assert set(entry.when) & {"has"}


def test_no_piece_is_a_word_that_text_could_have() -> None:
    """A piece of a vocabulary is kept out of the user's text wherever it occurs."""
    for piece in table.family_table()[0].pieces:
        assert re.search(r"[<>\[\]]", piece), piece


def test_users_add_families(own_file: Path) -> None:
    own_file.write_text(OWN, "utf-8")
    pieces = {"<A>": 1, "<B>": 2, "<C>": 3}
    info = ModelInfo("w.gguf", "w", "llama", "bpe", 9, 64, 64, 1, 1, 1, pieces)
    prompt = infill_prompt(family_of(info), "a", "b")
    assert [part.piece for part in prompt.segments if isinstance(part, Special)] == [*pieces]
    assert set(pieces) <= set(table.family_table()[0].pieces)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('infill = "wombat"\nchat', "the key 'name' is missing"),
        ("[[familly]]\n", r"there is no \[\[familly\]\]; did you mean family"),
        ('name = "W"\ninfill = "wombatt"', "no infill format 'wombatt'; did you mean wombat"),
        ('name = "W"\nchat = "chatm"', "no chat format 'chatm'; did you mean chatml"),
        ('name = "W"\nfollows = "("', "follows is not a regular expression"),
        ('name = "W"\nbos = 1', "bos must be true or false"),
        ('name = "W"\ninfil = "x"', "there is no key 'infil'; did you mean infill.$"),
    ],
)
def test_mistakes_are_said_and_the_rest_counts(own_file: Path, wrong: str, told: str) -> None:
    entry = wrong if wrong.startswith("[[") else f"[[family]]\nwhen = {{ has = ['z'] }}\n{wrong}"
    if "chat" in entry and "chat =" not in entry:
        entry = entry.removesuffix("\nchat")
    own_file.write_text(f"{OWN}\n{entry}\n", "utf-8")
    found, errors = table.family_table()
    assert len(errors) == 1
    assert re.search(told, str(errors[0])), errors
    assert "families.toml" in str(errors[0])
    assert found.families[0].name == "Wombat"


@pytest.mark.parametrize(
    ("infill", "told"),
    [
        ('psm = "{<A>}{prefix}"', "must have {prefix} and {suffix}"),
        ('psm = "{<A>}{prefix}{suffix"', "a brace in"),
        ('spm = 3', "spm must be a string"),
    ],
)  # fmt: skip
def test_formats_are_checked(own_file: Path, infill: str, told: str) -> None:
    own_file.write_text(f'[[infill]]\nname = "x"\norder = "psm"\n{infill}\n', "utf-8")
    (error,) = table.family_table()[1]
    assert told in str(error)


def test_a_file_that_is_not_toml(own_file: Path) -> None:
    own_file.write_text("[[family]\n", "utf-8")
    (error,) = table.family_table()[1]
    assert "cannot be read as TOML" in str(error)
    own_file.write_text("a." * 300 + "b = 1", "utf-8")
    table.family_table.cache_clear()
    (error,) = table.family_table()[1]
    assert "too many parts" in str(error)


def test_many_mistakes_are_told_in_few_words(own_file: Path) -> None:
    own_file.write_text("".join(f"k{number} = 1\n" for number in range(5000)) + OWN, "utf-8")
    found, errors = table.family_table()
    assert len(errors) == 6
    assert "4995 more" in str(errors[-1])
    assert found.families[0].name == "Wombat"
