"""What a real server says while it starts, recovers, stands by, or loses the session that has just begun.

Starts are held where they are: the server waits for a file of its archive, which a command fetches that ends when the test says so.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from iotistic.config import Endpoint
from iotistic.config.location import Surroundings
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, find_postmaster, start, stop
from iotistic.operations.reach import Problem, Walk
from iotistic.secret import Secret
from tests.support.server import start_test_server, stop_test_server

OUTSIDE = Surroundings(in_container=False, resolves=lambda _: False)
HELD = "while test -e held; do sleep 0.05; done; false"
LIMIT = 60
HOLDING_LOGINS = """
CREATE FUNCTION hold_login() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF session_user = 'visitor' THEN
    PERFORM pg_sleep(50);
  END IF;
END $$;
CREATE EVENT TRIGGER hold_logins ON login EXECUTE FUNCTION hold_login();
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[RunningServer]:
    running = await start_test_server()
    connection = await _administrator(running)
    await connection.execute("CREATE ROLE visitor LOGIN PASSWORD 'right'")
    await connection.close()
    yield running
    await stop_test_server(running)


async def _administrator(server: RunningServer) -> Connection:
    return await connect(_here(server), "postgres", application_name="test", autocommit=True)


def _here(server: RunningServer) -> Endpoint:
    """Where the server is now: each start may take another port."""
    found = find_postmaster(server.folder)
    assert found is not None
    assert found.port is not None
    return replace(server.endpoint, hosts=(("127.0.0.1", found.port),))


async def last_step(endpoint: Endpoint) -> tuple[str, Problem | None]:
    walk = Walk(endpoint, "postgres", surroundings=OUTSIDE, patience=timedelta(seconds=LIMIT))
    steps = [step async for step in walk.steps()]
    return steps[-1].name, steps[-1].problem


async def until(server: RunningServer, sqlstate: str) -> tuple[str, Problem]:
    """Walks until the server has got so far; before, nothing may listen yet, or the last one still hang up."""
    async with asyncio.timeout(LIMIT):
        while True:
            found = find_postmaster(server.folder)
            if found is not None and found.port is not None:
                name, problem = await last_step(_here(server))
                if problem is not None and problem.code == sqlstate:
                    return name, problem
            await asyncio.sleep(0.02)


@asynccontextmanager
async def standing_by(server: RunningServer, *settings: str) -> AsyncIterator[Path]:
    """The server is stopped and will stand by once it is started; the file that holds its start. Afterwards it is as before."""
    data = server.folder.postgres
    own = data / "postgresql.auto.conf"
    before = own.read_text()
    await stop(server.folder)
    own.write_text(before + "".join(f"{line}\n" for line in (f"restore_command = '{HELD}'", *settings)))
    signs = [_owned(data / name, server) for name in ("standby.signal", "held")]
    try:
        yield signs[1]
    finally:
        for sign in signs:
            sign.unlink(missing_ok=True)
        await _started(server)  # whatever the test left behind has to end first
        own.write_text(before)
        await stop(server.folder)
        await _started(server)


def _owned(path: Path, server: RunningServer) -> Path:
    path.touch()
    shutil.chown(path, server.account)
    return path


async def _started(server: RunningServer) -> None:
    await start(server.folder, binaries=server.binaries, durable=False)


async def test_a_server_that_starts_is_told_and_one_that_stands_by(server: RunningServer) -> None:
    async with standing_by(server) as held:
        starting = asyncio.create_task(_started(server))
        name, problem = await until(server, "57P03")
        assert name == "state"
        assert "starting up" in problem.cause
        assert "`/ready`" in problem.fix
        held.unlink()
        await starting
        name, problem = await until(server, "25006")
    assert name == "state"
    assert "standby" in problem.cause
    assert "DB_HOST" in problem.fix


async def test_a_standby_that_nobody_may_ask_is_told(server: RunningServer) -> None:
    async with standing_by(server, "hot_standby = off") as held:
        held.unlink()
        await _started(server)
        name, problem = await until(server, "57P03")
    assert name == "state"
    assert "not accepting connections" in problem.cause


async def test_a_server_that_recovers_from_a_crash_is_told(server: RunningServer) -> None:
    """One process is killed, so the server ends all others and begins anew, which is held."""
    data = server.folder.postgres
    administrator = await _administrator(server)
    await administrator.execute(f"ALTER SYSTEM SET restore_command = '{HELD}'".encode())
    await _reloaded(administrator)
    signs = [_owned(data / name, server) for name in ("standby.signal", "held")]
    try:
        os.kill(administrator.info.backend_pid, signal.SIGKILL)
        name, problem = await until(server, "57P03")
        assert name == "state"
        assert "recovery" in problem.cause
    finally:
        for sign in signs:
            sign.unlink()
        await administrator.close()
        (data / "postgresql.auto.conf").write_text("")
        await stop(
            server.folder, mode="immediate"
        )  # a fast stop waits for what cannot come while it recovers
        await _started(server)


async def _reloaded(administrator: Connection) -> None:
    """The server tells its processes after it has read the settings itself."""
    before = await (await administrator.execute("SELECT pg_conf_load_time()")).fetchone()
    await administrator.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(LIMIT):
        while await (await administrator.execute("SELECT pg_conf_load_time()")).fetchone() == before:
            await asyncio.sleep(0.02)


@asynccontextmanager
async def caught(
    server: RunningServer,
) -> AsyncIterator[tuple[Connection, int, asyncio.Task[tuple[str, Problem | None]]]]:
    """A walk whose session waits after its password was accepted: an administrator, its process, and the walk."""
    if server.version < (17, 0):
        pytest.skip("what happens at a login can be held since PostgreSQL 17")
    administrator = await _administrator(server)
    await administrator.execute(HOLDING_LOGINS)
    walking = asyncio.create_task(last_step(replace(_here(server), user="visitor", password=Secret("right"))))
    try:
        yield administrator, await _held_process(administrator), walking
    finally:
        await administrator.close()
        await _let_logins_pass(server)


async def _held_process(administrator: Connection) -> int:
    async with asyncio.timeout(LIMIT):
        while True:
            cursor = await administrator.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = 'visitor' AND wait_event = 'PgSleep'"
            )
            row = await cursor.fetchone()
            if row is not None:
                return int(row[0])
            await asyncio.sleep(0.02)


async def _let_logins_pass(server: RunningServer) -> None:
    """A server that lost a process ends all others and begins anew, and this one may forget what it had just been told."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                administrator = await _administrator(server)
                async with administrator:
                    await administrator.execute("DROP EVENT TRIGGER IF EXISTS hold_logins")
                    await administrator.execute("DROP FUNCTION IF EXISTS hold_login()")
            except (DatabaseUnavailable, psycopg.OperationalError):
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_session_that_is_ended_while_it_begins_is_told(server: RunningServer) -> None:
    async with caught(server) as (administrator, process, walking):
        await administrator.execute("SELECT pg_terminate_backend(%s)", (process,))
        name, problem = await walking
    assert problem is not None
    assert (name, problem.code) == ("state", "57P01")
    assert "administrator" in problem.cause
    assert "Try again" in problem.fix


async def test_a_session_whose_process_is_killed_is_told(server: RunningServer) -> None:
    """As the kernel does it when memory is short."""
    async with caught(server) as (_, process, walking):
        os.kill(process, signal.SIGKILL)
        _, problem = await walking
    assert problem is not None
    assert problem.code == "hung_up"
    assert "out-of-memory" in problem.fix
