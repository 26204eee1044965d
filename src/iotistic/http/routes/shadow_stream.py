"""What is desired of a device, as it changes: server-sent events."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from iotistic.bootstrap.following import follow_desired
from iotistic.database.news import Waiter
from iotistic.devices.shadow import Shadow
from iotistic.http.access import address_of, presented_key
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.shadow import DesiredSeen
from iotistic.http.server_sent import MEDIA_TYPE, SILENCE, ServerSentEvents, message
from iotistic.http.waiting import has_news
from iotistic.security import Refusal

__all__ = ["router"]

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Messages `desired` with a DesiredSeen as data.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}

router = APIRouter(prefix="/api/v1/devices/{uuid}/shadow", tags=["shadow"], responses=refusals(404))


@router.get(
    "/stream",
    dependencies=[needs("shadows:read", or_itself=True)],
    response_class=Response,
    responses={**_STREAM, **refusals(429)},
    summary="What is desired, as it changes",
)
async def stream_desired(
    request: Request,
    uuid: UUID,
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", description="The id of the last message; who reconnects sends it."),
    ] = None,
) -> Response:
    """Server-sent events: the present state at once, unless the caller knows it, and then after each change the one there is then.

    Each message has all that holds for the device, so none that was missed is missing. A comment comes every quarter of a minute.
    """
    async with platform_of(request.scope).begin(read_only=True) as work:
        await work.shadow.get_versions(uuid)  # what can be refused is refused before the answer begins
    return ServerSentEvents(_messages(request, uuid, last_event_id))


async def _messages(request: Request, uuid: UUID, known: str | None) -> AsyncGenerator[bytes]:
    """Until the caller leaves, the process stops, or the key that it came with is good no longer."""
    platform = platform_of(request.scope)

    async def wait(waiter: Waiter, seconds: float) -> bool:
        return await has_news(waiter, request, seconds)

    async for shadow in follow_desired(platform, uuid, known, wait=wait):
        key = presented_key(request.scope)
        if key is None or isinstance(await platform.authenticate(key, address_of(request.scope)), Refusal):
            return
        yield SILENCE if shadow is None else _message(shadow)


def _message(shadow: Shadow) -> bytes:
    seen = DesiredSeen(
        desired_version=shadow.versions.desired,
        settings_version=shadow.versions.settings,
        desired=shadow.effective,
        delta=shadow.delta,
    )
    return message(id=shadow.versions.wanted, event="desired", data=seen.model_dump(mode="json"))
