"""Rules of tags: which values a key may have, which keys every device should have, and which devices lack one."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.devices.tagging import TagDefinition, TagDefinitionDraft
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.devices import TagKey
from iotistic.http.schemas.tags import (
    IncompleteDevicePage,
    TagDefinitionPage,
    TagDefinitionSeen,
    TagDefinitionStated,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/tags", tags=["tags"], responses=refusals())

_AFTER = "`next` of the page before."
_Key = Annotated[TagKey, Path(description="The key of a tag.", examples=["site"])]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    place: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


@router.get(
    "/definitions",
    dependencies=[needs("tags:read")],
    response_model=TagDefinitionPage,
    summary="Rules of tags, by key",
)
async def list_definitions(
    request: Request,
    response: Response,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    place = None if after is None else decode_cursor(after, _Position).place
    async with platform_of(request.scope).begin(read_only=True) as work:
        rules = await work.tagging.list_definitions(after=place, limit=limit)
    last = rules[-1].key if len(rules) == limit else None
    return _page(response, "/api/v1/tags/definitions", rules, last, limit)


@router.get(
    "/definitions/{key}",
    dependencies=[needs("tags:read")],
    response_model=TagDefinitionSeen,
    responses=refusals(404),
    summary="The rules of a tag",
)
async def get_definition(request: Request, key: _Key) -> TagDefinition:
    """A key without rules may have any value."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.tagging.get_definition(key)


@router.put(
    "/definitions/{key}",
    dependencies=[needs("tags:write")],
    response_model=TagDefinitionSeen,
    responses=refusals(409),
    summary="Define a tag",
)
async def define(request: Request, key: _Key, stated: TagDefinitionStated) -> TagDefinition:
    """Refused while devices or fleets have values that would be forbidden."""
    draft = TagDefinitionDraft(
        description=stated.description, allowed_values=stated.allowed_values, is_required=stated.is_required
    )
    async with platform_of(request.scope).begin() as work:
        return await work.tagging.define(key, draft)


@router.delete(
    "/definitions/{key}",
    dependencies=[needs("tags:write")],
    status_code=204,
    responses=refusals(404),
    summary="Lift the rules of a tag",
)
async def undefine(request: Request, key: _Key) -> None:
    """It may have any value again; devices keep theirs."""
    async with platform_of(request.scope).begin() as work:
        await work.tagging.undefine(key)


@router.get(
    "/missing",
    dependencies=[needs("tags:read")],
    response_model=IncompleteDevicePage,
    summary="Devices that lack a required tag",
)
async def list_incomplete(
    request: Request,
    response: Response,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Those in service, by name. A tag from the fleet counts."""
    place = None if after is None else decode_cursor(after, _Position).place
    async with platform_of(request.scope).begin(read_only=True) as work:
        devices = await work.tagging.list_incomplete(after=place, limit=limit)
    last = devices[-1].name if len(devices) == limit else None
    return _page(response, "/api/v1/tags/missing", devices, last, limit)


def _page(response: Response, path: str, items: object, last: str | None, limit: int) -> dict[str, object]:
    following = None if last is None else encode_cursor(_Position(last))
    if following is not None:
        response.headers["Link"] = f'<{path}?limit={limit}&after={following}>; rel="next"'
    return {"items": items, "next": following}
