"""How the platform runs: settings in the database, and what happened to them."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.configuration import Setting
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.configuration import ChangePage, SettingPage, SettingSeen, SettingStated

__all__ = ["router"]

_PATH = "/api/v1/system-config"
router = APIRouter(prefix=_PATH, tags=["configuration"], responses=refusals())

_AFTER = "`next` of the page before."
_SHAPE = r"^[a-zA-Z][a-zA-Z0-9_.-]{0,199}$"
_Key = Annotated[str, Path(description="The key of a setting.", pattern=_SHAPE, examples=["mqtt.brokers.1"])]


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    key: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class _Moment(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.get("", dependencies=[needs("settings:read")], response_model=SettingPage, summary="Settings, by key")
async def list_settings(
    request: Request,
    response: Response,
    *,
    prefix: Annotated[
        str, Query(description="Only keys that begin so.", pattern=r"^[a-zA-Z0-9_.-]{0,200}$")
    ] = "",
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    place = None if after is None else decode_cursor(after, _Place).key
    async with platform_of(request.scope).begin(read_only=True) as work:
        settings = await work.configuration.list_settings(prefix, after=place, limit=limit)
    following = encode_cursor(_Place(settings[-1].key)) if len(settings) == limit else None
    if following is not None:
        response.headers["Link"] = f'<{_PATH}?prefix={prefix}&limit={limit}&after={following}>; rel="next"'
    return {"items": settings, "next": following}


@router.get(
    "/{key}",
    dependencies=[needs("settings:read")],
    response_model=SettingSeen,
    responses=refusals(404),
    summary="One setting",
)
async def get_setting(request: Request, key: _Key) -> Setting:
    """No setting holds a secret: where one is needed, it says where the secret lies."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.configuration.get_setting(key)


@router.put(
    "/{key}",
    dependencies=[needs("settings:write")],
    response_model=SettingSeen,
    responses=refusals(409),
    summary="Change a setting",
)
async def put_setting(request: Request, key: _Key, stated: SettingStated) -> Setting:
    """Adds or replaces it; every process of the platform hears of it at once. For owners and administrators."""
    async with platform_of(request.scope).begin() as work:
        await work.configuration.set_setting(key, stated.value)
        return await work.configuration.get_setting(key)


@router.delete(
    "/{key}",
    dependencies=[needs("settings:write")],
    status_code=204,
    responses=refusals(404, 409),
    summary="Remove a setting",
)
async def delete_setting(request: Request, key: _Key) -> None:
    """Refused while another setting names it. For owners and administrators."""
    async with platform_of(request.scope).begin() as work:
        await work.configuration.remove_setting(key)


@router.get(
    "/{key}/history",
    dependencies=[needs("settings:read")],
    response_model=ChangePage,
    summary="What happened to a setting, newest first",
)
async def list_changes(
    request: Request,
    response: Response,
    key: _Key,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Also of one that is gone."""
    before = None if after is None else decode_cursor(after, _Moment).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        changes = await work.configuration.list_changes(key, before=before, limit=limit)
    following = encode_cursor(_Moment(changes[-1].id)) if len(changes) == limit else None
    if following is not None:
        response.headers["Link"] = f'<{_PATH}/{key}/history?limit={limit}&after={following}>; rel="next"'
    return {"items": changes, "next": following}
