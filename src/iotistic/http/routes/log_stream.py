"""Log lines as they come: server-sent events."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response

from iotistic.bootstrap.following import Meant, follow_lines
from iotistic.bootstrap.platform import Platform, Work
from iotistic.database.news import Waiter
from iotistic.devices import DeviceFilter
from iotistic.errors import Denied, NotFound, Unavailable
from iotistic.http.access import address_of, presented_key
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.device_filter import Devices
from iotistic.http.named_devices import Named, meant_devices
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.telemetry import LogLevel
from iotistic.http.schemas.values import Text
from iotistic.http.server_sent import MEDIA_TYPE, SILENCE, ServerSentEvents, message, place
from iotistic.http.waiting import has_news
from iotistic.security import Refusal, bounds_of
from iotistic.telemetry import LogLine
from iotistic.telemetry.logs import (
    LONGEST_OPEN_SEARCH,
    LogPosition,
    LogQuestion,
    LogSift,
    LogStretch,
    Reached,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/logs", tags=["telemetry"], responses=refusals(404))

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Messages `line` with a LogEntry as data, and `gap` with `since` and `until` where lines may be missing.",
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string"},
                "example": 'id: WyIyMDI2...\nevent: line\ndata: {"device_uuid": "...", "message": "..."}\n\n',
            }
        },
    }
}
_LONGEST_PLACE = 8 << 10
"""Characters: two snapshots with 200 running transactions each."""
_AHEAD = timedelta(minutes=10)
"""How far clocks of devices may be ahead."""


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    seen: str
    until: str | None
    transaction_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)] | None
    device_uuid: UUID | None
    sequence: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which lines the caller wants to see."""

    named: tuple[UUID, ...] | None
    which: DeviceFilter
    level: LogLevel | None
    service: str | None
    text: str | None

    async def sift(self, work: Work) -> LogSift:
        everybody = self.named is None and self.which.is_everything
        return LogSift(
            devices=None if everybody else await meant_devices(work, self.named, self.which),
            level=self.level,
            service=self.service,
            text=self.text,
        )


@router.get(
    "/stream",
    dependencies=[needs("telemetry:read", anywhere=True)],
    response_class=Response,
    responses={**_STREAM, **refusals(429)},
    summary="Log lines of many devices, as they come",
)
async def stream_logs(
    request: Request,
    *,
    named: Named,
    which: Devices,
    level: Annotated[LogLevel | None, Query(description="Lines of this level or worse.")] = None,
    service: Annotated[Text | None, Query(description="Only lines of this program.")] = None,
    text: Annotated[
        Text | None,
        Query(description="Only lines with this in the message, in any case.", examples=["checksum"]),
    ] = None,
    tail: Annotated[
        int, Query(ge=0, le=1000, description="Begin with so many of the newest lines of the last 24 hours.")
    ] = 0,
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", description="The id of the last message; who reconnects sends it."),
    ] = None,
) -> Response:
    """Server-sent events: each line once, whichever process stored it and whatever its timestamp says, in the order of the commits.

    Whoever reconnects within a day with the id of the last message misses nothing and gets nothing twice; after longer a `gap` tells
    since when. It ends when the key is good no longer, or allows it no longer. A comment or an id comes every quarter of a minute.
    """
    platform = platform_of(request.scope)
    asked = _Asked(named=named, which=which, level=level, service=service, text=text)
    # What can be refused is refused before the answer begins.
    reached = None if last_event_id is None else _parse(last_event_id)
    async with platform.begin(read_only=True, one_moment=True) as work:
        sift = await asked.sift(work)
        lines: Sequence[LogLine] = ()
        if reached is None:
            reached = await work.telemetry.following.here()
            lines = await _newest(work, sift, platform.clock(), tail) if tail else ()
    return ServerSentEvents(_Following(request, platform, asked).messages(reached, lines))


async def _newest(work: Work, sift: LogSift, now: datetime, tail: int) -> Sequence[LogLine]:
    question = LogQuestion(
        devices=sift.devices,
        level=sift.level,
        service=sift.service,
        text=sift.text,
        start=now + _AHEAD - LONGEST_OPEN_SEARCH,
        end=now + _AHEAD,
    )
    return list(reversed(await work.telemetry.search.lines(question, limit=tail)))


@final
class _Following:
    """One caller's stream."""

    def __init__(self, request: Request, platform: Platform, asked: _Asked) -> None:
        self._request = request
        self._platform = platform
        self._asked = asked

    async def messages(self, reached: Reached, before: Sequence[LogLine]) -> AsyncGenerator[bytes]:
        """Until the caller leaves, the process stops, or the caller may not any longer."""
        # Only the last has an id: who is cut off among them begins anew, and misses none.
        for number, line in enumerate(before, 1):
            yield message(id=_text(reached) if number == len(before) else None, event="line", data=line)
        if not before:
            yield place(_text(reached))
        try:
            async for found in follow_lines(self._platform, reached, self._ask, wait=self._wait):
                for part in _told(found):
                    yield part
        except (Denied, NotFound):
            return  # a role was taken away, or the fleet is gone

    async def _wait(self, waiter: Waiter, seconds: float) -> bool:
        return await has_news(waiter, self._request, seconds)

    async def _ask(self) -> Meant | None:
        """What the caller may see at this moment; None: nothing."""
        key = presented_key(self._request.scope)
        if key is None:
            return None
        try:
            verdict = await self._platform.authenticate(key, address_of(self._request.scope))
        except Unavailable:
            return self._asked.sift  # nothing can be read either
        if isinstance(verdict, Refusal):
            return None
        bounds = bounds_of(verdict.grants, "telemetry:read", self._platform.clock())
        if bounds is not None and not bounds.fleets and not bounds.devices:
            return None
        return replace(self._asked, which=replace(self._asked.which, bounds=bounds)).sift


def _told(found: LogStretch | Unavailable) -> list[bytes]:
    if isinstance(found, Unavailable):
        return [SILENCE]
    if found.lost_since is not None:
        gap = {"since": found.lost_since, "until": found.reached.at}
        return [message(id=_text(found.reached), event="gap", data=gap)]
    if not found.lines:
        return [place(_text(found.reached))]
    return [message(id=_text(one.reached), event="line", data=one.line) for one in found.lines]


def _text(reached: Reached) -> str:
    line = reached.line
    return encode_cursor(
        _Place(
            reached.at,
            reached.seen,
            reached.until,
            reached.transaction_id,
            None if line is None else line.timestamp,
            None if line is None else line.device_uuid,
            None if line is None else line.sequence,
        )
    )


def _parse(text: str) -> Reached:
    found = decode_cursor(text, _Place, field="header.Last-Event-ID", longest=_LONGEST_PLACE)
    line = None
    if found.timestamp is not None and found.device_uuid is not None and found.sequence is not None:
        line = LogPosition(timestamp=found.timestamp, device_uuid=found.device_uuid, sequence=found.sequence)
    return Reached(
        at=found.at, seen=found.seen, until=found.until, transaction_id=found.transaction_id, line=line
    )
