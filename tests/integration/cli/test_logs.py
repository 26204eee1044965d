"""`iotistic logs` on a real database: what is there, and what comes while it follows."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from iotistic.cli.logs import app
from iotistic.cli.time_range import TimeUnreadable
from iotistic.database.pool import connect
from tests.integration.telemetry.conftest import ingest_on, make_partitions, owner_of
from tests.support.databases import TestDatabase


async def test_a_follower_prints_each_line_once_through_a_lost_session_and_no_control_characters(
    database: TestDatabase,
) -> None:
    device = uuid4()

    def body(number: int) -> bytes:
        line = {
            "timestamp": datetime.now(UTC).isoformat(),
            "sequence": number,
            "message": f"line {number}\x1b[2J",
        }
        return json.dumps({"lines": [{**line, "level": "info", "service": "pump"}]}).encode()

    endpoint = database.endpoint("app")
    host, port = endpoint.hosts[0]
    assert endpoint.password is not None
    url = f"postgresql://{endpoint.user}:{endpoint.password.reveal()}@{host}:{port}/{database.name}"
    async with owner_of(database) as owner:
        # Before ingest starts: it looks for partitions then, and not again for a while.
        await make_partitions(owner)
        await owner.execute("INSERT INTO devices (uuid, name, kind) VALUES (%s, 'pump', 'sensor')", (device,))
    async with ingest_on(database) as ingest:
        await ingest.submit_logs(device, body(1))
        words = ["-m", "iotistic", "logs", "-f", "--url", url]
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE)
        assert process.stdout is not None
        seen: list[str] = []
        for number in (2, 3, 4):
            async with asyncio.timeout(60):
                seen.append((await process.stdout.readline()).decode())
            if number == 3:
                await end_sessions_of_commands(database)
            await ingest.submit_logs(device, body(number))
        async with asyncio.timeout(60):
            seen.append((await process.stdout.readline()).decode())
        process.send_signal(signal.SIGINT)
        assert await process.stdout.read() == b""
        assert await process.wait() == 130
    told = [line.split("  ", 1)[1].split() for line in seen]
    assert told == [["pump", "info", "pump:", "line", str(n), "[2J"] for n in (1, 2, 3, 4)]


def test_following_has_no_end() -> None:
    with pytest.raises(TimeUnreadable, match="--to"):
        CliRunner().invoke(app, ["-f", "--to", "2026-11-23"], catch_exceptions=False)


async def end_sessions_of_commands(database: TestDatabase) -> None:
    connection = await connect(database.superuser, database.name, application_name="test", autocommit=True)
    cursor = await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'iotistic-devices%'"
    )
    assert len(await cursor.fetchall()) >= 2  # what reads, and what listens
    await connection.close()
