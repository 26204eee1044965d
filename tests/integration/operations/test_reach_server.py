"""What a real server says in each kind of trouble: rules, passwords that ended, limits, a start or a stop that takes its time."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from iotistic.config import Endpoint
from iotistic.config.location import Surroundings
from iotistic.database import locks
from iotistic.database.client_tools import ClientToolMissing, find_tool
from iotistic.database.errors import DatabaseUnavailable, SchemaMissing, translated
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, start, stop
from iotistic.operations.reach import InsideView, Problem, Walk
from iotistic.secret import Secret
from tests.support.server import start_test_server, stop_test_server

OUTSIDE = Surroundings(in_container=False, resolves=lambda _: False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[RunningServer]:
    running = await start_test_server()
    yield running
    await stop_test_server(running)


@pytest_asyncio.fixture(loop_scope="session")
async def admin(server: RunningServer) -> AsyncIterator[Connection]:
    connection = await connect(server.endpoint, "postgres", application_name="test", autocommit=True)
    yield connection
    await connection.close()


def as_role(server: RunningServer, name: str, password: str = "right") -> Endpoint:
    return replace(server.endpoint, user=name, password=Secret(password))


async def problem_of(endpoint: Endpoint, database: str = "postgres") -> tuple[str, Problem | None]:
    walk = Walk(endpoint, database, surroundings=OUTSIDE, patience=timedelta(seconds=5))
    steps = [step async for step in walk.steps()]
    return steps[-1].name, steps[-1].problem


@pytest.mark.parametrize(
    ("role", "made", "said"),
    [
        ("passed", "CREATE ROLE passed LOGIN PASSWORD 'right' VALID UNTIL '2020-01-01'", "has ended"),
        ("bare", "CREATE ROLE bare LOGIN", "has no password"),
        ("other", "CREATE ROLE other LOGIN PASSWORD 'another'", "another one was sent"),
        ("nobody_here", "SELECT 1", "no role nobody_here"),
    ],
)
async def test_a_password_that_ended_or_never_was_is_told_as_one_that_may_be_wrong(
    server: RunningServer, admin: Connection, role: str, made: str, said: str
) -> None:
    await admin.execute(made.encode())
    name, problem = await problem_of(as_role(server, role))
    assert problem is not None
    assert (name, problem.code) == ("password", "28P01")
    assert "VALID UNTIL" in problem.cause
    assert f"rolname = '{role}'" in problem.fix
    assert said in (await _from_inside(server, problem, role)).cause


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param("local all all scram-sha-256", id="no line"),
        pytest.param("host all outsider 127.0.0.1/32 reject", id="a line that rejects"),
        pytest.param("hostssl all outsider 127.0.0.1/32 scram-sha-256", id="a line for TLS only"),
    ],
)
async def test_the_rules_are_told_with_the_line_to_add(
    server: RunningServer, admin: Connection, rules: str
) -> None:
    await admin.execute("DROP ROLE IF EXISTS outsider; CREATE ROLE outsider LOGIN PASSWORD 'right'")
    file = server.folder.postgres / "pg_hba.conf"
    before = file.read_text()
    ours = "host all postgres 127.0.0.1/32 scram-sha-256\n"
    try:
        await _put_rules(admin, file, ours + rules + "\n")
        name, problem = await problem_of(as_role(server, "outsider"))
    finally:
        await _put_rules(admin, file, before)
    assert problem is not None
    assert (name, problem.code) == ("rules", "28000")
    assert "host  postgres  outsider  <your network>  scram-sha-256" in problem.fix


async def _put_rules(admin: Connection, file: Path, text: str) -> None:
    """Waits until a new session meets them: a reload is a signal, and takes its moment."""
    await asyncio.to_thread(file.write_text, text)
    cursor = await admin.execute("SELECT pg_conf_load_time()")
    before = await cursor.fetchone()
    await admin.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(60):
        while await (await admin.execute("SELECT pg_conf_load_time()")).fetchone() == before:
            await asyncio.sleep(0.02)


async def test_a_database_with_no_connection_left_is_told(server: RunningServer, admin: Connection) -> None:
    await admin.execute("CREATE DATABASE narrow CONNECTION LIMIT 0")
    await admin.execute("CREATE ROLE visitor LOGIN PASSWORD 'right'")
    name, problem = await problem_of(as_role(server, "visitor"), "narrow")
    assert problem is not None
    assert (name, problem.code) == ("database", "53300")
    seen = await _from_inside(server, problem, "visitor", "narrow")
    assert "The database narrow may have 0 connections" in seen.cause


async def test_a_role_with_no_connection_left_is_told_with_its_limit(
    server: RunningServer, admin: Connection
) -> None:
    await admin.execute("CREATE ROLE single LOGIN PASSWORD 'right' CONNECTION LIMIT 1")
    only = await connect(as_role(server, "single"), "postgres", application_name="the-one", autocommit=True)
    name, problem = await problem_of(as_role(server, "single"))
    assert problem is not None
    assert (name, problem.code) == ("database", "53300")
    seen = await _from_inside(server, problem, "single")
    assert "The role single may have 1 connections and has 1" in seen.cause
    assert "single (the-one) 1" in seen.cause
    await only.close()


async def test_a_closed_database_is_told_with_who_works_on_it(
    server: RunningServer, admin: Connection
) -> None:
    await admin.execute("CREATE DATABASE closing")
    await admin.execute("CREATE ROLE guest LOGIN PASSWORD 'right'")
    restoring = await connect(
        server.endpoint, "closing", application_name="iotistic-restore", autocommit=True
    )
    async with locks.hold(restoring, locks.LockKey.OPERATIONS):
        await admin.execute("ALTER DATABASE closing ALLOW_CONNECTIONS false")
        name, problem = await problem_of(as_role(server, "guest"), "closing")
        assert problem is not None
        assert (name, problem.code) == ("database", "55000")
        seen = await _from_inside(server, problem, "guest", "closing")
        assert f"process {restoring.info.backend_pid} (iotistic-restore" in seen.cause
    await restoring.close()
    assert "somebody closed it" in (await _from_inside(server, problem, "guest", "closing")).cause


async def test_a_role_that_refuses_writes_is_told(server: RunningServer, admin: Connection) -> None:
    await admin.execute("CREATE ROLE reader LOGIN PASSWORD 'right'")
    await admin.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    name, problem = await problem_of(as_role(server, "reader"))
    assert problem is not None
    assert (name, problem.code) == ("state", "25006")
    assert "default_transaction_read_only" in problem.cause


async def test_a_statement_on_a_table_that_is_not_there_names_migrations(admin: Connection) -> None:
    with pytest.raises(SchemaMissing) as raised, translated():
        await admin.execute("SELECT 1 FROM device_metrics")
    assert isinstance(raised.value.__cause__, psycopg.errors.UndefinedTable)
    assert "iotistic migrate" in (raised.value.hint or "")


def test_programs_older_than_the_server_are_not_tried() -> None:
    with pytest.raises(ClientToolMissing, match="PostgreSQL 99 or newer"):
        find_tool("pg_dump", at_least=99)


@pytest.mark.parametrize("kept_for", ["administrators", "a role of its own"])
async def test_a_server_of_which_every_place_is_taken_is_told(kept_for: str) -> None:
    """Five places, three of them kept: "reserved" for visitors, "too many clients" for administrators once all are taken."""
    running = await start_test_server()
    taken: list[Connection] = []
    try:
        if kept_for == "a role of its own" and running.version < (16, 0):
            pytest.skip("reserved_connections came with PostgreSQL 16")
        running = await _with_five_places(running, kept_for)
        taken += [await _visit(running) for _ in range(2)]
        name, problem = await problem_of(as_role(running, "visitor"))
        assert problem is not None
        assert (name, problem.code) == ("database", "53300")
        seen = await _from_inside(running, problem, "visitor")
        assert "kept for" in seen.cause
        assert "visitor (visitor) 2" in seen.cause
        taken += [await _fill(running) for _ in range(3)]
        name, problem = await problem_of(running.endpoint)
        assert problem is not None
        assert (name, problem.code) == ("database", "53300")
    finally:
        for connection in taken:
            await connection.close()
        await stop_test_server(running)


async def _with_five_places(running: RunningServer, kept_for: str) -> RunningServer:
    reserved = "superuser_reserved_connections = 3"
    if kept_for == "a role of its own":
        reserved = "superuser_reserved_connections = 1; reserved_connections = 2"
    admin = await connect(running.endpoint, "postgres", application_name="test", autocommit=True)
    await admin.execute("CREATE ROLE visitor LOGIN PASSWORD 'right'")
    for setting in ("max_connections = 5", "max_wal_senders = 0", *reserved.split("; ")):
        await admin.execute(f"ALTER SYSTEM SET {setting}".encode())
    await admin.close()
    await stop(running.folder, mode="fast")
    return await start(running.folder, binaries=running.binaries, durable=False)


async def _fill(running: RunningServer) -> Connection:
    """The place of a session that has just ended is free only once its process is gone."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await connect(running.endpoint, "postgres", application_name="test", autocommit=True)
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)


async def _from_inside(
    running: RunningServer, problem: Problem, user: str, database: str = "postgres"
) -> Problem:
    administrator = await _fill(running)
    try:
        return await InsideView(administrator).narrow(problem, user=user, database=database)
    finally:
        await administrator.close()


async def _visit(running: RunningServer) -> Connection:
    return await connect(as_role(running, "visitor"), "postgres", application_name="visitor", autocommit=True)


async def test_a_server_that_is_about_to_stop_is_told() -> None:
    """It waits for those inside and lets nobody else in."""
    running = await start_test_server()
    try:
        inside = await connect(running.endpoint, "postgres", application_name="test", autocommit=True)
        os.kill(running.pid, signal.SIGTERM)
        async with asyncio.timeout(60):
            while True:
                name, problem = await problem_of(running.endpoint)
                if problem is not None:
                    break
                await asyncio.sleep(0.02)
        assert (name, problem.code) == ("state", "57P03")
        with suppress(psycopg.Error):
            await inside.close()
    finally:
        await stop_test_server(running)
