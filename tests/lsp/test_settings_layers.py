"""What each source says of the settings, kept apart."""

from __future__ import annotations

from typing import Any

import pytest

from herdmate.lsp.settings_layers import (
    Layers,
    merged,
    with_chosen,
    with_initial,
    with_pulled,
    with_pushed,
)

OTHERS = {"python": {"analysis": {"typeCheckingMode": "strict"}}, "gopls": {"staticcheck": True}}
LSP_MODE = OTHERS | {"completion": {"snippets": True}, "trace": {"server": "off"}}


def test_the_order_of_the_sources() -> None:
    layers = with_initial(Layers(), {"model": "a", "engine": {"threads": 1, "gpuLayers": 0}})
    assert merged(layers) == {"model": "a", "engine": {"threads": 1, "gpuLayers": 0}}
    layers = with_pushed(layers, {"herdmate": {"model": "b", "engine": {"threads": 2}}})
    assert merged(layers) == {"model": "b", "engine": {"threads": 2, "gpuLayers": 0}}
    layers = with_pulled(layers, {"engine": {"threads": 3}})
    assert merged(layers) == {"model": "a", "engine": {"threads": 3, "gpuLayers": 0}}
    assert merged(with_chosen(layers, "c"))["model"] == "c"


def test_what_the_user_removes_from_pulled_settings_is_gone() -> None:
    layers = with_pulled(Layers(), {"model": "a", "completion": {"enabled": False, "delay": 9}})
    layers = with_pulled(layers, {"completion": {"delay": 9}})
    assert merged(layers) == {"completion": {"delay": 9}}
    assert merged(with_pulled(layers, {})) == {}


@pytest.mark.parametrize("wrapped", [True, False])
def test_what_the_user_removes_from_pushed_settings_is_gone(wrapped: bool) -> None:
    def push(layers: Layers, settings: dict[str, Any]) -> Layers:
        return with_pushed(layers, {"herdmate": settings} if wrapped else settings)

    layers = push(Layers(), {"model": "a", "completion": {"enabled": False, "delay": 9}})
    assert merged(layers)["model"] == "a"
    layers = push(layers, {"completion": {"delay": 9}})
    assert merged(layers) == {"completion": {"delay": 9}}
    assert merged(push(layers, {})) == {}


def test_a_group_that_one_source_names_keeps_what_another_says_of_it() -> None:
    layers = with_initial(Layers(), {"completion": {"enabled": False, "maxTokens": 9}})
    layers = with_pulled(layers, {"completion": {"maxTokens": 8}, "stats": False})
    assert merged(layers) == {"completion": {"enabled": False, "maxTokens": 8}, "stats": False}


def test_null_says_nothing() -> None:
    layers = with_initial(Layers(), {"model": "a", "completion": {"enabled": False}})
    layers = with_pulled(layers, {"model": None, "completion": None, "engine": None})
    assert merged(layers) == {"model": "a", "completion": {"enabled": False}}
    assert merged(with_pulled(layers, {"completion": {"enabled": None}})) == merged(layers)


@pytest.mark.parametrize("nothing", [None, [], "herdmate", 3, True, [{"model": "b"}]])
def test_a_push_that_is_no_settings_only_says_that_something_changed(nothing: Any) -> None:
    layers = with_pushed(Layers(), {"herdmate": {"model": "a"}})
    assert with_pushed(layers, nothing) == layers


@pytest.mark.parametrize("others", [OTHERS, LSP_MODE, {"trace": {}}, {"completion": {"cased": 1}}])
def test_settings_of_other_servers_are_ignored(others: dict[str, Any]) -> None:
    assert merged(with_pushed(Layers(), others)) == {}
    assert merged(with_pushed(Layers(), others | {"herdmate": {"model": "a"}})) == {"model": "a"}
    assert merged(with_pulled(Layers(), others | {"herdmate": {"model": "a"}})) == {"model": "a"}


@pytest.mark.parametrize("add", [with_initial, with_pulled, with_pushed])
@pytest.mark.parametrize("ours", [None, [], "x", 3, {}])
def test_a_section_of_ours_that_is_none_is_empty(add: Any, ours: Any) -> None:
    assert merged(add(Layers(), {**OTHERS, "herdmate": ours})) == {}
    assert merged(add(Layers(), OTHERS)) == {}
    assert merged(add(Layers(), ours)) == {}


@pytest.mark.parametrize("add", [with_initial, with_pulled])
def test_a_slip_in_what_is_ours_is_kept_for_the_user_to_be_told(add: Any) -> None:
    slip = {"modle": "x"}
    assert merged(add(Layers(), slip)) == slip
    assert merged(with_pushed(Layers(), {"herdmate": slip})) == slip


def test_a_client_that_has_no_answer_any_more_is_believed_by_what_it_pushed() -> None:
    layers = with_pushed(with_pulled(Layers(), {"model": "a"}), {"herdmate": {"model": "b"}})
    assert merged(layers)["model"] == "a"
    assert merged(with_pulled(layers, None))["model"] == "b"


def test_a_chosen_model_stays_until_the_settings_name_another() -> None:
    layers = with_chosen(with_pulled(Layers(), {"model": "a"}), "c")
    layers = with_pulled(layers, {"model": "a", "completion": {"delay": 9}})
    assert merged(layers) == {"model": "c", "completion": {"delay": 9}}
    assert merged(with_pulled(layers, {"model": "b"}))["model"] == "b"
    assert merged(with_pulled(layers, {})) == {}


def test_a_model_chosen_for_ghost_text_stays_apart_from_the_one_that_answers() -> None:
    layers = with_pulled(Layers(), {"model": "a", "completion": {"model": "b", "delay": 9}})
    layers = with_chosen(with_chosen(layers, "x"), "", "completion")
    assert merged(layers) == {"model": "x", "completion": {"model": "", "delay": 9}}
    layers = with_pulled(layers, {"model": "c", "completion": {"model": "b"}})
    assert merged(layers) == {"model": "c", "completion": {"model": ""}}
    layers = with_pulled(layers, {"model": "c", "completion": {"model": "d"}})
    assert merged(layers) == {"model": "c", "completion": {"model": "d"}}


def test_very_many_sections_are_no_trouble() -> None:
    many = {f"section{at}": at for at in range(200_000)}
    assert merged(with_pushed(Layers(), many)) == {}
    assert merged(with_pulled(Layers(), many)) == {}
