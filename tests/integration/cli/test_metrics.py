"""`iotistic metrics` on a real database, as somebody types it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from iotistic.cli.export_file import OutputUnwritable
from iotistic.cli.metrics import app
from iotistic.cli.time_range import TimeUnreadable, time_range
from tests.integration.telemetry.conftest import ingest_on, make_partitions, owner_of
from tests.support.databases import Databases, TestDatabase

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest_asyncio.fixture(scope="module")
async def reported(databases: Databases) -> AsyncIterator[tuple[TestDatabase, UUID]]:
    """A database in which the device pump reported a value a minute for the last half hour."""
    async with databases.platform() as database, owner_of(database) as owner:
        await make_partitions(owner)
        device = uuid4()
        await owner.execute("INSERT INTO devices (uuid, name, kind) VALUES (%s, 'pump', 'sensor')", (device,))
        async with ingest_on(database) as ingest:
            reports = [
                {"timestamp": (NOW - timedelta(minutes=n)).isoformat(), "metrics": {"rpm": float(n)}}
                for n in range(1, 31)
            ]
            body = json.dumps({"reports": reports, "units": {"rpm": "rpm"}}).encode()
            assert (await ingest.submit_metrics(device, body)).accepted == 30
        yield database, device


def run(reported: tuple[TestDatabase, UUID], *words: str) -> Any:  # noqa: ANN401
    endpoint = reported[0].endpoint("app")
    host, port = endpoint.hosts[0]
    assert endpoint.password is not None
    url = f"postgresql://{endpoint.user}:{endpoint.password.reveal()}@{host}:{port}/{reported[0].name}"
    return CliRunner().invoke(app, [*words, "--url", url], catch_exceptions=False)


async def test_every_form_of_question_is_answered(
    reported: tuple[TestDatabase, UUID], tmp_path: Path
) -> None:
    import asyncio  # noqa: PLC0415

    def ask() -> None:
        newest = json.loads(run(reported, "latest", "pump", "--json").stdout)
        assert [value["value"] for value in newest["values"]] == [1.0]
        drawn = run(reported, "series", "pump", "-m", "rpm", "--since", "40m").stdout
        assert "pump" in drawn
        assert "█" in drawn
        table = run(reported, "series", "pump", "--bucket", "10m", "--table").stdout
        assert table.splitlines()[0].split() == [
            "DEVICE", "METRIC", "TIMESTAMP", "COUNT", "MINIMUM", "AVERAGE", "MAXIMUM", "LAST",
        ]  # fmt: skip
        fleet = json.loads(run(reported, "fleet", "--json").stdout)
        assert sum(point["count"] for point in fleet["series"][0]["points"]) == 30
        file = tmp_path / "metrics.csv"
        run(reported, "export", "pump", "--output", str(file))
        assert len(file.read_text().splitlines()) == 31
        file = tmp_path / "metrics.ndjson"
        run(reported, "export", "pump", "--output", str(file))
        assert json.loads(file.read_text().splitlines()[0])["metric"] == "rpm"
        with pytest.raises(OutputUnwritable, match="nowhere"):
            run(reported, "export", "pump", "--output", str(tmp_path / "nowhere" / "metrics.csv"))
        assert "no rollup" in run(reported, "rollups").stderr.lower()

    await asyncio.to_thread(ask)


@pytest.mark.parametrize(
    ("since", "start", "end"), [("soon", None, None), ("1h", "today", None), ("1h", None, "x")]
)
def test_a_time_that_is_none_is_refused(since: str, start: str | None, end: str | None) -> None:
    with pytest.raises(TimeUnreadable):
        time_range(NOW, since, start, end)


def test_a_time_too_long_ago_for_a_duration_is_given_as_a_moment() -> None:
    with pytest.raises(TimeUnreadable) as refused:
        time_range(NOW, "400d", None, None)
    assert "--from" in (refused.value.hint or "")


def test_a_range_ends_now_and_begins_so_long_before() -> None:
    assert time_range(NOW, "90s", None, None) == (NOW - timedelta(seconds=90), NOW)
    assert time_range(NOW, "1h", "2026-11-23T20:00:00+01:00", None)[0] == datetime(
        2026, 11, 23, 19, tzinfo=UTC
    )
