"""Histories of other tools in real tables, taken over: what they applied does not run again, what they did not does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.server import RunningServer
from iotistic.migrations import History, apply, inspect
from iotistic.migrations.entry import EntryKind
from iotistic.migrations.importing import ForeignRefused, ImportRefused, Takeover, Tool
from tests.support.histories import Place, a_place, history_of

FILES = {
    "001_users.sql": "CREATE TABLE users (id int);",
    "002_parts.sql": "CREATE TABLE parts (id int);",
    "003_more.sql": "CREATE TABLE more (id int);",
}
MADE = ("CREATE TABLE users (id int)", "CREATE TABLE parts (id int)")

TABLES = {
    Tool.KNEX: (
        "CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch int, migration_time timestamptz)",
        "CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked int)",
        (
            "INSERT INTO knex_migrations (name, batch, migration_time) VALUES ('20200101_users.js', 1, '2020-01-01T12:00:00+02'),"
            " ('20200102_parts.ts', 1, '2020-01-02T12:00:00Z')"
        ),
    ),
    Tool.DBMATE: (
        "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)",
        "INSERT INTO schema_migrations VALUES ('001'), ('002')",
    ),
    Tool.GOLANG_MIGRATE: (
        "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
        "INSERT INTO schema_migrations VALUES (2, false)",
    ),
    Tool.FLYWAY: (
        (
            "CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL,"
            " type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,"
            " installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL)"
        ),
        (
            "INSERT INTO flyway_schema_history VALUES (1, '1', 'users', 'SQL', 'V1__users.sql', 5, 'ann', '2020-01-01', 12, true),"
            " (2, '2', 'parts', 'SQL', 'V2__parts.sql', 6, 'ann', '2020-01-02', 13, true),"
            " (3, NULL, 'views', 'SQL', 'R__views.sql', 7, 'ann', '2020-01-02', 13, true),"
            " (4, '3', 'more', 'SQL', 'V3__more.sql', 7, 'ann', '2020-01-02', 13, true),"
            " (5, '3', 'more', 'UNDO_SQL', 'U3__more.sql', 7, 'ann', '2020-01-03', 13, true)"
        ),
    ),
    Tool.UPSTREAM: (
        (
            "CREATE TABLE old_history (id serial PRIMARY KEY, migration_number int NOT NULL UNIQUE, name varchar(255) NOT NULL,"
            " filename varchar(255) NOT NULL, applied_at timestamp DEFAULT now(), checksum varchar(64), execution_time_ms int)"
        ),
        "INSERT INTO old_history (migration_number, name, filename) VALUES (1, 'users', '001_users.sql'), (2, 'parts', '002_parts.sql')",
    ),
    Tool.ALEMBIC: (
        "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('ab12cd34ef56')",
    ),
}


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        yield place


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "sql", FILES)


def takeover(place: Place, history: History, **options: object) -> Takeover:
    return Takeover(endpoint=place.endpoint, database=place.name, history=history, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("tool", list(Tool))
async def test_what_a_tool_applied_is_taken_over_and_the_rest_runs(
    place: Place, history: History, tool: Tool
) -> None:
    await place.run(*MADE, *TABLES[tool])
    options: dict[str, object] = {"through": 2} if tool is Tool.ALEMBIC else {}
    options |= {"source_table": "old_history"} if tool is Tool.UPSTREAM else {}
    taking = takeover(place, history, **options)
    plan = await taking.plan()
    assert (plan.source.tool, [match.filename for match in plan.matches]) == (
        tool,
        ["001_users.sql", "002_parts.sql"],
    )
    assert plan.unmatched == ()
    await taking.carry_out(plan)
    status = await inspect(place.endpoint, place.name, history)
    assert [(entry.filename, entry.kind) for entry in status.applied] == [
        ("001_users.sql", EntryKind.IMPORTED),
        ("002_parts.sql", EntryKind.IMPORTED),
    ]
    report = await apply(place.endpoint, place.name, history)
    assert [applied.filename for applied in report.applied] == ["003_more.sql"]
    assert len(await place.rows("SELECT 1 FROM schema_migrations_events WHERE action = 'import'")) == 2


async def test_planning_writes_nothing(place: Place, history: History) -> None:
    await place.run(*TABLES[Tool.DBMATE])
    before = await place.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    await takeover(place, history).plan()
    assert (
        await place.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        == before
    )


async def test_when_and_by_whom_is_kept(place: Place, history: History) -> None:
    await place.run(*TABLES[Tool.FLYWAY])
    taking = takeover(place, history)
    await taking.carry_out(await taking.plan())
    rows = await place.rows(
        "SELECT filename, applied_at AT TIME ZONE 'UTC', applied_by, execution_time_ms FROM schema_migrations ORDER BY 1"
    )
    assert [(name, at.isoformat(), by, took) for name, at, by, took in rows] == [
        ("001_users.sql", "2020-01-01T00:00:00", "ann", 12),
        ("002_parts.sql", "2020-01-02T00:00:00", "ann", 13),
    ]


async def test_a_table_in_our_place_is_renamed_with_its_indexes(place: Place, history: History) -> None:
    await place.run(*TABLES[Tool.DBMATE])
    taking = takeover(place, history)
    await taking.carry_out(await taking.plan())
    assert await place.rows("SELECT version FROM schema_migrations_dbmate ORDER BY 1") == [("001",), ("002",)]
    names = await place.rows(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'schema_migrations_dbmate'::regclass"
    )
    assert names == [("schema_migrations_dbmate_pkey",)]


async def test_records_without_a_file_stop_the_import_unless_they_are_left_behind(
    place: Place, history: History
) -> None:
    await place.run(*TABLES[Tool.KNEX], "INSERT INTO knex_migrations (name) VALUES ('20200103_gone.js')")
    taking = takeover(place, history)
    plan = await taking.plan()
    with pytest.raises(ImportRefused, match="20200103_gone"):
        await taking.carry_out(plan)
    assert not (await inspect(place.endpoint, place.name, history)).exists
    await taking.carry_out(plan, partial=True)
    assert len((await inspect(place.endpoint, place.name, history)).applied) == 2


async def test_a_plan_that_is_out_of_date_is_refused(place: Place, history: History) -> None:
    await place.run(*TABLES[Tool.KNEX])
    taking = takeover(place, history)
    plan = await taking.plan()
    await place.run("INSERT INTO knex_migrations (name) VALUES ('20200103_more.js')")
    with pytest.raises(ImportRefused, match="changed since"):
        await taking.carry_out(plan)


async def test_a_dirty_or_failed_history_is_refused(place: Place, history: History) -> None:
    await place.run(*TABLES[Tool.GOLANG_MIGRATE], "UPDATE schema_migrations SET dirty = true")
    with pytest.raises(ForeignRefused, match="dirty"):
        await takeover(place, history).plan()
    await place.run(
        "DROP TABLE schema_migrations",
        *TABLES[Tool.FLYWAY],
        "UPDATE flyway_schema_history SET success = false",
    )
    with pytest.raises(ForeignRefused, match="failed"):
        await takeover(place, history).plan()


async def test_several_histories_must_be_told_apart(place: Place, history: History) -> None:
    await place.run(*TABLES[Tool.KNEX], *TABLES[Tool.FLYWAY])
    with pytest.raises(ForeignRefused, match="several"):
        await takeover(place, history).plan()
    assert (await takeover(place, history, tool=Tool.KNEX).plan()).source.tool is Tool.KNEX


async def test_our_own_history_is_nobody_elses(place: Place, history: History) -> None:
    await apply(place.endpoint, place.name, history)
    await place.run(*TABLES[Tool.KNEX])
    plan = await takeover(place, history).plan()
    assert (plan.source.tool, plan.matches, len(plan.recorded)) == (Tool.KNEX, (), 2)


async def test_the_original_platforms_table_is_adopted_by_the_next_run(
    place: Place, history: History
) -> None:
    first, *rest = TABLES[Tool.UPSTREAM]
    await place.run(*MADE, first, *rest, "ALTER TABLE old_history RENAME TO schema_migrations")
    plan = await takeover(place, history).plan()
    assert (plan.matches, plan.rename_source) == ((), None)
    report = await apply(place.endpoint, place.name, history)
    assert [applied.filename for applied in report.applied] == ["003_more.sql"]
