"""What the settings say about each role."""

from __future__ import annotations

from typing import Any

import pytest

from herdmate.roles import for_ghost_text, for_role, is_apart, is_open, without_remote
from herdmate.settings import Settings, settings_from_json

_REMOTE = {"url": "http://big:1", "model": "large", "api": "ollama", "fallback": True}


def _settings(**given: Any) -> Settings:
    settings, errors = settings_from_json(given)
    assert not errors
    return settings


@pytest.mark.parametrize(
    ("given", "answers", "completion"),
    [
        ({}, ("auto", ""), ("auto", "")),
        ({"completion": {"model": "auto"}}, ("auto", ""), ("auto", "")),
        ({"completion": {"model": "same"}}, ("auto", ""), ("auto", "")),
        ({"model": "a"}, ("a", ""), ("a", "")),
        ({"model": "a", "completion": {"model": "same"}}, ("a", ""), ("a", "")),
        ({"model": "a", "completion": {"model": "auto"}}, ("a", ""), ("auto", "")),
        ({"model": "a", "completion": {"model": "b"}}, ("a", ""), ("b", "")),
        ({"remote": _REMOTE}, ("auto", "http://big:1 large"), ("auto", "http://big:1 large")),
        ({"remote": _REMOTE, "completion": {"model": "b"}},
         ("auto", "http://big:1 large"), ("b", "")),
        ({"model": "a", "completion": {"remoteUrl": "http://c:2", "model": "small"}},
         ("a", ""), ("a", "http://c:2 small")),
        ({"remote": _REMOTE, "completion": {"model": "same"}},
         ("auto", "http://big:1 large"), ("auto", "http://big:1 large")),
        ({"remote": _REMOTE, "completion": {"remoteUrl": "http://c:2"}},
         ("auto", "http://big:1 large"), ("auto", "http://c:2")),
        ({"remote": _REMOTE, "completion": {"remoteUrl": "http://c:2", "model": "same"}},
         ("auto", "http://big:1 large"), ("auto", "http://c:2")),
    ],
)  # fmt: skip
def test_what_each_role_is_asked_of(
    given: dict[str, Any], answers: tuple[str, str], completion: tuple[str, str]
) -> None:
    settings = _settings(**given)
    own = given.get("completion", {})
    assert is_open(settings) == (given == {})
    is_named = own.get("model", "same") != "same" or "remoteUrl" in own
    assert is_apart(settings) == (is_named or given == {})
    for role, wanted in (("answers", answers), ("completion", completion)):
        found = for_role(settings, role)  # type: ignore[arg-type]
        remote = f"{found.remote.url} {found.remote.model}".strip()
        assert (found.model, remote) == wanted


def test_the_user_wants_a_local_model_in_place_of_a_server_that_is_gone() -> None:
    own = {"remoteUrl": "http://c:2", "model": "small"}
    apart = without_remote(_settings(model="a", completion=own), "completion")
    assert not is_apart(apart)
    both = without_remote(_settings(remote=_REMOTE, completion=own), "completion")
    assert for_role(both, "completion").remote.url == ""
    assert for_role(both, "answers").remote.url == "http://big:1"
    assert without_remote(_settings(remote=_REMOTE), "completion").remote.url == ""


def test_sentences_name_the_settings_of_ghost_text() -> None:
    said = "Set herdmate.model to a file, or herdmate.remote.url; herdmate.models.list stays."
    assert for_ghost_text(said) == (
        "Set herdmate.completion.model to a file, or herdmate.completion.remoteUrl; "
        "herdmate.models.list stays."
    )
    assert for_ghost_text("Check herdmate.remote.model.") == "Check herdmate.completion.model."
    said = for_ghost_text("Set HERDMATE_API_KEY to its key and HERDMATE_API_KEY_ORIGIN to c.")
    assert said == "Set HERDMATE_COMPLETION_API_KEY to its key and HERDMATE_API_KEY_ORIGIN to c."
