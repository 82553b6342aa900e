"""Which hosts and addresses are this machine, where nobody else can read what is sent."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_this_machine(host: str) -> bool:
    """Does a host name or address mean this machine?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_loopback(url: str) -> bool:
    """Is it an http address of this machine? Raises ``ValueError`` if it is no address at all."""
    parts = urlsplit(url)
    return parts.scheme == "http" and is_this_machine(parts.hostname or "")
