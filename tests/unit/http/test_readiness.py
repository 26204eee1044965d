import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from iotistic.bootstrap.platform import Finding, Platform
from iotistic.errors import Unavailable
from iotistic.http.readiness import ReadinessProbe

GOOD = Finding(check="schema", ready=True, detail="at head")
BAD = Finding(check="schema", ready=False, detail="pending")


class Asked:
    """Stands where a platform does; counts how often it is asked."""

    def __init__(self, answer: Callable[[], list[Finding]]) -> None:
        self._answer = answer
        self.times = 0

    async def readiness(self) -> list[Finding]:
        self.times += 1
        await asyncio.sleep(0)
        return self._answer()


def platform(asked: Asked) -> Platform:
    return cast("Platform", asked)


async def test_many_questions_at_once_are_one_look() -> None:
    asked = Asked(lambda: [GOOD])
    probe = ReadinessProbe()
    answers = await asyncio.gather(*(probe.look(platform(asked)) for _ in range(50)))
    assert asked.times == 1
    assert answers == [[GOOD]] * 50


async def test_a_no_is_looked_at_again_soon() -> None:
    findings = [[BAD], [GOOD]]
    asked = Asked(lambda: findings.pop(0))
    probe = ReadinessProbe()
    assert await probe.look(platform(asked)) == [BAD]
    async with asyncio.timeout(60):
        while await probe.look(platform(asked)) != [GOOD]:
            await asyncio.sleep(0.01)
    assert asked.times == 2


async def test_a_look_that_takes_too_long_is_a_no() -> None:
    class Stuck(Asked):
        async def readiness(self) -> list[Finding]:
            await asyncio.Event().wait()
            raise AssertionError

    [finding] = await ReadinessProbe(timedelta(milliseconds=1)).look(platform(Stuck(list)))
    assert not finding.ready


async def test_a_look_that_does_not_end_when_told_to_keeps_nobody_waiting() -> None:
    ended = asyncio.Event()

    class Hanging(Asked):
        async def readiness(self) -> list[Finding]:
            try:
                await asyncio.Event().wait()
            finally:
                await ended.wait()
            raise AssertionError

    async with asyncio.timeout(60):
        [finding] = await ReadinessProbe(timedelta(milliseconds=1)).look(platform(Hanging(list)))
    assert (finding.ready, ended.is_set()) == (False, False)
    ended.set()


async def test_an_error_is_a_no_and_its_words_stay_inside() -> None:
    def away() -> list[Finding]:
        raise Unavailable("No connection at db.internal")

    [finding] = await ReadinessProbe().look(platform(Asked(away)))
    assert (finding.ready, "internal" in finding.detail) == (False, False)


async def test_a_platform_that_is_not_open_is_a_no() -> None:
    [finding] = await ReadinessProbe().look(None)
    assert (finding.check, finding.ready) == ("start", False)
