"""The recipes of ``server/ARCHITECTURE.md``, each followed in a copy of the source tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A source tree to change."""
    nothing_built = shutil.ignore_patterns("__pycache__", "node_modules", "dist", "*.vsix")
    for name in ("server", "prompts"):
        shutil.copytree(_ROOT / name, tmp_path / name, ignore=nothing_built)
    return tmp_path


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, (path.name, old)
    path.write_text(text.replace(old, new), "utf-8")


def _python(copy: Path, *arguments: str) -> str:
    """What Python prints that imports Herdmate from the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "server"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        (sys.executable, *arguments), env=environment, cwd=copy, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_add_an_action(copy: Path) -> None:
    simplify = (copy / "prompts" / "simplify.toml").read_text("utf-8")
    shorter = simplify.replace('title = "Simplify"', 'title = "Make it shorter"')
    (copy / "prompts" / "shorten.toml").write_text(shorter, "utf-8")
    found = _python(
        copy,
        "-c",
        "from herdmate.prompting.library import load_library;"
        "library, errors = load_library(); assert not errors, errors;"
        "print(library.get('shorten').title)",
    )
    assert found == "Make it shorter"


def test_add_a_filter(copy: Path) -> None:
    completion = copy / "server" / "herdmate" / "completion"
    (completion / "filters" / "drop_shouting.py").write_text(
        '"""Nobody wants to be shouted at."""\n\n'
        "from herdmate.completion.cursor_context import CursorContext\n\n\n"
        "def drop_shouting(text: str, context: CursorContext) -> str:\n"
        '    """Nobody wants to be shouted at."""\n'
        '    return "" if text.isupper() else text\n',
        "utf-8",
    )
    _replace(
        completion / "postprocess.py",
        "from herdmate.completion.filters.drop_too_short import drop_too_short\n",
        "from herdmate.completion.filters.drop_shouting import drop_shouting\n"
        "from herdmate.completion.filters.drop_too_short import drop_too_short\n",
    )
    _replace(
        completion / "postprocess.py",
        "    drop_too_short,\n    drop_blank,\n",
        "    drop_too_short,\n    drop_shouting,\n    drop_blank,\n",
    )
    found = _python(
        copy,
        "-c",
        "from herdmate.completion.postprocess import finish;"
        "from herdmate.text import Cursor, Document;"
        "cursor = Cursor(Document('a', 'python', 'x = '), 4);"
        "print(finish('VALUE', cursor, 'line'), finish('value', cursor, 'line').text)",
    )
    assert found == "None value"


def test_add_a_language(copy: Path) -> None:
    _replace(
        copy / "server" / "herdmate" / "context" / "languages.py",
        '    "elm": Language(',
        '    "dot": Language("dot", (".dot", ".gv")),\n    "elm": Language(',
    )
    found = _python(
        copy,
        "-c",
        "from herdmate.context.grammars import language_of, parser_for;"
        "from herdmate.context.syntax import error_count, parse;"
        "assert language_of('graph.gv') == 'dot';"
        "tree = parse('digraph { a -> b }', 'dot');"
        "print(tree and error_count(tree))",
    )
    assert found in ("0", "None")  # None: this Python's package has no such grammar


def test_add_a_model_family(copy: Path) -> None:
    families = copy / "server" / "herdmate" / "prompting" / "families.toml"
    _replace(
        families,
        '[[infill]]\nname = "falcon-h1"\n',
        '[[infill]]\nname = "wombat"\norder = "psm"\nend = ["eos"]\n'
        'psm = "{<fim_begin>}{prefix}{<fim_end>}{suffix}{<fim_hole>}"\n\n'
        '[[family]]\nname = "Wombat"\nwhen = { has = ["<fim_hole>"] }\ninfill = "wombat"\n\n'
        '[[infill]]\nname = "falcon-h1"\n',
    )
    found = _python(
        copy,
        "-c",
        "from herdmate.generation import ModelInfo, Special;"
        "from herdmate.prompting.families import family_of, infill_prompt;"
        "pieces = {'<fim_begin>': 1, '<fim_end>': 2, '<fim_hole>': 3};"
        "info = ModelInfo('', 'wombat', '', 'bpe', 9, 64, 64, 1, 1, 1, pieces);"
        "prompt = infill_prompt(family_of(info), 'a', 'b');"
        "print([item.piece for item in prompt.segments if isinstance(item, Special)])",
    )
    assert found == "['<fim_begin>', '<fim_end>', '<fim_hole>']"


def test_add_an_editor(copy: Path) -> None:
    (copy / "server" / "herdmate" / "cli" / "editors" / "ed.toml").write_text(
        'title = "ed"\ntext = "server $line\\n"\nafter = "Type ?"\ncomment = "#"\n', "utf-8"
    )
    found = _python(
        copy,
        "-c",
        "from herdmate.cli.editor import configuration, find;"
        "print(configuration(find('ed'), ('/bin/herdmate', 'serve')))",
    )
    assert found.splitlines()[1] == "server /bin/herdmate serve"


def test_add_a_setting(copy: Path) -> None:
    """A field alone fails the comparison with the extension; with the rest it passes."""
    for name in ("extension", "tests"):
        (copy / name).mkdir()
    for name in ("package.json", "package.nls.json", ".vscodeignore"):
        shutil.copy(_ROOT / "extension" / name, copy / "extension" / name)
    shutil.copytree(_ROOT / "extension" / "src", copy / "extension" / "src")
    shutil.copytree(_ROOT / "extension" / "l10n", copy / "extension" / "l10n")
    for name in ("__init__.py", "test_extension.py"):
        shutil.copy(_ROOT / "tests" / name, copy / "tests" / name)
    (copy / "pytest.ini").write_text("[pytest]\n", "utf-8")
    _replace(
        copy / "server" / "herdmate" / "settings.py",
        "    stats: bool = True\n",
        '    purr: bool = False\n    """Purr when idle."""\n\n    stats: bool = True\n',
    )
    assert not _settings_agree(copy)
    manifest = copy / "extension" / "package.json"
    package = json.loads(manifest.read_text("utf-8"))
    properties = package["contributes"]["configuration"][-1]["properties"]
    properties["herdmate.purr"] = {
        "type": "boolean",
        "default": False,
        "order": len(properties) + 1,
        "markdownDescription": "%herdmate.purr.description%",
    }
    manifest.write_text(json.dumps(package, indent=2), "utf-8")
    strings = copy / "extension" / "package.nls.json"
    sentences = json.loads(strings.read_text("utf-8"))
    sentences["herdmate.purr.description"] = "Purr when idle."
    strings.write_text(json.dumps(sentences), "utf-8")
    assert _settings_agree(copy)


def _settings_agree(copy: Path) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(copy / "server")}
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "setting")
    done = subprocess.run(
        (*command, "tests/test_extension.py"), env=environment, cwd=copy, capture_output=True,
        timeout=120,
    )  # fmt: skip
    assert re.search(rb"\d+ passed", done.stdout), done.stdout.decode()
    return done.returncode == 0


def test_every_recipe_has_its_test() -> None:
    page = (_ROOT / "server" / "ARCHITECTURE.md").read_text("utf-8")
    recipes = re.findall(r"^### (Add .*)$", page, re.MULTILINE)
    tests = {name for name in globals() if name.startswith("test_add_")}
    assert {"test_" + recipe.lower().replace(" ", "_") for recipe in recipes} == tests


def test_files_that_the_page_names_exist() -> None:
    page = (_ROOT / "server" / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|ts|toml))`", page)
    assert named
    places = (_ROOT / "server" / "herdmate", _ROOT)
    assert [name for name in named if not any((at / name).exists() for at in places)] == []
