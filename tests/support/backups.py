"""Manifests of backups that were never taken, for decisions about them."""

from datetime import UTC, datetime, timedelta

from iotistic.operations.backups import Manifest

__all__ = ["NOON", "backup"]

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def backup(days_ago: float, *tables: str) -> Manifest:
    """One taken so many days before noon; of these tables, or of everything."""
    at = NOON - timedelta(days=days_ago)
    return Manifest(
        format=1,
        id=f"{at:%Y%m%dT%H%M%S}000Z-0000",
        database="iotistic",
        tables_asked=tables,
        server_version=180006,
        tool_major=18,
        compression="gzip",
        started_at=at,
        finished_at=at,
        database_bytes=0,
        owner="iotistic_owner",
        extensions=(),
        roles=(),
        settings=(),
        grants=(),
        tables=(),
        files=(),
    )
