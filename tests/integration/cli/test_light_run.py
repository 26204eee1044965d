"""Plain files run by the light path: the same database and history as by the full program, and a clean hand-over to it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.locks import key_of
from iotistic.database.server import RunningServer
from iotistic.migrations import History, inspect
from tests.support.histories import Place, a_place, history_of, write

FILES = {
    "001_parts.sql": "CREATE TABLE parts (id int, name text DEFAULT 'a;b');\nINSERT INTO parts (id) SELECT generate_series(1, 5);",
    "002_index.sql": "CREATE INDEX parts_name_idx ON parts (name);\nALTER TABLE parts ADD CONSTRAINT c CHECK (id > 0);",
    "003_function.sql": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;",
    "R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT 1 AS a;",
}
LIGHT = "import sys; from iotistic.cli.light.answer import answer; code = answer(sys.argv[1:], {}); sys.exit(9 if code is None else code)"
FULL = "import sys; from iotistic.cli.migrate import app; from iotistic.cli.output import run; sys.exit(run(app, 'migrate', ['run', *sys.argv[1:]]))"
BOTH = "from iotistic.cli.main import main; main()"
NOT_SURE = 9


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        yield place


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "shop", FILES)


async def start(code: str, place: Place, history: History, *words: str) -> asyncio.subprocess.Process:
    (host, port), secret = place.endpoint.hosts[0], place.endpoint.password
    login = f"{place.endpoint.user}:{secret.reveal()}" if secret else place.endpoint.user
    options = ["--dir", str(history.folder), "--url", f"postgresql://{login}@{host}:{port}/{place.name}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(history.folder)}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", code, *words, *options),
        cwd=str(history.folder),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(code: str, place: Place, history: History, *words: str) -> tuple[int, str]:
    process = await start(code, place, history, *words)
    async with asyncio.timeout(60):
        _, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


async def test_the_database_and_its_history_are_the_same(
    server: RunningServer, place: Place, history: History
) -> None:
    columns = "filename, migration_number, name, kind, state, checksum, normalised_checksum, checksum_algorithm, statements_total,"
    columns += " statements_done, applied_by, host, application, tool_version, server_version"
    code, told = await run(LIGHT, place, history)
    async with a_place(server.endpoint) as other:
        full_code, full_told = await run(FULL, other, history)
        assert (code, full_code) == (0, 0)
        assert await place.catalog("parts") == await other.catalog("parts")
        query = f"SELECT {columns} FROM schema_migrations ORDER BY filename"
        assert await place.rows(query) == await other.rows(query)
    assert [line.split(" in ")[0] for line in told.splitlines()[:-1]] == [
        line.split(" in ")[0] for line in full_told.splitlines()[:-1]
    ]
    assert told.splitlines()[-1].startswith("shop: 4 applied (")
    assert (await inspect(place.endpoint, place.name, history)).at_head


async def test_a_second_file_runs_on_the_first_ones_history(place: Place, history: History) -> None:
    assert (await run(LIGHT, place, history))[0] == 0
    assert isinstance(history.folder, Path)
    write(history.folder, {"004_more.sql": "CREATE TABLE more (id int);"})
    code, told = await run(LIGHT, place, history)
    assert (code, "004_more.sql applied" in told) == (0, True)
    write(history.folder, {"005_index.sql": "CREATE INDEX more_idx ON more (id);"})
    assert (await run(LIGHT, place, history))[0] == NOT_SURE  # the full program looks how big the table is


async def test_a_file_that_fails_is_left_to_the_full_program_with_what_is_done(
    place: Place, history: History
) -> None:
    assert isinstance(history.folder, Path)
    write(history.folder, {"002_index.sql": "CREATE TABLE more (id int); SELECT 1 / 0;"})
    code, told = await run(LIGHT, place, history)
    assert (code, told.count("applied in")) == (NOT_SURE, 1)
    status = await inspect(place.endpoint, place.name, history)
    assert [entry.filename for entry in status.applied] == ["001_parts.sql"]
    code, told = await run(BOTH, place, history, "migrate")
    assert (code, "division by zero" in told, "002_index.sql" in told) == (5, True, True)


async def test_a_file_that_cannot_be_run_keeps_those_before_it_from_running(
    place: Place, history: History
) -> None:
    assert isinstance(history.folder, Path)
    write(history.folder, {"003_function.sql": "-- migrate: nonsense\nSELECT 1;"})
    code, told = await run(BOTH, place, history, "migrate")
    assert (code, "nothing was run" in told, "applied in" in told) == (1, True, False)
    assert await place.rows("SELECT to_regclass('parts'), to_regclass('schema_migrations')") == [(None, None)]


async def test_many_files_are_sent_at_once(place: Place, history: History) -> None:
    assert isinstance(history.folder, Path)
    write(
        history.folder, {f"{number:03}_t.sql": f"CREATE TABLE t{number} (id int);" for number in range(4, 90)}
    )
    code, told = await run(LIGHT, place, history)
    assert (code, told.count("applied in")) == (0, 90)


async def test_a_held_lock_is_left_to_the_full_program(place: Place, history: History) -> None:
    async with place.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (key_of(history.lock_name),))
        assert await run(LIGHT, place, history) == (NOT_SURE, "")
    assert await place.rows("SELECT 1 FROM pg_class WHERE relname = 'schema_migrations'") == []


async def test_light_and_full_runs_at_once_all_succeed_and_each_file_runs_once(
    place: Place, history: History
) -> None:
    assert isinstance(history.folder, Path)
    write(
        history.folder, {f"{number:03}_t.sql": f"CREATE TABLE t{number} (id int);" for number in range(4, 30)}
    )
    for _ in range(3):
        await place.empty()
        ran = await asyncio.gather(*(run(BOTH, place, history, "migrate") for _ in range(4)))
        assert [code for code, _ in ran] == [0] * 4, ran
        assert await place.rows("SELECT count(*), count(DISTINCT filename) FROM schema_migrations") == [
            (30, 30)
        ]
        assert sum(told.count("applied in") for _, told in ran) == 30


async def test_a_termination_rolls_back_and_frees_the_lock(place: Place, history: History) -> None:
    assert isinstance(history.folder, Path)
    write(history.folder, {"002_index.sql": "CREATE TABLE more (id int); SELECT pg_sleep(60);"})
    process = await start(LIGHT, place, history)
    asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    async with asyncio.timeout(30):
        while not await place.rows(asleep):
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        _, told = await process.communicate()
    assert process.returncode == 143
    assert b"Stopped: the running statement was cancelled and rolled back" in told
    async with asyncio.timeout(30):
        while await place.rows(f"{asleep} OR application_name LIKE 'migrate:%'"):
            await asyncio.sleep(0.05)
    assert await place.rows("SELECT filename FROM schema_migrations") == [("001_parts.sql",)]
    assert await place.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") == []


async def test_a_database_with_tables_and_no_history_is_judged_with_care(
    place: Place, history: History
) -> None:
    await place.run("CREATE TABLE old (id int)")
    assert isinstance(history.folder, Path)
    write(history.folder, {"001_parts.sql": "CREATE INDEX old_idx ON old (id);"})
    assert await run(LIGHT, place, history) == (NOT_SURE, "")
    assert await place.rows("SELECT 1 FROM pg_class WHERE relname = 'schema_migrations'") == []
