"""``herdmate doctor --report``: the page for a bug report, without a name that is the user's.

Only facts that are the same on many machines are in it. The sentences of other programs are too,
since they say what is wrong, but without paths, names of files, people and machines, and keys.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from herdmate.cli.doctor_facts import Facts, Finding
from herdmate.cli.sizes import size_text
from herdmate.models.catalogue import models, short_names
from herdmate.printable import one_line
from herdmate.redaction.redact import redacted
from herdmate.roles import AUTO, SAME

_LONGEST = 400
_PUBLIC = re.compile(
    r"lib(?:cuda|cudart|cublas|cublasLt|ggml[\w-]*|llama|mtmd|stdc\+\+|gomp|gcc_s|c|m|vulkan|nvidia[\w-]*)"
    r"\.(?:so|dylib|dll)[\d.]*|llama\.cpp|llama_cpp|[\d.]+"
)
"""Words with dots in them that name nothing of the user's."""

_ENDING = re.compile(r"\.[A-Za-z]\w*(?:\.\d+)*\Z")
_LETTER = re.compile(r"[A-Za-z_-]")
_QUOTED_PATH = re.compile(r"(?<!\w)([\"'`])(?:(?!\1)[^/\\])*[/\\](?:(?!\1).)*\1")
_SPACED_PATH = re.compile(r"(?<!\S)[^\s/\\]*[/\\]\S*(?: [^\s/\\]+){0,4} [^\s/\\~]+[/\\]\S*")
"""A path with spaces in it: another part follows that does not begin one."""

_NEAR = re.compile(r"; did you mean [^?]*\??")
"""What is suggested, which can be the names of other models of the user's."""

_EDGES = "\"'`()[]{},;:!?…"
_RELEASE = re.compile(r"\d+(?:\.\d+){0,3}")


def report(facts: Facts, found: Sequence[Finding]) -> str:
    """The report, as Markdown."""
    lines = [f"- {topic}: {text}" for topic, text in _lines(facts)]
    troubles = sorted({item.topic or "more" for item in found if item.state == "trouble"})
    lines.append(f"- In trouble: {', '.join(troubles) or 'nothing'}")
    return "\n".join([f"### Herdmate {facts.version}", "", *lines, ""])


def anonymous(text: str, names: Sequence[str]) -> str:
    """A sentence on one line, in which each word that could name something of the user's is gone.

    ``names`` are the user's, the machine's and whatever else is known not to be public.
    """
    text = redacted(one_line(_NEAR.sub(".", text), _LONGEST))
    text = _SPACED_PATH.sub("<path>", _QUOTED_PATH.sub(r"\1<path>\1", text))
    for name in sorted({name for name in names if len(name) > 1}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<name>", text, flags=re.I)
    return " ".join(_anonymous_word(word) for word in text.split(" "))


def own_names(facts: Facts) -> list[str]:
    """Names of the user and the machine, the home folder, and what the models are called."""
    names = [socket.gethostname(), socket.gethostname().partition(".")[0], str(Path.home())]
    names += [Path.home().name, *(os.environ.get(it, "") for it in ("USER", "USERNAME", "LOGNAME"))]
    with suppress(OSError, KeyError, ImportError):  # nobody by that number
        names.append(getpass.getuser())
    ghost = facts.ghost[0] if facts.ghost else ""
    told = (facts.setting, facts.name, facts.chosen, ghost, facts.remote_model)
    for name in (*told, *(name for name, _ in facts.models)):
        if not _is_public(name):
            *folders, last = re.split(r"[/\\]", name)
            names += [name, last, *(folder for folder in folders if " " in folder)]
    return names


def _lines(facts: Facts) -> Iterator[tuple[str, str]]:
    names = own_names(facts)
    release = _RELEASE.match(platform.release())
    yield "System", f"{facts.system} {release[0] if release else ''} {platform.machine()}"
    yield "Python", facts.python
    build = facts.build
    if build.error:
        yield "llama.cpp", anonymous(build.error, names)
    else:
        yield "llama.cpp", f"{build.version}, {' '.join(build.features) or 'any processor'}"
    gpus = ", ".join(f"{name} ({size_text(total)})" for name, _, total in build.devices)
    drivers = ", ".join(facts.drivers)
    yield "GPU", f"{gpus or 'none used'}; drivers: {drivers or 'none'}"
    tools = (os.path.basename(facts.compiler) or "no compiler", facts.toolkit and "nvcc")
    yield "Compiler", ", ".join(filter(None, tools))
    yield (
        "Memory",
        f"{size_text(facts.memory)}, {size_text(facts.free_memory)} free; {facts.cores} cores",
    )
    yield "Disk", f"{size_text(facts.free_disk)} free"
    yield from _models(facts, names)
    editors = ", ".join(
        f"{name}{'' if ready else ' (not set up)'}" for name, _, ready in facts.editors
    )
    yield "Editors", editors or "none found"
    yield "Remote", _remote(facts)
    for name, _, size, is_writable in facts.folders:
        yield f"{name} in all", f"{size_text(size)}{'' if is_writable else ', cannot be written'}"
    yield "Settings", f"{len(facts.faults)} mistakes"


def _remote(facts: Facts) -> str:
    """How the remote server is, without its sentences, which list the models that it has."""
    if not facts.remote:
        return "none"
    if not facts.is_down:
        return "answers"
    status = f", HTTP status {facts.status}" if facts.status else ""
    return "cannot be reached" if facts.is_unreachable else f"does not answer as it should{status}"


def _models(facts: Facts, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    known = _public_models()
    setting = (
        facts.setting if facts.setting in ("auto", *known.values()) else "a model of the user's"
    )
    if facts.unusable:
        yield "Model", f"{setting}: {anonymous(facts.unusable, names)}"
    else:
        chosen = known.get(Path(facts.chosen).name, "a file of the user's")
        fits = "" if facts.fits else ", does not fit"
        yield "Model", f"{setting}: {chosen}{fits}"
    if facts.adapters or facts.misfits:
        yield "Adapters", f"{len(facts.adapters)}, and {len(facts.misfits)} that do not fit"
    if facts.ghost is not None:
        name, text, state = facts.ghost
        if state != "ok":  # what a remote server says can name anything
            text = "its own server is in trouble" if "://" in name else anonymous(text, names)
        yield "Ghost text", "its own model" if state == "ok" else text
    here = [f"{known.get(name, 'another')} ({size_text(size)})" for name, size in facts.models]
    yield "Models", ", ".join(here) or "none"


def _is_public(model: str) -> bool:
    """Does the setting of a model say nothing of the user's?"""
    known = _public_models()
    return model in ("", AUTO, SAME, *known, *known.values(), *short_names())


def _public_models() -> dict[str, str]:
    """Names in the catalogue, by file."""
    return {model.file: model.name for model in models()}


def _anonymous_word(word: str) -> str:
    core = word.strip(_EDGES)
    if not core or re.fullmatch(r"<\w+>", core) or _PUBLIC.fullmatch(core.rstrip(".")):
        return word
    if "@" in core or re.search(r"\d{1,3}(?:\.\d{1,3}){3}|://|[\da-fA-F]{0,4}::", core):
        return word.replace(core, "<address>")
    if any(sign in core for sign in "/\\~") and core not in ("/", "and/or"):
        return word.replace(core, "<path>")
    if _is_file(core.rstrip(".")) or re.fullmatch(r"[\w-]+:\d{2,5}", core):
        return word.replace(core.rstrip("."), "<name>")
    return word


def _is_file(word: str) -> bool:
    """Does a word look like a file's name: a hidden one, or with a letter before its ending?"""
    if word[:1] == "." and re.match(r"\w", word[1:2]):
        return True
    ending = _ENDING.search(word)
    return ending is not None and _LETTER.search(word, 0, ending.start()) is not None
