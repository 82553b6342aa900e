"""Where a host can redirect a download to.

The rule: only https, or http to this machine itself, and never from further out to further in. A
host on the internet cannot redirect to this machine or its network; a host on that network can
redirect within it, and a server on this machine to another one here. Redirects to link-local
addresses, where clouds keep a machine's credentials, are never followed.

A name is judged by all addresses that it resolves to at that time. If they change a moment later,
that does not help an attacker: over https the machine there would need a certificate for the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from herdmate.models.user_sources import is_allowed

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_STAND_IN = ipaddress.ip_network("198.18.0.0/15")
"""Addresses that some proxies give to every name on the internet."""

_WORLD, _INSIDE, _HERE, _NEVER = "world", "inside", "here", "never"


async def check_redirect(url: str, first: str) -> None:
    """Raises ``ValueError`` if a download from ``first`` must not be redirected to ``url``."""
    if not is_allowed(url):
        raise ValueError("the host redirects to an address without https://")
    to, origin = urlsplit(url), urlsplit(first)
    if url == first:
        return
    if "@" in to.netloc or not _is_plain(to):
        raise ValueError("the host redirects to an invalid address")
    kinds = await _kinds(to)
    if kinds <= {_WORLD}:
        return
    if _NEVER in kinds or not kinds - {_WORLD} <= await _kinds(origin):
        raise ValueError("the host redirects to an address on this machine or a private network")


def _is_plain(parts: SplitResult) -> bool:
    """Will every library read the same host from it?"""
    return not any(sign <= " " or sign > "~" or sign in "\\%" for sign in parts.netloc)


async def _kinds(parts: SplitResult) -> set[str]:
    """The kinds of addresses a host has; an unknown host passes, and the connection then fails."""
    host = parts.hostname or ""
    try:
        return {_kind(host)}
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, parts.port or 443, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        return {_WORLD}
    return {_kind(str(place[0])) for *_, place in found}


def _kind(address: str) -> str:
    known = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(known, ipaddress.IPv6Address):
        inner = known.ipv4_mapped or known.sixtofour
        if known in _NAT64:
            inner = ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
        if inner is not None:
            return _kind(str(inner))
    if known.is_loopback:
        return _HERE
    if known in _STAND_IN:
        return _WORLD
    if known.is_link_local or known.is_multicast or known.is_unspecified or known.is_reserved:
        return _NEVER
    return _WORLD if known.is_global else _INSIDE
