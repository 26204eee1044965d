"""What is seen of a server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "Connections",
    "IndexUse",
    "ProgressRow",
    "ServerStatus",
    "Session",
    "StatementOrder",
    "StatementUse",
    "TableSize",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """A server, and one database on it."""

    version: str
    """As the server says it: 18.6."""
    database: str
    bytes: int
    """Of the database, all files counted."""
    started_at: datetime
    is_standby: bool
    max_connections: int
    commits: int
    """Of this database, since `statistics_since`."""
    rollbacks: int
    cache_hit_percent: float | None
    """Reads answered from memory, since then; None: nothing was read."""
    deadlocks: int
    temporary_bytes: int
    """Written by queries whose sorts did not fit into memory."""
    statistics_since: datetime | None
    """None: since the server was made."""
    oldest_transaction_seconds: float | None
    """None: none is open but this one."""
    waiting_for_locks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Client sessions of one database, role and state."""

    database: str | None
    role: str | None
    state: str
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """A table with its indexes and TOAST; the leaves of a partitioned one count for it."""

    name: str
    partitions: int
    """Leaves; 0 is a plain table."""
    total_bytes: int
    table_bytes: int
    """Rows, TOAST included."""
    index_bytes: int
    rows: int
    """As the statistics estimate."""
    dead_rows: int
    """Versions that a vacuum would remove, as the statistics estimate."""
    vacuumed_at: datetime | None
    """The oldest of its leaves' last; None: one never was."""
    analyzed_at: datetime | None
    """Its own: of a partitioned table autovacuum never gathers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUse:
    """An index; those on the leaves of a partitioned table count for the one on it."""

    table_name: str
    name: str
    bytes: int
    scans: int
    """Since the statistics began."""
    is_unique: bool
    is_valid: bool
    """False: an interrupted CONCURRENTLY left it, or a leaf's index is missing."""
    partitions: int


class StatementOrder(StrEnum):
    """What the first of a list of statements has most of."""

    total = "total"
    mean = "mean"
    calls = "calls"
    rows = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementUse:
    """One kind of statement, as pg_stat_statements counts it, values left out."""

    query: str
    role: str | None
    calls: int
    total_ms: float
    mean_ms: float
    percent: float | None
    """Of the time of all statements of the database."""
    rows: int
    cache_hit_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One process of the server, as pg_stat_activity has it."""

    pid: int
    kind: str
    """`client backend`, or what else the server runs."""
    role: str | None
    database: str | None
    application: str
    client: str | None
    """Its address; None: a socket, or no client at all."""
    state: str | None
    """None where we may not see it."""
    began_at: datetime
    """The process; with the pid, the identity of a session."""
    transaction_seconds: float | None
    statement_seconds: float | None
    """Since the statement began; of an idle one, since the last."""
    wait: str | None
    """What it waits for: `Lock/relation`, `IO/DataFileRead`."""
    blocked_by: Sequence[int]
    """Who keeps it waiting for a lock; 0 is a prepared transaction."""
    wants: str | None
    """The lock it waits for: `AccessExclusiveLock on relation devices`."""
    query: str | None
    """Its statement, or the last one; None where we may not see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRow:
    """How far a long command is, by the server's own account."""

    pid: int
    command: str
    relation: str | None
    phase: str
    done: int
    total: int
    """In blocks or bytes; 0: not known yet."""

    @property
    def percent(self) -> float | None:
        """How much of this phase is done; None while that is not known."""
        return min(100.0, 100 * self.done / self.total) if self.total else None
