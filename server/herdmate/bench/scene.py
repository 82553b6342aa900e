"""Where typing happens: a file, a place in its middle, and the code that is typed there again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from herdmate.context.grammars import language_of
from herdmate.errors import SelectionError, reason_of
from herdmate.lsp.typist import keystrokes
from herdmate.text import Document, line_end, line_start, path_of


@dataclass(frozen=True, slots=True)
class Scene:
    """A document with ``"".join(keys)`` and the rest of its last line removed at ``offset``."""

    document: Document
    offset: int
    keys: tuple[str, ...]


def scene_of(path: Path | None, count: int) -> Scene:
    """A scene of ``count`` keystrokes in a file, or in one of Herdmate's own modules.

    Raises ``SelectionError`` if the file cannot be read or is too short.
    """
    if path is None:
        text = (files("herdmate.context") / "window.py").read_text(encoding="utf-8")
        return _scene(Document("file:///bench/window.py", "python", text), count)
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SelectionError(f"{path} cannot be read as UTF-8 text: {reason_of(error)}.") from error
    text = text.replace("\r\n", "\n")
    return _scene(Document(path.resolve().as_uri(), language_of(path), text), count)


def variant(scene: Scene, number: int, characters: int) -> Scene:
    """A scene cut to ``characters`` before its place, with its own first line and URI.

    If those characters fit into the window, no other scene has the same prefix.
    """
    text = scene.document.text
    start = line_start(text, max(scene.offset - characters, 0))
    head = f"# {number} is the number of this part.\n"
    document = replace(
        scene.document, uri=f"{scene.document.uri}.{number}", text=head + text[start:]
    )
    return Scene(document, scene.offset - start + len(head), scene.keys)


def excerpt(scene: Scene, characters: int = 1000) -> Document:
    """A short piece of a scene's code to be explained: its prompt is evaluated quickly."""
    text = scene.document.text
    start = line_start(text, max(scene.offset - characters, 0))
    uri = f"{scene.document.uri}.excerpt"
    return replace(scene.document, uri=uri, text=text[start : scene.offset])


def renamed(scene: Scene, name: str) -> Scene:
    """The same scene in a document with another name."""
    document = replace(scene.document, uri=f"{scene.document.uri}.{name}")
    return replace(scene, document=document)


def _scene(document: Document, count: int) -> Scene:
    text = document.text
    start = line_start(text, len(text) // 2)
    while start < len(text) and not text[start : line_end(text, start)].strip():
        start = min(line_end(text, start) + 1, len(text))
    keys = keystrokes(text[start:])[:count]
    if count < 1 or len(keys) < count:
        raise SelectionError(
            f"{path_of(document.uri)} has only {len(keys)} keystrokes after its middle; choose "
            "a longer file or fewer --keystrokes."
        )
    end = line_end(text, start + len("".join(keys)))
    return Scene(replace(document, text=text[:start] + text[end:]), start, keys)
