"""Questions to the database, put together: one for all that came while the last one was answered.

A question for each request took longer than storing its reports, on a session that answers one at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar, final

__all__ = ["Questions"]

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")

_MOST: Final = 500
"""That are asked together."""


@final
class Questions(Generic[_Question, _Answer]):
    """`ask` answers many at once: by their numbers, from 1, those that have an answer."""

    def __init__(self, ask: Callable[[Sequence[_Question]], Awaitable[Mapping[int, _Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[_Question, asyncio.Future[_Answer | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def answer(self, question: _Question) -> _Answer | None:
        """What `ask` answers to this one. Raises what it raises."""
        future: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        """Not a caller's own task: one that goes away must not take the others' answers along."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: Sequence[tuple[_Question, "asyncio.Future[_Answer | None]"]]) -> None:
        try:
            found = await self._ask([question for question, _ in asked])
        except BaseException as error:
            for _, future in asked:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for number, (_, future) in enumerate(asked, 1):
            if not future.done():
                future.set_result(found.get(number))
