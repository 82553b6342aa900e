"""The editors that ``herdmate setup`` knows, each described by a TOML file in ``editors``.

A file gives the editor's name (``title``), how to find it (``programs``, and ``apps`` on macOS),
where its configuration goes (``files``: the first of the system's or of ``remote`` that exists;
else the first of ``remote`` whose editor has served a window on another machine from here; else the
last of the system's), what to write there (``text``), how a comment line begins there (``comment``;
``""`` if the file is JSON, into which the text is merged), what to do next (``after``), the
versions it was tried with (``tried``), what else to know where only the usual languages are set up
(``after_usual``), and what to do after taking it out (``after_removal``). In ``after``, ``$other``
stands for the servers that are replaced. What matches ``installed`` shows that it is set up.
``clash`` is a pattern that the file must not match already, and ``clash_says`` what to do if it
does.

``languages`` are those that the editor knows, by id, with what it calls each: one name or several.
In ``text``, ``$languages`` stands for those asked for, each written as ``each`` says and with
``between`` between them, and ``$ids`` for their ids. If ``each`` has ``$other`` or ``$others``, the
first name is the language's, and the others are what else is known of it. ``usual`` are the
languages by default: all, unless Herdmate would replace other servers. Arrays with ``listed`` in
them are lists of servers, to which it is added.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from glob import glob
from importlib.resources import files
from pathlib import Path
from string import Template

from herdmate.child_process import which
from herdmate.context.languages import language_name
from herdmate.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_MOST_NAMED = 3
"""How many languages are named one by one."""


@dataclass(frozen=True, slots=True)
class Editor:
    """One editor, as its file describes it."""

    name: str
    title: str
    text: str
    after: str
    after_usual: str = ""
    tried: str = ""
    after_removal: str = ""
    installed: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    comment: str = ""
    clash: str = ""
    clash_says: str = ""
    languages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    usual: tuple[str, ...] = ()
    each: str = "$name"
    between: str = " "
    listed: str = ""


@cache
def editors() -> tuple[Editor, ...]:
    """All editors, sorted by name."""
    folder = files(__package__).joinpath("editors")
    texts = {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
    return tuple(_editor(name, texts[name]) for name in sorted(texts))


def find(name: str) -> Editor:
    """The editor with this name or program. Raises ``UsageError`` with a hint if there is none."""
    known = {program: editor for editor in reversed(editors()) for program in editor.programs}
    known |= {editor.name: editor for editor in editors()}
    if name.lower() in known:
        return known[name.lower()]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    names = ", ".join(editor.name for editor in editors())
    hint = f"did you mean {near[0]}?" if near else f"it knows {names}."
    raise UsageError(f"Herdmate does not know the editor {name!r}; {hint}")


def covered(editor: Editor, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """The languages to set up, by id: those that were asked for, ``all``, or the usual ones.

    Raises ``UsageError`` for one that the editor does not know.
    """
    if asked and not editor.languages:
        raise UsageError(
            f"{editor.title} takes no --languages; run `herdmate setup {editor.name}` without them."
        )
    known = tuple(editor.languages)
    if not asked:
        return editor.usual or known
    if list(asked) == ["all"]:
        return known
    for language in asked:
        if language not in known:
            raise UsageError(
                f"{editor.title} is not known to have {language!r}; choose from {', '.join(known)}."
            )
    return tuple(dict.fromkeys(asked))


def configuration(
    editor: Editor, command: Sequence[str], languages: Sequence[str] | None = None
) -> str:
    """The text that makes the editor start ``command``, a program and its arguments.

    ``languages`` are ids, by default the usual ones. If the file allows comments, two of them mark
    the text so that it can be found again.
    """
    quoted = [json.dumps(word, ensure_ascii=False) for word in command]
    chosen = covered(editor) if languages is None else languages
    values = {
        "program": quoted[0],
        "server": ", ".join(quoted[:-1] or quoted),
        "arguments": ", ".join(quoted[1:]),
        "command": ", ".join(quoted),
        "words": " ".join(quoted),
        "vim_program": "'" + command[0].replace("'", "''") + "'",
        "plain_arguments": " ".join(command[1:]),
        "line": " ".join(command),
        "ids": " ".join(f'"{language}"' for language in chosen),
    }
    listed = editor.between.join(
        Template(editor.each).substitute(values | named)
        for language in chosen for named in _named(editor, language)
    )  # fmt: skip
    text = Template(_wrapped(editor.text, listed)).substitute(values, languages=listed)
    if not editor.comment:
        return text
    begin, end = marks(editor)
    return f"{begin}\n{text}{end}\n"


def advice(editor: Editor, languages: Sequence[str]) -> str:
    """What to do next where these languages are set up."""
    names = " or ".join(map(language_name, languages))
    is_few = len(languages) <= _MOST_NAMED
    other = f"any other {names} server" if is_few else "any other server for these languages"
    more = editor.after_usual if tuple(languages) == editor.usual else ""
    return f"{Template(editor.after).safe_substitute(other=other)}{more}"


def _named(editor: Editor, language: str) -> list[dict[str, str]]:
    """What stands for a language in ``each``: once, or once for each of its names."""
    names = editor.languages[language]
    if "$other" not in editor.each:
        return [{"name": name} for name in names]
    others = "".join(f'"{name}", ' for name in names[1:])
    return [{"name": names[0], "others": others, "other": "".join(names[1:2])}]


def _wrapped(text: str, listed: str) -> str:
    """The text with ``listed`` in several lines where its placeholder begins one."""
    match = re.search(r"^( *)\$languages\b", text, re.MULTILINE)
    if match is None or "\n" in listed:
        return text
    lines = textwrap.fill(
        listed, 96 - len(match[1]), break_long_words=False, break_on_hyphens=False
    ).replace("$", "$$")
    return text.replace("$languages", lines.replace("\n", f"\n{match[1]}"), 1)


def marks(editor: Editor) -> tuple[str, str]:
    """The two comment lines around what Herdmate writes."""
    words = f"herdmate setup {editor.name}"
    return f"{editor.comment} >>> {words} >>>", f"{editor.comment} <<< {words} <<<"


def file_of(editor: Editor, environment: Mapping[str, str], home: Path) -> Path | None:
    """Where the configuration goes on this machine; ``None`` if it does not go into a file."""
    own, remote = (_places(editor, environment, home, kind) for kind in (_system(), "remote"))
    there = [place for place in (*own, *remote) if os.path.exists(place)]
    there += [place for place in remote if place.parents[1].is_dir()]
    return (*there, *own[-1:], None)[0]


def places_of(editor: Editor, environment: Mapping[str, str], home: Path) -> list[Path]:
    """All files on this machine that the configuration may be in, whether they exist or not."""
    kinds = (_system(), "remote")
    return [place for kind in kinds for place in _places(editor, environment, home, kind)]


def _places(editor: Editor, environment: Mapping[str, str], home: Path, kind: str) -> list[Path]:
    named = editor.files.get(kind, () if kind == "remote" else editor.files.get("linux", ()))
    return [_expanded(place, environment, home) for place in named]


def _system() -> str:
    return {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")


def program_of(editor: Editor) -> str:
    """Where the editor is on this machine; ``""`` if it was not found."""
    apps = editor.apps if sys.platform == "darwin" else ()
    found = next(filter(None, map(which, editor.programs)), None)
    return found or next((app for app in apps if Path(app).exists()), "")


def is_installed(editor: Editor, environment: Mapping[str, str], home: Path) -> bool:
    """Is there what shows that an editor is set up, such as its extension?"""
    return any(glob(str(_expanded(place, environment, home))) for place in editor.installed)


_TUPLES = ("programs", "apps", "installed", "usual")


def _editor(name: str, text: str) -> Editor:
    values = tomllib.loads(text)
    values |= {key: tuple(values.get(key, ())) for key in _TUPLES}
    return Editor(name, **values)


def _expanded(place: str, environment: Mapping[str, str], home: Path) -> Path:
    app = {"NVIM_APPNAME": environment.get("NVIM_APPNAME") or "nvim"}
    return Path(Template(place).substitute(settings_folders(environment, home) | app))


def settings_folders(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """The folders of all programs' settings, by the variable that moves each.

    An empty variable counts as unset, as it does for the editors.
    """
    usual = {
        "XDG_CONFIG_HOME": str(home / ".config"),
        "APPDATA": str(home / "AppData" / "Roaming"),
        "LOCALAPPDATA": str(home / "AppData" / "Local"),
    }
    return {"HOME": str(home)} | {name: environment.get(name) or usual[name] for name in usual}
