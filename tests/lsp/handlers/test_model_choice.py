"""What the picker of models tells of each, and what becomes of a choice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from herdmate.engine.start import FakeStart
from herdmate.errors import ModelError
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import configuration, model_choice
from herdmate.lsp.handlers.model_choice import Wanted, _entry, choose_model, find
from herdmate.lsp.session import Session
from herdmate.models.listing import Listed, listed
from herdmate.models.role_choices import EngineChoice
from herdmate.roles import Role

_SHOWN = 90
"""Characters of a row that VS Code shows."""

MODEL = Listed(
    "codellama-7b-instruct", "CodeLlama 7B Instruct", "CodeLlama", 4_081_095_360, 6_228_578_304,
    "Q4_K_M", 16384, True, True, "Llama 2 Community License", None,
)  # fmt: skip


@pytest.mark.parametrize("free", [9_300_000_000, 128_300_000_000])
def test_of_every_model_all_but_the_licence_is_shown(tmp_path: Path, free: int) -> None:
    models = listed(tmp_path, 4096)
    assert {(model.infill, model.instruct) for model in models} == {
        (infill, instruct) for infill in (True, False) for instruct in (True, False)
    }
    details = {model.title: _entry(model, free, 0.0).detail.rpartition(", ")[0] for model in models}
    assert {title: text for title, text in details.items() if len(text) > _SHOWN} == {}


@pytest.mark.parametrize(
    ("model", "measured", "detail"),
    [
        pytest.param(
            MODEL,
            0.0,
            "needs 6.2 GB, 9.3 GB free, ~4 tokens/s on CPU, 4.1 GB to fetch, Llama 2 licence",
            id="to fetch",
        ),
        pytest.param(
            replace(MODEL, path=Path("/a.gguf"), place="Ollama", licence="MIT"),
            3.94,
            "needs 6.2 GB, 9.3 GB free, 3.9 tokens/s, in Ollama, MIT",
            id="running",
        ),
        pytest.param(
            replace(MODEL, needs=23_100_000_000, infill=False, instruct=False, licence=""),
            0.0,
            "does not fit: needs 23.1 GB, 9.3 GB free, continues text only, 4.1 GB to fetch",
            id="of no use here",
        ),
        pytest.param(
            replace(MODEL, size=41_400_000_000, path=Path("/a.gguf"), licence=""),
            0.0,
            "needs 6.2 GB, 9.3 GB free, <1 tokens/s on CPU",
            id="slow",
        ),
    ],
)
def test_what_is_told_of_a_model(model: Listed, measured: float, detail: str) -> None:
    entry = _entry(model, 9_300_000_000, measured)
    assert entry.detail == detail
    assert entry.fits == (not detail.startswith("does not fit"))


class _Choosing:
    """A session with one model on its machine: what is listed, fetched, changed and loaded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, configures: bool = False) -> None:
        self.lists, self.loads = 0, 0
        self.fetched: list[str] = []
        self.changed: list[Any] = []
        self.session = Session(lambda *_: EngineChoice(FakeStart()))
        self.session.capabilities = Capabilities(configure=configures)
        monkeypatch.setattr(model_choice, "_listed", self._listed)
        monkeypatch.setattr(model_choice, "fetch_named", self._fetch)
        monkeypatch.setattr(model_choice, "load_chosen", self._load)
        monkeypatch.setattr(configuration, "change", self._change)

    async def choose(self, name: str, role: Role = "answers") -> None:
        await choose_model(self.session, await find(self.session, name, role), role)

    def _listed(self, _context_tokens: int) -> tuple[Listed, ...]:
        self.lists += 1
        return (replace(MODEL, path=Path("/a.gguf")), replace(MODEL, name="codellama-13b-instruct"))

    async def _fetch(self, _session: Session, name: str) -> Path:
        self.fetched.append(name)
        return Path("/models", name.rpartition("/")[2])

    async def _load(self, _session: Session) -> None:
        self.loads += 1

    async def _change(self, _session: Session, name: str, value: Any) -> None:
        self.changed.append(value)
        self.changed_name = name


@pytest.mark.parametrize(
    ("name", "lists", "fetched", "setting"),
    [
        ("codellama-7b-instruct", 1, [], "codellama-7b-instruct"),
        ("codellama-13b-instruct", 1, ["codellama-13b-instruct"], "codellama-13b-instruct"),
        ("starter", 1, ["starter"], "starter"),
        ("hf:a/b/mine.gguf", 0, ["hf:a/b/mine.gguf"], "mine.gguf"),
        ("", 0, [], "auto"),
        ("auto", 0, [], "auto"),
    ],
)
@pytest.mark.parametrize("configures", [True, False])
async def test_a_choice_is_looked_up_once_and_fetched_only_if_needed(
    monkeypatch: pytest.MonkeyPatch,
    configures: bool,
    name: str,
    lists: int,
    fetched: list[str],
    setting: str,
) -> None:
    choosing = _Choosing(monkeypatch, configures)
    await choosing.choose(name)
    assert (choosing.lists, choosing.fetched) == (lists, fetched)
    if configures:
        assert choosing.changed == [None if setting == "auto" else setting]
    else:
        assert choosing.session.settings.model == setting
    assert choosing.loads == (not configures)


@pytest.mark.parametrize(
    ("name", "setting"),
    [("codellama-7b-instruct", "codellama-7b-instruct"), ("auto", "auto"), ("", "")],
)
@pytest.mark.parametrize("configures", [True, False])
async def test_a_model_for_ghost_text_is_a_choice_of_its_own(
    monkeypatch: pytest.MonkeyPatch, configures: bool, name: str, setting: str
) -> None:
    choosing = _Choosing(monkeypatch, configures)
    await choosing.choose(name, "completion")
    if configures:
        assert (choosing.changed_name, choosing.changed) == ("completion.model", [setting or None])
    else:
        assert choosing.session.settings.completion.model == setting
    assert choosing.session.settings.model == "auto"
    assert choosing.loads == (not configures)


async def test_a_fetched_model_that_the_settings_name_already_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The client has nothing to change, so no change would have it loaded."""
    choosing = _Choosing(monkeypatch, configures=True)
    configuration.choose_model(choosing.session, "starter")
    await choosing.choose("starter")
    assert (choosing.changed, choosing.loads) == ([], 1)


async def test_an_unknown_name_is_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choosing = _Choosing(monkeypatch)
    with pytest.raises(ModelError, match="did you mean codellama-7b"):
        await find(choosing.session, "codelama-7b")
    assert await find(choosing.session, "starter") == Wanted("starter", is_here=False)


@pytest.mark.parametrize("configures", [False, True])
@pytest.mark.parametrize("then", ["codellama-7b-instruct", "auto"])
async def test_a_model_chosen_during_a_fetch_stays_in_use(
    monkeypatch: pytest.MonkeyPatch, configures: bool, then: str
) -> None:
    choosing = _Choosing(monkeypatch, configures)
    fetching, is_there = asyncio.Event(), asyncio.Event()

    async def fetch(_session: Session, name: str) -> Path:
        fetching.set()
        await is_there.wait()
        return Path("/models", name)

    monkeypatch.setattr(model_choice, "fetch_named", fetch)
    first = asyncio.ensure_future(choosing.choose("codellama-13b-instruct"))
    await asyncio.wait_for(fetching.wait(), 30)
    await choosing.choose(then)
    is_there.set()
    await asyncio.wait_for(first, 30)
    assert (choosing.loads, choosing.changed) == (
        (0, [None if then == "auto" else then]) if configures else (1, [])
    )
