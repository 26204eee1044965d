"""The shadow of a device: people write what is desired, the device what it reports, both read."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from iotistic.devices.shadow import Actor, Half, ShadowService, State, VersionConflict
from iotistic.http.conditions import PreconditionFailed, parse_condition
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit, ParameterInvalid
from iotistic.http.permissions import Caller, OwnDevice, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import json_response, refusals
from iotistic.http.schemas.shadow import (
    DeltaSeen,
    DifferenceSeen,
    HalfName,
    RevisionPage,
    Rollback,
    ShadowDocument,
    ShadowPatch,
    ShadowSeen,
    StateSeen,
    VersionNumber,
)
from iotistic.http.schemas.values import Moment
from iotistic.http.shadow_poll import answer, tagged
from iotistic.http.shadow_views import DELTA, HALVES, WHOLE
from iotistic.http.waiting import parse_wait
from iotistic.security import Principal

__all__ = ["Known", "Wait", "router"]

_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Still what If-None-Match names."}}
_WRITING = refusals(404, 409, 412)

router = APIRouter(prefix="/api/v1/devices/{uuid}/shadow", tags=["shadow"], responses=refusals(404))


async def _wait(
    wait: Annotated[
        str | None,
        Query(
            description="With If-None-Match: answer 304 only after so long without a change, 1s to 60s.",
            examples=["30s"],
        ),
    ] = None,
) -> timedelta | None:
    return parse_wait(wait)


Wait = Annotated[timedelta | None, Depends(_wait)]
Known = Annotated[str | None, Header(alias="If-None-Match", description="The ETag that the caller knows.")]
Match = Annotated[
    str | None, Header(alias="If-Match", description="Write only if this is the half's ETag; else 412.")
]
At = Annotated[
    Moment | None, Query(description="As it was at this moment.", examples=["2026-11-23T20:00:00Z"])
]
InPath = Annotated[HalfName, Path(description="`desired` or `reported`.", examples=["desired"])]


@router.get(
    "",
    dependencies=[needs("shadows:read", or_itself=True)],
    response_model=ShadowSeen,
    responses=_UNCHANGED,
    summary="Both halves and their delta",
)
async def get_shadow(
    request: Request, uuid: UUID, wait: Wait, at: At = None, if_none_match: Known = None
) -> Response:
    """A device sees its own. The past (`at`) never waits."""
    if at is None:
        return await answer(request, uuid, WHOLE, parse_condition(if_none_match), wait)
    async with platform_of(request.scope).begin(read_only=True) as work:
        shadow = await work.shadow.get_shadow(uuid, at=at)
    return tagged(json_response(WHOLE.shown(shadow)), WHOLE.tag(shadow.versions))


@router.get(
    "/delta",
    dependencies=[needs("shadows:read", or_itself=True)],
    response_model=DeltaSeen,
    responses=_UNCHANGED,
    summary="What the device has still to do",
)
async def get_delta(request: Request, uuid: UUID, wait: Wait, if_none_match: Known = None) -> Response:
    """What `reported` lacks or has otherwise of `desired`, or of the settings of its fleet; empty once the device did everything."""
    return await answer(request, uuid, DELTA, parse_condition(if_none_match), wait)


@router.get(
    "/{half}",
    dependencies=[needs("shadows:read", or_itself=True)],
    response_model=StateSeen,
    responses=_UNCHANGED,
    summary="One half",
)
async def get_half(
    request: Request,
    uuid: UUID,
    half: InPath,
    wait: Wait,
    *,
    at: At = None,
    version: Annotated[VersionNumber | None, Query(description="As it was at this version.")] = None,
    if_none_match: Known = None,
) -> Response:
    """As it is, or as it was at a version or a moment. The past never waits."""
    if at is not None and version is not None:
        raise ParameterInvalid("`at` and `version` are both given.", hint="Give one.", field="query.at")
    if at is None and version is None:
        return await answer(request, uuid, HALVES[half], parse_condition(if_none_match), wait)
    async with platform_of(request.scope).begin(read_only=True) as work:
        state = await work.shadow.get_state(uuid, half, version=version, at=at)
    return _state(half, state)


@router.patch(
    "/desired",
    dependencies=[needs("shadows:write")],
    response_model=StateSeen,
    responses=_WRITING,
    summary="Change what is desired",
)
async def patch_desired(
    request: Request, uuid: UUID, body: ShadowPatch, caller: Caller, if_match: Match = None
) -> Response:
    """What changes nothing makes no version."""

    async def write(shadow: ShadowService, expected: Collection[int] | None) -> State:
        return await shadow.patch(uuid, "desired", body.patch, actor=_actor(caller), expected=expected)

    return await _write(request, "desired", write, if_match, body.version)


@router.put(
    "/desired",
    dependencies=[needs("shadows:write")],
    response_model=StateSeen,
    responses=_WRITING,
    summary="Replace what is desired",
)
async def replace_desired(
    request: Request, uuid: UUID, body: ShadowDocument, caller: Caller, if_match: Match = None
) -> Response:
    """Members that are null are left out."""

    async def write(shadow: ShadowService, expected: Collection[int] | None) -> State:
        return await shadow.replace(uuid, "desired", body.document, actor=_actor(caller), expected=expected)

    return await _write(request, "desired", write, if_match, body.version)


@router.post(
    "/rollback",
    dependencies=[needs("shadows:write")],
    response_model=StateSeen,
    responses=_WRITING,
    summary="Desire an older version again",
)
async def roll_back(
    request: Request, uuid: UUID, body: Rollback, caller: Caller, if_match: Match = None
) -> Response:
    """Makes a new version with the document of the older one."""

    async def write(shadow: ShadowService, expected: Collection[int] | None) -> State:
        return await shadow.roll_back(uuid, to=body.to, actor=_actor(caller), expected=expected)

    return await _write(request, "desired", write, if_match, body.version)


@router.get(
    "/{half}/history",
    dependencies=[needs("shadows:read")],
    response_model=RevisionPage,
    summary="How the versions of a half came to be",
)
async def list_revisions(
    request: Request,
    uuid: UUID,
    half: InPath,
    *,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> Response:
    """Newest first. A page that is full has a `next`, which may lead to an empty one."""
    before = None if after is None else decode_cursor(after, _Position).version
    async with platform_of(request.scope).begin(read_only=True) as work:
        revisions = await work.shadow.list_revisions(uuid, half, before=before, limit=limit)
    following = encode_cursor(_Position(revisions[-1].version)) if len(revisions) == limit else None
    return json_response({"items": revisions, "next": following})


@router.get(
    "/{half}/diff",
    dependencies=[needs("shadows:read")],
    response_model=DifferenceSeen,
    summary="How two versions differ",
)
async def compare_versions(
    request: Request,
    uuid: UUID,
    half: InPath,
    start: Annotated[VersionNumber, Query(alias="from", description="The version to begin with.")],
    end: Annotated[
        VersionNumber | None,
        Query(alias="to", description="The version to end with; the present one by default."),
    ] = None,
) -> Response:
    """As a list for people and as a merge patch for programs."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        newer = (await work.shadow.get_versions(uuid)).of(half) if end is None else end
        found = await work.shadow.compare(uuid, half, start, newer)
    return json_response(
        {"from_version": start, "to_version": newer, "patch": found.patch, "changes": found.changes}
    )


@router.patch(
    "/reported", response_model=StateSeen, responses=_WRITING, tags=["ingest"], summary="Report a change"
)
async def patch_reported(
    request: Request, uuid: OwnDevice, body: ShadowPatch, if_match: Match = None
) -> Response:
    """A device reports for itself only. What changes nothing makes no version."""

    async def write(shadow: ShadowService, expected: Collection[int] | None) -> State:
        return await shadow.patch(uuid, "reported", body.patch, actor=_device(uuid), expected=expected)

    return await _write(request, "reported", write, if_match, body.version)


@router.put(
    "/reported", response_model=StateSeen, responses=_WRITING, tags=["ingest"], summary="Report everything"
)
async def replace_reported(
    request: Request, uuid: OwnDevice, body: ShadowDocument, if_match: Match = None
) -> Response:
    """Members that are null are left out."""

    async def write(shadow: ShadowService, expected: Collection[int] | None) -> State:
        return await shadow.replace(uuid, "reported", body.document, actor=_device(uuid), expected=expected)

    return await _write(request, "reported", write, if_match, body.version)


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    version: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


Write = Callable[[ShadowService, Collection[int] | None], Awaitable[State]]


async def _write(
    request: Request, half: Half, write: Write, if_match: str | None, version: int | None
) -> Response:
    """One write on condition: of the header (412 when it does not hold), of the body (409), or of both."""
    condition = parse_condition(if_match)
    matching = None if condition is None else condition.versions(_prefix(half))
    expected = matching if version is None else _common(matching, version)
    try:
        async with platform_of(request.scope).begin() as work:
            state = await write(work.shadow, expected)
    except VersionConflict as error:
        if matching is None or error.facts["current_version"] in matching:
            raise
        raise PreconditionFailed(error.message, hint=error.hint, **error.facts) from error
    return _state(half, state)


def _common(matching: Collection[int] | None, version: int) -> Collection[int]:
    return {version} if matching is None else {version} & set(matching)


def _state(half: Half, state: State) -> Response:
    return tagged(json_response(state), f"{_prefix(half)}{state.version}")


def _prefix(half: Half) -> str:
    return half[0]


def _actor(caller: Principal) -> Actor:
    return Actor(kind="user", name=caller.username or f"user {caller.user_id}")


def _device(uuid: UUID) -> Actor:
    return Actor(kind="device", name=str(uuid))
