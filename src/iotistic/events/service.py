"""What can be done with events: appending, looking back, and following. Nobody changes an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.events.errors import CONSTRAINTS, CursorFromElsewhere, EventNotFound
from iotistic.events.model import Cursor, Event, EventFilter, EventType, Position, Stretch

__all__ = ["EventService"]

_QUERIES = Queries("iotistic.events")
_EVERYTHING = EventFilter()
_LONGEST_PAGE = 1000
_END = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Horizon:
    running: int
    next: int
    is_ahead: bool


@final
class EventService:
    """`events` on one connection; whoever opened the transaction commits it, and said who acts in it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def settle_restored(self) -> int:
        """Lets new events come after those that a dump brought from another server; answers how many had to be moved.

        To be done once, by the owner of the table, before anybody appends. Where the events are of this server it moves none.
        """
        await self._sql.run("let_events_be_settled")
        moved = await self._sql.run("settle_restored_events")
        await self._sql.run("let_events_only_be_added_to")
        return moved

    async def append(
        self,
        type: str,  # noqa: A002 - the word for it
        aggregate_id: object,
        data: Mapping[str, Any] | None = None,
        *,
        device_uuid: UUID | None = None,
        id: UUID | None = None,  # noqa: A002 - as above
        causation_id: UUID | None = None,
        correlation_id: str | None = None,
    ) -> UUID | None:
        """Stores an event and answers its id; None when an event of that `id` is there already, so that repeating is safe.

        Without `correlation_id` it has that of the event it came of, or the request id. Raises EventTypeUnknown or EventInvalid.
        """
        found: UUID | None = await self._sql.value(
            "append_event",
            type=type,
            aggregate_id=str(aggregate_id),
            data=Jsonb(dict(data or {})),
            device_uuid=device_uuid,
            id=id,
            causation_id=causation_id,
            correlation_id=correlation_id,
        )
        return found

    async def list_types(self) -> Sequence[EventType]:
        """The kinds of events, by name."""
        return await self._sql.many("list_types", EventType)

    async def get_event(self, id: UUID) -> Event:  # noqa: A002 - as above
        """The event of this id. Raises EventNotFound."""
        found = await self._sql.one("find_event", Event, id=id)
        if found is None:
            raise EventNotFound(
                f"There is no event {id}.", hint="It may have been kept for as long as its type says."
            )
        return found

    async def list_events(
        self, which: EventFilter = _EVERYTHING, *, before: Position | None = None, limit: int = 100
    ) -> Sequence[Event]:
        """Events, newest first, those before the position, at most `limit` (up to 1,000)."""
        return await self._sql.many(
            "list_events",
            Event,
            types=None if which.types is None else list(which.types),
            aggregate=which.aggregate,
            aggregate_id=which.aggregate_id,
            device_uuid=which.device_uuid,
            correlation_id=which.correlation_id,
            since=which.start,
            until=which.end,
            before_time=None if before is None else before.recorded_at,
            before_sequence=None if before is None else before.sequence,
            limit=min(limit, _LONGEST_PAGE),
        )

    async def list_chain(self, id: UUID) -> Sequence[Event]:  # noqa: A002 - as above
        """What led to the event, the event, and what came of it, oldest first, at most 1,000. Raises EventNotFound."""
        await self.get_event(id)
        causes = await self._sql.many("list_causes", Event, id=id)
        consequences = await self._sql.many("list_consequences", Event, id=id, limit=_LONGEST_PAGE)
        return [*reversed(causes), *consequences]

    async def now(self) -> Cursor:
        """The cursor of somebody who is only interested in what comes."""
        return Cursor((await self._horizon()).running - 1, _END)

    async def follow(self, after: Cursor, which: EventFilter = _EVERYTHING, *, limit: int = 100) -> Stretch:
        """What follows the cursor, oldest first, at most `limit` (up to 1,000); of `which` only types, aggregate and device count.

        Nothing is ever passed by: transactions that are still running come later, and sort behind the cursor that is answered.
        Raises CursorFromElsewhere.
        """
        horizon = await self._horizon()
        if after.transaction_id >= horizon.next:
            raise CursorFromElsewhere(
                "The cursor is ahead of this server.",
                hint="It is of another server, or from before a restore: begin anew without one.",
            )
        wanted = min(limit, _LONGEST_PAGE)
        events = await self._sql.many(
            "list_stretch",
            Event,
            transaction_id=after.transaction_id,
            sequence=after.sequence,
            horizon=horizon.running,
            types=None if which.types is None else list(which.types),
            aggregate=which.aggregate,
            aggregate_id=which.aggregate_id,
            device_uuid=which.device_uuid,
            limit=wanted,
        )
        is_full = len(events) == wanted
        settled = Cursor(horizon.running - 1, _END)
        reached = Cursor(events[-1].transaction_id, events[-1].sequence) if is_full else max(after, settled)
        return Stretch(events=events, cursor=reached, is_full=is_full, is_behind=horizon.is_ahead)

    async def _horizon(self) -> _Horizon:
        found = await self._sql.one("read_horizon", _Horizon)
        if found is None:
            raise RuntimeError("the server told no snapshot")
        return found
