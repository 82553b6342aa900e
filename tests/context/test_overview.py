"""What stands for the part of a long file that is above the window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from herdmate.completion.complete import typing_request
from herdmate.context import syntax
from herdmate.generation import Special
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Document, Edit, Span, supposing
from tests.fake_model import fake_completion

CANARY = "CANARY0c4f"
LONG = f"""\
import {{ createSign }} from "crypto";

export function sign(data: string, key = `-----BEGIN PRIVATE KEY-----
{CANARY}MIIEpAIBAAKCAQEAé
-----END PRIVATE KEY-----`): string {{
  return createSign(data, key);
}}

{"// nothing of note stands here" * 3}
""" + "".join(f"const value{number} = {number};\n" for number in range(200))
SETTINGS = CompletionSettings(prefix_tokens=1500, suffix_tokens=20)


def _document(*, has_tree: bool) -> Document:
    tree = syntax.parse(LONG, "typescript") if has_tree else None
    return Document("file:///a.ts", "typescript", LONG, 1, tree)


def _supposing(document: Document) -> Cursor:
    return supposing(document, Edit(Span(len(LONG), len(LONG)), "const x = "))


@pytest.mark.parametrize("has_tree", [True, False])
@pytest.mark.parametrize("is_supposed", [True, False])
async def test_a_private_key_in_a_head_far_above_is_stars(
    has_tree: bool, is_supposed: bool
) -> None:
    document = _document(has_tree=has_tree)
    here = _supposing(document) if is_supposed else Cursor(document, len(LONG))
    async with fake_completion({}) as model:
        request = await typing_request(here, model, SETTINGS)
    prompt = "".join(
        segment.text for segment in request.prompt.segments if not isinstance(segment, Special)
    )
    assert "function sign(data" in prompt
    assert "BEGIN PRIVATE KEY" in prompt
    assert CANARY not in prompt


async def test_an_overview_is_made_anew_where_the_text_above_has_changed() -> None:
    async with fake_completion({}) as model:
        document = _document(has_tree=True)
        before = await model.overviews.above(document, 2000, 1000, model.host.counts)
        text = LONG.replace("function sign", "function seal")
        after = replace(document, text=text, tree=syntax.parse(text, "typescript"))
        assert "function sign" in before
        assert "function seal" in await model.overviews.above(after, 2000, 1000, model.host.counts)
