"""Perplexity: its definition on numbers, and the starter beside an independent computation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from herdmate.cli import main
from herdmate.engine.scoring import scorer
from herdmate.engine.start import LlamaStart
from herdmate.errors import SelectionError
from herdmate.models.perplexity import WINDOW, measured, windows

SOURCE = Path(__file__).parents[2] / "server/herdmate/completion/syntax_check.py"


def test_windows_do_not_overlap_and_the_rest_is_left_out() -> None:
    assert windows(list(range(10)), size=4) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert windows(list(range(10)), most=1, size=4) == [[0, 1, 2, 3]]


def test_a_text_that_is_too_short_is_refused_with_the_numbers() -> None:
    with pytest.raises(SelectionError, match="7 tokens, but at least 8 are needed"):
        windows(list(range(7)), size=4)


def test_the_second_half_is_scored() -> None:
    firsts = []

    def surprises(tokens: Sequence[int], first: int) -> list[float]:
        firsts.append((len(tokens), first))
        return [1.0, 3.0]

    *_, found = measured([[0] * 6, [0] * 6], surprises)
    assert firsts == [(6, 3), (6, 3)]
    assert found.tokens == 4
    assert found.value == pytest.approx(math.exp(2.0))
    assert found.error == pytest.approx(found.value / math.sqrt(3))


@pytest.mark.model
def test_the_starter_agrees_with_an_independent_computation(starter_model: Path) -> None:
    """The same definition, written anew on the logits of llama-cpp-python's own class."""
    text = SOURCE.read_text(encoding="utf-8")
    with scorer(LlamaStart(str(starter_model)), WINDOW) as model:
        *_, found = measured(windows(model.tokenize(text), 2), model.surprises)
    other = llama_cpp.Llama(str(starter_model), n_ctx=512, logits_all=True, verbose=False)
    tokens = other.tokenize(text.encode(), add_bos=True, special=False)
    losses: list[float] = []
    for start in (0, 512):
        other.reset()
        other.eval(tokens[start : start + 512])
        rows = np.asarray(other.scores[256:511], dtype=np.float64)
        odds = rows - np.logaddexp.reduce(rows, axis=1)[:, None]
        losses += list(-odds[np.arange(255), tokens[start + 257 : start + 512]])
    other.close()
    expected = math.exp(sum(losses) / len(losses))
    assert found.tokens == len(losses) == 510
    assert found.value == pytest.approx(expected, rel=0.005)
    error = expected * float(np.std(losses)) / math.sqrt(len(losses) - 1)
    assert found.error == pytest.approx(error, rel=0.005)


@pytest.mark.model
def test_coarser_quants_of_one_model_are_more_surprised(
    starter_model: Path, tmp_path: Path
) -> None:
    """The starter is Q4_K_M itself: as Q8_0 or Q4_K_M again it stays what it is, as Q2_K not."""
    text = SOURCE.read_text(encoding="utf-8")
    values = []
    for name in ("Q8_0", "Q4_K_M", "Q2_K"):
        path = tmp_path / f"{name}.gguf"
        _quantise(starter_model, path, getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name}"))
        with scorer(LlamaStart(str(path)), WINDOW) as model:
            *_, found = measured(windows(model.tokenize(text), 1), model.surprises)
        path.unlink()
        values.append(found.value)
    assert values[0] == pytest.approx(values[1], rel=0.03)
    assert values[2] > 1.05 * max(values[:2])


@pytest.mark.model
def test_models_of_other_tokens_are_not_compared(
    tiny_model: Path, starter_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["models", "perplexity", str(starter_model), str(tiny_model), "--text", str(SOURCE),
         "--windows", "1"]
    )  # fmt: skip
    assert code == 1
    assert "a different vocabulary from" in capsys.readouterr().err


def _quantise(source: Path, target: Path, kind: int) -> None:
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = kind
    params.allow_requantize = True
    assert llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), params) == 0
