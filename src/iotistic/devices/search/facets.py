"""A whole filter as one expression: kind, fleet, status and what the caller may see are to the pages what tags are. Pure."""

from collections.abc import Iterator

from iotistic.bounds import Bounds
from iotistic.devices.model import DeviceFilter
from iotistic.devices.tag_expression import And, Equals, Expression, Has, Or

__all__ = ["INSIDE", "facets"]

# No tag has such a key: one begins with a letter or digit.
_KIND, _FLEET, _STATUS = "=kind", "=fleet", "=status"
INSIDE = "=inside"
"""Has this: one of the single devices that the caller may see."""


def facets(which: DeviceFilter, fleet_id: int | None) -> Expression:
    """Everything that a filter says but the part of a name; with nothing else in it, all devices."""
    terms = tuple(_facets(which, fleet_id))
    return terms[0] if len(terms) == 1 else And(terms=terms)


def _facets(which: DeviceFilter, fleet_id: int | None) -> Iterator[Expression]:
    if which.where is not None:
        yield which.where
    if fleet_id is not None:
        yield Equals(key=_FLEET, value=str(fleet_id))
    for key, value in ((_KIND, which.kind), (_STATUS, which.status)):
        if value is not None:
            yield Equals(key=key, value=value)
    if which.bounds is not None:
        yield _inside(which.bounds)


def _inside(bounds: Bounds) -> Expression:
    fleets = [Equals(key=_FLEET, value=str(fleet)) for fleet in sorted(bounds.fleets)]
    return Or(terms=(*fleets, Has(key=INSIDE)))
