"""After a crash: data kept, leftovers cleared, strangers left alone."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from iotistic.database.pool import Connection
from iotistic.database.server import find_running, stop
from iotistic.database.server.errors import ServerStillAlive
from iotistic.database.server.processes import find_leftovers, is_alive
from tests.support.installation import Installation, ask, keep, kept, one_version, run, superuser

COUNT_FOR_EVER: LiteralString = "SELECT count(*) FROM generate_series(1, 1000000000000)"


async def test_what_was_committed_survives_a_kill(installation: Installation) -> None:
    server = await installation.start(durable=True)
    await keep(server, "committed")
    os.kill(server.pid, signal.SIGKILL)
    again = await installation.start()
    assert again.pid != server.pid
    assert await kept(again) == "committed"


@one_version
async def test_ten_kills_in_a_row_need_no_manual_step(installation: Installation) -> None:
    for number in range(10):
        server = await installation.start()
        connection = await superuser(server)
        await connection.execute("CREATE TABLE IF NOT EXISTS rounds (number int PRIMARY KEY)")
        await connection.execute("INSERT INTO rounds VALUES (%s)", (number,))
        os.kill(server.pid, signal.SIGKILL)
        await connection.close()
    server = await installation.start()
    assert await ask(server, "SELECT count(*) FROM rounds") == 10
    await run(server, "DROP TABLE rounds")


async def test_a_backend_that_computes_on_after_its_postmaster_died_is_ended(
    installation: Installation,
) -> None:
    server = await installation.start()
    connection = await superuser(server)
    pid = connection.info.backend_pid
    computing = asyncio.create_task(run_to_its_end(connection))
    await until(lambda: busy(pid))
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: not is_alive(server.pid) or parent_of(pid) != server.pid)
    again = await installation.start()
    assert not is_alive(pid)
    assert await ask(again, "SELECT 1") == 1
    assert any("last server died" in event for event in installation.told)
    await computing
    await connection.close()


@one_version
async def test_a_pid_file_of_a_dead_process_is_no_obstacle(installation: Installation) -> None:
    ended = program("/bin/true")
    ended.wait()
    leave_pid_file(installation, ended.pid)
    server = await installation.start()
    assert server.pid != ended.pid


@one_version
async def test_a_pid_file_whose_number_somebody_else_got_is_no_obstacle(installation: Installation) -> None:
    leave_pid_file(installation, os.getpid())
    assert find_running(installation.folder) is None
    server = await installation.start()
    assert server.pid != os.getpid()


async def test_a_number_taken_by_a_process_of_the_same_account_is_no_obstacle(
    installation: Installation,
) -> None:
    sleeper = program("/bin/sleep", "600", user=installation.folder.postgres.stat().st_uid)
    try:
        leave_pid_file(installation, sleeper.pid)
        server = await installation.start()
        assert server.pid != sleeper.pid
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


@one_version
async def test_another_clusters_server_under_the_same_number_is_left_alone(
    installation: Installation, spare: Installation
) -> None:
    other = await spare.start()
    leave_pid_file(installation, other.pid)
    server = await installation.start()
    assert server.pid != other.pid
    assert await ask(other, "SELECT 1") == 1


@one_version
@pytest.mark.parametrize("text", ["", "not a number\n"])
async def test_a_torn_pid_file_is_no_obstacle(installation: Installation, text: str) -> None:
    (installation.folder.postgres / "postmaster.pid").write_text(text)
    server = await installation.start()
    assert await ask(server, "SELECT 1") == 1


@one_version
async def test_a_living_server_without_its_pid_file_is_not_joined_by_a_second(
    installation: Installation,
) -> None:
    server = await installation.start()
    pid_file = installation.folder.postgres / "postmaster.pid"
    text = pid_file.read_bytes()
    pid_file.unlink()
    with pytest.raises(ServerStillAlive, match=str(server.pid)):
        await installation.start()
    assert await ask(server, "SELECT 1") == 1
    pid_file.write_bytes(text)


async def test_a_server_that_is_stopping_is_waited_for(installation: Installation) -> None:
    server = await installation.start()
    connection = await superuser(server)
    os.kill(server.pid, signal.SIGTERM)  # a smart shutdown waits for the connection
    await until(lambda: "stopping" in (installation.folder.postgres / "postmaster.pid").read_text())
    assert find_running(installation.folder) is None
    restart = asyncio.create_task(installation.start())
    await until(lambda: any("stopping" in event for event in installation.told))
    await connection.close()
    again = await restart
    assert again.pid != server.pid
    assert await ask(again, "SELECT 1") == 1


async def test_immediate_stop_leaves_recovery_to_the_next_start(installation: Installation) -> None:
    server = await installation.start()
    await keep(server, "safe")
    assert await stop(installation.folder, mode="immediate") is not None
    assert not find_leftovers(installation.folder.postgres).children
    assert await kept(await installation.start()) == "safe"


def leave_pid_file(installation: Installation, pid: int) -> None:
    data = installation.folder.postgres
    (data / "postmaster.pid").write_text(
        f"{pid}\n{data}\n1700000000\n15432\n{installation.folder.run}\n127.0.0.1\n  1234567     98304\nready   \n"
    )


def program(*command: str, user: int | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, user=user)


async def run_to_its_end(connection: Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        await connection.execute(COUNT_FOR_EVER)


def busy(pid: int) -> bool:
    return "SELECT" in Path(f"/proc/{pid}/cmdline").read_text()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
