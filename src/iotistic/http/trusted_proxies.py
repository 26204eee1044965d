"""Who a request really comes from, where proxies stand before us: told by those hops that are trusted, and by nobody else.

`X-Forwarded-For` grows to the right, a hop a proxy, and its left end is whatever the caller typed. So it is read from the right,
over addresses that are trusted, up to the first that is not: that one a trusted proxy has seen.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import final

from starlette.types import Scope

from iotistic.security.model import Network

__all__ = ["LOOPBACK", "TrustedProxies"]

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_MOST_HOPS = 20
_SCHEMES = {b"http": "http", b"https": "https"}


@final
class TrustedProxies:
    """The networks whose word is taken."""

    def __init__(self, networks: Collection[Network] = LOOPBACK) -> None:
        self._networks = tuple(networks)
        # A proxy asks for many: judging an address takes longer than finding it again.
        self._is_trusted = lru_cache(maxsize=1024)(self._lies_inside)

    def correct(self, scope: Scope) -> None:
        """Puts the caller's address and scheme into the scope, if a trusted proxy tells them; otherwise leaves it as it is."""
        client = scope.get("client")
        if not client or not self._is_trusted(client[0]):
            return
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto":
                scope["scheme"] = _SCHEMES.get(value.rpartition(b",")[2].strip().lower(), scope["scheme"])
        address = self._first_stranger(_hops(scope["headers"]))
        if address is not None:
            scope["client"] = (address, 0)

    def _first_stranger(self, hops: Iterable[str]) -> str | None:
        """The right-most address that is not trusted; of none such the left-most. What is no address ends the way."""
        last = None
        for hop in hops:
            address = _address(hop)
            if address is None:
                return last
            last = address
            if not self._is_trusted(address):
                return address
        return last

    def _lies_inside(self, text: str) -> bool:
        address = _address(text)
        if address is None:
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._networks)


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """From the nearest on."""
    joined = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    return (
        [hop.decode("latin-1").strip() for hop in reversed(joined.split(b",")[-_MOST_HOPS:])]
        if joined
        else []
    )


def _address(text: str) -> str | None:
    """The address alone, IPv4 in its own form; None for what is none. Some proxies write the port behind it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
