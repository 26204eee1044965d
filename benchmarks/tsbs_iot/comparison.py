"""Every question of the workload asked of both sides: the API, and the plain recomputation."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from tsbs_iot.questions import Questions
from tsbs_iot.recomputation import Recomputation
from tsbs_iot.trucks import Report

__all__ = ["QUESTIONS", "Answered", "agree", "ask_all"]

_OF_A_FLEET = (
    "last_loc", "low_fuel", "high_load", "stationary_trucks", "long_driving_sessions", "long_daily_sessions",
)  # fmt: skip
_OF_ALL = (
    "avg_vs_projected_fuel_consumption", "avg_daily_driving_duration", "avg_daily_driving_session", "avg_load",
    "daily_activity", "breakdown_frequency",
)  # fmt: skip
QUESTIONS = (*_OF_A_FLEET, *_OF_ALL)
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question, both answers."""

    question: str
    api: Any
    recomputed: Any
    seconds: float
    """What the API took."""

    @property
    def rows(self) -> int:
        """Of the answer, over all fleets."""
        if self.question in _OF_A_FLEET:
            return sum(map(len, self.recomputed.values()))
        return len(self.recomputed)


async def ask_all(
    client: httpx.AsyncClient,
    reports: Sequence[Report],
    start: datetime,
    end: datetime,
    fleets: Sequence[str],
) -> list[Answered]:
    """The first six for each of the fleets together, the others of all trucks; when what was sent can be seen."""
    asked, plain = Questions(client, start, end), Recomputation(reports, start, end)
    # All that waits is written in one transaction, so the newest report of a truck comes with its other lists of names.
    newest: dict[str, datetime] = {}
    for report in reports:
        uuid = str(report.truck.device)
        newest[uuid] = max(newest.get(uuid, report.timestamp), report.timestamp)
    async with asyncio.timeout(60):
        while not await asked.has_caught_up(newest):
            await asyncio.sleep(0.1)

    async def timed(name: str, act: Callable[[], Awaitable[Any]], recomputed: Any) -> Answered:  # noqa: ANN401
        began = time.perf_counter()
        found = await act()
        return Answered(question=name, api=found, recomputed=recomputed, seconds=time.perf_counter() - began)

    async def of_fleets(name: str) -> dict[str, Any]:
        return {fleet: await getattr(asked, name)(fleet) for fleet in fleets}

    answers = [
        await timed(
            name, lambda name=name: of_fleets(name), {fleet: getattr(plain, name)(fleet) for fleet in fleets}
        )
        for name in _OF_A_FLEET
    ]
    return answers + [await timed(name, getattr(asked, name), getattr(plain, name)()) for name in _OF_ALL]


def agree(one: Any, other: Any) -> bool:  # noqa: ANN401 - answers of any shape
    """Whether two answers are the same but for the last digits of means, which depend on the order of addition."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(agree(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, float):
        return abs(one - other) <= _CLOSE * max(1.0, abs(one))
    return bool(one == other)
