"""How many passwords are hashed at once, who pays for hanging up, and what a stranger learns from the time it takes."""

import asyncio
import threading
import time
from collections.abc import Callable
from statistics import median

import bcrypt
import pytest

from iotistic.secret import Secret
from iotistic.security.errors import HasherBusy, PasswordUnusable
from iotistic.security.passwords import PasswordHasher

FAST = 4
PASSWORD = Secret("correct horse battery")


class Hold:
    """A hash that takes as long as a test wants."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()

    def __call__(self, _password: bytes, _salt: bytes) -> None:
        self.begun.set()
        self.release.wait(20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_caller_that_hangs_up_makes_no_room_while_its_hash_still_runs() -> None:
    hasher, hold = PasswordHasher(cost=FAST, workers=1, waiting=0), Hold()
    hashing = asyncio.create_task(hasher._run(hold, b"", b""))
    await until(hold.begun.is_set)
    hashing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hashing
    with pytest.raises(HasherBusy):
        await hasher.matches(PASSWORD, None)
    hold.release.set()
    await until(lambda: hasher._room.acquire(blocking=False))
    hasher.close()


async def test_a_caller_that_hangs_up_in_the_line_makes_room_at_once() -> None:
    hasher, hold = PasswordHasher(cost=FAST, workers=1, waiting=1), Hold()
    hashing = asyncio.create_task(hasher._run(hold, b"", b""))
    await until(hold.begun.is_set)
    waiting = asyncio.create_task(hasher.matches(PASSWORD, None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert hasher._room.acquire(blocking=False)
    hold.release.set()
    await hashing
    hasher.close()


async def test_whoever_is_turned_away_is_told_when_to_come_back() -> None:
    hasher = PasswordHasher(cost=FAST, workers=1, waiting=0)
    hasher._room.acquire()
    with pytest.raises(HasherBusy) as refused:
        await hasher.matches(PASSWORD, None)
    assert refused.value.retry_after is not None
    hasher.close()


async def test_the_event_loop_goes_on_while_a_password_is_hashed() -> None:
    hasher, hold = PasswordHasher(cost=FAST), Hold()
    hashing = asyncio.create_task(hasher._run(hold, b"", b""))
    await until(hold.begun.is_set)
    assert not hashing.done()
    hold.release.set()
    await hashing
    hasher.close()


async def test_an_unknown_name_takes_the_work_of_a_wrong_password_from_the_first_login_on() -> None:
    stored = bcrypt.hashpw(b"another password", bcrypt.gensalt(9)).decode()
    unknown, wrong, impossible = [], [], []
    for _ in range(7):
        hasher = PasswordHasher(cost=9, workers=1)  # a new one each time: the first login of a process counts
        unknown.append(await work(hasher, PASSWORD, None))
        wrong.append(await work(hasher, PASSWORD, stored))
        impossible.append(await work(hasher, Secret("x" * 100), stored))
        hasher.close()
    assert 0.5 < median(unknown) / median(wrong) < 2
    assert 0.5 < median(impossible) / median(wrong) < 2


async def work(hasher: PasswordHasher, password: Secret, stored: str | None) -> float:
    """CPU time of this process, so that a neighbour's load does not count."""
    started = time.process_time()
    assert not await hasher.matches(password, stored)
    return time.process_time() - started


@pytest.mark.parametrize("strange", ["with a \0 in it", "half a pair \ud83d"])
async def test_characters_that_no_password_holds_are_refused_and_match_nothing(strange: str) -> None:
    hasher = PasswordHasher(cost=FAST)
    with pytest.raises(PasswordUnusable, match="NUL"):
        await hasher.hash(Secret(strange))
    assert not await hasher.matches(Secret(strange), await hasher.hash(PASSWORD))
    hasher.close()


async def test_a_huge_guess_costs_what_any_guess_costs() -> None:
    hasher = PasswordHasher(cost=FAST)
    assert not await hasher.matches(Secret("x" * 5_000_000), await hasher.hash(PASSWORD))
    hasher.close()
