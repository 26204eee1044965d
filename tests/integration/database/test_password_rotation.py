"""`iotistic db rotate-password` under a storm of connections, and where a password may be seen: nowhere but in the data folder."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from psycopg import AsyncConnection

from iotistic.bootstrap.database_roles import apply_roles, plan_roles
from iotistic.bootstrap.endpoints import Endpoints, role_of
from iotistic.bootstrap.password_rotation import (
    LoginsShared,
    RotationUnfinished,
    finish_rotation,
    rotate_password,
)
from iotistic.config import PoolSettings, SessionLimits, Settings
from iotistic.database.conninfo import url
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import connect, open_pool
from iotistic.database.server import RunningServer
from iotistic.secret import Secret
from tests.conftest import _PREFERRED
from tests.support.server import start_test_server, stop_test_server

APP = role_of("app")
LONG = timedelta(seconds=60)
GRACE = timedelta(seconds=4)
NONE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    server: RunningServer
    settings: Settings


@pytest_asyncio.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    server = await start_test_server(_PREFERRED)
    settings = Settings(data_dir=tmp_path / "installation", database=server.endpoint, database_roles="each")
    async with administrator(server) as connection:
        await connection.execute("CREATE DATABASE iotistic")
    await apply_roles(settings, await plan_roles(settings))
    yield Estate(server=server, settings=settings)
    await stop_test_server(server)


@asynccontextmanager
async def administrator(server: RunningServer) -> AsyncIterator[AsyncConnection]:
    connection = await connect(server.endpoint, "postgres", application_name="test", autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


async def storm(stop: asyncio.Event, work: Callable[[], Awaitable[str]], users: list[str]) -> None:
    """Does it again and again; a failure ends the test."""
    while not stop.is_set():
        users.append(await work())


async def test_rotation_lets_no_connection_fail(estate: Estate) -> None:
    endpoints, users, stop = Endpoints(estate.settings), list[str](), asyncio.Event()
    pool = await open_pool(
        lambda: endpoints.of("app"),
        "iotistic",
        settings=PoolSettings(min_size=2, max_size=4),
        limits=SessionLimits(),
        application_name="pool",
    )

    async def direct() -> str:
        connection = await connect(endpoints.of("app"), "iotistic", application_name="storm")
        user = connection.info.user
        await connection.execute("SELECT 1")
        await connection.close()
        return user

    async def pooled() -> str:
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
            await asyncio.sleep(0.005)
            return connection.info.user

    async with asyncio.TaskGroup() as group:
        for work in (direct, direct, direct, pooled, pooled, pooled, pooled):
            group.create_task(storm(stop, work, users))
        try:
            for turn in ("iotistic_app_b", "iotistic_app"):
                done = await rotate_password(estate.settings, APP, wait=LONG, grace=GRACE)
                assert (done.new, done.left) == (turn, [])
        finally:
            stop.set()
    await pool.close()
    assert len(users) > 100
    assert set(users) == {"iotistic_app", "iotistic_app_b"}


async def test_the_old_password_works_no_more_and_the_new_one_has_the_same_rights(estate: Estate) -> None:
    endpoints = Endpoints(estate.settings)
    before = endpoints.of("app")
    await rotate_password(estate.settings, APP, wait=LONG, grace=NONE)
    with pytest.raises(DatabaseUnavailable):
        await connect(before, "iotistic", application_name="test")
    connection = await connect(endpoints.of("app"), "iotistic", application_name="test")
    cursor = await connection.execute(
        "SELECT session_user::text, current_user::text, current_setting('statement_timeout')"
    )
    assert await cursor.fetchone() == ("iotistic_app_b", "iotistic_app", "30s")
    await connection.close()
    assert (await plan_roles(estate.settings)).is_empty


async def test_who_is_busy_is_waited_for_told_and_never_cut_off(estate: Estate) -> None:
    busy = await connect(Endpoints(estate.settings).of("app"), "iotistic", application_name="long report")
    await busy.execute("SELECT 1")  # in a transaction
    done = await rotate_password(estate.settings, APP, wait=NONE, grace=NONE)
    assert [(session.application, session.is_idle) for session in done.left] == [("long report", False)]
    with pytest.raises(RotationUnfinished):
        await rotate_password(estate.settings, APP, wait=NONE, grace=NONE)
    await busy.execute("SELECT 2")
    await busy.commit()
    await busy.close()
    assert (await finish_rotation(estate.settings, APP, wait=LONG)).left == []
    assert (await rotate_password(estate.settings, APP, wait=LONG, grace=NONE)).new == "iotistic_app"


async def test_cut_off_before_the_flip_it_changes_nothing_and_can_be_finished(estate: Estate) -> None:
    """The new login has a password that nobody kept: as after a crash between the two."""
    async with administrator(estate.server) as connection:
        await connection.execute("CREATE ROLE iotistic_app_b LOGIN PASSWORD 'lost'")
    await apply_roles(estate.settings, await plan_roles(estate.settings))
    session = await connect(Endpoints(estate.settings).of("app"), "iotistic", application_name="test")
    await session.close()
    with pytest.raises(RotationUnfinished):
        await rotate_password(estate.settings, APP, wait=NONE, grace=NONE)
    await finish_rotation(estate.settings, APP, wait=LONG)
    assert (await rotate_password(estate.settings, APP, wait=LONG, grace=NONE)).new == "iotistic_app_b"


async def test_the_login_of_an_administrator_is_not_ours_to_change(estate: Estate) -> None:
    shared = Settings(data_dir=estate.settings.data_dir, database=estate.server.endpoint)
    with pytest.raises(LoginsShared):
        await rotate_password(shared, APP, wait=NONE, grace=NONE)


async def test_a_password_is_seen_nowhere_but_in_the_data_folder(estate: Estate) -> None:
    """Process list, server log with every statement in it, statistics, sessions, and what the command says."""
    async with administrator(estate.server) as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        await connection.execute("ALTER SYSTEM SET log_min_duration_statement = 0")
        await connection.execute("ALTER SYSTEM SET pg_stat_statements.track_utility = on")
        await connection.execute("SELECT pg_reload_conf()")
    async with administrator(estate.server) as connection:
        await connection.execute("SELECT 'canary in the log'")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "iotistic", "db", "rotate-password", "app", "--grace", "1",
            "--url", url(estate.server.endpoint, "iotistic").replace(_password(estate), ""),
            "--data-dir", str(estate.settings.data_dir),
            env={**os.environ, "IOTISTIC_DB_ROLES": "each", "DB_PASSWORD": _password(estate)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        talking = asyncio.create_task(process.communicate())
        seen: list[str] = []
        while not talking.done():
            seen += _process_list()
            cursor = await connection.execute("SELECT query FROM pg_stat_activity WHERE query IS NOT NULL")
            seen += [query for (query,) in await cursor.fetchall()]
            await asyncio.sleep(0.05)
        out, err = talking.result()
        assert process.returncode == 0, err
        cursor = await connection.execute("SELECT query FROM pg_stat_statements")
        seen += [query for (query,) in await cursor.fetchall()]
    log = "".join(path.read_text(errors="replace") for path in estate.server.folder.log.rglob("*.log"))
    everything = "\n".join([*seen, log, out.decode(), err.decode()])
    assert "canary in the log" in log
    assert "rotate-password" in everything  # the process list was read
    folder = Endpoints(estate.settings).folder
    for login in APP.logins:
        secret = folder.find_secret(login)
        assert secret is not None
        assert secret.reveal() not in everything
    assert "SCRAM-SHA-256$" not in everything  # nor what passwords can be tried on
    assert [path.name for path in folder.secrets.iterdir() if path.stat().st_mode & 0o077] == []


def _password(estate: Estate) -> str:
    password = estate.server.endpoint.password or Secret("")
    return password.reveal()


def _process_list() -> list[str]:
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return found
