"""`iotistic alerts` on a real database, as somebody types it."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from iotistic.cli.alerts import app
from iotistic.database.pool import connect
from iotistic.telemetry.alerts import AlertEvaluator, PatternInvalid, RuleInvalid, RuleNotFound
from tests.integration.telemetry.conftest import ingest_on, make_partitions, owner_of
from tests.support.databases import Databases, TestDatabase


@pytest_asyncio.fixture(scope="module")
async def place(databases: Databases) -> AsyncIterator[tuple[TestDatabase, UUID]]:
    """A database with the device pump."""
    async with databases.platform() as database, owner_of(database) as owner:
        await make_partitions(owner)
        device = uuid4()
        await owner.execute("INSERT INTO devices (uuid, name, kind) VALUES (%s, 'pump', 'sensor')", (device,))
        yield database, device


@pytest.fixture
def run(place: tuple[TestDatabase, UUID]) -> Callable[..., Any]:
    """Types a command."""
    endpoint = place[0].endpoint("app")
    host, port = endpoint.hosts[0]
    assert endpoint.password is not None
    url = f"postgresql://{endpoint.user}:{endpoint.password.reveal()}@{host}:{port}/{place[0].name}"

    async def typed(*words: str) -> str:
        import asyncio  # noqa: PLC0415

        result = await asyncio.to_thread(
            lambda: CliRunner().invoke(app, [*words, "--url", url], catch_exceptions=False)
        )
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    return typed


async def test_a_rule_finds_a_line_and_somebody_resolves_it(
    place: tuple[TestDatabase, UUID], run: Callable[..., Any]
) -> None:
    database, device = place
    await run(
        "rules",
        "create",
        "disk",
        r"disk\s+full",
        "--type",
        "regex",
        "--device",
        "pump",
        "--window",
        "90s",
        "--level",
        "error",
    )
    rule = json.loads(await run("rules", "show", "disk"))
    assert (rule["device_uuid"], rule["threshold"], rule["created_by"]) == (str(device), 1, "iotistic alerts")
    assert "  pump, error or worse  " in await run("rules", "list")
    line = {
        "timestamp": datetime.now(UTC).isoformat(),
        "sequence": 1,
        "message": "disk  full",
        "level": "error",
    }
    async with ingest_on(database) as ingest:
        await ingest.submit_logs(device, json.dumps({"lines": [line]}).encode())
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    assert (await AlertEvaluator(connection).step(datetime.now(UTC))).opened == 1
    await connection.commit()
    await connection.close()
    (alert,) = map(json.loads, (await run("list", "--json", "--device", "pump")).splitlines())
    number = str(alert["id"])
    await run("ack", number)
    assert json.loads(await run("show", number))["status"] == "acknowledged"
    assert "acknowledged  disk  pump  " in await run("list", "--rule", "disk")
    await run("resolve", number)
    assert number not in await run("list")
    assert number in await run("list", "--status", "resolved")
    await run("rules", "disable", "disk")
    disabled = json.loads(await run("rules", "show", "disk"))
    assert (disabled["is_enabled"], disabled["pattern_type"]) == (False, "regex")
    await run("rules", "enable", "disk")
    await run("rules", "delete", "disk")
    assert await run("rules", "list", "--json") == ""


async def test_what_cannot_be_is_refused(run: Callable[..., Any]) -> None:
    with pytest.raises(PatternInvalid) as refused:
        await run("rules", "create", "bad", "(", "--type", "regex")
    assert "Syntax" in (refused.value.hint or "")
    with pytest.raises(PatternInvalid, match="not 0") as refused:
        await run("rules", "create", "bad", "")
    assert refused.value.hint is None
    with pytest.raises(RuleInvalid):
        await run("rules", "create", "bad", "x", "--window", "2d")
    for words in (("rules", "show", "bad"), ("rules", "disable", "bad"), ("list", "--rule", "bad")):
        with pytest.raises(RuleNotFound, match="bad"):
            await run(*words)
