"""What a service does about migrations when it starts."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from iotistic.database.locks import key_of
from iotistic.migrations import Event, EventKind, RunLimits, apply, bring_up, wait_until_current
from iotistic.migrations.errors import SchemaBehind
from iotistic.migrations.judging import LintRefused
from tests.support.histories import Place, history_of

FILES = {"1_t.sql": "CREATE TABLE t (id int);", "2_u.sql": "CREATE TABLE u (id int);"}


async def test_run_applies_what_is_pending(place: Place, tmp_path: Path) -> None:
    started = await bring_up(
        "run", place.endpoint, place.name, history_of(tmp_path, FILES), application="api"
    )
    assert started.report is not None
    assert len(started.report.applied) == 2


async def test_lint_tells_dangers_at_a_start_or_keeps_the_service_from_starting(
    place: Place, tmp_path: Path
) -> None:
    await bring_up("run", place.endpoint, place.name, history_of(tmp_path, FILES), application="api")
    await place.run("INSERT INTO t SELECT generate_series(1, 10001)", "ANALYZE t")
    history = history_of(tmp_path, {**FILES, "3_index.sql": "CREATE INDEX t_id_idx ON t (id);"})
    heard: list[Event] = []
    start = partial(bring_up, "run", place.endpoint, place.name, history, application="api")
    with pytest.raises(LintRefused, match="index-not-concurrent"):
        await start(lint="refuse", observe=heard.append)
    assert await place.rows("SELECT to_regclass('t_id_idx')") == [(None,)]
    assert heard == []
    await start(observe=heard.append)
    assert [event.kind for event in heard].count(EventKind.WARNING) == 1
    assert await place.rows("SELECT to_regclass('t_id_idx') IS NOT NULL") == [(True,)]


async def test_check_waits_until_somebody_else_has_run(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    heard: asyncio.Queue[Event] = asyncio.Queue()
    waiting = asyncio.create_task(
        bring_up("check", place.endpoint, place.name, history, application="api", observe=heard.put_nowait)
    )
    event = await asyncio.wait_for(heard.get(), 20)
    assert "2 files are pending" in event.message
    await apply(place.endpoint, place.name, history)
    started = await waiting
    assert started.status is not None
    assert started.status.at_head


async def test_check_ends_with_what_is_pending_when_nobody_runs(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    with pytest.raises(SchemaBehind, match=r"1_t\.sql"):
        await bring_up(
            "check", place.endpoint, place.name, history, application="api", wait=timedelta(milliseconds=150)
        )
    assert await place.rows("SELECT to_regclass('schema_migrations')") == [(None,)]


async def test_off_does_not_even_connect(place: Place, tmp_path: Path) -> None:
    nowhere = replace(place.endpoint, hosts=(("127.0.0.1", 1),))
    started = await bring_up("off", nowhere, place.name, history_of(tmp_path, FILES), application="api")
    assert started.report is started.status is None


async def test_a_server_that_is_not_there_yet_is_waited_for(place: Place, tmp_path: Path) -> None:
    nowhere = replace(place.endpoint, hosts=(("127.0.0.1", 1),))
    with pytest.raises(SchemaBehind, match="127"):
        await wait_until_current(
            nowhere, place.name, history_of(tmp_path, FILES), wait=timedelta(milliseconds=150)
        )


async def test_a_waiting_replica_that_is_cancelled_leaves_nothing(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    async with place.connection() as other:
        await other.execute("SELECT pg_advisory_lock(%s)", (key_of(history.lock_name),))
        heard: asyncio.Queue[Event] = asyncio.Queue()
        run = asyncio.create_task(
            apply(place.endpoint, place.name, history, limits=RunLimits(), observe=heard.put_nowait)
        )
        await asyncio.wait_for(heard.get(), 20)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    assert await place.rows("SELECT to_regclass('t')") == [(None,)]
