"""Where a host may send a download on to.

The rule: only https, or http to this machine itself; and never from further out to further in. A
host of the internet may not send on to this machine, nor to the network that it stands in; one of
that network may send on within it, and a server of this machine to another of it. Addresses that
only exist on the link, where clouds keep the credentials of a machine, are never sent on to.

A name is judged by all addresses that it has when it is asked for. That they may be others a moment
later does not help who lies: over https the machine there would need a certificate for the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from herdmate.models.user_sources import is_allowed

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_STAND_IN = ipaddress.ip_network("198.18.0.0/15")
"""Addresses that some proxies give to every name of the internet."""

_WORLD, _INSIDE, _HERE, _NEVER = "world", "inside", "here", "never"


async def check_redirect(url: str, first: str) -> None:
    """Raises ``ValueError`` where nobody may be asked at ``url``, to which ``first`` has led."""
    if not is_allowed(url):
        raise ValueError("the host sends on to an address that is not https://")
    to, origin = urlsplit(url), urlsplit(first)
    if url == first:
        return
    if "@" in to.netloc or not _is_plain(to):
        raise ValueError("the host sends on to an address that is none")
    kinds = await _kinds(to)
    if kinds <= {_WORLD}:
        return
    if _NEVER in kinds or not kinds - {_WORLD} <= await _kinds(origin):
        raise ValueError("the host sends on to an address of this machine or its own network")


def _is_plain(parts: SplitResult) -> bool:
    """May every library only see the same host in it?"""
    return not any(sign <= " " or sign > "~" or sign in "\\%" for sign in parts.netloc)


async def _kinds(parts: SplitResult) -> set[str]:
    """What kinds of addresses a host has; one that nobody knows is left to the connection."""
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
