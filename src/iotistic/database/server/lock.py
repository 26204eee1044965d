"""One start or stop at a time for each data folder, across processes."""

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from iotistic.database.server.folders import filing

__all__ = ["exclusive"]

_POLL = 0.02
"""Seconds between attempts: flock has no wait that an event loop could share."""


@asynccontextmanager
async def exclusive(path: Path, on_event: Callable[[str], None]) -> AsyncGenerator[None]:
    """Holds the lock file `path` inside; waits for another holder, whose death frees it too.

    The file stays: removing it would let two holders lock two files of one name.
    """
    with filing(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        told = False
        while not _try_lock(descriptor):
            if not told:
                on_event("Another process is starting or stopping the server; waiting for it.")
                told = True
            await asyncio.sleep(_POLL)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
