"""The way in: bytes of a device to committed rows, and a receipt for what became of each report."""

from collections.abc import Awaitable, Callable, Collection
from typing import final
from uuid import UUID

from iotistic.clock import Clock, system_clock
from iotistic.database.pool import Connection
from iotistic.telemetry.limits import IngestLimits
from iotistic.telemetry.model import IngestStatistics, Receipt

__all__ = ["Contacts", "Ingest"]

Contacts = Callable[[Connection, Collection[UUID]], Awaitable[None]]
"""Told, at most once a second, which devices' data was committed since the last time; works on the connection given."""


@final
class Ingest:
    """One per process: takes bodies from all requests and commits them together.

    `connect` opens a direct autocommit connection that may insert telemetry. Nothing is acknowledged before its COMMIT.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        clock: Clock = system_clock,
        limits: IngestLimits | None = None,
        contacts: Contacts | None = None,
    ) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Begins to write. Does not wait for the database."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Takes nothing more, commits what was taken, closes its connections."""
        raise NotImplementedError

    async def submit_metrics(
        self,
        device_uuid: UUID,
        body: bytes,
        content_encoding: str | None = None,
        content_type: str | None = None,
    ) -> Receipt:
        """Stores the reports of one device; returns once they are durable.

        `body` is JSON ({"reports": [...], "units": {...}}) or, with content type application/x-ndjson, a report a line;
        `content_encoding` may be gzip. Raises BodyInvalid, BodyTooLarge or EncodingUnsupported when nothing of it can be
        read, IngestBusy, IngestStopped, IngestUnavailable or PartitionMissing (all Unavailable, with `retry_after`) when the
        caller must keep it.
        """
        raise NotImplementedError

    async def submit_logs(
        self,
        device_uuid: UUID,
        body: bytes,
        content_encoding: str | None = None,
        content_type: str | None = None,
    ) -> Receipt:
        """The same for log lines: {"lines": [...]} or a line of JSON each."""
        raise NotImplementedError

    def statistics(self) -> IngestStatistics:
        """Counters since the start and what is queued now."""
        raise NotImplementedError
