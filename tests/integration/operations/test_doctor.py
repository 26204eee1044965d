"""The doctor finds what is really there, and never calls fine what it could not see."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.config import Endpoint
from iotistic.database.pool import Connection, connect
from iotistic.operations.doctor import (
    CHECKS,
    Circumstances,
    Finding,
    Patient,
    State,
    choose_checks,
    examine,
    exit_code,
    prometheus_text,
)
from iotistic.operations.doctor.examination import CheckUnknown
from iotistic.operations.doctor.repository import DoctorRepository
from tests.support.databases import TestDatabase


@dataclass(frozen=True, kw_only=True)
class Ward:
    """One database, examined as whoever is asked."""

    database: TestDatabase
    backups: Path

    async def examine(self, *ids: str, endpoint: Endpoint | None = None) -> dict[str, Finding]:
        async def migrations() -> tuple[Sequence[str], Sequence[str]]:
            return [], []

        connection = await connect(
            endpoint or self.database.superuser,
            self.database.name,
            application_name="doctor",
            autocommit=True,
        )
        try:
            seen = Circumstances(
                now=datetime.now(UTC),
                server_version=connection.info.server_version,
                stats_age=timedelta(days=60),
                backups=self.backups,
                database=self.database.name,
            )
            patient = Patient(connection=connection, seen=seen, migrations=migrations)
            return {finding.id: finding async for finding in examine(patient, choose_checks(ids))}
        finally:
            await connection.close()

    async def open(self) -> Connection:
        return await connect(
            self.database.superuser, self.database.name, application_name="test", autocommit=True
        )


@pytest_asyncio.fixture
async def ward(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Ward]:
    yield Ward(database=database, backups=tmp_path)


async def test_every_check_looks_at_a_real_database(ward: Ward) -> None:
    found = await ward.examine()
    assert list(found) == [check.id for check in CHECKS]
    assert [each.observed for each in found.values() if each.observed.startswith("could not look")] == []


async def test_a_role_without_rights_is_told_so_and_nothing_is_called_fine(ward: Ward) -> None:
    found = await ward.examine(
        "access-rules", "wal-size", "settings", endpoint=ward.database.endpoint("broker")
    )
    assert {each.state for each in found.values()} == {State.skipped}
    assert all(each.observed.startswith("could not look") for each in found.values())
    assert exit_code(list(found.values())) == 3


async def test_a_day_without_partition_is_found(ward: Ward) -> None:
    administrator = await ward.open()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    for day in range(-1, 8):
        if day != 1:
            await _leaf(administrator, tomorrow + timedelta(days=day - 1))
    await administrator.close()
    found = await ward.examine("partition-horizon", "partition-gaps")
    assert found["partition-gaps"].state is State.warn
    assert str(tomorrow) in found["partition-gaps"].observed


async def test_log_lines_that_no_rule_looks_at_any_more_are_found(ward: Ward) -> None:
    administrator = await ward.open()
    assert (await ward.examine("backlog"))["backlog"].state is State.ok
    await administrator.execute(
        "INSERT INTO log_alert_marks (devices, moments, sequences)"
        " SELECT array_fill(gen_random_uuid(), ARRAY[500]), array_fill(now(), ARRAY[500]), array_fill(1::bigint, ARRAY[500])"
        " FROM generate_series(1, 200)"
    )
    await administrator.execute(
        "INSERT INTO metric_rollup_marks (device_uuid, bucket) SELECT gen_random_uuid(), now()"
    )
    await administrator.close()
    found = (await ward.examine("backlog"))["backlog"]
    assert found.state is State.warn
    assert found.observed == "100000 log lines wait for alert rules, 1 late quarters for rollups"


async def _leaf(connection: Connection, day: object) -> None:
    await connection.execute(
        f"CREATE TABLE IF NOT EXISTS device_logs_x{str(day).replace('-', '')} PARTITION OF device_logs "  # type: ignore[arg-type]
        f"FOR VALUES FROM ('{day} 00:00+00') TO ('{day} 24:00+00')"
    )


async def test_an_idle_session_that_blocks_another_is_named(ward: Ward) -> None:
    holder, waiter = await ward.open(), await ward.open()
    await holder.execute("BEGIN")
    await holder.execute("LOCK TABLE fleets IN ACCESS EXCLUSIVE MODE")
    await waiter.execute("SET lock_timeout = '20s'")
    waiter.pgconn.send_query(b"SELECT FROM fleets")
    waiter.pgconn.flush()
    try:
        async for finding in _until_blocked(ward):
            assert f"pid {holder.info.backend_pid}" in finding.observed
    finally:
        await holder.execute("ROLLBACK")
        await holder.close()
        await waiter.close()


async def _until_blocked(ward: Ward) -> AsyncIterator[Finding]:
    for _ in range(200):
        found = await ward.examine("blocking")
        if "sessions wait" in found["blocking"].observed:
            yield found["blocking"]
            return
    raise AssertionError("nobody was seen waiting")


async def test_a_setting_that_waits_for_a_restart_is_no_broken_line(ward: Ward) -> None:
    """The server says of both that the line could not be applied."""
    session = await ward.open()
    try:
        await session.execute("ALTER SYSTEM SET max_worker_processes = 9")
        await _reload(session)
        wrong = await DoctorRepository(session).file_errors()
    finally:
        await session.execute("ALTER SYSTEM RESET max_worker_processes")
        await _reload(session)
        await session.close()
    assert wrong == []


async def _reload(session: Connection) -> None:
    """Waits until a new session meets it: a reload is a signal, and takes its moment."""
    cursor = await session.execute("SELECT pg_conf_load_time()")
    before = await cursor.fetchone()
    await session.execute("SELECT pg_reload_conf()")
    async with asyncio.timeout(60):
        while await (await session.execute("SELECT pg_conf_load_time()")).fetchone() == before:
            await asyncio.sleep(0.02)


async def test_a_half_built_index_is_found_with_its_repair(ward: Ward) -> None:
    administrator = await ward.open()
    await administrator.execute("CREATE TABLE twice (id bigint)")
    await administrator.execute("INSERT INTO twice VALUES (1), (1)")
    with pytest.raises(Exception, match="could not create unique index"):
        await administrator.execute("CREATE UNIQUE INDEX CONCURRENTLY twice_id_key ON twice (id)")
    await administrator.close()
    found = await ward.examine("invalid-objects")
    assert found["invalid-objects"].state is State.warn
    assert found["invalid-objects"].fix == "REINDEX INDEX CONCURRENTLY twice_id_key;"


async def test_a_full_identity_column_is_found(ward: Ward) -> None:
    administrator = await ward.open()
    await administrator.execute("CREATE TABLE small (id smallint GENERATED ALWAYS AS IDENTITY (START 30000))")
    await administrator.execute("INSERT INTO small DEFAULT VALUES")
    await administrator.close()
    finding = (await ward.examine("sequences"))["sequences"]
    assert finding.state is State.critical
    assert "small.id" in finding.observed


async def test_a_device_whose_clock_is_ahead_is_named(ward: Ward) -> None:
    connection = await ward.open()
    await connection.execute(
        "WITH device AS (INSERT INTO devices (name, kind) VALUES ('hasty', 'host'), ('late', 'host') RETURNING uuid, name)"
        " INSERT INTO device_clocks (device_uuid, skew, measured_at)"
        " SELECT uuid, CASE name WHEN 'hasty' THEN interval '2 minutes' ELSE interval '-3 seconds' END, now() FROM device"
    )
    await connection.close()
    finding = (await ward.examine("clock-skew"))["clock-skew"]
    assert finding.state is State.critical
    assert "1 of 2 clocks are more than a minute off; hasty is 120 s ahead" in finding.observed


async def test_what_a_broker_asks_is_timed(ward: Ward) -> None:
    connection = await ward.open()
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await connection.close()
    broker = await connect(
        ward.database.endpoint("broker"), ward.database.name, application_name="broker", autocommit=True
    )
    for _ in range(25):
        await broker.execute("SELECT pg_sleep(0.03)")
    await broker.close()
    finding = (await ward.examine("broker-auth"))["broker-auth"]
    assert (finding.state, "pg_sleep" in finding.observed) == (State.warn, True)


async def test_an_unknown_check_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CheckUnknown, match="nonsense"):
        choose_checks(["nonsense"])


async def test_prometheus_gets_one_state_per_check(ward: Ward) -> None:
    findings = list((await ward.examine()).values())
    lines = prometheus_text(findings, 'odd "name"').splitlines()
    states = [line for line in lines if line.startswith("iotistic_check_state{")]
    assert len(states) == len(CHECKS)
    assert 'database="odd \\"name\\""' in states[0]
