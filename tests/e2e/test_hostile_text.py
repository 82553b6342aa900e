"""The server outlives whatever lies in the folder, is opened, is pasted, or is said by a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.context.grammars import ending_of
from tests.context.test_parser_client import HARMFUL
from tests.e2e.editor import VSCODE, editor

pytestmark = pytest.mark.e2e

CODE = "int f() {\n  return g()\n}\n"


async def test_text_that_ends_its_grammar_does_not_end_the_server(tmp_path: Path) -> None:
    for language, text in HARMFUL.items():
        (tmp_path / f"bad{ending_of(language)}").write_text(text, "utf-8")
    (tmp_path / "good.c").write_text("int g(int seen_by_the_model) { return 1; }\n", "utf-8")
    main = (tmp_path / "main.c").as_uri()
    replies = {"fim_middle": HARMFUL["c"], "": HARMFUL["c"]}
    async with editor(VSCODE, tmp_path, replies) as client:
        await client.until_ready()
        for language, text in HARMFUL.items():
            opened, pasted = f"file:///o{ending_of(language)}", f"file:///p{ending_of(language)}"
            client.open(opened, text, language)
            client.open(pasted, "x\n", language)
            client.change(pasted, text + "x\n")
            await client.ghost_text(opened, 0, 1)
            await client.ghost_text(pasted, 0, 1)
            await client.actions(pasted, (0, 0), (0, 2))
        client.open(main, CODE, "c")
        await client.ghost_text(main, 1, 12)
        assert (await client.status())["state"] in ("ready", "thinking")
        client.change(main, CODE + "\n")
        assert isinstance(await client.actions(main, (0, 0), (2, 1)), dict)
