"""Where the remote server is: the address from the settings, parsed and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from herdmate.errors import SettingsError
from herdmate.loopback import is_this_machine

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A remote server. ``base`` is the prefix of its API's paths, without a trailing slash.

    ``no_key`` tells the user why the API key is not sent there.
    """

    host: str
    port: int
    secure: bool
    base: str = ""
    key: str = field(default="", repr=False)
    no_key: str = ""

    def __str__(self) -> str:
        """Host and port as a user would write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def endpoint_of(url: str, key: str = "") -> Endpoint:
    """The endpoint of an address, with or without ``/v1``. Raises ``SettingsError``."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise SettingsError(_WRONG) from error
    if port == 0:
        raise SettingsError(_WRONG)
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(_WRONG)
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            "herdmate.remote.url must not contain a user name or password; put the API key in "
            "HERDMATE_API_KEY."
        )
    if any(ord(character) <= 32 or ord(character) > 126 for character in parts.netloc + parts.path):
        raise SettingsError(_WRONG)
    if any(ord(character) <= 32 or ord(character) > 126 for character in key):
        raise SettingsError("The API key has invalid characters; set it again.")
    base = parts.path.rstrip("/").removesuffix("/v1")
    return Endpoint(
        parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "https", base, key
    )


def travels_in_the_open(endpoint: Endpoint) -> bool:
    """Could others on the network read what is sent there?"""
    return not endpoint.secure and not is_this_machine(endpoint.host)


def origin_of(endpoint: Endpoint) -> str:
    """What a key belongs to: scheme, host and port; a default port is left out."""
    scheme = "https" if endpoint.secure else "http"
    named = str(endpoint)
    return f"{scheme}://{named.removesuffix(f':{_PORTS[scheme]}')}"


_WRONG = "herdmate.remote.url must be an address such as http://127.0.0.1:8080 or https://host/v1."
