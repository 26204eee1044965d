"""The settings that hold for a device: those of its fleet, with what is desired of the device itself over them."""

import asyncio
from uuid import UUID

from fastapi import APIRouter, Request, Response

from iotistic.bootstrap.platform import Platform
from iotistic.devices.shadow import InheritedVersions
from iotistic.http.conditions import Condition, parse_condition
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import json_response, refusals
from iotistic.http.routes.shadow import Known, Wait
from iotistic.http.schemas.shadow import SettingsSeen
from iotistic.http.shadow_poll import tagged
from iotistic.http.waiting import has_news

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}", tags=["shadow"], responses=refusals(404))

_TOPICS = ("desired", "fleet")
_NOT_MODIFIED = 304


@router.get(
    "/settings",
    dependencies=[needs("shadows:read", or_itself=True)],
    response_model=SettingsSeen,
    responses={304: {"description": "Still what If-None-Match names."}},
    summary="The settings that hold for a device",
)
async def get_settings(request: Request, uuid: UUID, wait: Wait, if_none_match: Known = None) -> Response:
    """The default settings of its fleet, with what is desired of it merged over them (RFC 7396). A device sees its own.

    The ETag changes when either changes or the device moves to another fleet; `wait` is woken by all three.
    """
    platform, known = platform_of(request.scope), parse_condition(if_none_match)
    if wait is None or known is None:
        return await _look(platform, uuid, known)
    loop = asyncio.get_running_loop()
    end = loop.time() + wait.total_seconds()
    with platform.news.subscribed(uuid, _TOPICS) as waiter:
        response = await _look(platform, uuid, known)
        while response.status_code == _NOT_MODIFIED and not platform.news.dismissed:
            if not await has_news(waiter, request, end - loop.time()):
                break
            response = await _look(platform, uuid, known)
    return response


async def _look(platform: Platform, uuid: UUID, known: Condition | None) -> Response:
    """One transaction; unchanged settings cost one statement that reads no document."""
    async with platform.begin(read_only=True) as work:
        if known is not None:
            tag = _tag(await work.shadow.get_inherited_versions(uuid))
            if known.knows(tag):
                return tagged(Response(status_code=_NOT_MODIFIED), tag)
        found = await work.shadow.get_effective_settings(uuid)
    shown = {
        "fleet": found.fleet,
        "desired_version": found.versions.desired,
        "settings_version": found.versions.settings,
        "settings": found.document,
    }
    return tagged(json_response(shown), _tag(found.versions))


def _tag(versions: InheritedVersions) -> str:
    return f"d{versions.desired}.f{versions.fleet}.s{versions.settings}"
