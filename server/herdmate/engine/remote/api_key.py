"""The API key, and which server it can be sent to.

The key comes from ``HERDMATE_API_KEY`` and belongs to one origin: that in
``HERDMATE_API_KEY_ORIGIN`` if set (``https://host:8000``), else the one the user approved when the
key was first needed there, which is remembered with a hash of the key. Settings name the server,
but they can come with a workspace, so they never decide where the key goes. Over plain http it is
sent to this machine only.
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
from herdmate.child_process import API_KEY
from herdmate.engine.remote.endpoint import Endpoint, endpoint_of, is_this_machine, origin_of
from herdmate.errors import SettingsError
from herdmate.user_folders import state_folder

_log = logging.getLogger(__name__)

API_KEY_ORIGIN = "HERDMATE_API_KEY_ORIGIN"
"""The environment variable that names the origin the key belongs to."""

_ROUNDS = 100_000
_MOST_KEPT = 8
_LARGEST = 64_000


@dataclass(slots=True)
class _Held:
    """The key and its origin from the environment; ``bound`` is the known or approved origin."""

    key: str = field(default="", repr=False)
    origin: str = ""
    bound: str = ""


_held = _Held()


def take() -> None:
    """Move the key out of the environment, which children inherit and logs can show."""
    global _held
    key, origin = os.environ.pop(API_KEY, "").strip(), os.environ.pop(API_KEY_ORIGIN, "").strip()
    if key:
        _held = _Held(key, origin)


def with_key(endpoint: Endpoint) -> Endpoint:
    """The endpoint with the key if it can be sent there, else with the reason why not.

    Raises ``SettingsError``.
    """
    take()
    if not _held.key:
        return endpoint
    if any(ord(character) <= 32 or ord(character) > 126 for character in _held.key):
        raise SettingsError("The API key has invalid characters; set it again.")
    origin = origin_of(endpoint)
    if not endpoint.secure and not is_this_machine(endpoint.host):
        return replace(endpoint, no_key=_IN_THE_OPEN.format(origin=origin))
    if (bound := _bound_to(endpoint)) == origin:
        _held.bound = origin
        return replace(endpoint, key=_held.key)
    sentence = _OF_ANOTHER if bound else _UNDECIDED
    return replace(endpoint, no_key=sentence.format(origin=origin, bound=bound))


def is_undecided(endpoint: Endpoint) -> bool:
    """Must the user decide whether the key can be sent to this server?"""
    take()
    if (
        not _held.key
        or _held.origin
        or (not endpoint.secure and not is_this_machine(endpoint.host))
    ):
        return False
    return _bound_to(endpoint) != origin_of(endpoint)


def allow(endpoint: Endpoint) -> None:
    """Bind the key to a server that the user has approved."""
    _held.bound = origin_of(endpoint)
    if is_this_machine(endpoint.host):  # ports on this machine come and go
        return
    salt, path = os.urandom(16).hex(), _path()
    agreed = {"origin": _held.bound, "salt": salt, "hash": _hash(_held.key, salt)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, part = tempfile.mkstemp(dir=path.parent)  # which is readable by this user only
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump([agreed, *_kept()][:_MOST_KEPT], file)
        os.replace(part, path)
    except OSError as error:
        _log.warning("cannot save which server the API key is for: %s", error.strerror)


def _bound_to(endpoint: Endpoint) -> str:
    """The origin that the key belongs to; ``""`` if unknown.

    The first server on this machine gets a key that is not bound yet.
    """
    if _held.origin:
        try:
            return origin_of(endpoint_of(_held.origin))
        except SettingsError as error:
            raise SettingsError(
                f"{API_KEY_ORIGIN} must be an address such as https://host:8000."
            ) from error
    if not _held.bound:
        _held.bound = _remembered()
    if not _held.bound and is_this_machine(endpoint.host):
        return origin_of(endpoint)
    return _held.bound


def _remembered() -> str:
    """The origin that the user approved for this key; ``""`` if there is none."""
    return next(
        (
            agreed["origin"]
            for agreed in _kept()
            if hmac.compare_digest(agreed["hash"], _hash(_held.key, agreed["salt"]))
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
    "The API key is not sent to {origin}, because it is for {bound}; set HERDMATE_API_KEY to this "
    "server's key and HERDMATE_API_KEY_ORIGIN to {origin}."
)
_UNDECIDED = (
    "The API key is not sent to {origin}, because it is not known to be for this server; if it is, "
    "set HERDMATE_API_KEY_ORIGIN to {origin}."
)
