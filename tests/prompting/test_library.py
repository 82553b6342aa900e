"""Prompt files: what is built in, what a user adds, and what is wrong with a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from herdmate.errors import PromptError
from herdmate.prompting.library import builtin_folder, load_action, load_library
from herdmate.prompting.template import render

GOOD = 'title = "T"\nkind = "rewrite"\nlsp_kind = "refactor.rewrite.t"\nuser = "$code"\n'


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))


def _write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_built_in() -> None:
    library, errors = load_library()
    assert errors == ()
    names = [action.name for action in library.actions]
    assert names == [
        *("fix", "fix_all", "explain", "explain_diff", "explain_symbol"),
        *("explain_diagnostic", "simplify"),
        *("extract_function", "rename", "add_types", "document", "handle_errors", "make_async"),
        *("loop_to_comprehension", "loop_to_stream", "remove_duplication", "write_tests"),
        "change",
    ]
    assert library.get("change").asks_instruction
    for action in library.actions:
        assert action.lsp_kind.startswith(("refactor.", "source.", "quickfix"))


def test_every_built_in_file_is_read() -> None:
    assert len(list(builtin_folder().glob("*.toml"))) == len(load_library()[0].actions)


def test_later_folders_override_and_add(tmp_path: Path) -> None:
    user = tmp_path / "config" / "herdmate" / "prompts"
    _write(user, "simplify.toml", GOOD.replace('"T"', '"Mine"'))
    _write(user, "shout.toml", GOOD)
    workspace = tmp_path / "workspace"
    _write(workspace, "shout.toml", GOOD.replace('"T"', '"Theirs"'))
    library, errors = load_library([workspace])
    assert errors == ()
    assert library.get("simplify").title == "Mine"
    assert library.get("shout").title == "Theirs"
    assert load_library()[0].get("shout").title == "T"


def test_a_word_of_an_action_is_enough_to_suggest_it() -> None:
    library, _ = load_library()
    for word, name in (("test", "write_tests"), ("async", "make_async"), ("simplfy", "simplify")):
        with pytest.raises(PromptError, match=rf"did you mean {name}\?"):
            library.get(word)
    with pytest.raises(PromptError, match="choose from fix, "):
        library.get("")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + 'system = "$lang"', "mentions $lang, which is not a placeholder; did you mean"),
        (GOOD + "tokens = 3", "there is no key 'tokens'"),
        (GOOD + 'max_tokens = "3"', "max_tokens must be a whole number"),
        (GOOD + "asks_instruction = 1", "asks_instruction must be true or false"),
        (GOOD.replace("rewrite", "refactor", 1), "kind must be 'explain' or 'rewrite' or 'tests'"),
        (GOOD.replace('title = "T"\n', ""), "the key 'title' is missing"),
        (GOOD.replace("$code", "hello"), "never mentions $code"),
        (GOOD.replace("rewrite", "explain", 1).replace("$code", "hi"), "never mentions $code"),
        (GOOD.replace("$code", "$code ${lang}"), "mentions $lang, which is not a placeholder"),
        (
            GOOD.replace("$code", "$code: $instruction"),
            "asks_instruction = true` require each other",
        ),
        (GOOD + "asks_instruction = true", "asks_instruction = true` require each other"),
        (GOOD.replace("refactor.rewrite.t", "t"), "lsp_kind must begin with refactor."),
        (GOOD + "max_tokens = 0", "max_tokens must be from 1 to 16384"),
        (GOOD + "max_tokens = 400_000_000", "max_tokens must be from 1 to 16384"),
        (GOOD + "temperature = nan", "temperature from 0 to 2"),
        (GOOD + "temperature = -0.5", "temperature from 0 to 2"),
        (
            GOOD + 'needs = ["loops"]',
            "needs cannot contain 'loops'; did you mean loop? Choose from code, ",
        ),
        (GOOD + "languages = 3", "languages must be a list of strings"),
        (GOOD + 'works_on = "file"', "works_on must be 'selection' or 'definition'"),
        (GOOD.replace('"T"', '"T $code"'), "title can mention only $symbol and $diagnostics"),
        (
            GOOD + 'reply_start = "$instruction"',
            "$instruction and `asks_instruction = true` require",
        ),
        (GOOD.replace('"$code"', '"code"') + 'system = "$"', "`user` never mentions $code"),
        ("title = ", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_is_named_and_the_others_are_used(
    tmp_path: Path, text: str, words: str
) -> None:
    path = _write(tmp_path / "w", "bad.toml", text)
    with pytest.raises(PromptError) as caught:
        load_action(path)
    assert words in str(caught.value)
    library, errors = load_library([tmp_path / "w"])
    assert [str(error) for error in errors] == [str(caught.value)]
    assert library.get("simplify")


def test_an_unknown_action_names_those_there_are() -> None:
    with pytest.raises(PromptError, match="choose from fix, fix_all, explain"):
        load_library()[0].get("nothing")


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert load_action(_write(tmp_path, "a.toml", "\ufeff" + GOOD)).title == "T"


def test_a_placeholder_in_braces(tmp_path: Path) -> None:
    action = load_action(_write(tmp_path, "a.toml", GOOD + 'system = "${language}s: $${path}"'))
    assert render(action, {"code": "${path}", "language": "c", "path": "p"})[:2] == (
        "cs: ${path}",
        "${path}",
    )


def test_text_of_the_user_is_never_filled_in(tmp_path: Path) -> None:
    action = load_action(_write(tmp_path, "a.toml", GOOD + 'system = "$path costs $$5"'))
    system, user, _ = render(action, {"code": "cost = $path + $$", "path": "a$code.py"})
    assert system == "a$code.py costs $5"
    assert user == "cost = $path + $$"


def test_the_fence_is_longer_than_any_in_the_code(tmp_path: Path) -> None:
    text = GOOD.replace('"$code"', '"$fence\\n$code\\n$fence"')
    action = load_action(_write(tmp_path, "a.toml", text))
    assert render(action, {"code": "x"})[1] == "```\nx\n```"
    assert render(action, {"code": "a\n````\nb"})[1] == "`````\na\n````\nb\n`````"


def test_what_an_action_may_change(tmp_path: Path) -> None:
    assert load_action(_write(tmp_path, "a.toml", GOOD)).changes == ("body", "documentation")
    action = load_action(_write(tmp_path, "a.toml", GOOD + 'changes = ["types"]'))
    assert action.changes == ("types",)
    with pytest.raises(
        PromptError, match=r"cannot contain 'type'; did you mean types. Choose from body, "
    ):
        load_action(_write(tmp_path, "a.toml", GOOD + 'changes = ["type"]'))
    with pytest.raises(PromptError, match="changes must be a list of strings, not 'types'"):
        load_action(_write(tmp_path, "a.toml", GOOD + 'changes = "types"'))


def test_a_paragraph_without_anything_to_say_is_left_out(tmp_path: Path) -> None:
    text = GOOD.replace(
        '"$code"', '"""\nFrom $path.\n\nSee:\n$context\n\nHere:\n$code\n\nDo it.\n"""'
    )
    action = load_action(_write(tmp_path, "a.toml", text))
    values = {"path": "", "context": "", "code": "a\n\nb"}
    assert render(action, values)[1] == "From .\n\nHere:\na\n\nb\n\nDo it."
    assert "See:\nx\n\nHere" in render(action, {**values, "context": "x"})[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 30_000, "cannot be read as TOML"),
        ("a = " + "{a = " * 10_000, "cannot be read as TOML"),
        ("a." * 20_000 + "a = 1", "too many parts"),
        (f"[{'a.' * 20_000}a]", "too many parts"),
        ("b = {" + "a ." * 20_000 + "a = 1}", "too many parts"),
        ("\n".join(f"{'a.' * 190}a{n} = 1" for n in range(150)), "there is no key"),
        ("a = " + "9" * 30_000, "cannot be read as TOML"),
        ("x" * 70_000, "larger than 65536 bytes"),
        (GOOD + f"max_tokens = {'9' * 400}", "max_tokens must be from 1 to 16384"),
        (GOOD + "temperature = nan", "temperature from 0 to 2"),
        (GOOD + "temperature = inf", "temperature from 0 to 2"),
        (GOOD.replace('"T"', '"' + "T" * 500 + '"'), "title must be one line"),
        (GOOD.replace('"T"', r'"\u001b[2J"'), "title must be one line"),
        (GOOD + 'name = ""', "name must be one line"),
        (GOOD + f'order = "{"a" * 50_000}"', "order must be a whole number"),
        (GOOD + "b" * 50_000 + " = 1", "there is no key"),
        (GOOD + f'system = "${"a" * 50_000}"', "not a placeholder"),
        (GOOD + f'needs = ["{"a" * 50_000}"]', "needs cannot contain"),
    ],
)
def test_a_file_that_is_made_to_do_harm_is_refused_in_a_short_sentence(
    tmp_path: Path, text: str, words: str
) -> None:
    _write(tmp_path / "w", "bad.toml", text)
    _write(tmp_path / "w", "good.toml", GOOD)
    library, (error,) = load_library([tmp_path / "w"])
    assert library.get("good").title == "T"
    assert words in str(error)
    assert len(str(error)) < 600
    assert "\n" not in str(error)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize("target", ["pipe", "/dev/zero", "/dev/stdin", "loop", "outside.toml"])
def test_what_is_no_file_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    _write(tmp_path, "outside.toml", GOOD)
    _write(tmp_path / "w", "good.toml", GOOD)
    path = tmp_path / "w" / "bad.toml"
    if target == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path if target == "loop" else tmp_path / target)
    library, (error,) = load_library([tmp_path / "w"])
    assert library.get("good").title == "T"
    assert "bad.toml cannot be read" in str(error)


def test_files_of_the_users_own_may_be_links(tmp_path: Path) -> None:
    _write(tmp_path, "mine.toml", GOOD)
    user = tmp_path / "config" / "herdmate" / "prompts"
    user.mkdir(parents=True)
    (user / "shout.toml").symlink_to(tmp_path / "mine.toml")
    library, errors = load_library()
    assert errors == ()
    assert library.get("shout").title == "T"


def test_a_folder_of_very_many_files(tmp_path: Path) -> None:
    for number in range(300):
        _write(tmp_path / "w", f"p{number}.toml", GOOD)
    _write(tmp_path / "w", "a\nb.toml", GOOD)
    library, errors = load_library([tmp_path / "w"])
    assert errors == ()
    assert len(library.actions) == len(load_library()[0].actions) + 200
    assert not any("\n" in action.name for action in library.actions)
