"""The two streams of rows, and the statements that store them.

Not in queries.sql, where every statement is proved on the schema alone: these work on tables of the session.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from iotistic.telemetry.ingest.runs import Key, Order, log_order, log_stamp

__all__ = ["LATEST", "LOGS", "METRICS", "QUARANTINE", "STREAMS", "Latest", "Stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How rows of one kind get into their table."""

    name: str
    """metrics or logs, as in ingest_quarantine.stream."""
    table: str
    staging: LiteralString
    """Makes the session's staging table. Temporary and emptied at commit: 1.7 times the cost of a plain COPY; an unlogged
    table that is truncated costs more."""
    copy: LiteralString
    """Straight into the table: fails as a whole if one row is there already."""
    stage: LiteralString
    """Into the staging table."""
    settle: LiteralString
    """From there into the table, what is new. In key order, so that two processes with the same rows cannot deadlock."""
    repeated: LiteralString
    """The keys of staged rows that were in the table before this transaction: xmin names the transaction a row came with."""
    key: Callable[[tuple[Any, ...]], Key]
    """A row of `repeated` as a key."""
    stamp: Callable[[Order], int]
    """The stamp in an order."""


METRICS: Final = Stream(
    name="metrics",
    table="device_metrics",
    staging="""
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_metrics (
          device_uuid uuid, timestamp timestamptz, series_id integer, metric_set_id integer,
          values double precision []
        ) ON COMMIT DELETE ROWS
    """,
    copy="COPY device_metrics (device_uuid, timestamp, series_id, metric_set_id, values) FROM STDIN (FORMAT BINARY)",
    stage="COPY staged_metrics (device_uuid, timestamp, series_id, metric_set_id, values) FROM STDIN (FORMAT BINARY)",
    settle="""
        INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)
        SELECT device_uuid, timestamp, series_id, metric_set_id, values
        FROM staged_metrics
        ORDER BY series_id, timestamp
        ON CONFLICT DO NOTHING
    """,
    repeated="""
        SELECT
          staged.device_uuid,
          (extract(EPOCH FROM staged.timestamp) * 1000000)::bigint - 946684800000000,
          staged.series_id
        FROM staged_metrics AS staged
        INNER JOIN device_metrics AS stored USING (series_id, timestamp)
        WHERE
          stored.timestamp BETWEEN %(first)s AND %(last)s
          AND stored.xmin <> pg_current_xact_id()::xid
    """,
    key=lambda row: ((row[0].bytes, row[2]), row[1]),
    stamp=lambda order: order,
)

LOGS: Final = Stream(
    name="logs",
    table="device_logs",
    staging="""
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_logs (
          device_uuid uuid, timestamp timestamptz, sequence bigint, level text, service text, message text
        ) ON COMMIT DELETE ROWS
    """,
    copy="COPY device_logs (device_uuid, timestamp, sequence, level, service, message) FROM STDIN (FORMAT BINARY)",
    stage="COPY staged_logs (device_uuid, timestamp, sequence, level, service, message) FROM STDIN (FORMAT BINARY)",
    settle="""
        INSERT INTO device_logs (device_uuid, timestamp, sequence, level, service, message)
        SELECT device_uuid, timestamp, sequence, level, service, message
        FROM staged_logs
        ORDER BY device_uuid, timestamp, sequence
        ON CONFLICT DO NOTHING
    """,
    repeated="""
        SELECT
          staged.device_uuid,
          (extract(EPOCH FROM staged.timestamp) * 1000000)::bigint - 946684800000000,
          staged.sequence
        FROM staged_logs AS staged
        INNER JOIN device_logs AS stored USING (device_uuid, timestamp, sequence)
        WHERE
          stored.timestamp BETWEEN %(first)s AND %(last)s
          AND stored.xmin <> pg_current_xact_id()::xid
    """,
    key=lambda row: ((row[0].bytes, 0), log_order(row[1], row[2])),
    stamp=log_stamp,
)

STREAMS: Final = {stream.name: stream for stream in (METRICS, LOGS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """How the newest report of each series gets into device_metric_latest."""

    staging: LiteralString
    stage: LiteralString
    update: LiteralString
    """Where a newer one came. A join writes nothing for a stale row; ON CONFLICT with a guard still locks and logs it."""
    insert: LiteralString
    """Where there was none yet."""


LATEST: Final = Latest(
    staging="""
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_latest (
          device_uuid uuid, timestamp timestamptz, series_id integer, metric_set_id integer,
          values double precision []
        ) ON COMMIT DELETE ROWS
    """,
    stage="COPY staged_latest (device_uuid, timestamp, series_id, metric_set_id, values) FROM STDIN (FORMAT BINARY)",
    update="""
        UPDATE device_metric_latest AS latest
        SET timestamp = staged.timestamp, metric_set_id = staged.metric_set_id, values = staged.values
        FROM staged_latest AS staged
        WHERE
          latest.device_uuid = staged.device_uuid
          AND latest.series_id = staged.series_id
          AND latest.timestamp < staged.timestamp
    """,
    insert="""
        INSERT INTO device_metric_latest AS latest (device_uuid, series_id, metric_set_id, timestamp, values)
        SELECT staged.device_uuid, staged.series_id, staged.metric_set_id, staged.timestamp, staged.values
        FROM staged_latest AS staged
        WHERE NOT EXISTS (
          SELECT 1
          FROM device_metric_latest AS known
          WHERE known.device_uuid = staged.device_uuid AND known.series_id = staged.series_id
        )
        ORDER BY staged.device_uuid, staged.series_id
        ON CONFLICT (device_uuid, series_id) DO UPDATE
        SET timestamp = excluded.timestamp, metric_set_id = excluded.metric_set_id, values = excluded.values
        WHERE latest.timestamp < excluded.timestamp
    """,
)

QUARANTINE: Final[LiteralString] = """
    INSERT INTO ingest_quarantine (received_at, id, device_uuid, stream, reason, device_time, payload)
    VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb)
    ON CONFLICT DO NOTHING
"""
