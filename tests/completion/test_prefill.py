"""Reading ahead: what it saves, and where nothing is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from herdmate.actions.context import ActionContext
from herdmate.actions.explain import explain
from herdmate.actions.prefill import prefill_explanation
from herdmate.actions.target import resolve_target
from herdmate.completion.complete import complete
from herdmate.completion.prefill import prefill
from herdmate.prompting.library import load_library
from herdmate.settings import CompletionSettings
from herdmate.text import Cursor, Selection, Span
from tests.fake_model import cursor, fake_completion

SETTINGS = CompletionSettings(delay=0)
HERE = cursor("def total(items):\n    return ", "\n\n\nprint(total([1, 2]))\n")


async def test_the_next_completion_evaluates_next_to_nothing() -> None:
    async with fake_completion({"": "sum(items)"}) as model:
        await prefill(HERE, model, SETTINGS)
        before = await model.host.totals()
        assert before.evaluated_tokens == len(HERE.document.text) + 3
        assert before.generated_tokens == 0
        assert await complete(HERE, model, SETTINGS, invoked=False)
        after = await model.host.totals()
    # the last token of the prompt, and those of the answer
    assert after.evaluated_tokens - before.evaluated_tokens <= 1 + len("sum(items)")


@pytest.mark.parametrize(
    "settings", [replace(SETTINGS, enabled=False), replace(SETTINGS, prefill=False)]
)
async def test_nothing_is_read_where_that_is_switched_off(settings: CompletionSettings) -> None:
    async with fake_completion({}) as model:
        await prefill(HERE, model, settings)
        assert (await model.host.totals()).requests == 0


@pytest.mark.parametrize(
    ("here", "is_read"),
    [
        (cursor("", ""), False),
        (cursor("x = ", "some_function(argument)\n"), False),
        (cursor("x = va", "lue\n"), True),  # only passing through
        (cursor("x = ", "\n"), True),
    ],
)
async def test_nothing_is_read_where_nothing_would_be_offered(here: Cursor, is_read: bool) -> None:
    async with fake_completion({}) as model:
        await prefill(here, model, SETTINGS)
        assert ((await model.host.totals()).requests == 1) == is_read


@pytest.mark.parametrize("level", [0.0, 0.01])
async def test_nothing_is_prepared_behind_what_is_not_shown(level: float) -> None:
    settings, here = replace(SETTINGS, confidence=level), cursor("x = ", "\n")
    async with fake_completion({"": "onz"}, doubtful="z") as model:
        is_shown = isinstance(await complete(here, model, settings, False), tuple)
        await prefill(here, model, settings)
        assert (model.cache.get(cursor("x = onz", "\n")) is not None) == is_shown == (not level)


async def test_an_explanation_of_what_was_selected_starts_at_once() -> None:
    action = load_library()[0].get("explain")
    selection = Selection(HERE.document, Span(0, len("def total(items):\n    return \n")))
    async with fake_completion({"": "It adds."}) as model:
        context = ActionContext(model.host, model.project)
        await prefill_explanation(resolve_target(selection), action, context)
        before = await model.host.totals()
        assert before.generated_tokens == 0
        assert [part async for part in explain(selection, action, context)]
        after = await model.host.totals()
    # the last token of the prompt, and those of the answer
    assert after.evaluated_tokens - before.evaluated_tokens <= 1 + len("It adds.")
