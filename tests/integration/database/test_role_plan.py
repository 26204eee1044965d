"""`iotistic db roles`: a plan from what a server is like, on a server of its own, since roles belong to all of its databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
import pytest_asyncio
from psycopg import AsyncConnection

from iotistic.bootstrap.database_roles import apply_roles, plan_roles
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.platform import open_platform
from iotistic.clock import system_clock
from iotistic.config import Settings
from iotistic.config.model import DatabaseRoles
from iotistic.data_folder import DataFolder
from iotistic.database.pool import connect
from iotistic.database.roles import ROLES
from iotistic.database.server import RunningServer
from iotistic.operations import doctor
from iotistic.operations.doctor import Circumstances, Patient, State
from tests.conftest import _PREFERRED
from tests.support.schema import migrate
from tests.support.server import start_test_server, stop_test_server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def estate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """A configured server as an administrator has it, where somebody ran the migrations as postgres before there were roles."""
    server = await start_test_server(_PREFERRED)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("installation"), database=server.endpoint, database_roles="each"
    )
    async with administrator(server) as connection:
        await connection.execute("CREATE DATABASE iotistic")
    await migrate(server.endpoint, "iotistic")
    await apply_roles(settings, await plan_roles(settings))
    yield settings
    await stop_test_server(server)


@asynccontextmanager
async def administrator(
    server: RunningServer | Settings, database: str = "postgres"
) -> AsyncIterator[AsyncConnection]:
    endpoint = server.endpoint if isinstance(server, RunningServer) else server.database
    assert endpoint is not None
    connection = await connect(endpoint, database, application_name="test", autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def working_as(settings: Settings, purpose: str) -> AsyncIterator[AsyncConnection]:
    connection = await connect(
        Endpoints(settings).of(purpose), "iotistic", application_name="test", autocommit=True
    )
    try:
        yield connection
    finally:
        await connection.close()


async def value(connection: AsyncConnection, question: LiteralString) -> object:
    row = await (await connection.execute(question)).fetchone()
    assert row is not None
    return row[0]


async def test_what_was_applied_is_as_it_should_be(estate: Settings) -> None:
    plan = await plan_roles(estate)
    assert plan.is_empty, [step.title for step in plan.steps]
    assert plan.absent == ["billing", "vpn"]


DRIFT: list[tuple[LiteralString, str]] = [
    ("ALTER ROLE iotistic_app SUPERUSER", "role iotistic_app is SUPERUSER"),
    ("ALTER ROLE iotistic_ingest CREATEDB BYPASSRLS", "role iotistic_ingest is BYPASSRLS, CREATEDB"),
    ("ALTER ROLE iotistic_owner LOGIN", "role iotistic_owner may sign in"),
    ("ALTER ROLE iotistic_broker NOLOGIN", "role iotistic_broker may not sign in"),
    (
        "ALTER ROLE iotistic_readonly CONNECTION LIMIT -1",
        "role iotistic_readonly may have any number of sessions, not 20",
    ),
    (
        "ALTER ROLE iotistic_app SET statement_timeout = '0'",
        "statement_timeout of role iotistic_app is 0, not 30s",
    ),
    (
        "ALTER ROLE iotistic_migrator RESET role",
        "role of role iotistic_migrator is not set to iotistic_owner",
    ),
    (
        "GRANT pg_write_all_data TO iotistic_readonly",
        "role iotistic_readonly has the rights of pg_write_all_data",
    ),
    ("REVOKE pg_monitor FROM iotistic_monitor", "role iotistic_monitor lacks the rights of pg_monitor"),
    ("GRANT CONNECT ON DATABASE iotistic TO PUBLIC", "anybody may enter database iotistic"),
    (
        "GRANT CREATE ON DATABASE iotistic TO iotistic_app",
        "iotistic_app may CREATE in database iotistic",
    ),
    ("ALTER DATABASE iotistic OWNER TO postgres", "database iotistic belongs to postgres"),
    ("GRANT CREATE ON SCHEMA public TO PUBLIC", "anybody may use the schema public of iotistic"),
    (
        "GRANT CREATE ON SCHEMA public TO iotistic_app",
        "iotistic_app has CREATE on the schema public of iotistic",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE iotistic_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        "anybody may call what functions the owner makes in iotistic",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE iotistic_owner IN SCHEMA public REVOKE SELECT ON TABLES FROM iotistic_readonly",
        "iotistic_readonly gets no SELECT on TABLES the owner makes in iotistic",
    ),
    (
        "CREATE TABLE made_by_hand (id bigint)",
        "tables, views or functions of iotistic belong to others: 1 of postgres",
    ),
    ("COMMENT ON ROLE iotistic_app IS 'mine'", "role iotistic_app does not say what it is for"),
]


@pytest.mark.parametrize(("harm", "title"), DRIFT, ids=[title for _, title in DRIFT])
async def test_drift_is_told_and_mended(estate: Settings, harm: LiteralString, title: str) -> None:
    async with administrator(estate, "iotistic") as connection:
        await connection.execute(harm)
    plan = await plan_roles(estate)
    assert title in [step.title for step in plan.steps]
    await apply_roles(estate, plan)
    assert (await plan_roles(estate)).is_empty
    async with administrator(estate, "iotistic") as connection:
        await connection.execute("DROP TABLE IF EXISTS made_by_hand")


async def test_what_operators_add_stays(estate: Settings) -> None:
    async with administrator(estate) as connection:
        await connection.execute("CREATE ROLE ada LOGIN")
        await connection.execute("GRANT iotistic_readonly TO ada")
        await connection.execute("ALTER ROLE iotistic_readonly SET work_mem = '64MB'")
        assert (await plan_roles(estate)).is_empty
        assert await value(connection, "SELECT pg_has_role('ada', 'iotistic_readonly', 'MEMBER')") is True
        await connection.execute("ALTER ROLE iotistic_readonly RESET work_mem")
        await connection.execute("DROP ROLE ada")


async def test_nobody_signs_in_as_the_owner_and_the_migrator_makes_things_for_it(estate: Settings) -> None:
    async with working_as(estate, "owner") as connection:
        assert await value(connection, "SELECT session_user || ' ' || current_user") == (
            "iotistic_migrator iotistic_owner"
        )
        assert await value(connection, "SHOW lock_timeout") == "3s"
        await connection.execute("CREATE TABLE made (id bigint)")
        whose = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'made'"
        assert await value(connection, whose) == "iotistic_owner"
        await connection.execute("DROP TABLE made")
    owner = replace(Endpoints(estate).of("owner"), user="iotistic_owner")
    with pytest.raises(Exception, match=r"not permitted to log in|password authentication failed"):
        await connect(owner, "iotistic", application_name="test")


async def test_every_job_signs_in_and_is_held_back_as_the_book_says(estate: Settings) -> None:
    for role in ROLES:
        async with working_as(estate, role.purpose) as connection:
            for setting, expected in role.settings.items():
                cursor = await connection.execute(
                    "SELECT current_setting(%s), current_user::text", (setting,)
                )
                assert await cursor.fetchone() == (_as_shown(expected), role.name), (role.name, setting)


async def test_one_login_gets_no_more_sessions_than_its_limit(estate: Settings) -> None:
    endpoint = Endpoints(estate).of("monitor")
    sessions = [await connect(endpoint, "iotistic", application_name="test") for _ in range(10)]
    try:
        with pytest.raises(Exception, match="too many connections for role"):
            await connect(endpoint, "iotistic", application_name="test")
    finally:
        for session in sessions:
            await session.close()


async def test_tables_that_were_made_as_postgres_are_taken_over_with_their_rights(estate: Settings) -> None:
    async with working_as(estate, "readonly") as connection:
        await connection.execute("SELECT username FROM users")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("SELECT password_hash FROM users")
    async with working_as(estate, "app") as connection:
        await connection.execute("SELECT password_hash FROM users")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("DELETE FROM audit_log")
    async with administrator(estate, "iotistic") as connection:
        assert await value(connection, "SELECT count(*) FROM pg_class WHERE relowner = 10 AND relnamespace = 'public'::regnamespace"
                           " AND relkind IN ('r', 'p', 'v') AND relname NOT LIKE 'pg_stat_%'") == 0  # fmt: skip


async def test_maintenance_vacuums_and_on_17_reads_no_row(estate: Settings) -> None:
    async with working_as(estate, "maintenance") as connection:
        told: list[str] = []
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        await connection.execute("VACUUM (ANALYZE) users")
        assert told == []  # without the right VACUUM only warns
        if connection.info.server_version >= 170000:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute("SELECT FROM users")


async def test_passwords_lie_in_the_folder_alone_and_the_server_has_verifiers(estate: Settings) -> None:
    folder = DataFolder(Path(estate.data_dir))
    async with administrator(estate) as connection:
        cursor = await connection.execute(
            "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'iotistic%'"
        )
        stored = dict(await cursor.fetchall())
    assert stored.pop("iotistic_owner") is None
    assert len(stored) == len(ROLES)
    for login, verifier in stored.items():
        secret = folder.find_secret(login)
        assert secret is not None
        assert verifier.startswith("SCRAM-SHA-256$4096:")
        assert secret.reveal() not in verifier


def _as_shown(setting: str) -> str:
    """As SHOW says it: 60s is 1min."""
    return {"60s": "1min"}.get(setting, setting)


async def test_a_service_knows_whether_it_works_as_superuser(estate: Settings) -> None:
    for mode, expected in _MODES:
        platform = await open_platform(replace(estate, database_roles=mode), with_ingest=False)
        try:
            assert await platform.is_superuser() is expected
        finally:
            await platform.close()


async def test_the_doctor_calls_a_role_that_gained_something_an_alarm(estate: Settings) -> None:
    async def look() -> doctor.Finding:
        async with administrator(estate, "iotistic") as connection:
            seen = Circumstances(
                now=system_clock(),
                server_version=connection.info.server_version,
                stats_age=None,
                database="iotistic",
            )
            patient = Patient(connection=connection, seen=seen, migrations=_nothing_pending)
            (finding,) = [each async for each in doctor.examine(patient, doctor.choose_checks(["roles"]))]
            return finding

    assert (await look()).state is State.ok
    async with administrator(estate) as connection:
        await connection.execute("ALTER ROLE iotistic_app SUPERUSER")
    found = await look()
    assert (found.state, found.observed) == (State.critical, "role iotistic_app is SUPERUSER")
    await apply_roles(estate, await plan_roles(estate))
    assert (await look()).state is State.ok


_MODES: tuple[tuple[DatabaseRoles, bool], ...] = (("one", True), ("each", False))


async def _nothing_pending() -> tuple[list[str], list[str]]:
    return [], []
