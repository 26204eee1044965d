"""Holds new log lines against the rules: a bounded number in a transaction, each line once."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.alerts.judgement import Verdict, judge
from iotistic.telemetry.alerts.matching import WatchedLine, match
from iotistic.telemetry.alerts.model import Rule, Sample
from iotistic.telemetry.alerts.patterns import LONGEST_MESSAGE

__all__ = ["AlertEvaluator", "Counted"]

_QUERIES: Final = Queries("iotistic.telemetry.alerts")

_MOST_LINES: Final = 2_000
"""In one transaction: at 4,096 characters each, 8 MB."""
_MOST_MARKS: Final = 500
_MOST_RESOLVED: Final = 1_000
"""In one transaction."""
_MOST_SAMPLES: Final = 5
_LONGEST_SAMPLE: Final = 500
"""Characters of its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one transaction did."""

    marks: int = 0
    """Taken from the queue."""
    lines: int = 0
    """Held against the rules."""
    opened: int = 0
    extended: int = 0
    resolved: int = 0

    def __bool__(self) -> bool:
        return bool(self.marks)

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(
            marks=self.marks + other.marks,
            lines=self.lines + other.lines,
            opened=self.opened + other.opened,
            extended=self.extended + other.extended,
            resolved=self.resolved + other.resolved,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    id: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    id: int
    rule_id: int
    device_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    rule_id: int
    device_uuid: UUID
    moments: Sequence[datetime]


@final
class AlertEvaluator:
    """On the connection of one transaction, of one process at a time: a second one waits for the marks of the first."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def step(self, now: datetime) -> Counted:
        """The oldest lines that no rule was held against; when none is left, resolves what is quiet. False when it was all.

        May be cut short anywhere: what says that lines are to be counted goes in the transaction that counts them.
        """
        marks = _taken(await self._sql.many("lock_marks", _Mark, limit=_MOST_MARKS))
        if not marks:
            # Only now: while lines wait, an alert that looks quiet may not be.
            return Counted(resolved=await self._sql.run("resolve_quiet", now=now, limit=_MOST_RESOLVED))
        lines = await self._sql.many("list_watched_lines", WatchedLine, marks=marks, length=LONGEST_MESSAGE)
        rules = await self._sql.many("list_enabled_rules", Rule)
        found = await asyncio.to_thread(match, rules, lines)
        opened, extended = await self._count(found, {rule.id: rule for rule in rules}, now)
        await self._sql.run("delete_marks", marks=marks)
        return Counted(marks=len(marks), lines=len(lines), opened=opened, extended=extended)

    async def _count(
        self, found: dict[tuple[int, UUID], list[WatchedLine]], rules: dict[int, Rule], now: datetime
    ) -> tuple[int, int]:
        pairs = {
            "rules": [rule for rule, _ in found],
            "devices": [device for _, device in found],
        }
        alerts = await self._sql.many("lock_open_alerts", _Open, **pairs) if found else []
        counts = await self._sql.many("lock_counts", _Count, **pairs) if found else []
        is_open = {(one.rule_id, one.device_uuid): one.id for one in alerts}
        waiting = {(one.rule_id, one.device_uuid): one.moments for one in counts}
        opened = extended = 0
        for key, lines in found.items():
            rule, device = rules[key[0]], key[1]
            verdict = judge(
                [line.timestamp for line in lines],
                waiting.get(key, ()),
                threshold=rule.threshold,
                window=rule.time_window,
                is_open=key in is_open,
            )
            if key in is_open:
                await self._extend(is_open[key], verdict, lines, now)
                extended += 1
            elif verdict.counted:
                await self._open(rule, device, verdict, lines, now)
                opened += 1
            else:
                await self._sql.run(
                    "keep_count", rule_id=rule.id, device_uuid=device, moments=list(verdict.waiting), now=now
                )
        return opened, extended

    async def _open(
        self, rule: Rule, device: UUID, verdict: Verdict, lines: Sequence[WatchedLine], now: datetime
    ) -> None:
        await self._sql.run("delete_count", rule_id=rule.id, device_uuid=device)
        await self._sql.run(
            "open_alert",
            rule_id=rule.id,
            device_uuid=device,
            severity=rule.severity,
            lines=len(verdict.counted),
            first_seen=verdict.counted[0],
            last_seen=verdict.counted[-1],
            samples=Jsonb(_samples(line for line in lines if line.timestamp >= verdict.counted[0])),
            now=now,
        )

    async def _extend(
        self, alert: int, verdict: Verdict, lines: Sequence[WatchedLine], now: datetime
    ) -> None:
        await self._sql.run(
            "extend_alert",
            id=alert,
            lines=len(verdict.counted),
            first_seen=verdict.counted[0],
            last_seen=verdict.counted[-1],
            samples=Jsonb(_samples(lines)),
            most=_MOST_SAMPLES,
            now=now,
        )


def _taken(marks: Iterable[_Mark]) -> list[int]:
    """As many of the oldest as have no more lines together than one transaction takes; one at least."""
    taken: list[int] = []
    lines = 0
    for mark in marks:
        lines += mark.lines
        if taken and lines > _MOST_LINES:
            break
        taken.append(mark.id)
    return taken


def _samples(lines: Iterable[WatchedLine]) -> list[dict[str, Any]]:
    first = sorted(lines, key=lambda line: line.timestamp)[:_MOST_SAMPLES]
    return [
        asdict(
            Sample(
                timestamp=line.timestamp,
                level=line.level,
                service=line.service,
                message=line.message[:_LONGEST_SAMPLE],
            )
        )
        | {"timestamp": line.timestamp.isoformat()}
        for line in first
    ]
