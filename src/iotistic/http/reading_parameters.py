"""How an answer about metrics is to look, read from the query string."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query

from iotistic.telemetry.reading import MOST_POINTS, Filling, zone_named
from iotistic.telemetry.reading import Method as ChartMethod

__all__ = ["Chart", "Filled", "Method", "Zone"]

_ZONE = "The IANA time zone whose midnight buckets are counted from; days have 23 or 25 hours when its clocks change."
_FILLING = (
    "What stands in buckets without a report: none leaves them out, null has no values, previous goes on with the last average, linear"
    " draws a line between the averages around the gap."
)
_POINTS = "Draw each series with at most so many points, instead of buckets."
_METHOD = "lttb keeps the shape, minmax keeps every spike."


async def _zone(
    zone: Annotated[str, Query(description=_ZONE, examples=["Europe/Berlin"], max_length=60)] = "UTC",
) -> ZoneInfo:
    return zone_named(zone)


Zone = Annotated[ZoneInfo, Depends(_zone)]
Filled = Annotated[Filling, Query(alias="fill", description=_FILLING, examples=["linear"])]
Chart = Annotated[int | None, Query(ge=4, le=MOST_POINTS, description=_POINTS, examples=[500])]
Method = Annotated[ChartMethod, Query(description=_METHOD, examples=["lttb"])]
