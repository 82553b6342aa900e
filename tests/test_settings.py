"""Settings from what an editor sends."""

from __future__ import annotations

import pytest

from herdmate.settings import Settings, settings_from_json


def test_nothing_means_the_defaults() -> None:
    assert settings_from_json({}) == (Settings(), ())


def test_what_is_given_is_used_and_the_rest_stays() -> None:
    given = {"model": "codellama-7b", "completion": {"maxTokens": 7, "multiline": "never"}}
    settings, errors = settings_from_json(given)
    assert errors == ()
    assert settings.model == "codellama-7b"
    assert (settings.completion.max_tokens, settings.completion.multiline) == (7, "never")
    assert settings.completion.prefix_tokens == Settings().completion.prefix_tokens


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"modle": "x"}, "Did you mean herdmate.model?"),
        ({"completion": {"maxTokns": 1}}, "Did you mean herdmate.completion.maxTokens?"),
        ({"completion": {"maxTokens": "many"}}, "must be a whole number"),
        ({"completion": {"maxTokens": True}}, "must be a whole number"),
        ({"completion": {"enabled": 1}}, "must be true or false"),
        ({"completion": {"multiline": "maybe"}}, "one of auto, always, never"),
        ({"completion": 3}, "must be a group of settings"),
        ({"model": 3}, "must be a text"),
        ({"completion": {"disabledIn": "*.md"}}, "must be a list of texts"),
        ({"completion": {"disabledIn": [1]}}, "must be a list of texts"),
    ],
)
def test_what_is_wrong_is_named_and_hides_nothing(given: dict[str, object], words: str) -> None:
    settings, errors = settings_from_json({**given, "trustWorkspace": True})
    assert settings.trust_workspace
    assert len(errors) == 1
    assert words in str(errors[0])
    assert settings.completion == Settings().completion


def test_null_means_the_default_and_the_editors_own_sections_are_left_alone() -> None:
    given = {"model": None, "server": {"command": ["x"]}, "trace": {"server": "off"}}
    assert settings_from_json(given) == (Settings(), ())
