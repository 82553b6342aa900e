"""What VS Code's extension repeats of the server is what the server says."""

from __future__ import annotations

import ast
import json
import re
import struct
import sys
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib.metadata import requires
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from lsprotocol import types
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from herdmate import settings
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
}
_HARMLESS = {"herdmate.completion.enabled"}
"""Any workspace may switch ghost text off; all else costs something, or says what is run."""

_OF_THE_EXTENSION = {"herdmate.server.command", "herdmate.trace.server"}
_SAID_BY_VS_CODE = {"herdmate.trustWorkspace"}
"""VS Code asks the user itself whether a workspace is trusted: that is no setting there."""


def test_sentences_of_the_manifest_can_be_translated() -> None:
    """VS Code puts the string of its language in place of ``%key%``; a missing one is shown so."""
    used = re.findall(r'"%([^%"]+)%"', _MANIFEST)
    assert sorted(used) == sorted(_STRINGS)
    sentences = re.findall(r'"(?:title|description|markdownDescription)": "([^"]+)"', _MANIFEST)
    assert [text for text in sentences if not text.startswith("%")] == ["Herdmate"]
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


@pytest.mark.parametrize(
    "name", sorted(set(_PACKAGE["contributes"]["configuration"]["properties"]))
)
def test_a_setting_has_the_same_type_default_choices_and_meaning(name: str) -> None:
    if name in _OF_THE_EXTENSION:
        assert _properties()[name]["markdownDescription"]
        return
    told = {key: entry for key, entry in _properties()[name].items() if key != "scope"}
    told["markdownDescription"] = _STRINGS[told["markdownDescription"].strip("%")]
    assert told == _settings(Settings())[name]


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
    locked = _locked("server.txt", python, system)
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    environment = _environment(python, system)
    for text in project["dependencies"]:
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate(environment):
            assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), text
    carried = (_EXTENSION / ".vscodeignore").read_text("utf-8").splitlines()
    assert "!locked/*.txt" in carried
    assert "['--require-hashes', '--no-build-isolation']" in _SOURCES["setup.ts"]
    build = _locked("build.txt", python, system)
    assert {"cmake", "ninja", "pip", "scikit-build-core", "setuptools"} <= set(build)
    assert {name: build[name] for name in build.keys() & locked} == {
        name: locked[name] for name in build.keys() & locked
    }


def test_what_is_needed_here_is_all_locked() -> None:
    """With what the dependencies depend on, as it is installed here."""
    locked = _locked("server.txt", f"{sys.version_info[0]}.{sys.version_info[1]}", sys.platform)
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


def test_commands_are_offered_where_they_can_work() -> None:
    """The keys are those of VS Code's documentation; a misspelt one would hide without a word."""
    known = {"editorIsOpen", "editorReadonly", "resourceScheme"}
    clauses = [
        entry["when"] for menu in _PACKAGE["contributes"]["menus"].values() for entry in menu
    ]
    used = {key for clause in clauses for key in re.findall(r"(?<!== )(?<!-)\b[a-z]\w+", clause)}
    assert used == known


def test_no_key_is_taken_from_vs_code_or_another_extension() -> None:
    """Keys work only where a change is under review, which nothing else shows or edits."""
    keys = _PACKAGE["contributes"]["keybindings"]
    assert "export const REVIEWED = 'herdmate-review';" in _SOURCES["review.ts"]
    assert {entry["when"] for entry in keys} == {
        "editorTextFocus && resourceScheme == herdmate-review"
    }
    own = {entry["command"] for entry in _PACKAGE["contributes"]["commands"]}
    assert {entry["command"] for entry in keys} <= own
    for system in ("key", "mac"):
        pressed = [entry.get(system, entry["key"]) for entry in keys]
        assert len(pressed) == len(set(pressed))


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
    readme = (_ROOT / "README.md").read_text("utf-8")
    steps = [file.read_text("utf-8") for file in (_ROOT / "tests/e2e/vscode").glob("*.mjs")]
    shown = re.findall(r"extension/screenshots/([\w-]+)\.png", readme)
    made = re.findall(r"pictureForReadme\('([^']+)'", "".join(steps))
    kept = {file.stem: file for file in (_EXTENSION / "screenshots").iterdir()}
    assert shown
    assert sorted(shown) == sorted(kept) == sorted(made)
    assert max(file.stat().st_size for file in kept.values()) < 120_000


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((_EXTENSION / "package-lock.json").read_text("utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


def _properties() -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = _PACKAGE["contributes"]["configuration"]["properties"]
    return properties


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
