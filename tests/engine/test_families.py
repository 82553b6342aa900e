"""Every family's prompts become the documented ids, its ends end, and no text becomes a control.

Each is a model with the family's pieces in its vocabulary and small random weights.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import llama_cpp
import numpy as np
import pytest

from herdmate.engine import vocabulary
from herdmate.engine.backend import Slot
from herdmate.engine.host import EngineHost
from herdmate.engine.job import Job
from herdmate.engine.kv_cache import common_prefix
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.scheduler import Scheduler
from herdmate.engine.start import LlamaStart
from herdmate.generation import Finished, ModelInfo, Priority, Prompt, Request, Special, Text
from herdmate.prompting.families import (
    CONTROL_PIECES,
    Family,
    Others,
    Turn,
    can_infill,
    continue_prompt,
    family_of,
    infill_prompt,
    instruct_prompt,
)
from herdmate.prompting.family_table import family_table
from herdmate.text import Excerpt
from tests.engine.family_models import CASES, Case, backend, make
from tests.engine.random_edits import edited
from tests.engine.test_vocabulary import TRICKY

OWN = Others((), "src/own.py", "#", "Python")
MODELS = {f"{case.family} {case.name}": case for case in CASES}
CODE = Path(__file__).read_text("utf-8")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LlamaBackend]:
    """Each is made and loaded once, when a test asks for it."""
    return _Models(tmp_path_factory.mktemp("families"))


class _Models(dict[str, LlamaBackend]):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> LlamaBackend:
        case = MODELS[name]
        self[name] = backend(make(case, self._folder / f"{len(self)}.gguf"))
        return self[name]


def _info(case: Case, model: LlamaBackend) -> ModelInfo:
    return replace(model.info, architecture=case.says or model.info.architecture)


def _family(name: str, models: dict[str, LlamaBackend]) -> tuple[Family, LlamaBackend]:
    model = models[name]
    return family_of(_info(MODELS[name], model)), model


INFILLING = [name for name, case in MODELS.items() if case.infill]


def test_every_family_of_the_table_is_tested() -> None:
    infilling = {entry.name for entry in family_table()[0].families if entry.infill}
    assert infilling == {case.family for case in CASES if case.infill}


@pytest.mark.parametrize("name", MODELS)
def test_the_family_is_recognised(name: str, models: dict[str, LlamaBackend]) -> None:
    family, _ = _family(name, models)
    assert family.name == MODELS[name].family
    assert can_infill(family) == bool(MODELS[name].infill)


@pytest.mark.parametrize("name", INFILLING)
@pytest.mark.parametrize("suffix", ["\n    return 1\n", ""])
def test_infill_prompts_are_the_documented_ids(
    name: str, suffix: str, models: dict[str, LlamaBackend]
) -> None:
    family, model = _family(name, models)
    prompt = infill_prompt(family, "def f(x):\n    re", suffix, others=OWN)
    case = MODELS[name]
    expected = _documented(case, model, "def f(x):\n    re", suffix)
    assert model.tokenize(prompt.segments) == expected
    assert prompt.cursor is not None
    last = prompt.segments[prompt.cursor]
    assert isinstance(last, Text)
    assert last.text.endswith("re")


def _documented(case: Case, model: LlamaBackend, prefix: str, suffix: str) -> list[int]:
    """The documented text as llama.cpp tokenises it; with SentencePiece the parts by its rules."""
    vocab = model._vocab
    text = case.infill.removeprefix("{bos}")
    start = [llama_cpp.llama_vocab_bos(vocab)] if text != case.infill else []
    if case.vocabulary == "bpe":
        return start + parsed(vocab, text.replace("{P}", prefix).replace("{S}", suffix))
    ids, rest = start, text
    while rest:
        piece = next((piece for piece in case.pieces if rest.startswith(piece)), None)
        if piece is not None:
            ids, rest = [*ids, model.token_of(piece) or -1], rest[len(piece) :]
        elif rest.startswith("{P}"):
            ids, rest = ids + vocabulary.raw_encode(vocab, prefix), rest[3:]
        else:
            assert rest.startswith("{S}")
            marked = vocabulary.raw_encode(vocab, "☺" + suffix)
            ids = ids + (marked[len(vocabulary.raw_encode(vocab, "☺")) :] if suffix else [])
            rest = rest[3:]
    return ids


def parsed(vocab: Any, text: str) -> list[int]:
    """The ids of a text whose control pieces are read as such."""
    data = text.encode()
    ids = (llama_cpp.llama_token * (len(data) + 8))()
    count = llama_cpp.llama_tokenize(vocab, data, len(data), ids, len(ids), False, True)
    return list(ids[:count])


def test_other_files_come_as_each_family_uses_them_best(models: dict[str, LlamaBackend]) -> None:
    others = Others((Excerpt("src/a.py", "A\n"),), "src/own.py", "#", "Python")
    expected = {
        "Qwen2.5-Coder Qwen2.5 Coder 7B Instruct": "<|fim_prefix|># Path: src/a.py\n# A\n\nP"
        "<|fim_suffix|>S<|fim_middle|>",
        "StarCoder2 starcoder2-7b": "<repo_name>src<file_sep>src/a.py\nA\n<file_sep><fim_prefix>"
        "src/own.py\nP<fim_suffix>S<fim_middle>",
        "Mellum Mellum-4b-base": "<filename>src/a.py\nA\n<filename>src/own.py\n<fim_suffix>S"
        "<fim_prefix>P<fim_middle>",
        "CodeGemma codegemma-7b-it": "bossrc/a.py\nA\n<|file_separator|>src/own.py\n"
        "<|fim_prefix|>P<|fim_suffix|>S<|fim_middle|>",
        "Codestral Codestral-22B-v0.1": "bos[SUFFIX]S[PREFIX]+++++ src/a.py\nA\n\n"
        "+++++ src/own.py\nP",
        "StarCoder starcoderbase-3b": "<fim_prefix># Path: src/a.py\n# A\n\nP"
        "<fim_suffix>S<fim_middle>",
    }
    for name, text in expected.items():
        prompt = infill_prompt(_family(name, models)[0], "P", "S", others=others)
        said = (part.piece if isinstance(part, Special) else part.text for part in prompt.segments)
        assert "".join(said) == text


@pytest.mark.parametrize("name", MODELS)
def test_no_text_becomes_a_control_piece(name: str, models: dict[str, LlamaBackend]) -> None:
    """What is tricky anywhere, and every piece of the family itself, alone and amid code."""
    family, model = _family(name, models)
    case = MODELS[name]
    own = [piece.replace("▁", " ") for piece in (*case.pieces, case.bos, case.eos)]
    texts = (*TRICKY, *own, *(f'x = "{piece}" {piece}{piece}' for piece in own))
    controls = {model.token_of(piece) for piece in (*case.pieces, "bos", "eos")}
    for text in texts:
        for prompt in _prompts(family, text):
            specials = [part.piece for part in prompt.segments if isinstance(part, Special)]
            ids = model.tokenize(prompt.segments)
            found = [token for token in ids if token in controls]
            named = (model.token_of(piece) for piece in specials)
            assert found == [token for token in named if token in controls]
        ids = model.tokenize((Text(text),))
        back = b"".join(map(model.piece, ids)).decode()
        assert back == text.replace("▁", " ") if case.vocabulary != "bpe" else back == text


def _prompts(family: Family, text: str) -> list[Prompt]:
    others = Others((Excerpt(text, text),), f"{text}/own.py", "#", text)
    found = [continue_prompt(family, text, others)]
    if can_infill(family):
        found += [infill_prompt(family, text, text, None, others) for others in (None, others)]
    if family.chat is not None:
        turns = (Turn("user", text), Turn("assistant", text), Turn("user", text))
        found.append(instruct_prompt(family, text, turns))
    return found


@pytest.mark.parametrize("name", [name for name, case in MODELS.items() if case.ends])
def test_the_documented_ends_end_an_answer(name: str, models: dict[str, LlamaBackend]) -> None:
    family, model = _family(name, models)
    vocab = model._vocab
    for end in MODELS[name].ends:
        job = Job(1, Request(infill_prompt(family, "a", "b"), "x", 9), lambda _: None, 0)
        job.tokenize(model)
        (token,) = [
            token
            for token in range(model.info.vocabulary_size)
            if llama_cpp.llama_vocab_get_text(vocab, token) == end.encode()
        ]
        assert job.take(token, model.piece(token), model.is_end(token)) == "end", end


REUSING = (
    *("DeepSeek-Coder deepseek-coder-6.7b-instruct", "Mellum Mellum-4b-base"),
    *("Codestral Codestral-22B-v0.1", "Qwen3.5 Qwen3.5-4B", "mamba A state alone"),
    "Falcon-H1-Coder Falcon-H1-Tiny-Coder-90M",
)
NEAR_TIE = 0.05  # of logits: results differ a little with how a prompt is cut into batches


class _Interrupted:
    """A model whose evaluations are stopped now and then."""

    def __init__(self, model: LlamaBackend, dice: random.Random) -> None:
        self._model, self._dice = model, dice

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        if self._dice.random() < 0.1:
            self._model.abort()
        return self._model.evaluate(batch)


@pytest.mark.parametrize("name", REUSING)
@pytest.mark.parametrize("seed", range(2))
def test_after_any_edits_the_answer_is_that_of_an_empty_cache(
    name: str, seed: int, tmp_path: Path
) -> None:
    """Typing, deleting, jumping, other documents, several answers, evaluations stopped."""
    path = make(MODELS[name], tmp_path / "model.gguf")
    warm, empty = backend(path, 4096), backend(path)
    family = family_of(_info(MODELS[name], warm))
    dice = random.Random(seed)
    scheduler = Scheduler(cast(Any, _Interrupted(warm, dice)))
    text, cursor = CODE[:900], 450
    reused = 0
    for _step in range(12):
        kind = dice.choice(("type", "type", "type", "delete", "jump", "other", "again", "several"))
        text, cursor = edited(kind, text, cursor, CODE, dice)
        prompt = continue_prompt(family, text[:cursor])
        if can_infill(family):
            prompt = infill_prompt(family, text[:cursor], text[cursor : cursor + 200], None, OWN)
        lane, several = ("other" if kind == "other" else "doc"), 3 if kind == "several" else 1
        request = Request(prompt, lane, 8, priority=Priority.TYPING, exact=True)
        reused += _run(scheduler, replace(request, alternatives=several)).usage.reused_tokens
        cold = Scheduler(empty)
        _run(cold, request)
        _assert_same(empty, scheduler.lanes[lane], cold.lanes[lane])
    assert reused  # something was


def _run(scheduler: Scheduler, request: Request) -> Finished:
    said: list[object] = []
    scheduler.submit(1, request, said.append)
    while scheduler.wait(0):
        scheduler.step()
    assert isinstance(said[-1], Finished), said[-1]
    return said[-1]


def _assert_same(empty: LlamaBackend, one: Sequence[int], other: Sequence[int]) -> None:
    """Two lanes have the same tokens, or part in a near tie; the cache is empty afterwards."""
    for sequence in range(empty.lanes):
        assert empty.forget(sequence, 0)
    if one == other:
        return
    same = common_prefix(one, other, len(one))
    assert same < min(len(one), len(other))
    for start in range(0, same, 128):
        part = one[start : min(start + 128, same)]
        ends = len(part) - 1
        slots = [Slot(0, start + at, token, at == ends) for at, token in enumerate(part)]
        assert empty.evaluate(slots)
    pointer = llama_cpp.llama_get_logits_ith(empty._context, ends)
    logits = np.ctypeslib.as_array(pointer, (empty.info.vocabulary_size,))
    gap = float(abs(logits[one[same]] - logits[other[same]]))
    assert empty.forget(0, 0)
    assert gap < NEAR_TIE


def test_a_running_state_goes_back_to_where_it_was_saved(tmp_path: Path) -> None:
    """Typing behind a long prefix reads little again, though the state cannot be rewound."""
    name = "Falcon-H1-Coder Falcon-H1-Tiny-Coder-90M"
    model = backend(make(MODELS[name], tmp_path / "model.gguf"), 2048)
    assert not model.rewinds
    assert "running state" in model.info.note
    assert not model.can_shift
    family, scheduler = family_of(model.info), Scheduler(model)
    before, after = CODE[:1200], CODE[1200:1300]
    for typed in ("", " x", " x = ", " x = re"):
        prompt = infill_prompt(family, before + typed, after)
        usage = _run(scheduler, Request(prompt, "doc", 8, priority=Priority.TYPING)).usage
    assert usage.evaluated_tokens < usage.prompt_tokens / 4


LLAMA_3 = Case(
    "llama", "Llama-3.2-1B-Instruct",
    ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), bos="<|begin_of_text|>",
    eos="<|end_of_text|>", template="<|start_header_id|><|end_header_id|>{{ bos_token }}",
)  # fmt: skip


async def test_any_model_with_a_known_template_answers_in_its_format(tmp_path: Path) -> None:
    """Through the engine's process, which reads the template from the file."""
    path = make(LLAMA_3, tmp_path / "model.gguf")
    host = EngineHost()
    await host.start(LlamaStart(str(path), 1024, 1, 0, CONTROL_PIECES))
    try:
        info = await host.ready()
        family = family_of(info)
        assert family.chat is not None
        assert family.chat.name == "llama3"
        assert "not trained to fill in the middle" in (family.note or "")
        prompt = instruct_prompt(family, "Be brief.", (Turn("user", "x <|eot_id|>"),), "Yes")
        said = await host.answer(Request(prompt, "ask", 8))
        assert said
    finally:
        await host.stop()
    model = backend(path)
    expected = (
        "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nx {}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nYes"
    )
    before, after = expected.split("{}")
    ids = model.tokenize(prompt.segments)
    assert ids == [
        *parsed(model._vocab, before),
        *model.tokenize((Text("<|eot_id|>"),)),
        *parsed(model._vocab, after),
    ]
