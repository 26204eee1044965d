"""Waiting for a server that takes its time: told while it moves, given up when it does not.

A program that only sleeps stands in for the postmaster, because no setting makes a real recovery slow.
"""

import asyncio
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotistic.database.server.errors import ServerStartFailed
from iotistic.database.server.log import STARTUP, LogWatch
from iotistic.database.server.ports import LOOPBACK
from iotistic.database.server.process import wait_until_ready


@pytest.fixture
def slow_server() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["/bin/sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def port() -> Iterator[int]:
    """Somebody who answers the request for TLS as a server without TLS does."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        threading.Thread(target=answer_for_ever, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


async def test_a_long_start_is_told_and_waited_for(
    slow_server: "subprocess.Popen[bytes]", port: int, tmp_path: Path
) -> None:
    told: list[str] = []
    watch = LogWatch.begin(tmp_path)
    write_pid_file(tmp_path, slow_server.pid, port, "starting")
    waiting = asyncio.create_task(wait_until_ready(slow_server.pid, tmp_path, watch, told.append))
    (tmp_path / STARTUP).write_text(
        "2026-11-23 20:00:00.000 UTC [1] LOG:  redo in progress, elapsed time: 2.00 s\n"
    )
    while not told:
        await asyncio.sleep(0.01)
    assert told == ["PostgreSQL: redo in progress, elapsed time: 2.00 s"]
    assert not waiting.done()
    write_pid_file(tmp_path, slow_server.pid, port, "ready")
    found = await waiting
    assert (found.pid, found.port) == (slow_server.pid, port)


async def test_a_start_that_stops_moving_is_given_up_and_left_running(
    slow_server: "subprocess.Popen[bytes]", port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.database.server.process._PATIENCE", 0.5)
    write_pid_file(tmp_path, slow_server.pid, port, "starting")
    with pytest.raises(ServerStartFailed, match="no progress"):
        await wait_until_ready(slow_server.pid, tmp_path, LogWatch.begin(tmp_path), lambda _event: None)
    assert slow_server.poll() is None


async def test_a_pid_file_of_an_earlier_server_does_not_count_as_ready(
    slow_server: "subprocess.Popen[bytes]", port: int, tmp_path: Path
) -> None:
    write_pid_file(tmp_path, slow_server.pid + 1, port, "ready")
    waiting = asyncio.create_task(
        wait_until_ready(slow_server.pid, tmp_path, LogWatch.begin(tmp_path), lambda _event: None)
    )
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    slow_server.kill()
    slow_server.wait()
    with pytest.raises(ServerStartFailed, match="ended while starting"):
        await waiting


def write_pid_file(data: Path, pid: int, port: int, status: str) -> None:
    (data / "postmaster.pid").write_text(
        f"{pid}\n{data}\n1700000000\n{port}\n/run\n{LOOPBACK}\n  1 2\n{status}\n"
    )


def answer_for_ever(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(8)
            connection.sendall(b"N")
