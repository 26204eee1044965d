"""A new tenant's database, copied from a template at the newest schema."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.database.pool import connect
from iotistic.database.server import RunningServer
from iotistic.errors import Denied
from iotistic.migrations import History, inspect
from iotistic.migrations.errors import MigrationFailed
from iotistic.migrations.tenants import TenantExists, create_tenant
from iotistic.migrations.tenants.template import template_name
from iotistic.secret import Secret
from tests.support.histories import Place, history_of, write

FILES = {
    "001_parts.sql": "CREATE TABLE parts (id int);\nINSERT INTO parts VALUES (7);",
    "R__view.sql": "CREATE OR REPLACE VIEW seven AS SELECT id FROM parts;",
}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "sql", FILES, service="clone shop")


@pytest_asyncio.fixture(autouse=True)
async def nothing_left(server: RunningServer) -> AsyncIterator[None]:
    """Drops what these tests make."""
    yield
    connection = await connect(server.endpoint, "postgres", application_name="test", autocommit=True)
    cursor = await connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, 'clone_') OR starts_with(datname, 'iotistic_template_')"
    )
    for (name,) in await cursor.fetchall():
        database = sql.Identifier(name)
        await connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
        await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
    await connection.close()


async def templates(place: Place) -> list[str]:
    rows = await place.rows(
        "SELECT datname FROM pg_database WHERE starts_with(datname, 'iotistic_template_') ORDER BY 1"
    )
    return [name for (name,) in rows]


async def test_the_second_tenant_is_copied_from_the_template_of_the_first(
    place: Place, history: History
) -> None:
    first = await create_tenant(place.endpoint, "clone_a", history)
    second = await create_tenant(place.endpoint, "clone_b", history)
    assert (first.template_made, second.template_made, second.head) == (True, False, 1)
    assert await templates(place) == [first.template]
    for name in ("clone_a", "clone_b"):
        there = Place(endpoint=place.endpoint, name=name)
        assert await there.rows("SELECT id FROM seven") == [(7,)]
        assert (await inspect(place.endpoint, name, history)).at_head


async def test_nobody_can_connect_to_a_template_so_nothing_keeps_it_from_being_copied(
    place: Place, history: History
) -> None:
    made = await create_tenant(place.endpoint, "clone_a", history)
    assert await place.rows(
        f"SELECT datistemplate, datallowconn FROM pg_database WHERE datname = '{made.template}'"
    ) == [(True, False)]


async def test_two_releases_side_by_side_keep_a_template_each_and_a_third_drops_the_oldest(
    place: Place, history: History
) -> None:
    old = await create_tenant(place.endpoint, "clone_a", history)
    assert isinstance(history.folder, Path)
    newer = history_of(history.folder.parent / "newer", FILES, service=history.service)
    assert isinstance(newer.folder, Path)
    write(newer.folder, {"002_more.sql": "CREATE TABLE more (id int);"})
    new = await create_tenant(place.endpoint, "clone_b", newer)
    assert (new.template_made, new.head) == (True, 2)
    again = await create_tenant(place.endpoint, "clone_c", history)
    assert (again.template, again.template_made) == (old.template, False)
    write(newer.folder, {"003_most.sql": "CREATE TABLE most (id int);"})
    newest = await create_tenant(place.endpoint, "clone_d", newer)
    assert await templates(place) == sorted([new.template, newest.template])


async def test_a_service_whose_name_begins_another_ones_leaves_its_templates_alone(
    place: Place, history: History
) -> None:
    longer = replace(history, service=f"{history.service} eu")
    theirs = [await create_tenant(place.endpoint, "clone_a", longer)]
    assert isinstance(history.folder, Path)
    write(history.folder, {"002_more.sql": "CREATE TABLE more (id int);"})
    theirs.append(await create_tenant(place.endpoint, "clone_b", longer))
    ours = await create_tenant(place.endpoint, "clone_c", history)
    assert await templates(place) == sorted([ours.template, *(one.template for one in theirs)])


async def test_a_database_that_is_there_is_left_alone(place: Place, history: History) -> None:
    with pytest.raises(TenantExists, match=place.name):
        await create_tenant(place.endpoint, place.name, history)
    assert await templates(place) == []


async def test_a_file_that_fails_leaves_no_template_and_no_tenant(place: Place, history: History) -> None:
    assert isinstance(history.folder, Path)
    write(history.folder, {"002_bad.sql": "SELECT nope;"})
    with pytest.raises(MigrationFailed):
        await create_tenant(place.endpoint, "clone_a", history)
    assert all(name.endswith("_unfinished") for name in await templates(place))
    assert await place.rows("SELECT 1 FROM pg_database WHERE datname = 'clone_a'") == []
    write(history.folder, {"002_bad.sql": "SELECT 1;"})
    made = await create_tenant(place.endpoint, "clone_a", history)
    assert await templates(place) == [made.template]


async def test_four_at_once_make_one_template(place: Place, history: History) -> None:
    made = await asyncio.gather(
        *(create_tenant(place.endpoint, f"clone_{number}", history) for number in range(4))
    )
    assert sorted(one.template_made for one in made) == [False, False, False, True]
    assert len(await templates(place)) == 1


async def test_a_role_that_may_not_make_databases_is_told(
    server: RunningServer, place: Place, history: History
) -> None:
    await place.run("DROP ROLE IF EXISTS clone_nobody", "CREATE ROLE clone_nobody LOGIN PASSWORD 'x'")
    try:
        weak = replace(server.endpoint, user="clone_nobody", password=Secret("x"))
        with pytest.raises(Denied, match="clone_nobody may not make the database"):
            await create_tenant(weak, "clone_a", history)
    finally:
        await place.run("DROP ROLE clone_nobody")


def test_a_template_is_named_after_service_and_files_and_fits() -> None:
    assert template_name("Shop-1", "0123456789abcdef") == "iotistic_template_shop_1_0123456789ab"
    assert len(template_name("s" * 80, "0123456789abcdef") + "_unfinished") <= 63
