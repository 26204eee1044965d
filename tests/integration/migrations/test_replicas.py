"""Many replicas start at once: each file is applied exactly once, and everybody goes home content.

IOTISTIC_TRIALS raises the number of trials for a long run: IOTISTIC_TRIALS=50 pytest tests/integration/migrations/test_replicas.py
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from iotistic.migrations import apply
from tests.support.histories import Place, history_of
from tests.support.replica import described

TRIALS = int(os.environ.get("IOTISTIC_TRIALS", "1"))
ROOT = Path(__file__).parents[3]

FILES = {
    f"{number:03}_t.sql": f"CREATE TABLE t{number} (id int PRIMARY KEY);\nINSERT INTO t{number} VALUES ({number});\n"
    for number in range(12)
} | {"R__v.sql": "CREATE OR REPLACE VIEW v AS SELECT * FROM t0;\n"}

CONCURRENT = {
    "1_t.sql": "CREATE TABLE t AS SELECT n AS id, 'x' || n AS name FROM generate_series(1, 20000) n;\n",
    "2_i.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY t_id ON t (id);\n"
    "CREATE UNIQUE INDEX CONCURRENTLY t_name ON t (name);\n",
}


async def replicas(place: Place, folder: Path, count: int) -> list[str]:
    """Runs processes at once and answers every file any of them applied; each must exit 0."""
    job = described(place.endpoint, place.name, folder)
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.replica", job, cwd=ROOT, stdout=-1, stderr=-1
        )
        for _ in range(count)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0] * count, [error for _, error in outputs]
    return [name for output, _ in outputs for name in json.loads(output)]


async def test_eight_processes_on_an_empty_database_apply_each_file_once(
    place: Place, tmp_path: Path
) -> None:
    history_of(tmp_path, FILES)
    for _ in range(TRIALS):
        await place.empty()
        applied = await replicas(place, tmp_path, 8)
        assert sorted(applied) == sorted(FILES)
        assert await place.rows("SELECT count(*), count(DISTINCT filename) FROM schema_migrations") == [
            (13, 13)
        ]


async def test_eight_runners_in_one_process_apply_each_file_once(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    for _ in range(TRIALS):
        await place.empty()
        reports = await asyncio.gather(*(apply(place.endpoint, place.name, history) for _ in range(8)))
        assert sorted(file.filename for report in reports for file in report.applied) == sorted(FILES)


async def test_three_replicas_over_an_index_built_concurrently(place: Place, tmp_path: Path) -> None:
    history_of(tmp_path, CONCURRENT)
    for _ in range(TRIALS):
        await place.empty()
        applied = await replicas(place, tmp_path, 3)
        assert sorted(applied) == sorted(CONCURRENT)
        assert await place.rows(
            "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid"
        ) == [(2,)]


@pytest.mark.parametrize("count", [3])
async def test_runners_in_one_process_over_an_index_built_concurrently(
    place: Place, tmp_path: Path, count: int
) -> None:
    history = history_of(tmp_path, CONCURRENT)
    for _ in range(TRIALS):
        await place.empty()
        reports = await asyncio.gather(*(apply(place.endpoint, place.name, history) for _ in range(count)))
        assert sorted(file.filename for report in reports for file in report.applied) == sorted(CONCURRENT)
        assert await place.rows(
            "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid"
        ) == [(2,)]
