"""Every bound of the ingest in one value, so that a test can set it low and an operator can see it."""

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["IngestLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestLimits:
    """How much is taken at once, how long is waited."""

    body_bytes: int = 1 << 20
    """The largest body as sent."""
    unpacked_bytes: int = 8 << 20
    """The largest body once decompressed."""
    reports: int = 10_000
    """The most reports or lines in one body."""
    metrics: int = 500
    """The most metrics in one report."""
    reasons: int = 1_000
    """The most reasons one receipt spells out."""
    device_metric_sets: int = 64
    """How many new lists of metric names one device may bring."""
    queue_bytes: int = 64 << 20
    """Memory for bodies that wait for their commit."""
    queue_submissions: int = 20_000
    """The most bodies that wait for their commit."""
    batch_rows: int = 2_500
    """The most rows in one transaction: a commit's own cost has vanished in it, and while it runs the next bodies are read."""
    writers: int = 2
    """Batches in the database at once, each on a connection of its own."""
    beside_rows: int = 800
    """Rows that have to wait before a batch is begun beside another: few rows would make many small commits of one larger."""
    patience: timedelta = timedelta(seconds=20)
    """How long a batch is tried again while the database is away, before its callers are told to keep their data."""
    late_after: timedelta = timedelta(minutes=10)
    """From which age on an accepted report counts as late."""
    latest_every: timedelta = timedelta(seconds=1)
    """The shortest time between two writes of the latest values: one in every batch would halve throughput."""
    window_every: timedelta = timedelta(seconds=30)
    """How often it is looked which days have a partition."""
    watermarks: int = 200_000
    """Devices times metric sets whose newest timestamp is kept in memory."""
