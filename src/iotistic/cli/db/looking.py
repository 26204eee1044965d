"""`iotistic db status|sizes|queries|indexes`."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from iotistic.cli.db.which import Database, Which, opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, readable_bytes, run_async, shortened
from iotistic.clock import system_clock
from iotistic.config import Settings
from iotistic.operations.inspection import (
    Connections,
    IndexUse,
    Inspector,
    ServerStatus,
    StatementOrder,
    StatementUse,
    TableSize,
)

__all__ = ["show_indexes", "show_sizes", "show_statements", "show_status"]

T = TypeVar("T")

Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")]
_SHOWN = 90


def show_status(
    *, database: Which = Database.platform, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False
) -> None:
    """Show the server and one database: version, size, connections, cache, deadlocks, who waits."""

    async def look(inspector: Inspector) -> tuple[ServerStatus, list[Connections]]:
        return await inspector.status(), list(await inspector.connections())

    status, connections = _ask(settings_from(data_dir, url), database, look)
    if as_json:
        print_json({**asdict(status), "connections": [asdict(one) for one in connections]})
        return
    for name, value in _lines(status, sum(one.sessions for one in connections)):
        sys.stdout.write(f"{name:<20} {value}\n")
    sys.stdout.write("\n")
    print_table(
        [asdict(one) for one in connections],
        ["database", "role", "state", "sessions"],
        empty="Nobody is connected.",
    )


def show_sizes(
    *,
    limit: Limit = 50,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the largest tables with indexes and TOAST; the partitions of a table count for it."""
    found = _ask(settings_from(data_dir, url), database, lambda one: one.table_sizes(limit))
    if as_json:
        print_json({"tables": [asdict(table) for table in found]})
    else:
        print_table([_size_row(table) for table in found], _SIZES, empty="There are no tables.")


def show_statements(
    *,
    by: Annotated[
        StatementOrder, typer.Option("--by", help="What the first has most of.")
    ] = StatementOrder.total,
    limit: Limit = 20,
    full: Annotated[bool, typer.Option("--full", help="Show statements to their end.")] = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show which statements take the time of a database, as pg_stat_statements counts."""
    found = _ask(settings_from(data_dir, url), database, lambda one: one.statement_use(order=by, limit=limit))
    if as_json:
        print_json({"statements": [asdict(statement) for statement in found]})
    else:
        print_table(
            [_statement_row(statement, full=full) for statement in found],
            ["calls", "total_ms", "mean_ms", "percent", "rows", "cache", "role", "statement"],
            empty="No statement was counted yet.",
        )


def show_indexes(
    *,
    unused: Annotated[
        bool, typer.Option("--unused", help="Only those that no query has read and no rule needs.")
    ] = False,
    limit: Limit = 100,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show indexes by how little they are read; those of partitions are counted with the one of their table."""

    async def look(inspector: Inspector) -> tuple[list[IndexUse], datetime | None]:
        return list(await inspector.index_use(1000)), (await inspector.status()).statistics_since

    found, since = _ask(settings_from(data_dir, url), database, look)
    chosen = [index for index in found if not unused or (index.scans == 0 and not index.is_unique)][:limit]
    if as_json:
        print_json({"statistics_since": since, "indexes": [asdict(index) for index in chosen]})
        return
    print_table(
        [{**asdict(index), "bytes": readable_bytes(index.bytes)} for index in chosen],
        ["scans", "bytes", "name", "table_name", "partitions", "is_unique", "is_valid"],
        empty="There are no such indexes.",
    )
    narrate(
        f"Scans are counted since {since:%Y-%m-%d %H:%M} UTC." if since else "Scans were never reset to zero."
    )


def _ask(settings: Settings, database: Database, look: Callable[[Inspector], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with opened(settings, database, role="monitor") as connection:
            return await look(Inspector(connection))

    return run_async(asked())


def _lines(status: ServerStatus, sessions: int) -> list[tuple[str, str]]:
    up = system_clock().replace(microsecond=0) - status.started_at.replace(microsecond=0)
    oldest = status.oldest_transaction_seconds
    hit = status.cache_hit_percent
    return [
        ("server", f"PostgreSQL {status.version}{', a standby' if status.is_standby else ''}, up {up}"),
        ("database", f"{status.database}, {readable_bytes(status.bytes)}"),
        ("sessions", f"{sessions} of {status.max_connections}"),
        ("waiting for locks", str(status.waiting_for_locks)),
        ("oldest transaction", "none" if oldest is None else f"{oldest:.1f} s"),
        ("transactions", f"{status.commits:,} committed, {status.rollbacks:,} rolled back"),
        ("read from memory", "-" if hit is None else f"{hit:.1f} %"),
        ("deadlocks", str(status.deadlocks)),
        ("spilled to disk", readable_bytes(status.temporary_bytes)),
    ]


_SIZES = [
    "name",
    "total",
    "table",
    "indexes",
    "rows",
    "dead_rows",
    "partitions",
    "vacuumed_at",
    "analyzed_at",
]


def _size_row(table: TableSize) -> dict[str, object]:
    return {
        **asdict(table),
        "total": readable_bytes(table.total_bytes),
        "table": readable_bytes(table.table_bytes),
        "indexes": readable_bytes(table.index_bytes),
    }


def _statement_row(statement: StatementUse, *, full: bool) -> dict[str, object]:
    return {
        "calls": statement.calls,
        "total_ms": f"{statement.total_ms:.1f}",
        "mean_ms": f"{statement.mean_ms:.3f}",
        "percent": "-" if statement.percent is None else f"{statement.percent:.1f}",
        "rows": statement.rows,
        "cache": "-" if statement.cache_hit_percent is None else f"{statement.cache_hit_percent:.0f} %",
        "role": statement.role,
        "statement": statement.query if full else shortened(statement.query, _SHOWN),
    }
