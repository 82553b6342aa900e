"""Secrets put back into rewritten code, of which the model has seen stars."""

from __future__ import annotations

import pytest

from herdmate.actions.context import ActionContext
from herdmate.actions.restore_secrets import with_secrets
from herdmate.actions.rewrite import rewrite
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.errors import RefusedError
from herdmate.prompting.families import QWEN_PIECES
from herdmate.prompting.library import load_library
from herdmate.redaction.redact import redacted
from herdmate.text import Document, Selection, Span, apply_edits

TOKEN = "ghp_" + "1aB9" * 9
OTHER = "ghp_" + "7Zx3" * 9
CODE = f'def ask(x):\n    token = "{TOKEN}"\n    y = get(x, token)\n    return y\n'


def test_stars_become_the_secret_again() -> None:
    hidden = redacted(CODE)
    assert TOKEN not in hidden
    shorter = hidden.replace("    y = get(x, token)\n    return y", "    return get(x, token)")
    back = with_secrets(shorter, hidden, CODE)
    assert back == CODE.replace("    y = get(x, token)\n    return y", "    return get(x, token)")


def test_two_secrets_are_told_apart_by_the_names_they_are_given() -> None:
    code = f'a = "{TOKEN}"\nb = "{OTHER}"\n'
    hidden = redacted(code)
    lines = hidden.splitlines(keepends=True)
    assert with_secrets("".join(lines[::-1]), hidden, code) == f'b = "{OTHER}"\na = "{TOKEN}"\n'
    renamed = hidden.replace("a =", "first =").replace("b =", "second =")
    with pytest.raises(RefusedError, match="look the same"):
        with_secrets(renamed, hidden, code)


@pytest.mark.parametrize("stars", ["", "*" * 8, "*" * 39, "*" * 41])
def test_a_secret_that_is_left_out_is_refused(stars: str) -> None:
    hidden = redacted(CODE)
    with pytest.raises(RefusedError, match="left some of them out"):
        with_secrets(hidden.replace("*" * 40, stars), hidden, CODE)


def test_code_without_secrets_keeps_its_own_stars() -> None:
    code = "/**********/\nx = 2 ** 3\n"
    assert with_secrets("/*****/\n", code, code) == "/*****/\n"


async def test_a_rewrite_of_code_with_a_token_keeps_the_token_and_no_stars_are_written() -> None:
    shown = redacted(CODE).replace(
        "    y = get(x, token)\n    return y", "    return get(x, token)"
    )
    text = await _rewritten(shown)
    assert text == CODE.replace("    y = get(x, token)\n    return y", "    return get(x, token)")


async def test_a_rewrite_that_loses_the_token_changes_nothing() -> None:
    shown = redacted(CODE).replace("*" * 40, "YOUR_TOKEN")
    with pytest.raises(RefusedError):
        await _rewritten(shown)


async def _rewritten(reply: str) -> str:
    document = Document("file:///a.py", "python", "import os\n\n\n" + CODE + "\n\nx = 1\n")
    start = document.text.index("def ask")
    model = ActionContext(EngineHost(), Project())
    await model.host.start(FakeStart({"": f"```python\n{reply}```\n"}, QWEN_PIECES))
    try:
        selection = Selection(document, Span(start, start + len(CODE)))
        done = await rewrite(selection, load_library()[0].get("simplify"), model)
        assert model.host.last_request is not None
        assert TOKEN not in repr(model.host.last_request.request)
    finally:
        await model.host.stop()
    text = apply_edits(document.text, done.edits)
    assert text.startswith("import os\n\n\n")
    assert text.endswith("\n\nx = 1\n")
    return text[start : -len("\n\nx = 1\n")]
