"""How long a request waits that needs something of a database which is away: as long as one that only waits for its commit."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar, final

import psycopg

from iotistic.database.errors import is_transient
from iotistic.errors import IotisticError
from iotistic.telemetry.errors import IngestBusy, IngestStopped, IngestUnavailable, PartitionMissing

__all__ = ["Patience"]

_T = TypeVar("_T")

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
_AT_ONCE: Final = (IngestBusy, IngestStopped, IngestUnavailable, PartitionMissing)
"""What a wait of seconds does not mend."""


@final
class Patience:
    """`is_over` says that nobody may wait any longer: the process stops."""

    def __init__(self, limit: timedelta, is_over: Callable[[], bool]) -> None:
        self._limit = limit.total_seconds()
        self._is_over = is_over

    async def ask(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """What `question` answers, asked again while the database is away. Raises IngestUnavailable, and what it raises otherwise."""
        now = asyncio.get_running_loop().time
        deadline, pause = now() + self._limit, _FIRST_PAUSE
        while True:
            try:
                return await question()
            except (psycopg.Error, IotisticError) as error:
                if isinstance(error, _AT_ONCE) or not is_transient(error):
                    raise
                if now() + pause > deadline or self._is_over():
                    raise _away() from error
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)


def _away() -> IngestUnavailable:
    return IngestUnavailable(
        "The database is away.",
        hint="Keep the data and send it again.",
        retry_after=timedelta(seconds=2),
    )
