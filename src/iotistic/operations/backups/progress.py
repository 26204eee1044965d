"""How far a long copy is, asked of the server now and then while a program of PostgreSQL's does it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psycopg

from iotistic.errors import IotisticError

__all__ = ["Observe", "Progress", "watched"]

_LOOK_EVERY = 0.5
_PATIENCE = 5.0
"""With a look at a server that may have died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is."""

    bytes_done: int
    bytes_total: int | None
    """On disk; what is written is less where it is packed. None: nobody can tell."""


Observe = Callable[[Progress], None]


@asynccontextmanager
async def watched(observe: Observe | None, look: Callable[[], Awaitable[Progress]]) -> AsyncGenerator[None]:
    """Tells `observe` what `look` sees, every half second until the block is left. A look that fails ends the telling, not the work.

    A look under way is waited for, not broken off: its session may be one that holds the locks of the work.
    """
    if observe is None:
        yield
        return
    over = asyncio.Event()
    task = asyncio.create_task(_watch(observe, look, over))
    try:
        yield
    finally:
        over.set()
        await asyncio.wait({task}, timeout=_PATIENCE)
        task.cancel()
        with suppress(asyncio.CancelledError, psycopg.Error, IotisticError):
            await task


async def _watch(observe: Observe, look: Callable[[], Awaitable[Progress]], over: asyncio.Event) -> None:
    while not over.is_set():
        observe(await look())
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _LOOK_EVERY)
