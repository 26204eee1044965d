"""A database against a replay of its files: differences in both directions, and no trace left behind."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection
from iotistic.database.server import RunningServer
from iotistic.migrations import History, apply
from iotistic.migrations.errors import MigrationFailed
from iotistic.migrations.scratch import ScratchDenied
from iotistic.migrations.verification import Verification, verify
from iotistic.secret import Secret
from tests.support.histories import Place, a_place, history_of, write

FILES = {
    "001_parts.sql": "CREATE TABLE parts (id int PRIMARY KEY, label text);",
    "002_index.sql": "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY parts_label_idx ON parts (label);",
    "R__views.sql": "CREATE OR REPLACE VIEW labels AS SELECT label FROM parts;",
}


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        yield place


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "sql", FILES)


async def check(place: Place, history: History, **options: object) -> Verification:
    return await verify(place.endpoint, place.name, history, **options)  # type: ignore[arg-type]


async def databases(place: Place) -> list[str]:
    return [row[0] for row in await place.rows("SELECT datname FROM pg_database ORDER BY 1")]


async def test_a_database_that_its_files_made_is_the_same(place: Place, history: History) -> None:
    await apply(place.endpoint, place.name, history)
    before = await databases(place)
    found = await check(place, history, grants=True)
    assert (found.same, found.replayed, found.pending, found.missing_files) == (True, tuple(FILES), (), ())
    assert await databases(place) == before


async def test_what_somebody_did_by_hand_shows_in_both_directions(place: Place, history: History) -> None:
    await apply(place.endpoint, place.name, history)
    await place.run(
        "DROP INDEX parts_label_idx",
        "ALTER TABLE parts ADD COLUMN hotfix int",
        "ALTER TABLE parts ALTER label SET NOT NULL",
    )
    found = await check(place, history)
    assert [str(difference).splitlines()[0] for difference in found.differences] == [
        "unexpected: column public.parts.hotfix",
        "changed: column public.parts.label",
        "missing: index public.parts_label_idx",
    ]


async def test_what_is_pending_is_not_replayed(place: Place, history: History) -> None:
    await apply(place.endpoint, place.name, history)
    assert isinstance(history.folder, Path)
    write(history.folder, {"003_more.sql": "CREATE TABLE more (id int);"})
    found = await check(place, history)
    assert (found.same, found.pending) == (True, ("003_more.sql",))


async def test_a_file_that_is_gone_is_named_and_its_work_unexpected(place: Place, history: History) -> None:
    await apply(place.endpoint, place.name, history)
    assert isinstance(history.folder, Path)
    (history.folder / "002_index.sql").unlink()
    found = await check(place, history)
    assert found.missing_files == ("002_index.sql",)
    assert [difference.name for difference in found.differences] == ["public.parts_label_idx"]


async def test_a_file_that_no_longer_runs_fails_and_leaves_no_database(
    place: Place, history: History
) -> None:
    await apply(place.endpoint, place.name, history)
    before = await databases(place)
    assert isinstance(history.folder, Path)
    write(history.folder, {"001_parts.sql": "CREATE TABLE parts (id nonsense);"})
    with pytest.raises(MigrationFailed, match="nonsense"):
        await check(place, history)
    assert await databases(place) == before


async def test_a_database_without_history_is_compared_with_nothing(place: Place, history: History) -> None:
    await place.run("CREATE TABLE stray (id int)")
    found = await check(place, history)
    assert [str(difference) for difference in found.differences] == ["unexpected: table public.stray"]
    assert found.pending == tuple(FILES)


async def test_a_prepared_scratch_database_has_what_the_live_one_was_given(
    place: Place, history: History
) -> None:
    async def prepare(connection: Connection) -> None:
        await connection.execute("CREATE EXTENSION btree_gist")

    await place.run("CREATE EXTENSION btree_gist")
    await apply(place.endpoint, place.name, history)
    assert (await check(place, history, prepare=prepare)).same
    assert not (await check(place, history)).same


async def test_a_role_that_may_not_make_databases_is_told_what_to_do(place: Place, history: History) -> None:
    await place.run("CREATE ROLE verify_nobody LOGIN PASSWORD 'test'")
    try:
        weak = replace(place.endpoint, user="verify_nobody", password=Secret("test"))
        with pytest.raises(ScratchDenied) as caught:
            await verify(weak, place.name, history)
        assert "CREATEDB" in (caught.value.hint or "")
        assert (await verify(weak, place.name, history, maintenance=place.endpoint)).same
    finally:
        await place.run("DROP ROLE verify_nobody")
