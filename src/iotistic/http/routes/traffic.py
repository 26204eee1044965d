"""What devices cost the API. How it is counted is in `iotistic.http.traffic`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request

from iotistic.devices.traffic import TrafficKind, TrafficPosition
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import DayRange, Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.traffic import TrafficPage

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}/traffic", tags=["devices"], responses=refusals(404))


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    timestamp: datetime
    kind: TrafficKind


@router.get(
    "",
    dependencies=[needs("devices:read")],
    response_model=TrafficPage,
    summary="What a device sends and gets, by the hour",
)
async def list_traffic(
    request: Request,
    uuid: UUID,
    span: DayRange,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Newest first, up to six minutes behind; kept for 400 days. A page that is full has a `next`."""
    last = None if after is None else decode_cursor(after, _Position)
    before = None if last is None else TrafficPosition(timestamp=last.timestamp, kind=last.kind)
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        found = await work.traffic.list_traffic(
            device.uuid, since=span.start, until=span.end, before=before, limit=limit
        )
    following = _Position(found[-1].timestamp, found[-1].kind) if len(found) == limit else None
    return {"items": found, "next": following and encode_cursor(following)}
