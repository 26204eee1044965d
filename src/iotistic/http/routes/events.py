"""What happened: looking back, and following as it comes."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from iotistic.bootstrap.following import follow_events
from iotistic.bootstrap.platform import Platform
from iotistic.database.news import Waiter
from iotistic.events import Cursor, Event, EventFilter, Position
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit, ParameterInvalid, QueryMoment
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.events import EventChain, EventPage, EventSeen, EventStretch, EventTypeSeen
from iotistic.http.schemas.values import Text
from iotistic.http.server_sent import MEDIA_TYPE, SILENCE, ServerSentEvents, message
from iotistic.http.waiting import has_news

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["events"], responses=refusals())

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Messages for as long as somebody listens: `event` is the type, `data` the event, `id` the cursor.",
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string"},
                "example": 'id: WzQ3MTEsMTJd\nevent: device.online\ndata: {"id": "..."}\n\n',
            }
        },
    }
}
_AFTER = "The cursor up to which everything was seen; left out: only what comes from now on. `0`: everything there is."
_BEGINNING = Cursor(0, 0)
_MOST_TYPES = 50


_Id = Annotated[UUID, Path(description="The id of an event.")]


class _PagePosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    recorded_at: datetime
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _FeedPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    transaction_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


async def _subject(
    *,
    types: Annotated[
        list[Text] | None,
        Query(
            alias="type",
            description="Only events of this type; may be repeated.",
            max_length=_MOST_TYPES,
            examples=[["device.online"]],
        ),
    ] = None,
    aggregate: Annotated[
        Text | None, Query(description="Only what is about such a thing.", examples=["device"])
    ] = None,
    aggregate_id: Annotated[
        Text | None,
        Query(
            description="Only what is about this one; with `aggregate`.",
            examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"],
        ),
    ] = None,
    device: Annotated[UUID | None, Query(description="Only what is about this device.")] = None,
) -> EventFilter:
    if aggregate_id is not None and aggregate is None:
        raise ParameterInvalid(
            "Which one is only known together with what.",
            hint="Give `aggregate` too.",
            field="query.aggregate_id",
        )
    return EventFilter(
        types=tuple(types) if types else None,
        aggregate=aggregate,
        aggregate_id=aggregate_id,
        device_uuid=device,
    )


Subject = Annotated[EventFilter, Depends(_subject)]


async def _past(
    subject: Subject,
    *,
    correlation_id: Annotated[
        Text | None,
        Query(description="Everything that came of one cause.", examples=["3f1c9a7be1d04c2a8f6e1b70"]),
    ] = None,
    start: Annotated[
        QueryMoment | None,
        Query(alias="from", description="From this moment on.", examples=["2026-11-23T19:00:00Z"]),
    ] = None,
    end: Annotated[
        QueryMoment | None,
        Query(alias="to", description="Before this moment.", examples=["2026-11-23T20:00:00Z"]),
    ] = None,
) -> EventFilter:
    return replace(subject, correlation_id=correlation_id, start=start, end=end)


@router.get(
    "/event-types",
    dependencies=[needs("events:read")],
    response_model=list[EventTypeSeen],
    summary="The kinds of events",
)
async def list_event_types(request: Request) -> object:
    """With how long each is kept."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.events.list_types()


@router.get(
    "/events",
    dependencies=[needs("events:read")],
    response_model=EventPage,
    summary="What happened, newest first",
)
async def list_events(
    request: Request,
    response: Response,
    which: Annotated[EventFilter, Depends(_past)],
    *,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """With `device`, the story of a device. A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        events = await work.events.list_events(which, before=_position(after), limit=limit)
    following = None
    if len(events) == limit:
        following = encode_cursor(_PagePosition(events[-1].recorded_at, events[-1].sequence))
        query = [pair for pair in request.query_params.multi_items() if pair[0] not in {"after", "limit"}]
        query += [("limit", str(limit)), ("after", following)]
        response.headers["Link"] = f'</api/v1/events?{urlencode(query)}>; rel="next"'
    return {"items": events, "next": following}


@router.get(
    "/events/feed",
    dependencies=[needs("events:read")],
    response_model=EventStretch,
    summary="What follows a cursor, oldest first",
)
async def read_feed(
    request: Request,
    subject: Subject,
    *,
    after: Annotated[str | None, Query(description=_AFTER, examples=["0"])] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """For programs that must not miss any: each event comes exactly once, in an order that never changes."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        cursor = await work.events.now() if after is None else _cursor(after)
        stretch = await work.events.follow(cursor, subject, limit=limit)
    return {"items": stretch.events, "cursor": _text(stretch.cursor), "is_full": stretch.is_full}


@router.get(
    "/events/stream",
    dependencies=[needs("events:read")],
    response_class=Response,
    responses={**_STREAM, **refusals(409, 429)},
    summary="Events as they come",
)
async def stream_events(
    request: Request,
    subject: Subject,
    *,
    after: Annotated[str | None, Query(description=_AFTER, examples=["0"])] = None,
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", description="As `after`; browsers send it when they reconnect."),
    ] = None,
) -> Response:
    """Server-sent events. Who reconnects goes on without a gap."""
    platform = platform_of(request.scope)
    known = last_event_id or after
    async with platform.begin(read_only=True) as work:
        cursor = await work.events.now() if known is None else _cursor(known)
        await work.events.follow(
            cursor, subject, limit=1
        )  # what can be refused is refused before the answer begins
    return ServerSentEvents(_messages(request, platform, cursor, subject))


@router.get(
    "/events/{id}",
    dependencies=[needs("events:read")],
    response_model=EventSeen,
    responses=refusals(404),
    summary="One event",
)
async def get_event(request: Request, id: _Id) -> Event:  # noqa: A002 - the path's word
    """For as long as its type is kept."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.events.get_event(id)


@router.get(
    "/events/{id}/chain",
    dependencies=[needs("events:read")],
    response_model=EventChain,
    responses=refusals(404),
    summary="Why, and what then",
)
async def get_chain(request: Request, id: _Id) -> dict[str, object]:  # noqa: A002 - as above
    """Its cause, the cause of that, and so on; and everything that came of it; at most 1,000 events."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return {"items": await work.events.list_chain(id)}


async def _messages(
    request: Request, platform: Platform, cursor: Cursor, which: EventFilter
) -> AsyncGenerator[bytes]:
    async def wait(waiter: Waiter, seconds: float) -> bool:
        return await has_news(waiter, request, seconds)

    async for stretch in follow_events(platform, cursor, which, wait=wait):
        if not stretch.events:
            yield SILENCE
        for event in stretch.events:
            position = _text(Cursor(event.transaction_id, event.sequence))
            yield message(
                id=position, event=event.type, data=EventSeen.model_validate(event).model_dump(mode="json")
            )


def _position(after: str | None) -> Position | None:
    if after is None:
        return None
    found = decode_cursor(after, _PagePosition)
    return Position(recorded_at=found.recorded_at, sequence=found.sequence)


def _cursor(text: str) -> Cursor:
    if text == "0":
        return _BEGINNING
    found = decode_cursor(text, _FeedPosition)
    return Cursor(found.transaction_id, found.sequence)


def _text(cursor: Cursor) -> str:
    return encode_cursor(_FeedPosition(cursor.transaction_id, cursor.sequence))
