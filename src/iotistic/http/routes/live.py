"""A device as it reports, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from iotistic.bootstrap.platform import Platform
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}/live", tags=["telemetry"], responses=refusals(404, 429))

_PAUSE = timedelta(seconds=15)
"""Between two signs of life: shorter than the 60 s after which proxies cut a silent connection."""


@router.get(
    "",
    dependencies=[needs("telemetry:read", or_itself=True)],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `report` and `line` with JSON, until the caller leaves or the service stops.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
    summary="What a device reports, as it comes",
)
async def watch_device(request: Request, uuid: UUID) -> StreamingResponse:
    """Each report and log line once it is durable, from this process on. People see any device, a device itself.

    A caller that reads too slowly gets `overflow` with the number of events it missed, and the stream ends: ask for the range
    that is missing, and begin anew.
    """
    platform = platform_of(request.scope)
    async with platform.begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
    platform.ingest.live.check_room()  # before the answer has begun
    return StreamingResponse(_told(platform, device.uuid), media_type="text/event-stream")


async def _told(platform: Platform, uuid: UUID) -> AsyncIterator[bytes]:
    with platform.ingest.live.watching(uuid) as watcher:
        yield b": watching\n\n"
        while (events := await watcher.events(_PAUSE)) is not None:
            yield (
                b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), data) for name, data in events)
                or b":\n\n"
            )
