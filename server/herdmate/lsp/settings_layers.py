"""The settings, kept apart by source: a setting that its source no longer has is gone."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

from herdmate.roles import Role
from herdmate.settings import SETTINGS_OF_THE_EDITOR_ONLY, Settings, names

SECTION = "herdmate"
"""The name of our section in an editor's settings."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The sources from weakest to strongest; a layer is always replaced as a whole.

    A stronger layer wins for the entries that it has; those that it omits or sets to ``null`` come
    from the next weaker one. ``pushed`` counts only if nothing was ``pulled``: the answer to
    ``workspace/configuration`` is complete.
    """

    own: Mapping[str, Any] = field(default_factory=dict)
    """The user's own file, environment and options of the command line."""

    initial: Mapping[str, Any] = field(default_factory=dict)
    """``initializationOptions``."""

    pushed: Mapping[str, Any] = field(default_factory=dict)
    """The settings in ``workspace/didChangeConfiguration``."""

    pulled: Mapping[str, Any] | None = None
    """The answer to ``workspace/configuration``; ``None`` if the client gave none."""

    chosen: Mapping[Role, str] = field(default_factory=dict)
    """The models that the user chose in this session, until the settings name others."""


def merged(layers: Layers) -> dict[str, Any]:
    """All layers merged, in the form that ``settings_from_json`` reads."""
    found = _without_choice(layers)
    for role, name in layers.chosen.items():
        chosen = {"model": name}
        found = _over(found, chosen if role == "answers" else {"completion": chosen})
    return found


def with_own(layers: Layers, settings: Mapping[str, Any]) -> Layers:
    """The layers with the user's settings outside the editor, which lie below all others."""
    return _changed(layers, own=settings)


def with_initial(layers: Layers, options: Any) -> Layers:
    """The layers with the options given at the start, which are for this server alone."""
    return _changed(layers, initial=_section(options))


def with_pushed(layers: Layers, settings: Any) -> Layers:
    """The layers with settings from a notification, which often includes other servers'.

    Without our section's name around them, they are ours only if they contain nothing else.
    ``null`` or a list only says that something changed.
    """
    if not isinstance(settings, Mapping):
        return layers
    is_ours = SECTION in settings or _holds_nothing_else(settings)
    return _changed(layers, pushed=_section(settings) if is_ours else {})


def with_pulled(layers: Layers, answer: Any) -> Layers:
    """The layers with the client's answer for our section; some clients send all sections."""
    return _changed(layers, pulled=_section(answer) if isinstance(answer, Mapping) else None)


def with_chosen(layers: Layers, model: str, role: Role = "answers") -> Layers:
    """The layers with the model that the user chose for a role."""
    return replace(layers, chosen={**layers.chosen, role: model})


def _changed(layers: Layers, **changes: Any) -> Layers:
    after = replace(layers, **changes)
    before, now = _named(_without_choice(layers)), _named(_without_choice(after))
    kept = {role: name for role, name in layers.chosen.items() if before[role] == now[role]}
    return replace(after, chosen=kept)


def _named(settings: Mapping[str, Any]) -> dict[Role, Any]:
    """What the settings name as the model of each role."""
    own = settings.get("completion")
    ghost = own.get("model") if isinstance(own, Mapping) else None
    return {"answers": settings.get("model"), "completion": ghost}


def _without_choice(layers: Layers) -> dict[str, Any]:
    configured = layers.pushed if layers.pulled is None else layers.pulled
    return _over(_over(layers.own, layers.initial), configured)


def _over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Two layers merged. Groups are merged one level deep, as deep as settings go."""
    both = {**lower, **_said(upper)}
    for key in _GROUPS & lower.keys() & upper.keys():
        below, above = lower[key], upper[key]
        if isinstance(below, Mapping) and isinstance(above, Mapping):
            both[key] = {**below, **_said(above)}
    return both


def _said(layer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry for key, entry in layer.items() if entry is not None}


def _section(value: Any) -> Mapping[str, Any]:
    """Our part of what a client sent, with or without our section's name around it."""
    if isinstance(value, Mapping) and SECTION in value:
        value = value[SECTION]
    if not isinstance(value, Mapping) or _is_of_others(value):
        return {}
    return value


def _is_of_others(value: Mapping[str, Any]) -> bool:
    """Are these other servers' sections? Then nothing in them is ours, even misspelled."""
    known = [*_GROUPS, *_PLAIN, *SETTINGS_OF_THE_EDITOR_ONLY]
    if len(value) > _MOST_SECTIONS:
        return not any(key in value for key in known)
    return not any(difflib.get_close_matches(key[:_LONGEST], known, n=1) for key in value)


def _holds_nothing_else(value: Mapping[str, Any]) -> bool:
    known = {*_GROUPS, *_PLAIN}
    if not known & value.keys() or value.keys() - known - SETTINGS_OF_THE_EDITOR_ONLY:
        return False
    groups = {key: value[key] for key in _GROUPS & value.keys()}
    return all(
        isinstance(group, Mapping) and (not group or bool(group.keys() & _GROUP_NAMES[key]))
        for key, group in groups.items()
    )


_LONGEST = 40
"""Characters of a section's name that are compared."""

_MOST_SECTIONS = 1000

_GROUP_NAMES = {
    key: set(names(getattr(Settings(), name)))
    for key, name in names(Settings()).items()
    if is_dataclass(getattr(Settings(), name))
}
_GROUPS = _GROUP_NAMES.keys()
_PLAIN = names(Settings()).keys() - _GROUPS
