"""How often one may try to enrol. Pure: who is counted together, and where the bounds are."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

__all__ = ["AttemptLimits", "counted_network"]

_IPV6_CUSTOMER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLimits:
    """Bounds within `window`. Those who are let in count towards none, so a warehouse behind one address enrols at full speed."""

    window: timedelta = timedelta(minutes=10)
    refused_of_source: int = 30
    """Refusals of one network."""
    refused_of_claim_key: int = 100
    """Refusals of whoever holds the same claim key, wherever they come from."""


def counted_network(source: str | None) -> str | None:
    """The network an address is counted with: itself, for IPv6 its /64, of which a customer has all. None for no address."""
    if source is None:
        return None
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return str(ipaddress.ip_network((address, _IPV6_CUSTOMER), strict=False))
        address = mapped
    return f"{address}/32"
