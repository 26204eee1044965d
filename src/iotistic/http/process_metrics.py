"""What `/metrics` tells of the process beside its requests: the ingest and the connection pool."""

from collections.abc import Mapping

from iotistic.http.request_metrics import Family, Sample
from iotistic.telemetry import IngestStatistics

__all__ = ["ingest_families", "pool_families"]

_POOL = {
    "pool_size": ("connections", "Connections of the pool, busy or not."),
    "pool_available": ("connections_idle", "Connections of the pool that nobody uses."),
    "requests_waiting": ("waiting", "Requests that wait for a connection now."),
}


def ingest_families(statistics: IngestStatistics) -> list[Family]:
    """How much was stored, and what is queued."""
    return [
        _counter("iotistic_ingest_rows_total", "Rows committed, quarantined ones included.", statistics.rows),
        _counter("iotistic_ingest_commits_total", "Transactions that stored them.", statistics.commits),
        _counter("iotistic_ingest_duplicates_total", "Rows that were stored already.", statistics.duplicates),
        _counter("iotistic_ingest_quarantined_total", "Rows set aside.", statistics.quarantined),
        _counter(
            "iotistic_ingest_retries_total", "Batches written anew after a failure.", statistics.retries
        ),
        _counter("iotistic_ingest_failed_total", "Bodies not stored after all.", statistics.failed),
        _gauge(
            "iotistic_ingest_pending_bodies",
            "Bodies that wait for their commit.",
            statistics.pending_submissions,
        ),
        _gauge("iotistic_ingest_pending_bytes", "Memory they are counted with.", statistics.pending_bytes),
    ]


def pool_families(stats: Mapping[str, int]) -> list[Family]:
    """How busy the connection pool is."""
    return [
        _gauge(f"iotistic_pool_{name}", meaning, stats.get(key, 0)) for key, (name, meaning) in _POOL.items()
    ]


def _counter(name: str, meaning: str, value: float) -> Family:
    return Family(name=name, kind="counter", meaning=meaning, samples=[Sample(value=value)])


def _gauge(name: str, meaning: str, value: float) -> Family:
    return Family(name=name, kind="gauge", meaning=meaning, samples=[Sample(value=value)])
