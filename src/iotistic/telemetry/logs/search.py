"""Searching log lines: by device, level, service and text, page by page in either direction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.errors import RangeInvalid, RangeTooLong
from iotistic.telemetry.model import LogLevel, LogLine
from iotistic.telemetry.reading.service import MOST_DEVICES, check_range

__all__ = [
    "LONGEST_OPEN_SEARCH",
    "Direction",
    "LogPosition",
    "LogQuestion",
    "LogSearch",
    "LogSift",
    "position_of",
]

Direction = Literal["older", "newer"]

LONGEST_OPEN_SEARCH: Final = timedelta(hours=24)
"""How long a range may be that no index narrows: lines of all devices, of any level, with no word to look for."""

_QUERIES: Final = Queries("iotistic.telemetry.logs")
_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error", "critical")
_PROBLEMS: Final = frozenset(_LEVELS[2:])
"""What the index of problems holds."""
_MOST_LINES: Final = 1_000
_SHORTEST_TEXT: Final = 3
"""Characters: a trigram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPosition:
    """A line's place among all lines."""

    timestamp: datetime
    device_uuid: UUID
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSift:
    """What lines are like that are meant."""

    devices: Sequence[UUID] | None
    """Whose; None: of every device."""
    level: LogLevel | None = None
    """Of this level or worse."""
    service: str | None = None
    text: str | None = None
    """With this in the message, in any case; as it stands, not as a pattern."""

    @property
    def parameters(self) -> dict[str, object]:
        """As the queries take it."""
        return {
            "devices": None if self.devices is None else list(self.devices),
            "levels": list(_levels(self.level)),
            "service": self.service,
            "pattern": None if self.text is None else f"%{_escaped(self.text)}%",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuestion(LogSift):
    """Which lines are meant."""

    start: datetime
    end: datetime
    """The first moment that is no longer meant."""


def position_of(line: LogLine) -> LogPosition:
    """What to pass as `after` to get the lines behind this one."""
    return LogPosition(timestamp=line.timestamp, device_uuid=line.device_uuid, sequence=line.sequence)


@final
class LogSearch:
    """On the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def lines(
        self,
        question: LogQuestion,
        *,
        direction: Direction = "older",
        after: LogPosition | None = None,
        limit: int = 100,
    ) -> list[LogLine]:
        """At most `limit` (up to 1,000): newest first, or oldest first when `newer`; those behind `after`.

        Raises RangeInvalid, or RangeTooLong where nothing narrows a long range.
        """
        _check(question, limit)
        asked = {
            "since": question.start,
            "until": question.end,
            **question.parameters,
            "after_time": None if after is None else after.timestamp,
            "after_device": None if after is None else after.device_uuid,
            "after_sequence": None if after is None else after.sequence,
            "limit": limit,
        }
        if direction == "older":
            return await self._sql.many("list_older_lines", LogLine, **asked)
        return await self._sql.many("list_newer_lines", LogLine, **asked)


def _levels(level: LogLevel | None) -> Sequence[LogLevel]:
    return _LEVELS if level is None else _LEVELS[_LEVELS.index(level) :]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _check(question: LogQuestion, limit: int) -> None:
    check_range(question.start, question.end)
    if not 1 <= limit <= _MOST_LINES:
        raise RangeInvalid(f"A page has 1 to {_MOST_LINES} lines, not {limit}.", limit=limit)
    if question.devices is not None and len(question.devices) > MOST_DEVICES:
        raise RangeInvalid(
            f"{len(question.devices)} devices are meant; one question takes {MOST_DEVICES}.",
            hint="Ask for fewer, or for all.",
            field="query.devices",
        )
    narrowed = (
        question.devices is not None
        or _PROBLEMS.issuperset(_levels(question.level))
        or (question.text is not None and len(question.text) >= _SHORTEST_TEXT)
    )
    if not narrowed and question.end - question.start > LONGEST_OPEN_SEARCH:
        raise RangeTooLong(
            "Lines of every device and level can be read of 24 hours at most.",
            hint=f"Name devices, a level from warning on, a text of {_SHORTEST_TEXT} characters or more; or a shorter time.",
        )
