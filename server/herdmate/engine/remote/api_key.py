"""The API keys, and which server each can be sent to.

A key comes from ``HERDMATE_API_KEY``, and one for the server that writes ghost text alone from
``HERDMATE_COMPLETION_API_KEY``. Each belongs to one origin: that in the variable with ``_ORIGIN``
added to its name if set (``https://host:8000``), else the one the user approved when the key was
first needed there, which is remembered with a hash of the key. Settings name the servers, but they
can come with a workspace, so they never decide where a key goes. Over plain http it is sent to this
machine only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from herdmate.bounded_read import read_text
from herdmate.child_process import API_KEYS
from herdmate.engine.remote.endpoint import Endpoint, endpoint_of, origin_of
from herdmate.errors import SettingsError
from herdmate.loopback import is_this_machine
from herdmate.roles import ROLES, Role
from herdmate.user_folders import state_folder

_log = logging.getLogger(__name__)

_VARIABLES: dict[Role, str] = dict(zip(ROLES, API_KEYS, strict=True))
"""The environment variable of each role's key; one that names its origin has ``_ORIGIN`` added."""

_ROUNDS = 100_000
_MOST_KEPT = 8
_LARGEST = 64_000


@dataclass(slots=True)
class _Held:
    """A key and its origin from the environment; ``bound`` is the known or approved origin."""

    variable: str
    key: str = field(default="", repr=False)
    origin: str = ""
    bound: str = ""


_held: dict[Role, _Held] = {role: _Held(_VARIABLES[role]) for role in ROLES}


def take() -> None:
    """Move the keys out of the environment, which children inherit and logs can show."""
    global _held
    for role, variable in _VARIABLES.items():
        key = os.environ.pop(variable, "").strip()
        origin = os.environ.pop(f"{variable}_ORIGIN", "").strip()
        if key:
            _held = {**_held, role: _Held(variable, key, origin)}


def with_key(endpoint: Endpoint, role: Role = "answers", first: str = "") -> Endpoint:
    """The endpoint of a role with a key that can be sent there, else with the reason why not.

    Ghost text without a key of its own has that of the server that answers if it is the same one,
    or if ``first``, the address of that server, is empty. Raises ``SettingsError``.
    """
    take()
    held = _of(role)
    if not held.key:
        return endpoint
    if any(ord(character) <= 32 or ord(character) > 126 for character in held.key):
        raise SettingsError("The API key has invalid characters; set it again.")
    origin = origin_of(endpoint)
    if not endpoint.secure and not is_this_machine(endpoint.host):
        return replace(endpoint, no_key=_IN_THE_OPEN.format(origin=origin))
    is_lent = _is_lent(held, role, origin, first)
    if (bound := _bound_to(held, endpoint, is_lent)) == origin:
        held.bound = origin
        return replace(endpoint, key=held.key)
    if other := bound or (_origin(first) if is_lent else ""):
        said = _OF_ANOTHER.format(origin=origin, bound=other, variable=_VARIABLES[role])
    else:
        said = _UNDECIDED.format(origin=origin, variable=held.variable)
    return replace(endpoint, no_key=said)


def is_undecided(endpoint: Endpoint, role: Role = "answers", first: str = "") -> bool:
    """Must the user decide whether a role's key can be sent to this server? See ``with_key``."""
    take()
    held, origin = _of(role), origin_of(endpoint)
    if not held.key or held.origin or _is_lent(held, role, origin, first):
        return False
    if not endpoint.secure and not is_this_machine(endpoint.host):
        return False
    return _bound_to(held, endpoint) != origin


def variable_of(role: Role) -> str:
    """The environment variable whose key is considered for a role."""
    return _of(role).variable


def allow(endpoint: Endpoint, role: Role = "answers") -> None:
    """Bind a role's key to a server that the user has approved."""
    held = _of(role)
    held.bound = origin_of(endpoint)
    if is_this_machine(endpoint.host):  # ports on this machine come and go
        return
    salt, path = os.urandom(16).hex(), _path()
    agreed = {"origin": held.bound, "salt": salt, "hash": _hash(held.key, salt)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, part = tempfile.mkstemp(dir=path.parent)  # which is readable by this user only
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump([agreed, *_kept()][:_MOST_KEPT], file)
        os.replace(part, path)
    except OSError as error:
        _log.warning("cannot save which server the API key is for: %s", error.strerror)


def _of(role: Role) -> _Held:
    """A role's key: its own, else that for answers."""
    return _held[role] if _held[role].key else _held["answers"]


def _is_lent(held: _Held, role: Role, origin: str, first: str) -> bool:
    """Is it the key of another server, the one that answers?"""
    return held.variable != _VARIABLES[role] and _origin(first) not in ("", origin)


def _origin(url: str) -> str:
    """An address's origin; empty if it is no address."""
    try:
        return origin_of(endpoint_of(url)) if url else ""
    except SettingsError:
        return ""


def _bound_to(held: _Held, endpoint: Endpoint, is_lent: bool = False) -> str:
    """The origin that a key belongs to; ``""`` if unknown.

    The first server on this machine gets a key that is not bound yet, unless it is another's.
    """
    if held.origin:
        try:
            return origin_of(endpoint_of(held.origin))
        except SettingsError as error:
            raise SettingsError(
                f"{held.variable}_ORIGIN must be an address such as https://host:8000."
            ) from error
    if not held.bound:
        held.bound = _remembered(held.key)
    if not held.bound and not is_lent and is_this_machine(endpoint.host):
        return origin_of(endpoint)
    return held.bound


def _remembered(key: str) -> str:
    """The origin that the user approved for a key; ``""`` if there is none."""
    return next(
        (
            agreed["origin"]
            for agreed in _kept()
            if hmac.compare_digest(agreed["hash"], _hash(key, agreed["salt"]))
        ),
        "",
    )


def _kept() -> list[dict[str, str]]:
    """The latest approvals, for this key and others."""
    try:
        found = json.loads(read_text(_path(), _LARGEST))
    except (OSError, ValueError, RecursionError):
        return []
    names = ("origin", "salt", "hash")
    entries = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [
        {name: item[name] for name in names}
        for item in entries[:_MOST_KEPT]
        if all(isinstance(item.get(name), str) and item[name].isascii() for name in names)
    ]


def _hash(key: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", key.encode(), salt.encode(), _ROUNDS).hex()


def _path() -> Path:
    return state_folder() / "api_key.json"


_IN_THE_OPEN = (
    "The API key is not sent to {origin}, where others on the network could read it; use https, or "
    "a tunnel to 127.0.0.1."
)
_OF_ANOTHER = (
    "The API key is not sent to {origin}, because it is for {bound}; set {variable} to this "
    "server's key and {variable}_ORIGIN to {origin}."
)
_UNDECIDED = (
    "The API key is not sent to {origin}, because it is not known to be for this server; if it is, "
    "set {variable}_ORIGIN to {origin}."
)
