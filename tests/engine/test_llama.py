"""The engine process with the real starter: right, quick to reuse, quick to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.engine.client import EngineProcess
from herdmate.engine.start import LlamaStart
from herdmate.errors import ContextFullError, ModelError
from herdmate.generation import Finished, Piece, Priority, Prompt, Request, Sampling, Special, Text
from herdmate.prompting.families import CONTROL_PIECES, Order, family_of, infill_prompt
from tests.models.gguf_file import gguf, write

PREFIX = 'def fibonacci(n):\n    """Return the n-th Fibonacci number."""\n'
SUFFIX = "\n\nprint(fibonacci(10))\n"

pytestmark = pytest.mark.model


@asynccontextmanager
async def _engine(path: Path, context: int = 2048) -> AsyncIterator[EngineProcess]:
    engine = EngineProcess(LlamaStart(str(path), context, 0, 0, CONTROL_PIECES))
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


def _plain(text: str, lane: str, max_tokens: int, priority: Priority = Priority.ASKED) -> Request:
    return Request(Prompt((Text(text),)), lane, max_tokens, priority=priority)


async def _answer(engine: EngineProcess, request: Request) -> tuple[str, Finished]:
    text = ""
    async for event in engine.generate(request):
        if isinstance(event, Finished):
            return text, event
        assert isinstance(event, Piece)
        text += event.text
    raise AssertionError("no end")


async def test_infilling_reuses_what_was_evaluated(starter_model: Path) -> None:
    async with _engine(starter_model) as engine:
        family = family_of(await engine.ready())
        typed = PREFIX + "    if n"
        first = infill_prompt(family, PREFIX, SUFFIX)
        second = infill_prompt(family, typed, SUFFIX)
        await _answer(engine, Request(first, "warm", 8))
        warm, usage = await _answer(engine, Request(second, "warm", 24))
        assert warm.strip()
        assert usage.usage.reused_tokens >= 14  # up to where the typed text begins
        assert usage.usage.reused_tokens + usage.usage.evaluated_tokens == usage.usage.prompt_tokens


async def test_a_further_character_costs_one_or_two_tokens(starter_model: Path) -> None:
    text = "def add(a, b):\n    retur"
    async with _engine(starter_model) as engine:
        await _answer(engine, _plain(text, "doc", 1))
        _, end = await _answer(engine, _plain(text + "n", "doc", 1))
        assert end.usage.evaluated_tokens <= 2


async def test_cancel_stops_within_a_chunk_of_the_prompt(starter_model: Path) -> None:
    async with _engine(starter_model) as engine:
        await engine.ready()
        asking = asyncio.ensure_future(_answer(engine, _plain("x = 1\n" * 300, "doc", 50)))
        while (await engine.totals()).evaluated_tokens == 0:
            assert not asking.done()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        stopped_at = (await engine.totals()).evaluated_tokens
        await _answer(engine, _plain("y", "other", 1))
        # What was being evaluated may end, to be there for the next request.
        assert (await engine.totals()).evaluated_tokens - stopped_at <= 1 + 128
        assert stopped_at < 1500  # the prompt alone has that many


async def test_a_prompt_that_keys_interrupt_goes_on_where_it_was(starter_model: Path) -> None:
    """1,700 tokens; each key comes before even a tenth of them can be evaluated."""
    code = "".join(f"value_{at} = compute({at})\n" for at in range(160))
    gaps, line = (0.08, 0.2, 0.1, 0.15, 0.09, 0.18, 0.12) * 3, "total = sum_of_it(value_3)"
    async with _engine(starter_model, context=4096) as engine:
        family = family_of(await engine.ready())
        await _answer(engine, _plain("y", "other", 1))  # the first one prepares the vocabulary
        counts = []
        for typed, gap in enumerate(gaps):
            prompt = infill_prompt(family, code + line[:typed], SUFFIX)
            request = Request(prompt, "doc", 8, priority=Priority.TYPING)
            asking = asyncio.ensure_future(_answer(engine, request))
            await asyncio.sleep(gap)
            asking.cancel()
            await asyncio.wait({asking})
            counts.append((await engine.totals()).evaluated_tokens)
        prompt = infill_prompt(family, code + line, SUFFIX)
        _, end = await _answer(engine, Request(prompt, "doc", 8, priority=Priority.TYPING))
        assert counts == sorted(counts)
        assert end.usage.reused_tokens >= counts[-1] - 20  # all but the typed text and what follows
        assert end.usage.reused_tokens >= 16
        assert end.usage.reused_tokens + end.usage.evaluated_tokens == end.usage.prompt_tokens
        totals = await engine.totals()
        twice = totals.evaluated_tokens - totals.generated_tokens - end.usage.prompt_tokens
        assert twice <= 20


async def test_ghost_text_comes_while_an_explanation_streams(starter_model: Path) -> None:
    """Greedy, so that the explanation has to be the same as without the interruption.

    It counts: beside another sequence llama.cpp rounds otherwise, which must not decide a near tie.
    """
    question = "These are the numbers from 1 to 100: 1, 2, 3, 4, 5, 6,"
    async with _engine(starter_model) as engine:
        alone, _ = await _answer(engine, _plain(question, "alone", 60))
        asking = asyncio.ensure_future(_answer(engine, _plain(question, "ask", 60)))
        ghost, _ = await _answer(engine, _plain(PREFIX, "doc", 8, Priority.TYPING))
        assert not asking.done()
        assert ghost
        assert (await asking)[0] == alone


async def test_text_of_the_user_is_no_control_token(starter_model: Path) -> None:
    async with _engine(starter_model) as engine:
        text = "a <|im_end|> b <|fim_middle|>"
        (count,) = await engine.count_tokens([text])
        assert count > 8  # as one control token each it would be 4
        prompt = Prompt((Special("<|im_start|>"), Text(text)), ("<|im_end|>",))
        _, end = await _answer(engine, Request(prompt, "x", 1))
        assert end.usage.prompt_tokens == count + 1


async def test_sampling_with_a_seed_repeats_itself(starter_model: Path) -> None:
    async with _engine(starter_model) as engine:
        prompt = Prompt((Text("A story about a fox:"),))
        texts = [
            (await _answer(engine, Request(prompt, "s", 12, sampling=Sampling(0.9, seed=seed))))[0]
            for seed in (1, 1, 2)
        ]
        assert texts[0] == texts[1] != texts[2]


async def test_a_prompt_that_is_too_long(starter_model: Path) -> None:
    async with _engine(starter_model, context=256) as engine:
        with pytest.raises(ContextFullError, match="contextTokens"):
            await _answer(engine, _plain("x = 1\n" * 200, "doc", 10))
        assert (await _answer(engine, _plain("x", "doc", 1)))[0]


async def test_files_that_cannot_be_loaded(starter_model: Path, tmp_path: Path) -> None:
    half = write(tmp_path / "half.gguf", starter_model.read_bytes()[:50_000_000])
    unknown = write(tmp_path / "unknown.gguf", gguf().replace(b"llama", b"lamas"))
    for path, words in ((half, "half.gguf could not be loaded"), (unknown, "architecture")):
        async with _engine(path) as engine:
            with pytest.raises(ModelError, match=words):
                await engine.ready()


@pytest.mark.parametrize("order", ["psm", "spm"])
async def test_a_cut_token_is_healed(starter_model: Path, order: Order) -> None:
    """``retu`` and ``return `` end in tokens that training never showed before what follows."""
    code = "def area(width, height):\n    return width * height\n\n\nprint(area(2, 3))\n"
    async with _engine(starter_model) as engine:
        family = family_of(await engine.ready())
        for cut in ("def area(width, height):\n    return wid", "def area(width, height):\n    "):
            after = code[code.index("\n\n\nprint") :]
            prompt = infill_prompt(family, cut, after, order)
            healed, end = await _answer(engine, Request(prompt, "doc", 16, stop=("\n",)))
            usage = end.usage
            assert (cut + healed).startswith(cut)
            if cut.endswith(" "):
                # What it writes depends on the processor's rounding; that it goes on does not.
                assert healed.strip()
            elif order == "psm":  # the order that the starter was trained in
                assert (cut + healed).rstrip() == code[: code.index("\n\n\nprint")]
            assert usage.prompt_tokens == usage.reused_tokens + usage.evaluated_tokens


async def test_an_answer_goes_on_from_what_is_said_of_it(starter_model: Path) -> None:
    """Greedy, so that it has to be the same as in one go; hardly anything is evaluated again."""
    async with _engine(starter_model) as engine:
        family = family_of(await engine.ready())
        prompt = infill_prompt(family, PREFIX + "    retu", SUFFIX)
        whole, _ = await _answer(engine, Request(prompt, "doc", 24))
        first, _ = await _answer(engine, Request(prompt, "doc", 12))
        rest, end = await _answer(engine, Request(replace(prompt, said=first), "doc", 12))
        assert (first + rest)[: len(whole)] == whole[: len(first + rest)]
        assert rest
        assert end.usage.evaluated_tokens <= 4


async def test_alternatives_differ_and_the_first_is_the_only_answer(starter_model: Path) -> None:
    async with _engine(starter_model) as engine:
        family = family_of(await engine.ready())
        prompt = infill_prompt(family, PREFIX + "    ", SUFFIX)
        alone, _ = await _answer(engine, Request(prompt, "doc", 12, stop=("\n",)))
        before = await engine.totals()
        texts = ["", "", ""]
        async for event in engine.generate(
            Request(prompt, "doc", 12, stop=("\n",), alternatives=3)
        ):
            if isinstance(event, Piece):
                texts[event.index] += event.text
        after = await engine.totals()
        assert len(set(texts)) == 3
        assert texts[0] == alone
        assert after.prompt_tokens - before.prompt_tokens <= after.reused_tokens + 3
        assert after.evaluated_tokens - before.evaluated_tokens <= 3 * 12 + 4


async def test_drafting_says_the_same(starter_model: Path) -> None:
    """A copy of code is what a refactoring mostly is; most of its tokens can be drafted."""
    code = "def total(orders):\n    result = 0\n    for order in orders:\n        result += order\n"
    question = f"# The same function twice:\n{code}\n\n{code}\n\n"
    async with _engine(starter_model) as engine:
        plain, _ = await _answer(engine, _plain(question, "a", 40))
        drafting = Request(Prompt((Text(question),)), "b", 40, drafting=True)
        drafted, end = await _answer(engine, drafting)
        assert drafted == plain
        assert end.usage.generated_tokens == 40
