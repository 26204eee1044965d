"""Which devices a list is about, read from the query string."""

from typing import Annotated

from fastapi import Depends, Query

from iotistic.devices import ConnectionStatus, DeviceFilter
from iotistic.devices.tag_expression import Expression, parse_tag_expression
from iotistic.http.permissions import Inside
from iotistic.http.schemas.devices import DeviceKind, FleetName
from iotistic.http.schemas.values import Text

__all__ = ["Devices", "Where", "filter_query"]

_WHERE = "What their tags say, those from the fleet included: `site=berlin and hardware!=rpi3`, also `in (a, b)`, `has key`, `or`, `not`."


async def _where(
    where: Annotated[
        str | None, Query(description=_WHERE, examples=["site=berlin and hardware!=rpi3"], max_length=4000)
    ] = None,
) -> Expression | None:
    return None if where is None else parse_tag_expression(where)


Where = Annotated[Expression | None, Depends(_where)]


async def _devices(
    where: Where,
    inside: Inside,
    *,
    fleet: Annotated[
        FleetName | None, Query(description="Only those of this fleet.", examples=["berlin"])
    ] = None,
    kind: Annotated[
        DeviceKind | None, Query(description="Only those of this kind.", examples=["sensor"])
    ] = None,
    name: Annotated[
        Text | None, Query(description="Only those with this in their name, in any case.", examples=["pump"])
    ] = None,
    status: Annotated[
        ConnectionStatus | None, Query(description="Only those that are so.", examples=["online"])
    ] = None,
) -> DeviceFilter:
    return DeviceFilter(where=where, fleet=fleet, kind=kind, name=name, status=status, bounds=inside)


Devices = Annotated[DeviceFilter, Depends(_devices)]


def filter_query(parameters: dict[str, str]) -> dict[str, str]:
    """Of a request's parameters those that the next page needs again."""
    return {
        name: value
        for name, value in parameters.items()
        if name in {"where", "fleet", "kind", "name", "status", "retired"}
    }
