"""Killed anywhere, the next run ends where an undisturbed one ends.

A proxy cuts the connection after every single command and after every single answer of a run: to the server that is a
client killed there. Real processes are killed with SIGKILL inside statements. IOTISTIC_TRIALS=10 or more takes a longer
history and every single answer.
"""

import asyncio
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from iotistic.database.server import start, stop
from iotistic.migrations import EventKind, History, RunLimits, apply
from iotistic.migrations.errors import ServerUnreachable
from tests.support.histories import Place, a_place, history_of
from tests.support.proxy import Proxy, proxied
from tests.support.replica import described
from tests.support.server import start_test_server, stop_test_server

ROOT = Path(__file__).parents[3]
NO_PATIENCE = RunLimits(reconnect_for=timedelta(0))

FILES = {
    "1_tables.sql": "CREATE TABLE t (id int, at int);\nINSERT INTO t VALUES (1, 1), (2, 2);\nCREATE TABLE log (n int);\n",
    "2_more.sql": "INSERT INTO log VALUES (2);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\n",
    "3_alone.sql": "-- migrate: no-transaction\nINSERT INTO log VALUES (3);\nCREATE INDEX CONCURRENTLY t_id ON t (id);\n"
    "UPDATE t SET at = at + 10;\nCREATE UNIQUE INDEX CONCURRENTLY t_at ON t (at);\nDROP INDEX CONCURRENTLY t_id;\nVACUUM t;\n"
    "INSERT INTO log VALUES (4);\n",
    "4_partitions.sql": "CREATE TABLE p (id int) PARTITION BY LIST (id);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n",
    "5_detach.sql": "-- migrate: no-transaction\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\nINSERT INTO log VALUES (5);\n",
    "6_last.sql": "CREATE TYPE mood AS ENUM ('sad', 'glad');\nINSERT INTO log VALUES (6);\n",
    "R__v.sql": "CREATE OR REPLACE VIEW v AS SELECT * FROM t;\n",
}
FEW = {
    "1_tables.sql": "CREATE TABLE t (id int, at int);\nINSERT INTO t VALUES (1, 1), (2, 2);\nCREATE TABLE log (n int);\n",
    "2_alone.sql": "-- migrate: no-transaction\nINSERT INTO log VALUES (3);\nCREATE UNIQUE INDEX CONCURRENTLY t_at ON t (at);\n"
    "UPDATE t SET at = at + 10;\n",
}
THOROUGH = int(os.environ.get("IOTISTIC_TRIALS", "2")) >= 10
CUT_FILES = FILES if THOROUGH else FEW
EVERY = 1 if THOROUGH else 13
"""Answers between two cuts; every command is cut after in any case."""

TABLES = ("t", "log")


async def undisturbed(place: Place, history: History) -> tuple[list[tuple[Any, ...]], Proxy]:
    """What a run without trouble leaves, and how many messages it takes."""
    async with proxied(place.endpoint) as proxy:
        await apply(proxy.endpoint, place.name, history)
        catalog = await place.catalog(*TABLES)
        await place.empty()
        return catalog, proxy


async def test_cut_after_every_command_the_next_run_converges(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, CUT_FILES)
    wanted, whole = await undisturbed(place, history)
    assert whole.requests > 30
    for commands in range(whole.requests):
        async with proxied(place.endpoint) as proxy:
            proxy.cut_after_requests, proxy.refuse_after_cut = commands, True
            with pytest.raises(ServerUnreachable):
                await apply(proxy.endpoint, place.name, history, limits=NO_PATIENCE)
        await apply(place.endpoint, place.name, history)
        assert await place.catalog(*TABLES) == wanted, f"cut after command {commands}"
        await place.empty()


async def test_cut_before_every_answer_the_next_run_converges(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, CUT_FILES)
    wanted, whole = await undisturbed(place, history)
    for answers in range(whole.greeting or 0, whole.answers, EVERY):
        async with proxied(place.endpoint) as proxy:
            proxy.cut_after_answers, proxy.refuse_after_cut = answers, True
            with pytest.raises(ServerUnreachable):
                await apply(proxy.endpoint, place.name, history, limits=NO_PATIENCE)
        await apply(place.endpoint, place.name, history)
        assert await place.catalog(*TABLES) == wanted, f"cut after answer {answers}"
        await place.empty()


async def test_a_lost_connection_is_looked_into_and_the_same_run_goes_on(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path, CUT_FILES)
    wanted, whole = await undisturbed(place, history)
    for answers in range(whole.greeting or 0, whole.answers, EVERY):
        async with proxied(place.endpoint) as proxy:
            proxy.cut_after_answers = answers
            report = await apply(proxy.endpoint, place.name, history)
        assert await place.catalog(*TABLES) == wanted, f"cut after answer {answers}"
        assert sorted(applied.filename for applied in report.applied) == sorted(CUT_FILES)
        await place.empty()


async def test_a_commit_whose_answer_is_lost_is_not_repeated(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, {"1_t.sql": "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n"})
    seen: list[EventKind] = []
    async with proxied(place.endpoint) as proxy:
        proxy.cut_after_commits = 1  # the first is that of the history's own tables
        report = await apply(
            proxy.endpoint, place.name, history, observe=lambda event: seen.append(event.kind)
        )
        assert proxy.cuts == 1
    assert [applied.filename for applied in report.applied] == ["1_t.sql"]
    assert seen.count(EventKind.RECONNECT) == 1
    assert await place.rows("SELECT count(*) FROM t") == [(1,)]


BLOCKED = {
    "transactional": {
        "1_t.sql": "CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\nSELECT pg_advisory_xact_lock(42);\nCREATE TABLE log (n int);\n"
    },
    "no-transaction": {
        "1_t.sql": "CREATE TABLE t (id int);\nCREATE TABLE log (n int);\n",
        "2_t.sql": "-- migrate: no-transaction\nINSERT INTO t VALUES (1);\nINSERT INTO log SELECT 1 FROM pg_advisory_xact_lock(42);\n"
        "INSERT INTO t VALUES (2);\n",
    },
    "busy": {
        "1_t.sql": "CREATE TABLE t (id int);\nCREATE TABLE log (n int);\nINSERT INTO t SELECT 1 WHERE (SELECT pg_try_advisory_lock(42))"
        " OR (SELECT count(*) FROM generate_series(1, 3e9)) > 0;\n",
    },
}


@pytest.mark.parametrize("kind", list(BLOCKED))
async def test_killed_inside_a_statement_its_lock_is_free_within_three_seconds_and_the_next_run_converges(
    place: Place, tmp_path: Path, kind: str
) -> None:
    history = history_of(tmp_path, BLOCKED[kind])
    await apply(place.endpoint, place.name, history)
    wanted = await place.catalog(*TABLES)
    await place.empty()
    async with place.connection() as blocker:
        await blocker.execute("SELECT pg_advisory_lock(42)")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.replica",
            described(place.endpoint, place.name, tmp_path),
            cwd=ROOT,
        )
        await until(
            place,
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'migrate:shop:%' AND "
            + (
                "wait_event = 'advisory'"
                if kind != "busy"
                else "state = 'active' AND query LIKE 'INSERT INTO t SELECT%'"
            ),
        )
        process.send_signal(signal.SIGKILL)
        await process.wait()
        killed = time.monotonic()
        await until(
            place, "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'migrate:shop:%'"
        )
        assert time.monotonic() - killed < 3  # the server looks every 2 s whether its client is there
        await blocker.execute("SELECT pg_advisory_unlock(42)")
        if kind == "busy":
            # The undisturbed way: the lock is free, so that the long count is never asked for.
            await blocker.execute("SELECT pg_advisory_unlock_all()")
    await apply(place.endpoint, place.name, history)
    assert await place.catalog(*TABLES) == wanted


async def until(place: Place, question: str) -> None:
    """Asks until the answer is yes; at most ten seconds."""
    async with asyncio.timeout(10), place.connection() as connection:
        while True:
            row = await (await connection.execute(question)).fetchone()  # type: ignore[arg-type]
            if row is not None and row[0]:
                return
            await asyncio.sleep(0.01)


async def test_a_cancelled_run_stops_its_statement_rolls_back_and_gives_the_lock_back(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path, {"1_t.sql": "CREATE TABLE t (id int);\nSELECT pg_sleep(60);\n"})
    run = asyncio.create_task(apply(place.endpoint, place.name, history))
    await until(place, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    began = time.monotonic()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert time.monotonic() - began < 30  # the statement would take 60
    await until(
        place, "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'migrate:shop:%'"
    )
    assert await place.rows(
        "SELECT to_regclass('t'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
    ) == [(None, 0)]


async def test_a_terminated_backend_is_replaced_and_the_file_run_again(place: Place, tmp_path: Path) -> None:
    history = history_of(
        tmp_path, {"1_t.sql": "CREATE TABLE t (id int);\nSELECT pg_advisory_xact_lock(42);\n"}
    )
    async with place.connection() as blocker:
        await blocker.execute("SELECT pg_advisory_lock(42)")
        run = asyncio.create_task(apply(place.endpoint, place.name, history))
        await until(place, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory'")
        await blocker.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'"
        )
        await until(place, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory'")
        await blocker.execute("SELECT pg_advisory_unlock(42)")
        report = await run
    assert [applied.filename for applied in report.applied] == ["1_t.sql"]


async def test_a_file_that_always_ends_its_session_is_given_up(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, {"1_t.sql": "SELECT pg_terminate_backend(pg_backend_pid());\n"})
    with pytest.raises(ServerUnreachable, match=r"3 times while 1_t\.sql"):
        await apply(place.endpoint, place.name, history)


async def test_a_server_that_restarts_in_mid_run_is_waited_for(tmp_path: Path) -> None:
    server = await start_test_server()
    try:
        async with a_place(server.endpoint) as place:
            slow = {"7_slow.sql": "CREATE TABLE slow (id int);\nSELECT pg_advisory_xact_lock(42);\n"}
            history = history_of(tmp_path, FILES | slow)
            async with place.connection() as blocker:
                await blocker.execute("SELECT pg_advisory_lock(42)")
                run = asyncio.create_task(apply(place.endpoint, place.name, history))
                await until(place, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory'")
                await stop(server.folder, mode="immediate", timeout=timedelta(seconds=20))
            await start(server.folder, port=server.port, durable=False)
            report = await run
            assert sorted(applied.filename for applied in report.applied) == sorted(FILES | slow)
    finally:
        await stop_test_server(server)
