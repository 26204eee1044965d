import asyncio
from datetime import timedelta

import pytest

from iotistic.errors import Unauthenticated
from iotistic.http.login_gate import LoginGate, TooManyFailures, TooManyLogins


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def fail(gate: LoginGate, client: str = "c") -> None:
    with pytest.raises(Unauthenticated):
        async with gate.turn(client):
            raise Unauthenticated("wrong")


async def succeed(gate: LoginGate, client: str = "c") -> None:
    async with gate.turn(client):
        pass


async def test_failures_close_the_gate_to_their_client_and_to_nobody_else() -> None:
    gate = LoginGate(failures=3, now=Time())
    for _ in range(3):
        await fail(gate)
    with pytest.raises(TooManyFailures):
        await succeed(gate)
    await succeed(gate, "another")


async def test_one_failure_fewer_leaves_it_open() -> None:
    gate = LoginGate(failures=3, now=Time())
    for _ in range(2):
        await fail(gate)
    await succeed(gate)


async def test_the_gate_opens_again_when_the_time_has_passed_since_the_first_failure() -> None:
    time = Time()
    gate = LoginGate(failures=2, within=timedelta(seconds=60), now=time)
    await fail(gate)
    time.now = 50.0
    await fail(gate)
    with pytest.raises(TooManyFailures) as refusal:
        await succeed(gate)
    assert refusal.value.retry_after == timedelta(seconds=10)
    time.now = 60.0
    await fail(gate)  # counts anew
    await succeed(gate)


async def test_other_errors_do_not_count() -> None:
    gate = LoginGate(failures=1, now=Time())
    with pytest.raises(ValueError, match="ours"):
        async with gate.turn("c"):
            raise ValueError("ours")
    await succeed(gate)


async def test_success_does_not_wipe_failures_out() -> None:
    """An account of one's own must not help to guess another's."""
    gate = LoginGate(failures=2, now=Time())
    await fail(gate)
    await succeed(gate)
    await fail(gate)
    with pytest.raises(TooManyFailures):
        await succeed(gate)


async def test_few_run_at_once_few_wait_and_the_rest_is_turned_away() -> None:
    gate = LoginGate(at_once=2, waiting=1)
    inside, most = 0, 0
    leave = asyncio.Event()

    async def attempt(client: str) -> None:
        nonlocal inside, most
        async with gate.turn(client):
            inside += 1
            most = max(most, inside)
            await leave.wait()
            inside -= 1

    tasks = [asyncio.create_task(attempt(str(number))) for number in range(4)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert [type(task.exception()) for task in done] == [TooManyLogins]
    leave.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 3 + [TooManyLogins]
    assert most == 2
    await succeed(gate)


async def test_a_cancelled_attempt_gives_its_place_back() -> None:
    gate = LoginGate(at_once=1, waiting=0)

    async def attempt() -> None:
        async with gate.turn("c"):
            await asyncio.Event().wait()

    task = asyncio.create_task(attempt())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await succeed(gate)


async def test_memory_for_clients_is_bounded() -> None:
    gate = LoginGate(failures=1, clients=10, now=Time())
    for number in range(11):
        await fail(gate, str(number))
    assert len(gate._failed) == 10
    await succeed(gate, "0")  # the oldest was forgotten
    with pytest.raises(TooManyFailures):
        await succeed(gate, "10")
