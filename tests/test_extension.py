"""What VS Code's extension repeats of the server is what the server says."""

from __future__ import annotations

import ast
import json
import re
import struct
import sys
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib.metadata import requires
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from lsprotocol import types
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from herdmate import settings
from herdmate.llama_install import INDEX as LLAMA_INDEX
from herdmate.llama_install import VERSION as LLAMA_VERSION
from herdmate.lsp import protocol
from herdmate.lsp.capabilities import capabilities_from_lsp
from herdmate.settings import Settings, camel_case, settings_from_json

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ROOT = Path(__file__).parent.parent
_EXTENSION = _ROOT / "extension"
_MANIFEST = (_EXTENSION / "package.json").read_text("utf-8")
_STRINGS: dict[str, str] = json.loads((_EXTENSION / "package.nls.json").read_text("utf-8"))
_PACKAGE: dict[str, Any] = json.loads(_MANIFEST)
_SOURCES = {file.name: file.read_text("utf-8") for file in (_EXTENSION / "src").glob("*.ts")}
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/  # comments, in which quotes mean nothing
    | ((?:l10n\.t|log\.\w+)\(\s*)?  # what takes it: translated, or an English log
      (?: '([^'\\\n]*)' | "([^"\\\n]*)" | `([^`]*)` )""",
    re.S | re.X,
)
_NO_WORDS_FOR_THE_USER = {
    "Herdmate",
    "Scripts",
    "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))",
    "def total",  # in the sample
    "return result",
    "import sys; sys.path.insert(0, sys.argv.pop(1))",
    "from herdmate.llama_install.__main__ import main; sys.exit(main())",
    r"### Herdmate's server: ${state}\n\n",  # a report is in English, as the doctor's
}
_HARMLESS = {"herdmate.completion.enabled"}
"""Any workspace may switch ghost text off; all else costs something, or says what is run."""

_OF_THE_EXTENSION = {
    "herdmate.server.command", "herdmate.setup.wheelIndex", "herdmate.trace.server"
}  # fmt: skip
_SAID_BY_VS_CODE = {"herdmate.trustWorkspace"}
"""VS Code asks the user itself whether a workspace is trusted: that is no setting there."""


def test_sentences_of_the_manifest_can_be_translated() -> None:
    """VS Code puts the string of its language in place of ``%key%``; a missing one is shown so."""
    used = re.findall(r'"%([^%"]+)%"', _MANIFEST)
    assert sorted(used) == sorted(_STRINGS)
    sentences = re.findall(r'"(?:title|description|markdownDescription)": "([^"]+)"', _MANIFEST)
    assert [text for text in sentences if not text.startswith("%")] == []
    carried = (_EXTENSION / ".vscodeignore").read_text("utf-8").splitlines()
    assert {"!package.nls*.json", "!l10n/**"} <= set(carried)


def test_sentences_of_the_source_can_be_translated() -> None:
    bundle: dict[str, str] = json.loads((_EXTENSION / "l10n/bundle.l10n.json").read_text("utf-8"))
    assert _PACKAGE["l10n"] == "./l10n"
    said, others = set[str](), set[str]()
    for source in _SOURCES.values():
        literals = _LITERAL.findall(source)
        assert source.count("l10n.t(") == sum("l10n.t(" in call for call, *_ in literals)
        said |= {text for call, *texts in literals for text in texts if text and "l10n.t(" in call}
        others |= {text for call, *texts in literals for text in texts if not call}
    assert bundle == {sentence: sentence for sentence in said}
    others = {text for text in others if not text.startswith("<")}  # HTML around other words
    words = {text for text in others if re.search(r"[A-Za-z] [a-z]|^[A-Z][a-z]+[.:?!…]?$", text)}
    assert words == _NO_WORDS_FOR_THE_USER


def test_every_setting_of_the_server_is_one_of_vs_code() -> None:
    told = set(_properties()) - _OF_THE_EXTENSION
    assert told == set(_settings(Settings())) - _SAID_BY_VS_CODE


def test_every_number_has_a_least_and_a_most() -> None:
    numbers = [entry for entry in _properties().values() if entry["type"] in ("integer", "number")]
    assert numbers
    for entry in numbers:
        assert entry["minimum"] <= entry["default"] <= entry["maximum"]


_SETTINGS = sorted(
    name for group in _PACKAGE["contributes"]["configuration"] for name in group["properties"]
)


@pytest.mark.parametrize("name", _SETTINGS)
def test_a_setting_has_the_same_type_default_choices_and_meaning(name: str) -> None:
    if name in _OF_THE_EXTENSION:
        assert _properties()[name]["markdownDescription"]
        return
    told = _without(_properties()[name], "scope", "order", "markdownEnumDescriptions")
    if "items" in told:
        told["items"] = _without(told["items"], "markdownEnumDescriptions")
    meaning = _STRINGS[told["markdownDescription"].strip("%")]
    meaning = re.sub(r" \[[^]]+\]\(command:[\w.]+\)$", "", meaning)
    told["markdownDescription"] = re.sub(r"`#herdmate\.([\w.]+)#`", r"`\1`", meaning)
    assert told == _settings(Settings())[name]


def _without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def test_settings_are_in_groups_that_are_ordered() -> None:
    """Without an order, VS Code sorts them by name."""
    groups = _PACKAGE["contributes"]["configuration"]
    assert [group["order"] for group in groups] == list(range(1, len(groups) + 1))
    for group in groups:
        orders = [entry["order"] for entry in group["properties"].values()]
        assert orders == list(range(1, len(orders) + 1))
    assert next(iter(groups[0]["properties"])) == "herdmate.model"
    assert next(iter(groups[1]["properties"])) == "herdmate.completion.enabled"


@pytest.mark.parametrize("name", _SETTINGS)
def test_each_choice_is_described_and_each_setting_that_is_named_is_a_link(name: str) -> None:
    entry = _properties()[name]
    chosen = entry.get("items", entry)
    assert len(chosen.get("enum", [])) == len(chosen.get("markdownEnumDescriptions", []))
    meaning = _STRINGS[entry["markdownDescription"].strip("%")]
    links = set(re.findall(r"`#(herdmate\.[\w.]+)#`", meaning))
    assert links <= set(_properties()) - {name}
    named = {f"herdmate.{word}" for word in re.findall(r"`([\w.]+)`", meaning)}
    assert not named & set(_properties()) - {name}
    commands = {entry["command"] for entry in _PACKAGE["contributes"]["commands"]}
    assert set(re.findall(r"\(command:([\w.]+)\)", meaning)) <= commands


def test_the_server_takes_what_vs_code_sends() -> None:
    sent: dict[str, Any] = {"trustWorkspace": True}
    for name, entry in _properties().items():
        *groups, last = name.split(".")[1:]
        place = sent
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = entry["default"]
    assert settings_from_json(sent) == (Settings(trust_workspace=True), ())


def test_untrusted_workspaces_cannot_choose_what_is_run_or_asked() -> None:
    untrusted = _PACKAGE["capabilities"]["untrustedWorkspaces"]
    assert untrusted["supported"] == "limited"
    restricted = untrusted["restrictedConfigurations"]
    assert len(restricted) == len(set(restricted))
    assert set(restricted) == set(_properties()) - _HARMLESS
    decisive = ("server", "model", "remote", "engine")
    of_ghost_text = {"herdmate.completion.model", "herdmate.completion.remoteUrl"}
    deciding = {name for name in _properties() if name.split(".")[1] in decisive}
    assert deciding | of_ghost_text == {
        name for name, entry in _properties().items() if entry.get("scope") == "machine-overridable"
    }
    of_the_user = {name for name, told in _properties().items() if told.get("scope") == "machine"}
    assert of_the_user == {"herdmate.setup.wheelIndex"}  # what Set Up installs comes from there
    for name in _HARMLESS:  # and the extension itself takes only this from such a workspace
        assert f"export const SWITCH = '{name}';" in _SOURCES["ownSettings.ts"]


def test_no_program_is_started_but_by_the_one_function_and_no_setting_read_elsewhere() -> None:
    """It names a neutral folder; the settings are as far as the workspace is trusted."""
    starts = {
        name
        for name, source in _SOURCES.items()
        if re.search(r"^import \{.*from 'node:child_process'|require\(", source, re.M)
    }
    assert starts == {"children.ts"}
    reads = {name for name, source in _SOURCES.items() if "getConfiguration(" in source}
    assert reads == {"settings.ts", "serverCommand.ts"}  # there it is that of Microsoft's Python


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_what_set_up_installs_is_locked_by_version_and_hash(python: str, system: str) -> None:
    """Everything that Herdmate depends on, for each system and Python."""
    llama = _locked("llama.txt", python, system)
    assert llama == {"llama-cpp-python": LLAMA_VERSION}
    locked = _locked("server.txt", python, system) | llama
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    environment = _environment(python, system)
    for text in project["dependencies"]:
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate(environment):
            assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), text
    carried = (_EXTENSION / ".vscodeignore").read_text("utf-8").splitlines()
    assert "!locked/*.txt" in carried
    build = _locked("build.txt", python, system)
    assert {"cmake", "ninja", "pip", "scikit-build-core", "setuptools"} <= set(build)
    assert {name: build[name] for name in build.keys() & locked} == {
        name: locked[name] for name in build.keys() & locked
    }


def test_set_up_installs_only_what_is_locked() -> None:
    source = _SOURCES["setup.ts"]
    assert re.findall(r"locked\('(\w+)\.txt'\)", source) == ["server", "build", "llama"]
    assert "'--require-hashes', '-r', locked('server.txt')" in source
    assert "'--locked', locked('build.txt'), locked('llama.txt')" in source
    assert {path.stem for path in (_EXTENSION / "locked").glob("*.txt")} == {
        "server", "build", "llama"
    }  # fmt: skip
    index = _properties()["herdmate.setup.wheelIndex"]["default"]
    assert index == LLAMA_INDEX


def test_hashes_of_wheels_are_those_of_the_pinned_version() -> None:
    """None is pinned until ``lock.sh wheels`` has run where the project's wheels can be fetched."""
    pins = files("herdmate.llama_install").joinpath("wheels.sha256").read_text("utf-8")
    for line in pins.splitlines():
        assert re.fullmatch(
            rf"[0-9a-f]{{64}}  \w+/llama_cpp_python-{LLAMA_VERSION}-[\w.-]+\.whl", line
        )


def test_what_is_needed_here_is_all_locked() -> None:
    """With what the dependencies depend on, as it is installed here."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}", sys.platform
    locked = _locked("server.txt", *here) | _locked("llama.txt", *here)
    wanted, seen = ["herdmate"], set[str]()
    while wanted:
        name = wanted.pop()
        for text in requires(name) or ():
            requirement = Requirement(text)
            needed = canonicalize_name(requirement.name)
            marker = requirement.marker
            if needed not in seen and (marker is None or marker.evaluate({"extra": ""})):
                seen.add(needed)
                wanted.append(needed)
    assert len(seen) > 10
    assert seen - set(locked) == set()


def _locked(file: str, python: str, system: str) -> dict[str, str]:
    """Versions by name, of those lines of a lock file that are for a Python on a system."""
    text = (_EXTENSION / "locked" / file).read_text("utf-8")
    assert "://" not in text
    found: dict[str, str] = {}
    for entry in re.sub(r"\\\n\s+", " ", text).splitlines():
        line, *hashes = entry.split(" --hash=")
        assert hashes, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value.strip()) for value in hashes)
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or marker.evaluate(_environment(python, system)):
            (only,) = requirement.specifier
            assert only.operator == "=="
            assert canonicalize_name(requirement.name) not in found
            found[canonicalize_name(requirement.name)] = only.version
    return found


def _environment(python: str, system: str) -> dict[str, str]:
    names = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
    return {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": system,
        "platform_system": names[system],
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def test_every_step_of_the_walkthrough_says_what_it_does_and_is_ticked_when_it_happened() -> None:
    (walkthrough,) = _PACKAGE["contributes"]["walkthroughs"]
    source, beats = _SOURCES["gettingStarted.ts"], range(1, 4)
    assert f"BEATS = {len(beats)};" in source
    sample = (_EXTENSION / "media/sample/stock.py.txt").read_text("utf-8")
    assert "def total" in sample
    assert sample.rstrip().endswith('"""')  # of a function without a body yet
    for step in walkthrough["steps"]:
        assert _STRINGS[step["media"]["altText"].strip("%")]
        picture = (_EXTENSION / step["media"]["svg"]).read_text("utf-8")
        colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', picture)) - {"none"}
        assert all(colour.startswith("var(--vscode-") for colour in colours)  # of every theme
        description = _STRINGS[step["description"].strip("%")]
        assert not re.search(r"(?<!\*)\*(?!\*)", description)  # VS Code would show the asterisks
        links = re.findall(r"\(command:([\w.]+)", description)
        assert len(links) == 1
        assert links[0] in {entry["command"] for entry in _PACKAGE["contributes"]["commands"]}
        for event in step["completionEvents"]:
            kind, _, what = event.partition(":")
            if kind == "onCommand":
                assert what.startswith("herdmate.review.")
            else:
                key = what.partition(" ")[0].removeprefix("herdmate.")
                assert f"note('{key}')" in source
                assert {f"onContext:herdmate.{key} == '{beat}'" for beat in beats} <= set(
                    step["completionEvents"]
                )
    assert _STRINGS[walkthrough["steps"][-1]["title"].strip("%")] == "Ready: type here"


def test_commands_are_offered_where_they_can_work() -> None:
    """The keys are those of VS Code's documentation; a misspelt one would hide without a word."""
    known = {"editorIsOpen", "editorReadonly", "resourceScheme"}
    clauses = [
        entry["when"] for menu in _PACKAGE["contributes"]["menus"].values() for entry in menu
    ]
    used = {key for clause in clauses for key in re.findall(r"(?<!== )(?<!-)\b[a-z]\w+", clause)}
    assert used == known


_IN_REVIEW = "editorTextFocus && resourceScheme == herdmate-review"
"""Nothing else shows or edits what is under review, so keys may mean something else there."""

_KEYS = [entry for entry in _PACKAGE["contributes"]["keybindings"] if entry["when"] != _IN_REVIEW]


def _defaults() -> dict[str, Any]:
    """The default keys of the VS Code under test, as ``keys.mjs`` there found them."""
    file = _ROOT / "tests/e2e/vscode/default_keys.json"
    return dict(json.loads(file.read_text("utf-8")))


def test_each_key_has_a_command_of_ours_and_a_clause() -> None:
    """The names in the clauses are those of VS Code: a misspelt one would hide without a word."""
    keys = _PACKAGE["contributes"]["keybindings"]
    assert "export const REVIEWED = 'herdmate-review';" in _SOURCES["review.ts"]
    assert {entry["command"] for entry in keys} <= {
        entry["command"] for entry in _PACKAGE["contributes"]["commands"]
    }
    used = {
        name for entry in keys for name in re.findall(r"(?<!= )(?<!-)\b[a-z]\w+", entry["when"])
    }
    assert used == {
        "editorTextFocus", "editorReadonly", "inlineSuggestionVisible", "resourceScheme",
        "terminalFocus",
    }  # fmt: skip
    for system in ("key", "mac"):
        pressed = [(entry.get(system, entry["key"]), entry["when"] == _IN_REVIEW) for entry in keys]
        assert len(pressed) == len(set(pressed))


@pytest.mark.parametrize(("system", "key"), [("linux", "key"), ("windows", "key"), ("mac", "mac")])
def test_no_key_is_taken_from_vs_code(system: str, key: str) -> None:
    """Neither a key nor the first one of a chord, as it would wait for the second."""
    script = (_ROOT / "tests/e2e/vscode/install.sh").read_text("utf-8")
    assert (
        f"code_server_version={_defaults()['codeServer']} " in script
    )  # else look at its keys again
    theirs = {_sorted(name) for name in _defaults()[system]["keys"]}
    firsts = {name.partition(" ")[0] for name in theirs}
    assert {"alt+]", "alt+["} <= theirs
    for entry in _KEYS:
        ours = _sorted(entry.get(key, entry["key"]))
        assert ours.partition(" ")[0] not in firsts, entry
        assert not _IN_BROWSERS & {ours}


_IN_BROWSERS = {"ctrl+n", "ctrl+w", "ctrl+t", "ctrl+shift+n", "ctrl+shift+t", "ctrl+shift+w"}
"""Also keys of VS Code, which a browser keeps for itself."""


def _sorted(key: str) -> str:
    """A key with its modifiers in one order."""
    strokes = []
    for stroke in key.split(" "):
        *modifiers, last = re.split(r"\+(?=.)", stroke)
        strokes.append("+".join([*sorted(modifiers), last]))
    return " ".join(strokes)


def test_the_key_that_the_server_names_requests_a_suggestion() -> None:
    (told,) = re.findall(r"suggestionKey: '([^']+)'", _SOURCES["client.ts"])
    (entry,) = (entry for entry in _KEYS if entry["command"] == "herdmate.triggerSuggestion")
    assert _spelt(told.replace("\\\\", "\\").lower()) == _spelt(entry["key"])
    assert "mac" not in entry


def test_the_table_of_keys_in_readme_is_what_the_keys_do() -> None:
    """Those of VS Code itself come from its defaults, on a Mac too."""
    readme = (_ROOT / "README.md").read_text("utf-8")
    table = readme.partition("| in VS Code |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| (.+?) \| `(.+?)`(?: \(.*\))? \|", table, re.M))
    told = {_spelt(entry["key"]) for entry in _KEYS}
    own = {
        _spelt(key) for key, command in _defaults()["linux"]["ghostText"].items()
        if command.rpartition(".")[2] in ("showNext", "showPrevious", "acceptNextWord")
    }  # fmt: skip
    keys = {key for cell in rows.values() for key in cell.split("`, `")}
    assert keys == told | own | {"Tab", "Escape"}


def _spelt(key: str) -> str:
    """A key as people write it: ``Ctrl+Alt+H E``."""
    return " ".join(
        "+".join(part.capitalize() for part in re.split(r"\+(?=.)", stroke))
        for stroke in key.split(" ")
    )


def test_protocol_ts_names_the_same_methods_and_commands() -> None:
    said = {name: value for name, value in vars(protocol).items() if _is_name(name, value)}
    told = re.findall(r"^export const (\w+) = '([^']+)';$", _SOURCES["protocol.ts"], re.M)
    assert told
    assert dict(told).items() <= said.items()  # VS Code needs not all that others may ask


def test_protocol_ts_has_the_same_values() -> None:
    said = {
        name: _interface_of(value)
        for name, value in vars(protocol).items()
        if is_dataclass(value) and isinstance(value, type)
    }
    told = _interfaces(_SOURCES["protocol.ts"])
    assert told
    assert told.items() <= said.items()


def test_protocol_ts_has_the_same_states() -> None:
    union = re.search(r"export type State =([^;]+);", _SOURCES["protocol.ts"])
    assert union
    assert set(re.findall(r"'(\w+)'", union[1])) == set(get_args(protocol.State))


def test_the_server_understands_the_capabilities_that_are_announced() -> None:
    announced = re.search(r"fillClientCapabilities.*?^  \}", _SOURCES["client.ts"], re.M | re.S)
    assert announced
    told = dict.fromkeys(re.findall(r"(\w+): true", announced[0]), True)
    own = capabilities_from_lsp(types.ClientCapabilities(experimental={"herdmate": told}))
    assert own.status
    assert own.explanation
    assert own.ask
    assert own.diagnostics
    assert own.menu
    assert own.configure
    assert own.grows
    assert own.review
    assert own.ghost_text
    assert own.stop


def test_no_command_of_the_extension_hides_one_of_the_server() -> None:
    """The language client registers the server's commands in VS Code under their own names."""
    literals = {
        name
        for source in _SOURCES.values()
        for name in re.findall(r"registerCommand\(\s*'([^']+)'", source)
    }
    contributed = {entry["command"] for entry in _PACKAGE["contributes"]["commands"]}
    of_the_server = {value for name, value in vars(protocol).items() if name.startswith("COMMAND_")}
    steps = re.findall(r"^  (\w+): \['", _SOURCES["keys.ts"], re.M)
    literals |= {f"herdmate.{name}" for name in steps}
    assert literals == contributed - of_the_server
    assert not literals & of_the_server
    assert "registerCommand(COMMAND_ASK" in _SOURCES["ask.ts"]
    assert "registerCommand(COMMAND_MODELS" in _SOURCES["status.ts"]


def test_extension_and_server_have_one_version_and_one_licence() -> None:
    version = re.search(r'^version = "(.*)"$', (_ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert version
    assert _PACKAGE["version"] == version[1]
    assert (_EXTENSION / "LICENSE").read_text("utf-8") == (_ROOT / "LICENSE").read_text("utf-8")


def test_the_marketplace_takes_the_icon() -> None:
    """It wants a PNG of 128 pixels or more; width and height stand at the beginning of the file."""
    icon = (_EXTENSION / _PACKAGE["icon"]).read_bytes()
    assert icon.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", icon[16:24]) == (128, 128)


def test_the_pictures_of_readme_are_those_that_the_test_in_vs_code_makes() -> None:
    pages = (_ROOT / "README.md", _EXTENSION / "README.md")
    readme = "".join(page.read_text("utf-8") for page in pages)
    steps = [file.read_text("utf-8") for file in (_ROOT / "tests/e2e/vscode").glob("*.mjs")]
    shown = set(re.findall(r"screenshots/([\w-]+)\.png", readme))
    made = re.findall(r"pictureForReadme\('([^']+)'", "".join(steps))
    kept = {file.stem: file for file in (_EXTENSION / "screenshots").iterdir()}
    assert shown
    assert sorted(shown) == sorted(kept) == sorted(made)
    assert max(file.stat().st_size for file in kept.values()) < 120_000


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((_EXTENSION / "package-lock.json").read_text("utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def _properties() -> dict[str, dict[str, Any]]:
    groups = _PACKAGE["contributes"]["configuration"]
    return {name: entry for group in groups for name, entry in group["properties"].items()}


def _settings(group: object, prefix: str = "herdmate.") -> dict[str, dict[str, Any]]:
    """Each setting of a group of ``settings.py`` as package.json should tell it."""
    found: dict[str, dict[str, Any]] = {}
    hints = get_type_hints(type(group), include_extras=True)
    for item in fields(group):  # type: ignore[arg-type]
        name, default = prefix + camel_case(item.name), getattr(group, item.name)
        if is_dataclass(default):
            found |= _settings(default, f"{name}.")
            continue
        hint = hints[item.name]
        choices: dict[str, Any] = {}
        if get_origin(hint) is Annotated:
            hint, numbers = get_args(hint)
            choices = {"minimum": numbers.lowest, "maximum": numbers.most}
        if get_origin(hint) is Literal:
            choices = {"enum": list(get_args(hint))}
        elif get_origin(hint) is tuple:
            among = {"enum": list(named)} if (named := get_args(get_args(hint)[0])) else {}
            choices, default = {"items": {"type": "string"} | among}, list(default)
        meaning = _docstrings()[type(group).__name__][item.name]
        kind = "string" if "enum" in choices else _TYPES.get(hint, "array")
        found[name] = {"type": kind, "default": default, "markdownDescription": meaning, **choices}
    return found


def _docstrings() -> dict[str, dict[str, str]]:
    """The string below each field of the dataclasses of ``settings.py``, by class and field."""
    module = ast.parse(Path(settings.__file__).read_text("utf-8"))
    found: dict[str, dict[str, str]] = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {
                field.target.id: ast.literal_eval(below.value)
                for field, below in pairwise(node.body)
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
            }
    return found


def _is_name(name: str, value: object) -> bool:
    return name.isupper() and isinstance(value, str)


def _interface_of(value: type) -> dict[str, str]:
    """The fields of a dataclass as TypeScript would declare them."""
    hints = get_type_hints(value)
    return {
        item.name + ("" if _is_required(item) else "?"): _TYPESCRIPT[hints[item.name]]
        for item in fields(value)
    }


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


_TYPESCRIPT: dict[Any, str] = {
    str: "string",
    bool: "boolean",
    float | None: "number | null",
    int | None: "number | null",
    str | None: "string | null",
    dict[str, int]: "Position",
    dict[str, dict[str, int]]: "Range",
    list[dict[str, Any]]: "Diagnostic[]",
    int: "number",
    list[protocol.ModelEntry]: "ModelEntry[]",
    list[protocol.MenuItem]: "MenuItem[]",
    list[protocol.ReviewHunk]: "ReviewHunk[]",
    list[dict[str, int]]: "Position[]",
    list[str]: "string[]",
    protocol.Group: "Group",
    Literal["on", "off", "paused"]: "'on' | 'off' | 'paused'",
    list[protocol.Turn]: "Turn[]",
    protocol.ActionArguments | None: "ActionArguments | null",
    protocol.State: "State",
    protocol.Status | None: "Status | null",
}


def _interfaces(source: str) -> dict[str, dict[str, str]]:
    return {
        name: dict(re.findall(r"^\s*(\w+\??): (.+);$", body, re.M))
        for name, body in re.findall(r"^export interface (\w+) \{\n(.*?)^\}", source, re.M | re.S)
    }
