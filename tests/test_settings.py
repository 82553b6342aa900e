"""Settings from what an editor sends."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from herdmate.settings import Range, Settings, camel_case, settings_from_json


def _numbers(group: object = Settings(), path: str = "") -> Iterator[tuple[str, str, Range]]:
    """Each number among the settings: its group and name in JSON, and its range."""
    hints = get_type_hints(type(group), include_extras=True)
    for item in fields(group):  # type: ignore[arg-type]
        name = camel_case(item.name)
        if is_dataclass(value := getattr(group, item.name)):
            yield from _numbers(value, name)
        elif get_origin(hints[item.name]) is Annotated:
            yield path, name, get_args(hints[item.name])[1]


NUMBERS = list(_numbers())
each_number = pytest.mark.parametrize(
    ("group", "name", "numbers"), NUMBERS, ids=[name for _, name, _ in NUMBERS]
)


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
        ({"modle": "x"}, "did you mean herdmate.model?"),
        ({"completion": {"maxTokns": 1}}, "did you mean herdmate.completion.maxTokens?"),
        ({"completion": {"maxTokens": "many"}}, "must be a whole number"),
        ({"completion": {"maxTokens": True}}, "must be a whole number"),
        ({"completion": {"maxTokens": "64"}}, "must be a whole number"),
        ({"completion": {"maxTokens": 63.5}}, "must be a whole number"),
        ({"completion": {"maxTokens": float("nan")}}, "must be a whole number"),
        ({"completion": {"maxTokens": float("inf")}}, "must be a whole number"),
        ({"completion": {"maxTokens": 0}}, "from 1 to 4096 or -1, not 0;"),
        ({"completion": {"maxTokens": -(10**9999)}}, "not a very long number"),
        ({"completion": {"alternatives": 400_000_000}}, "from 1 to 8, not 400000000; its default"),
        ({"completion": {"confidence": 1.5}}, "must be a number from 0 to 1, not 1.5;"),
        ({"completion": {"confidence": float("nan")}}, "must be a number from 0 to 1"),
        ({"completion": {"confidence": "0.5"}}, "must be a number from 0 to 1"),
        ({"completion": {"enabled": 1}}, "must be true or false"),
        ({"completion": {"multiline": "maybe"}}, "one of auto, always, never"),
        ({"completion": {"multiline": ["auto"]}}, "one of auto, always, never, not a list"),
        ({"completion": 3}, "must be a group of settings"),
        ({"model": 3}, "must be a string"),
        ({"model": "a\x00b"}, "must be a string without control characters"),
        ({"model": "half an emoji \ud83d"}, "must be a string without control characters"),
        ({"model": "m" * 10_000_000}, "must be a string of at most 4096 characters"),
        ({"completion": {"disabledIn": "*.md"}}, "must be a list of strings"),
        ({"completion": {"disabledIn": [1]}}, "must be a list of strings"),
        ({"completion": {"scopes": ["coment"]}}, "must be a list of code, comments, strings"),
        ({"completion": {"scopes": "code"}}, "must be a list of strings"),
        ({"completion": {"disabledIn": ["a"] * 1_000_000}}, "a list of at most 1000 strings"),
        ({"completion": {"disabledIn": ["a\n"]}}, "each a string without control characters"),
    ],
)
def test_what_is_wrong_is_named_and_hides_nothing(given: dict[str, object], words: str) -> None:
    settings, errors = settings_from_json({**given, "trustWorkspace": True})
    assert settings.trust_workspace
    assert len(errors) == 1
    assert words in str(errors[0])
    assert settings.completion == Settings().completion
    assert settings.model == Settings().model


def test_null_means_the_default_and_the_editors_own_sections_are_left_alone() -> None:
    given = {"model": None, "server": {"command": ["x"]}, "trace": {"server": "off"}}
    assert settings_from_json(given) == (Settings(), ())


@each_number
def test_a_number_is_taken_up_to_its_bounds_and_not_beyond(
    group: str, name: str, numbers: Range
) -> None:
    also = [number for number, _ in numbers.also]
    for good in (numbers.least, numbers.most, float(numbers.most), *also):
        assert settings_from_json({group: {name: good}})[1] == ()
    beyond = {numbers.least - 1, numbers.most + 1, -2, 2**31, 2**63, 10**30, 1e300} - set(also)
    for bad in beyond:
        settings, (error,) = settings_from_json({group: {name: bad}})
        assert settings == Settings()
        kind = "whole number" if numbers.whole else "number"
        said = f"herdmate.{group}.{name} must be a {kind} from {numbers.least} to "
        assert f"{said}{numbers.most}" in str(error)


@pytest.mark.parametrize(
    ("group", "name", "given", "meant"),
    [
        ("engine", "gpuLayers", -1, -1),  # llama.cpp's and Ollama's for all
        ("engine", "gpuLayers", 0, 0),
        ("engine", "gpuLayers", 999, 999),
        ("engine", "threads", -1, 0),  # llama.cpp's for as many as there are
        ("engine", "threads", 0, 0),  # Ollama's for the same
        ("engine", "contextTokens", 0, 0),  # llama.cpp's for the model's own
        ("engine", "unloadAfter", -1, 0),  # Ollama's keep_alive for ever
        ("completion", "maxTokens", -1, 4096),  # both: no limit but the context
        ("completion", "timeBox", 0, 0),
        ("completion", "maxTokens", 64.0, 64),
    ],
)
def test_numbers_mean_what_users_of_llama_cpp_and_ollama_expect(
    group: str, name: str, given: float, meant: int
) -> None:
    settings, errors = settings_from_json({group: {name: given}})
    assert errors == ()
    fields_of = {camel_case(item.name): item.name for item in fields(getattr(settings, group))}
    value = getattr(getattr(settings, group), fields_of[name])
    assert (value, type(value)) == (meant, int)


def test_many_wrong_settings_are_told_in_a_few_short_sentences() -> None:
    hostile: dict[str, Any] = {f"unknown{at}\x1b[31m": at for at in range(200_000)}
    hostile["k" * 10_000_000] = "v"
    hostile["completion"] = {"maxTokens": "9" * 10_000_000, "\u202eevil": 1}
    hostile["model"] = "\x1b]0;title\x07" * 1_000_000
    began = time.monotonic()
    settings, errors = settings_from_json(hostile)
    assert time.monotonic() - began < 10  # seconds; nothing of it is compared or repeated whole
    assert settings == Settings()
    assert len(errors) == 4
    assert str(errors[-1]) == "Other Herdmate settings are invalid too."
    for error in errors:
        assert len(str(error)) < 250
        assert str(error).isprintable()


def test_whatever_json_holds_gives_settings_and_short_sentences() -> None:
    """Seed 20261128; each field of the settings in turn gets values of any kind."""
    chance = random.Random(20261128)
    paths = [*((group, name) for group, name, _ in NUMBERS), *_PATHS]
    for _ in range(500):
        group, name = chance.choice(paths)
        value = _anything(chance, 4)
        given = {group: {name: value}} if group else {name: value}
        settings, errors = settings_from_json(given)
        assert isinstance(settings, Settings)
        assert len(errors) <= 4
        assert all(str(error).isprintable() and len(str(error)) < 300 for error in errors), given


_PATHS = [
    *[("", name) for name in ("model", "stats", "trustWorkspace", "completion", "engine", "x")],
    *[("completion", "enabled"), ("completion", "disabledIn"), ("remote", "url"), ("remote", "x")],
]


def _anything(chance: random.Random, depth: int) -> Any:
    kinds: list[Any] = [
        None, True, False, 0, -1, 1.5, 64.0, float("nan"), float("-inf"), 10**400, -(2**63), "",
        "auto", "\x00", "\ud800", "\u2028", "x" * 5000, [], {},
    ]  # fmt: skip
    if depth:
        kinds.append([_anything(chance, depth - 1) for _ in range(chance.randrange(4))])
        kinds.append({str(at): _anything(chance, depth - 1) for at in range(chance.randrange(4))})
    return chance.choice(kinds)
