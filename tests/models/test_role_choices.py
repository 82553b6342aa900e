"""Which model each role gets, by what is named, what is here, and what fits."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from herdmate.engine.measured_steps import Measured, Step
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.start import LlamaStart
from herdmate.errors import HerdmateError, ModelError, NoModelError
from herdmate.models import choose_quick, listing, start
from herdmate.models.discovery import Found
from herdmate.models.listing import Listed
from herdmate.models.role_choices import EngineChoice, RoleChoices, choose_engine, look_up
from herdmate.settings import Settings, settings_from_json
from tests.engine.family_models import CASES, make
from tests.models.adapter_file import adapter

_GB = 1_000_000_000


class _Machine:
    """A machine with some models, whose free memory can be set."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.free = folder / "models", 64 * _GB
        self.folder.mkdir()
        self.measured = Measured()
        monkeypatch.setenv("HERDMATE_HOME", str(folder))
        monkeypatch.setattr(start, "in_place", tuple)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=self.free))
        monkeypatch.setattr(choose_quick, "measured", lambda _paths: self.measured)

    def add(self, family: str, name: str) -> Path:
        """A model of random weights."""
        case = next(case for case in CASES if case.family == family)
        return make(case, self.folder / f"{name}.gguf")

    def measure(self, path: Path, one: float, four: float) -> None:
        """Seconds for one and four tokens."""
        self.measured = Measured({**self.measured.steps, str(path): Step(one, four)})

    def choices(self, **given: Any) -> RoleChoices:
        settings, errors = settings_from_json(given)
        assert not errors
        return look_up(choose_engine, settings, 0)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Machine:
    return _Machine(tmp_path, monkeypatch)


def _file(choice: EngineChoice | HerdmateError | None) -> str:
    assert isinstance(choice, EngineChoice)
    assert isinstance(choice.start, LlamaStart)
    return Path(choice.start.path).name


@pytest.mark.parametrize("given", [{"model": "a.gguf"}, {"completion": {"model": "same"}}])
def test_without_a_model_for_ghost_text_one_is_looked_up_once(given: dict[str, Any]) -> None:
    asked: list[str] = []

    def choose(_settings: Settings, role: str, *_: object) -> EngineChoice:
        asked.append(role)
        return EngineChoice(LlamaStart("a.gguf"))

    assert look_up(choose, settings_from_json(given)[0], 0).completion is None
    assert asked == ["answers"]


@pytest.mark.parametrize("family", ["Qwen2.5-Coder", "CodeLlama", "Llama 2 Chat", ""])
def test_a_newcomer_with_one_model_sees_no_difference(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    """Nothing more is read or measured, and nothing more is said."""
    if family:
        machine.measure(machine.add(family, "slow-instruct"), 0.5, 0.9)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(start, "choose_quick", never)
    said = machine.choices()
    assert said.completion is None
    same = machine.choices(completion={"model": "same"})
    assert said == same if family else str(said.answers) == str(same.answers)


def test_by_itself_each_role_has_the_best_model_or_one_does_both_without_a_word(
    machine: _Machine,
) -> None:
    """As ``auto`` says for ghost text, but a model that is named does both."""
    slow = machine.add("CodeLlama", "codellama-7b-instruct.Q4_K_M")
    machine.measure(slow, 0.25, 0.4)
    tiny = machine.add("Llama 2 Chat", "does-not-fill-in")
    alone = machine.choices()
    assert alone == machine.choices(completion={"model": "same"})
    quick = machine.add("Qwen2.5-Coder", "quick-instruct")
    machine.measure(quick, 0.07, 0.2)
    found = machine.choices()
    assert (_file(found.answers), _file(found.completion)) == (slow.name, quick.name)
    for named in (slow, tiny):
        both = machine.choices(model=named.name)
        assert (_file(both.answers), both.completion) == (named.name, None)
    remote = machine.choices(remote={"url": "http://127.0.0.1:1"})
    assert isinstance(remote.answers, EngineChoice)
    assert isinstance(remote.answers.start, RemoteStart)
    assert remote.completion is None
    tiny.unlink()
    for free, mend in ((1.3, "."), (2.8, f", or set herdmate.model to {slow.name}, which then")):
        machine.free = int(free * _GB)  # CodeLlama's cache alone takes two
        small = machine.choices()
        assert (_file(small.answers), small.completion) == (quick.name, None)
        assert isinstance(small.answers, EngineChoice)
        assert (
            f"{slow.name} would answer better, but needs 2.5 GB of memory beside"
            in small.answers.note
        )
        assert f"only {free} GB is free; close other programs{mend}" in small.answers.note


def test_what_was_measured_before_needs_no_process_and_no_other_file(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are read from the best one on, until one suits."""
    best = machine.add("CodeLlama", "qwen2.5-coder-1.5b-instruct-q4_k_m")
    machine.add("Qwen2.5-Coder", "other")
    read: list[Path] = []

    def here(item: Found, context_tokens: int) -> Listed | None:
        read.append(item.path)
        return listing.here(item, context_tokens)

    def measured(_paths: object) -> None:
        raise AssertionError

    monkeypatch.setattr(choose_quick, "measured_before", lambda _path: Step(0.05, 0.1))
    monkeypatch.setattr(choose_quick, "measured", measured)
    monkeypatch.setattr(choose_quick, "here", here)
    assert _file(machine.choices().answers) == best.name
    assert read == [best]


def test_what_is_wrong_with_an_adapter_is_told_of_each_role(
    machine: _Machine, tmp_path: Path
) -> None:
    """For ghost text in one sentence: it may be meant for the model that answers."""
    machine.add("CodeLlama", "large")
    machine.add("Qwen2.5-Coder", "small")
    engine = {"adapters": [str(adapter(tmp_path / "a.gguf", {}))]}
    two = machine.choices(model="large.gguf", completion={"model": "small.gguf"}, engine=engine)
    assert isinstance(two.answers, EngineChoice)
    assert isinstance(two.completion, EngineChoice)
    assert two.answers.note.startswith("The adapter a.gguf has no weights; correct")
    assert (
        two.completion.note == "Ghost text does without the adapter a.gguf, which has no weights."
    )
    one = machine.choices(model="large.gguf", engine=engine)
    assert one.answers == two.answers


def test_two_named_models_are_two(machine: _Machine) -> None:
    machine.add("CodeLlama", "large")
    machine.add("Qwen2.5-Coder", "small")
    found = machine.choices(model="large.gguf", completion={"model": "small.gguf"})
    assert (_file(found.answers), _file(found.completion)) == ("large.gguf", "small.gguf")


@pytest.mark.parametrize("link", [False, True])
def test_the_same_file_by_whatever_name_is_one(machine: _Machine, link: bool) -> None:
    path = machine.add("CodeLlama", "large")
    other = path
    if link:
        other = machine.folder.parent / "other.gguf"
        other.symlink_to(path)
    found = machine.choices(model="large.gguf", completion={"model": str(other)})
    assert _file(found.answers) == "large.gguf"
    assert found.completion is None


@pytest.mark.parametrize(
    ("answers", "ghost"), [("auto", "LINK"), ("LINK", "auto"), ("LINK", "large.gguf")]
)
def test_the_same_file_by_another_name_needs_memory_once(
    machine: _Machine, answers: str, ghost: str
) -> None:
    """It needs 1.2 GB."""
    path = machine.add("CodeLlama", "large")
    machine.measure(path, 0.01, 0.01)
    machine.free = 2 * _GB
    link = machine.folder.parent / "other.gguf"
    link.symlink_to(path)
    answers, ghost = (name.replace("LINK", str(link)) for name in (answers, ghost))
    found = machine.choices(model=answers, completion={"model": ghost})
    assert _file(found.answers) == ("large.gguf" if answers == "auto" else "other.gguf")
    assert isinstance(found.answers, EngineChoice)
    assert found.answers.fits
    assert found.completion is None
    assert "Meanwhile" not in found.answers.note


def test_two_that_do_not_fit_together_are_one_and_the_numbers_are_told(machine: _Machine) -> None:
    """Each alone would need 1.2 GB."""
    machine.add("CodeLlama", "large")
    machine.add("Qwen2.5-Coder", "small")
    machine.free = 2 * _GB
    found = machine.choices(model="large.gguf", completion={"model": "small.gguf"})
    assert found.completion is None
    assert isinstance(found.answers, EngineChoice)
    assert found.answers.note == (
        "small.gguf needs 1.2 GB of memory beside the 1.2 GB of large.gguf, and only 2.0 GB is "
        "free; close other programs, or reduce herdmate.engine.contextTokens. Meanwhile, "
        "large.gguf writes ghost text."
    )


def test_what_cannot_be_used_for_one_role_leaves_the_other(machine: _Machine) -> None:
    machine.add("CodeLlama", "large")
    gone = machine.choices(model="large.gguf", completion={"model": "/gone.gguf"})
    assert _file(gone.answers) == "large.gguf"
    assert isinstance(gone.completion, ModelError)
    assert "set herdmate.completion.model to" in str(gone.completion)
    gone = machine.choices(model="starter", completion={"model": "large.gguf"})
    assert isinstance(gone.answers, NoModelError)
    assert _file(gone.completion) == "large.gguf"


def test_code_for_a_local_model_never_goes_to_the_remote_server(machine: _Machine) -> None:
    """Even where the local one is missing or too large."""
    remote = {"url": "http://127.0.0.1:1"}
    for model in ("auto", "/gone.gguf"):
        found = machine.choices(remote=remote, completion={"model": model})
        assert isinstance(found.answers, EngineChoice)
        assert isinstance(found.answers.start, RemoteStart)
        assert isinstance(found.completion, HerdmateError)
    machine.add("Qwen2.5-Coder", "small")
    machine.free = _GB
    assert _file(machine.choices(remote=remote, completion={"model": "small.gguf"}).completion)


def test_a_remote_server_writes_ghost_text_alone(machine: _Machine) -> None:
    machine.add("CodeLlama", "large")
    own = {"remoteUrl": "http://127.0.0.1:1", "model": "small"}
    found = machine.choices(model="large.gguf", completion=own)
    assert _file(found.answers) == "large.gguf"
    assert isinstance(found.completion, EngineChoice)
    assert isinstance(found.completion.start, RemoteStart)
    assert found.completion.start.model == "small"
    wrong = machine.choices(model="large.gguf", completion={"remoteUrl": "ftp://c"}).completion
    assert "herdmate.completion.remoteUrl must be" in str(wrong)


def test_auto_takes_a_quick_model_for_ghost_text_and_codellama_for_answers(
    machine: _Machine,
) -> None:
    """As measured: the largest that fills in is too slow, the next one's first token is."""
    slow = machine.add("CodeLlama", "codellama-7b-instruct.Q4_K_M")
    late = machine.add("Qwen2.5-Coder", "late-instruct")
    quick = machine.add("Qwen2.5-Coder", "quick-instruct")
    machine.add("Llama 2 Chat", "does-not-fill-in")
    machine.measure(slow, 0.25, 0.4)
    machine.measure(late, 0.05, 0.6)
    machine.measure(quick, 0.07, 0.2)
    found = machine.choices(completion={"model": "auto"})
    assert _file(found.completion) == quick.name
    assert _file(found.answers) == slow.name
    named = machine.choices(model=late.name, completion={"model": "auto"})
    assert (_file(named.answers), _file(named.completion)) == (late.name, quick.name)
    only = machine.choices(model=quick.name, completion={"model": "auto"})
    assert (_file(only.answers), only.completion) == (quick.name, None)


def test_answers_get_what_fits_beside_ghost_text_or_the_same_model(machine: _Machine) -> None:
    machine.add("CodeLlama", "codellama-7b-instruct.Q4_K_M")
    quick = machine.add("Qwen2.5-Coder", "quick-instruct")
    machine.measure(quick, 0.07, 0.2)
    machine.measure(machine.folder / "codellama-7b-instruct.Q4_K_M.gguf", 0.25, 0.4)
    machine.free = 2 * _GB  # CodeLlama's cache alone takes that
    found = machine.choices(completion={"model": "auto"})
    assert (_file(found.answers), found.completion) == (quick.name, None)


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("Llama 2 Chat", "No model on this machine fills in code; run `herdmate models pull"),
        ("CodeLlama", "slow.gguf writes about 2 tokens per second, and ghost text needs 10; run"),
    ],
)
def test_without_a_quick_model_the_one_that_answers_does_both(
    machine: _Machine, family: str, words: str
) -> None:
    machine.measure(machine.add(family, "slow"), 0.5, 0.5)
    found = machine.choices(model="slow.gguf", completion={"model": "auto"})
    assert found.completion is None
    assert isinstance(found.answers, EngineChoice)
    assert found.answers.note.startswith(words)
    assert found.answers.note.endswith("Meanwhile, slow.gguf writes ghost text.")
