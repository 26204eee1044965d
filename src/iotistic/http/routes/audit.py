"""Who changed what."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from iotistic.audit import AuditFilter
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit, QueryMoment
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.audit import AuditPage
from iotistic.http.schemas.values import Text

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], responses=refusals())

_WHICH = "Which one of them: its key; only together with `resource`."


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


async def _filter(
    *,
    actor: Annotated[Text | None, Query(description="Who did it.", examples=["anna"])] = None,
    action: Annotated[
        Text | None, Query(description="What was done: created, changed, deleted, ...", examples=["changed"])
    ] = None,
    resource: Annotated[
        Text | None, Query(description="What was changed: the name of a table.", examples=["devices"])
    ] = None,
    resource_id: Annotated[
        Text | None, Query(description=_WHICH, examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"])
    ] = None,
    device: Annotated[UUID | None, Query(description="Everything about this device.")] = None,
    request_id: Annotated[
        Text | None, Query(description="What one request did.", examples=["3f1c9a7be1d04c2a8f6e1b70"])
    ] = None,
    start: Annotated[
        QueryMoment | None,
        Query(alias="from", description="From this moment on.", examples=["2026-11-23T19:00:00Z"]),
    ] = None,
    end: Annotated[
        QueryMoment | None,
        Query(alias="to", description="Before this moment.", examples=["2026-11-23T20:00:00Z"]),
    ] = None,
) -> AuditFilter:
    return AuditFilter(
        actor=actor,
        action=action,
        resource=resource,
        resource_id=resource_id,
        device_uuid=device,
        request_id=request_id,
        start=start,
        end=end,
    )


@router.get(
    "", dependencies=[needs("audit:read")], response_model=AuditPage, summary="Who changed what, newest first"
)
async def list_audit_entries(
    request: Request,
    response: Response,
    which: Annotated[AuditFilter, Depends(_filter)],
    *,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """For owners and administrators. A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    before_id = None if after is None else decode_cursor(after, _Position).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        entries = await work.audit.list_entries(which, before_id=before_id, limit=limit)
    following = encode_cursor(_Position(entries[-1].id)) if len(entries) == limit else None
    if following is not None:
        query = {**request.query_params, "limit": limit, "after": following}
        response.headers["Link"] = f'</api/v1/audit?{urlencode(query)}>; rel="next"'
    return {"items": entries, "next": following}
