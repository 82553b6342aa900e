"""The main job: ghost text, an explanation and a refactoring, in a session of an editor."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from herdmate.lsp.convert import UTF16, lines_of
from herdmate.text import Edit, apply_edits
from tests.e2e.editor import VSCODE, editor

URI = "file:///project/stock.py"
CODE = '''def total_value(items):
    """Return what all items are worth together: price times quantity."""
    return 


def cheap_items(items, limit):
    result = []
    for i in range(len(items)):
        if items[i].price <= limit:
            result.append(items[i])
    return result
'''  # noqa: W291


async def do_the_main_job(name: str, tmp_path: Path, options: Mapping[str, Any]) -> None:
    """All of it in the editor of that name, with these settings."""
    knows = ("explanation",) if name == VSCODE else ()
    async with editor(name, tmp_path, options=options, knows=knows) as client:
        client.open(URI, CODE)
        (ghost,) = await client.ghost_text(URI, 2, 11)
        assert ghost.strip()
        lines = CODE.split("\n")
        lines[2] += ghost
        ast.parse("\n".join(lines))

        actions = await client.actions(URI, (5, 0), (10, 17))
        answer = await client.run(actions["explain"])
        if name == VSCODE:
            await client.until(lambda: client.parts and client.parts[-1]["done"])
            answer = "".join(part["text"] for part in client.parts)
            assert len(client.parts) > 10  # streamed
        elif client.capabilities and client.capabilities.window.show_document:  # type: ignore[union-attr]
            (shown,) = await client.until(lambda: client.shown_documents)
            answer = Path(shown.uri.removeprefix("file://")).read_text()
        assert "limit" in answer
        assert len(answer) > 80

        await client.run(actions["simplify"])
        (edit,) = await client.until(lambda: client.edits)
        edits = edit.changes[URI] if edit.changes else edit.document_changes[0].edits
        seen = lines_of(CODE, UTF16)
        after = apply_edits(CODE, tuple(Edit(seen.span(e.range), e.new_text) for e in edits))
        start = CODE.index("def cheap_items")
        assert after[:start] == CODE[:start]
        assert "def cheap_items(items, limit):" in after
        assert after != CODE
        ast.parse(after)
