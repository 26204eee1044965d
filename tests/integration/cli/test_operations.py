"""`iotistic status`, and what `iotistic backup` and `restore` do with the whole server, as their operator types them."""

import json
import subprocess
from pathlib import Path

import pytest
from psycopg import sql

from iotistic.database import locks
from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from tests.support.databases import TestDatabase
from tests.support.terminal import typed


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return typed(*words, folder=folder, IOTISTIC_DATA_DIR=str(folder / "data"))


async def test_status_tells_who_works_on_a_database_and_since_when(
    database: TestDatabase, tmp_path: Path
) -> None:
    address = url(database.endpoint("app"), database.name)
    seen = run(tmp_path, "status", "--json", "--url", address)
    assert seen.returncode == 0, seen.stderr
    ours = {row["name"]: row["operation"] for row in json.loads(seen.stdout)["databases"]}
    assert ours[database.name] is None

    dump = await connect(
        database.endpoint("app"), database.name, application_name="iotistic-backup", autocommit=True
    )
    async with locks.hold(dump, locks.LockKey.OPERATIONS):
        seen = run(tmp_path, "status", "--json", "--url", address)
        told = run(tmp_path, "status", "--url", address)
    ours = {row["name"]: row["operation"] for row in json.loads(seen.stdout)["databases"]}
    assert (ours[database.name]["pid"], ours[database.name]["application"]) == (
        dump.info.backend_pid,
        "iotistic-backup",
    )
    assert ours[database.name]["since"]
    assert f"process {dump.info.backend_pid} (iotistic-backup, role iotistic_app, since " in told.stdout
    await dump.close()


async def test_the_doctor_mends_what_is_safe_and_looks_again(database: TestDatabase, tmp_path: Path) -> None:
    owner = await connect(database.endpoint("owner"), database.name, application_name="test", autocommit=True)
    await owner.execute("CREATE TABLE odd (day date NOT NULL) PARTITION BY RANGE (day)")
    await owner.execute(
        "CREATE TABLE odd_1 PARTITION OF odd FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')"
    )
    await owner.execute("INSERT INTO odd SELECT '2026-01-01' FROM generate_series(1, 20000)")
    await owner.execute("ANALYZE odd_1")  # as autovacuum does: the leaf, never its parent
    await owner.close()
    address = url(database.superuser, database.name)
    before = run(tmp_path, "doctor", "--check", "parent-statistics", "--url", address)
    assert (before.returncode, "odd" in before.stdout) == (1, True)
    done = run(tmp_path, "doctor", "fix", "parent-statistics", "--yes", "--url", address)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "iotistic maintenance analyze --database platform" in done.stderr
    again = run(tmp_path, "doctor", "fix", "parent-statistics", "--url", address)  # nothing to ask for
    assert again.returncode == 0


async def test_the_doctor_leaves_to_a_person_what_may_do_harm(database: TestDatabase, tmp_path: Path) -> None:
    owner = await connect(database.endpoint("owner"), database.name, application_name="test", autocommit=True)
    await owner.execute("CREATE TABLE twice (id bigint PRIMARY KEY)")
    await owner.execute("INSERT INTO twice SELECT generate_series(1, 200000)")
    await owner.execute("CREATE INDEX twice_again_idx ON twice (id)")
    await owner.close()
    done = run(
        tmp_path,
        "doctor",
        "fix",
        "duplicate-indexes",
        "--yes",
        "--url",
        url(database.superuser, database.name),
    )
    assert done.returncode != 0
    assert "DROP INDEX CONCURRENTLY" in done.stderr
    unknown = run(tmp_path, "doctor", "fix", "nothing", "--url", url(database.superuser, database.name))
    assert "There is no check 'nothing'" in unknown.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["restore", "latest", "--to-time", "2026-11-28T12:00:00Z"], "Name it with --target PATH."),
        (["restore", "latest", "--to-time", "noon", "--target", "x"], "'noon' is no time"),
        (["restore", "latest", "--to-time", "2999-01-01", "--target", "x"], "2999-01-01 is in the future"),
        (["restore", "latest", "--to-time", "end", "--target", "x"], "There is no base backup 'latest'"),
        (["restore", "latest", "--target", "x"], "--target is given without --to-time"),
        (
            ["restore", "latest", "--to-time", "end", "--target", "x", "--into", "y"],
            "--into and --table do not go with it",
        ),
        (["restore", "latest", "--into", "x", "--table", "devices"], "--into and --table are both given"),
        (["restore", "a.sql", "--table", "devices"], "this is a file of SQL"),
        (["backup", "create", "--physical", "--tables", "devices"], "--tables belongs to a dump"),
        (["backup", "create", "--incremental"], "There is no base backup 'latest'"),
        (["backup", "archive-wal", "nowhere"], "nowhere"),
        (
            ["backup", "create", "--database", "iotistic"],
            "error: Invalid value for '--database': 'iotistic' is not one of 'platform', 'billing', 'vpn'.",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(tmp_path: Path, words: list[str], told: str) -> None:
    done = run(tmp_path, *words)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_segment_is_archived_by_the_command(tmp_path: Path) -> None:
    segment = tmp_path / "000000010000000000000001"
    segment.write_bytes(b"log")
    for _ in range(2):
        assert run(tmp_path, "backup", "archive-wal", str(segment)).returncode == 0
    assert (tmp_path / "data/backups/server/wal" / segment.name).read_bytes() == b"log"
    segment.write_bytes(b"gol")
    done = run(tmp_path, "backup", "archive-wal", str(segment))
    assert done.returncode != 0
    assert "Two servers write into one archive" in done.stderr


async def test_migrate_makes_a_database_of_ours_that_is_missing(
    database: TestDatabase, tmp_path: Path
) -> None:
    name = f"{database.name}_made"
    done = run(tmp_path, "migrate", "--url", url(database.superuser, name))
    assert done.returncode == 0, done.stderr
    assert f"made database {name}\n" in done.stderr
    administrator = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    await administrator.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    await administrator.close()


def test_migrate_tells_whom_to_ask_for_a_database_it_may_not_make(
    database: TestDatabase, tmp_path: Path
) -> None:
    name = f"{database.name}_made"
    done = run(tmp_path, "migrate", "--url", url(database.endpoint("app"), name))
    assert done.returncode == 6
    assert f"CREATE DATABASE {name} OWNER {database.endpoint('app').user}" in done.stderr


def test_a_server_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    """The pool's own attempts are nobody's business."""
    told = run(tmp_path, "status", "--url", "postgresql://app:x@127.0.0.1:1/iotistic")
    assert told.returncode == 6
    assert told.stderr.count("No connection to database") == 1
    assert "error connecting in" not in told.stderr
    assert "`iotistic doctor connection`" in told.stderr
