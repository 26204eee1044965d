"""Following log lines in the order in which they were stored, by the snapshots of the database.

Lines are no queue: their timestamps are those of their devices, and what commits later may have begun earlier. A follower has seen
what one snapshot saw. The next stretch is what the present snapshot sees and that one did not, so nothing is passed by, nothing
comes twice, and no transaction that runs for an hour holds up the others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.errors import FollowingInvalid
from iotistic.telemetry.logs.search import LogPosition, LogSift
from iotistic.telemetry.model import LogLevel, LogLine

__all__ = ["RESUMABLE", "ArrivedLine", "LogFollowing", "LogStretch", "Reached"]

RESUMABLE: Final = timedelta(days=1)
"""How long a follower may be away: arrivals are kept for today and yesterday."""

_QUERIES: Final = Queries("iotistic.telemetry.logs")
_SLOWEST: Final = timedelta(minutes=10)
"""Between the beginning of a transaction, by which its day is found, and its commit: ingest gives up after seconds."""
_TRANSACTIONS: Final = 50
"""At a time: some thousand lines of a busy fleet."""
_SNAPSHOT: Final = re.compile(r"(?P<first>[0-9]{1,19}):(?P<next>[0-9]{1,19}):(?P<running>[0-9,]*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a follower has come: what `seen` saw, and of what `until` sees everything up to a transaction or a line of it."""

    at: datetime
    """When `seen` was taken, by the database's clock."""
    seen: str
    """A pg_snapshot."""
    until: str | None = None
    """The snapshot whose lines are being handed out; None when all of them were."""
    transaction_id: int | None = None
    line: LogPosition | None = None
    """The last line of the transaction that was handed out; None: all of them were."""

    def __post_init__(self) -> None:
        """Raises FollowingInvalid."""
        if not _is_snapshot(self.seen) or not (self.until is None or _is_snapshot(self.until)):
            raise FollowingInvalid(
                "This is no place in the lines.",
                hint="Take the `id` of the last message as it is, or begin anew.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivedLine:
    """A line, and how far a follower is who has got it."""

    line: LogLine
    reached: Reached


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStretch:
    """What follows, in the order of the transactions; within one by timestamp."""

    lines: Sequence[ArrivedLine]
    reached: Reached
    """Where to go on."""
    is_full: bool = False
    """Whether more is there already."""
    lost_since: datetime | None = None
    """From when on lines may be missing: it is too long ago, or was another database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    now: datetime
    until: str
    is_elsewhere: bool
    transactions: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrived:
    transaction_id: int
    device_uuid: UUID
    timestamp: datetime
    sequence: int
    level: LogLevel
    service: str
    message: str

    def told(self, before: Reached, until: str) -> ArrivedLine:
        line = LogLine(
            device_uuid=self.device_uuid,
            timestamp=self.timestamp,
            sequence=self.sequence,
            level=self.level,
            service=self.service,
            message=self.message,
        )
        place = LogPosition(timestamp=self.timestamp, device_uuid=self.device_uuid, sequence=self.sequence)
        reached = replace(before, until=until, transaction_id=self.transaction_id, line=place)
        return ArrivedLine(line=line, reached=reached)


@final
class LogFollowing:
    """On the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def here(self) -> Reached:
        """How far somebody is who has seen all there is."""
        found = await self._sql.one("take_snapshot", Reached)
        if found is None:
            raise RuntimeError("the server told no snapshot")
        return found

    async def follow(self, reached: Reached, sift: LogSift, *, limit: int = 500) -> LogStretch:
        """What follows and fits, at most `limit` lines."""
        moment = await self._look(reached)
        if moment.is_elsewhere or reached.at < moment.now - RESUMABLE:
            return LogStretch(lines=(), reached=await self.here(), lost_since=reached.at)
        lines = await self._lines(reached, moment, sift, limit)
        if len(lines) == limit:
            return LogStretch(lines=lines, reached=lines[-1].reached, is_full=True)
        if len(moment.transactions) == _TRANSACTIONS:
            last = moment.transactions[-1]
            behind = replace(reached, until=moment.until, transaction_id=last, line=None)
            return LogStretch(lines=lines, reached=behind, is_full=True)
        # A snapshot from before this look is done with: the present one sees what came since.
        is_older = reached.until is not None
        at = reached.at if is_older else moment.now
        return LogStretch(lines=lines, reached=Reached(at=at, seen=moment.until), is_full=is_older)

    async def _look(self, reached: Reached) -> _Moment:
        moment = await self._sql.one(
            "look_for_arrivals",
            _Moment,
            seen=reached.seen,
            until=reached.until,
            since=reached.at - _SLOWEST,
            transaction_id=reached.transaction_id or 0,
            within=reached.line is not None,
            limit=_TRANSACTIONS,
        )
        if moment is None:
            raise RuntimeError("the server told no snapshot")
        return moment

    async def _lines(
        self, reached: Reached, moment: _Moment, sift: LogSift, limit: int
    ) -> Sequence[ArrivedLine]:
        if not moment.transactions:
            return ()
        after = reached.line
        found = await self._sql.many(
            "list_arrived_lines",
            _Arrived,
            since=reached.at - _SLOWEST,
            transactions=moment.transactions,
            after_transaction=reached.transaction_id,
            after_time=None if after is None else after.timestamp,
            after_device=None if after is None else after.device_uuid,
            after_sequence=None if after is None else after.sequence,
            limit=limit,
            **sift.parameters,
        )
        return [one.told(reached, moment.until) for one in found]


def _is_snapshot(text: str) -> bool:
    """As pg_snapshot reads it: the oldest that runs, the first that has not begun, and between them those that run, ascending."""
    found = _SNAPSHOT.fullmatch(text)
    if found is None or ",," in found["running"]:
        return False
    first, following = int(found["first"]), int(found["next"])
    running = [int(one) for one in found["running"].split(",") if one]
    # PostgreSQL takes no number whose lower half is zero: that half is what it knows a transaction by.
    if not (first % (1 << 32) and following % (1 << 32)):
        return False
    ordered = all(one < other for one, other in pairwise(running))
    return first <= following < 1 << 63 and ordered and all(first <= one < following for one in running)
