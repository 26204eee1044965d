"""Partitions as Parquet files: proved before anything is dropped, and readable afterwards."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.operations.archive import (
    ArchiveDamaged,
    ArchivedTableNotFound,
    ArchiveReader,
    Archivist,
    Catalogue,
    Folder,
    QueryRefused,
)
from iotistic.partitioning import ArchiveNotConfigured, Maintainer, RetentionClasses, Thinner
from tests.support.databases import TestDatabase
from tests.support.days import day_leaf, period_of

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
PERIOD = period_of(NOW.date())
METRICS, LOGS = (day_leaf(table, NOW.date()) for table in ("device_metrics", "device_logs"))
DEVICES = [UUID(int=number) for number in range(1, 4)]
NIGHT = NOW + timedelta(days=91)
AWKWARD = [
    'a "quoted" word',
    "two\nlines, one\ttab",
    r"\N",
    "",
    "ünïcödé 🜁",
    "NULL",
    "'; DROP TABLE logs; --",
]


@pytest_asyncio.fixture
async def owner(database: TestDatabase) -> AsyncIterator[Connection]:
    """Of a database with a day of metrics and logs, both to be archived."""
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    await connection.execute("UPDATE partition_policies SET back = 0, keep_days = 90")
    await Maintainer(connection, clock=lambda: NOW).run()
    await connection.execute(
        "UPDATE partition_policies SET archive = parent IN ('device_metrics', 'device_logs')"
    )
    for device in DEVICES:
        await connection.execute(
            "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)"
            " SELECT %s, %s + n * interval '1 second', %s, 7, ARRAY[n / 3.0, NULL, 'NaN', 'Infinity', 1e300 / (n + 1)]"
            " FROM generate_series(1, 500) AS n",
            (device, PERIOD.lower, device.int),
        )
    for number, message in enumerate(AWKWARD):
        await connection.execute(
            "INSERT INTO device_logs (device_uuid, timestamp, sequence, level, service, message)"
            " VALUES (%s, %s, %s, 'info', 'pump', %s)",
            (DEVICES[0], NOW + timedelta(microseconds=number), number - 3, message),
        )
    yield connection
    await connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "archive")


async def keep(connection: Connection, folder: Folder, leaf: str) -> int:
    parent = leaf.rpartition("_")[0]
    return await Archivist(folder, clock=lambda: NIGHT).keep(
        connection, parent=parent, leaf=leaf, period=PERIOD
    )


def answer(folder: Folder, text: str) -> list[tuple[object, ...]]:
    with ArchiveReader(folder).query(text) as found:
        return list(found.rows())


async def count(connection: Connection, table: str) -> int:
    row = await (await connection.execute(f"SELECT count(*) FROM {table}".encode())).fetchone()
    assert row is not None
    return int(row[0])


async def test_what_is_dropped_was_archived_and_stays_readable(owner: Connection, folder: Folder) -> None:
    outcome = await Maintainer(
        owner, clock=lambda: NIGHT, keeper=Archivist(folder, clock=lambda: NIGHT)
    ).run()
    assert not outcome.failed
    assert f"detach, archive and drop {METRICS}" in [str(step) for step in outcome.done]
    assert await count(owner, "device_metrics") == 0
    assert answer(
        folder, "SELECT count(*), count(DISTINCT device_uuid), min(timestamp) FROM device_metrics"
    ) == [(1500, 3, PERIOD.lower + timedelta(seconds=1))]
    for part in ArchiveReader(folder).list_parts():
        ArchiveReader(folder).verify(part)


async def test_every_value_comes_back_as_it_was(owner: Connection, folder: Folder) -> None:
    await keep(owner, folder, LOGS)
    await keep(owner, folder, METRICS)
    logs = (
        "SELECT device_uuid, timestamp, sequence, level, service, message FROM device_logs ORDER BY sequence"
    )
    assert answer(folder, logs) == await (await owner.execute(logs.encode())).fetchall()
    assert [row[5] for row in answer(folder, logs)] == AWKWARD
    values = 'SELECT device_uuid, timestamp, metric_set_id, "values" FROM device_metrics ORDER BY 1, 2'

    def exactly(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [(*row[:3], repr(row[3])) for row in rows]  # NaN is not equal to itself

    stored = await (await owner.execute(values.encode())).fetchall()
    assert exactly(answer(folder, values)) == exactly(stored)


async def test_nothing_is_dropped_when_there_is_no_archive(owner: Connection) -> None:
    outcome = await Maintainer(owner, clock=lambda: NIGHT).run()
    assert {type(failure.error) for failure in outcome.failed} == {ArchiveNotConfigured}
    assert await count(owner, "device_metrics") == 1500
    assert await count(owner, "device_logs") == len(AWKWARD)


async def test_nothing_is_dropped_when_the_archive_cannot_be_written(
    owner: Connection, tmp_path: Path
) -> None:
    (tmp_path / "archive").write_text("in the way")
    with pytest.raises(OSError, match="archive"):
        await keep(owner, Folder(tmp_path / "archive"), METRICS)
    assert await count(owner, METRICS) == 1500


async def test_a_second_time_adds_only_rows_that_are_new(owner: Connection, folder: Folder) -> None:
    assert await keep(owner, folder, METRICS) == 1500
    assert await keep(owner, folder, METRICS) == 0
    await owner.execute(
        "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values) VALUES (%s, %s, 1, 7, '{1}')",
        (DEVICES[0], NOW),
    )
    assert await keep(owner, folder, METRICS) == 1
    assert [part.part for part in ArchiveReader(folder).list_parts()] == [1, 2]
    assert answer(folder, "SELECT count(*) FROM device_metrics") == [(1501,)]
    assert await keep(owner, folder, METRICS) == 0


async def test_a_run_that_was_killed_before_the_manifest_is_done_again(
    owner: Connection, folder: Folder
) -> None:
    await keep(owner, folder, METRICS)
    (manifest,) = folder.keys(".json")
    (folder.root / manifest).unlink()
    assert ArchiveReader(folder).list_parts() == []
    assert await keep(owner, folder, METRICS) == 1500
    assert len(folder.keys(".parquet")) == 1
    assert list(folder.workplace().iterdir()) == []


async def test_a_damaged_file_is_found_and_keeps_its_partition_from_being_dropped(
    owner: Connection, folder: Folder
) -> None:
    await keep(owner, folder, METRICS)
    (key,) = folder.keys(".parquet")
    content = bytearray((folder.root / key).read_bytes())
    content[len(content) // 2] ^= 1
    (folder.root / key).write_bytes(content)
    (part,) = ArchiveReader(folder).list_parts()
    with pytest.raises(ArchiveDamaged, match="not what its manifest says"):
        ArchiveReader(folder).verify(part)
    outcome = await Maintainer(owner, clock=lambda: NIGHT, keeper=Archivist(folder)).run()
    assert METRICS in {failure.step.leaf for failure in outcome.failed}
    assert await count(owner, METRICS) == 1500
    (folder.root / key).unlink()
    with pytest.raises(ArchiveDamaged, match="is missing"):
        Catalogue(folder).file(part)


async def test_a_manifest_with_other_numbers_than_its_file_is_found(
    owner: Connection, folder: Folder
) -> None:
    await keep(owner, folder, LOGS)
    (key,) = folder.keys(".json")
    manifest = json.loads((folder.root / key).read_text())
    manifest["checks"]["message"]["total"] += 1
    (folder.root / key).write_text(json.dumps(manifest))
    (part,) = ArchiveReader(folder).list_parts()
    with pytest.raises(ArchiveDamaged, match="message"):
        ArchiveReader(folder).verify(part)


async def test_the_rows_of_a_class_that_is_over_are_archived_with_their_day_and_no_row_twice(
    owner: Connection, folder: Folder
) -> None:
    for number, device in enumerate(DEVICES):
        await owner.execute(
            "INSERT INTO devices (uuid, name, kind) VALUES (%s, %s, 'sensor')", (device, f"device-{number}")
        )
    await RetentionClasses(owner).set_class("device_metrics", DEVICES[0], 7)
    archivist = Archivist(folder, clock=lambda: NIGHT)
    await Thinner(owner, clock=lambda: NOW + timedelta(days=8), keeper=archivist).run()
    assert await count(owner, "device_metrics") == 1000
    outcome = await Maintainer(owner, clock=lambda: NIGHT, keeper=archivist).run()
    assert not outcome.failed
    assert answer(folder, "SELECT count(*) FROM device_metrics") == [(1500,)]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "DROP VIEW device_logs",
        "SELECT 1; SELECT 2",
        "ATTACH '/tmp/other.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT nonsense FROM device_logs",
    ],
)
async def test_a_query_reads_the_archive_and_nothing_else(
    owner: Connection, folder: Folder, text: str
) -> None:
    await keep(owner, folder, LOGS)
    with pytest.raises(QueryRefused):
        answer(folder, text)


async def test_a_table_that_is_not_there_is_told(owner: Connection, folder: Folder) -> None:
    with pytest.raises(ArchivedTableNotFound, match="nowhere"):
        await keep(owner, folder, "device_nowhere")
