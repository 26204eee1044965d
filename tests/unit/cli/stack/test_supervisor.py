import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.cli.stack.state import ProcessMark, StackState, find_state, remove_state, write_state
from iotistic.cli.stack.supervisor import Service, Supervisor, restart_pause

FOREVER = "import time\nwhile True: time.sleep(60)"


def service(tmp_path: Path, code: str, **more: object) -> Service:
    return Service(name="child", command=[sys.executable, "-c", code], log=tmp_path / "child.log", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("deaths", "seconds"), [(1, 0.1), (2, 0.2), (6, 3.2), (7, 5.0), (100, 5.0)])
def test_pauses_between_restarts_grow_to_a_limit(deaths: int, seconds: float) -> None:
    assert restart_pause(deaths) == timedelta(seconds=seconds)


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    supervisor = Supervisor(tell=told.append)
    await supervisor.start(service(tmp_path, FOREVER))
    first = supervisor.marks()["child"]
    process = first.find()
    assert process is not None
    process.send_signal(signal.SIGKILL)
    async with asyncio.timeout(20):
        while supervisor.marks().get("child", first) == first:
            await asyncio.sleep(0.01)
    await supervisor.stop()
    assert "SIGKILL" in told[0]
    assert supervisor.marks() == {}


async def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    stubborn = (
        f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n{FOREVER}"
    )
    supervisor = Supervisor(tell=lambda _: None)
    child = service(tmp_path, stubborn, grace=timedelta(milliseconds=100))
    await supervisor.start(child)
    mark = supervisor.marks()["child"]
    async with asyncio.timeout(20):
        while "ready" not in child.log.read_text():
            await asyncio.sleep(0.01)
    await supervisor.stop()
    assert mark.find() is None


def test_what_runs_is_written_and_found(tmp_path: Path) -> None:
    path = tmp_path / "up.json"
    own = ProcessMark.of(1)
    state = StackState(supervisor=own, services={"api": own}, api_url="http://127.0.0.1:8080")
    write_state(path, state)
    assert find_state(path) == state
    assert set(state.survivors()) == {"api"}
    remove_state(path)
    remove_state(path)
    assert find_state(path) is None


def test_a_recycled_pid_is_not_mistaken() -> None:
    own = ProcessMark.of(1)
    assert ProcessMark(pid=1, started=own.started - 60).find() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supervisor": 1}'])
def test_a_damaged_state_file_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "up.json"
    path.write_text(text)
    assert find_state(path) is None
