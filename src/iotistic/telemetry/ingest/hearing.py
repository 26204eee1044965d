"""Which devices were heard of, and how far their clocks are off: told at most once a second, never a row a message."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import final
from uuid import UUID

import psycopg

from iotistic.clock import Clock
from iotistic.database.pool import Connection
from iotistic.errors import IotisticError
from iotistic.telemetry.clocks.clocks import note_skews
from iotistic.telemetry.clocks.skew import Skews
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.sessions import Sessions
from iotistic.telemetry.ingest.submissions import Submission

__all__ = ["Contacts", "Hearing"]

Contacts = Callable[[Connection, Collection[UUID]], Awaitable[None]]
"""Told, at most once a second, which devices' data was committed since the last time; works in a transaction of its own on
the connection given."""

_log = logging.getLogger("iotistic.telemetry.ingest")


@final
class Hearing:
    """One per process."""

    def __init__(
        self, sessions: Sessions, contacts: Contacts | None, limits: IngestLimits, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._contacts = contacts
        self._every = limits.latest_every.total_seconds()
        self._clock = clock
        self._heard: set[UUID] = set()
        self._skews = Skews(limits.watermarks)
        self._due = 0.0

    def add(self, devices: Iterable[UUID]) -> None:
        """These showed that they are there."""
        self._heard.update(devices)

    def judge(self, submissions: Iterable[Submission]) -> None:
        """These bodies are durable: their devices are there, and what was newest of each says something of a clock."""
        for one in submissions:
            self._heard.add(one.device_uuid)
            if one.lead is not None:
                self._skews.observe(one.device_uuid, one.lead)

    async def tell(self) -> None:
        """Writes what was heard, when it is due."""
        loop = asyncio.get_running_loop()
        if not self._heard or loop.time() < self._due:
            return
        heard, self._heard = self._heard, set()
        skews = self._skews.due(loop.time())
        self._due = loop.time() + self._every
        try:
            async with self._sessions.use() as connection, connection.transaction():
                if self._contacts is not None:
                    await self._contacts(connection, heard)
                if skews:
                    await note_skews(connection, skews, self._clock())
            self._skews.written(skews, loop.time())
        except (psycopg.Error, IotisticError) as error:
            # The next report of each device tells again.
            _log.warning("contacts not noted", exc_info=error)
