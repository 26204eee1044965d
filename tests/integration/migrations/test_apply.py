"""Files become a schema and a history, once each."""

import zipfile
from pathlib import Path

import pytest

from iotistic.migrations import History, RunOptions, apply, inspect
from iotistic.migrations.errors import FilesRefused, HistoryRefused, MigrationFailed, Outcome, ProblemKind
from tests.support.histories import Place, history_of, write

FILES = {
    "000_shelves.sql": "CREATE TABLE shelves (id int PRIMARY KEY);\nINSERT INTO shelves VALUES (1), (2);\n",
    "001_books.sql": "CREATE TABLE books (id int, shelf int REFERENCES shelves (id));\n",
    "R__full_shelves.sql": "CREATE OR REPLACE VIEW full_shelves AS SELECT id FROM shelves;\n",
}


async def names(place: Place) -> list[str]:
    return [row[0] for row in await place.rows("SELECT filename FROM schema_migrations ORDER BY id")]


async def test_every_file_is_applied_in_order_and_recorded(place: Place, tmp_path: Path) -> None:
    report = await apply(place.endpoint, place.name, history_of(tmp_path, FILES), application="test")
    assert [applied.filename for applied in report.applied] == list(FILES)
    assert await names(place) == list(FILES)
    [row] = await place.rows(
        "SELECT migration_number, name, kind, state, statements_total, statements_done, application, applied_by,"
        " applied_at >= started_at, length(checksum), length(normalised_checksum), host IS NOT NULL,"
        " server_version = current_setting('server_version') FROM schema_migrations WHERE filename = '000_shelves.sql'"
    )
    assert row == (
        0,
        "shelves",
        "sql",
        "applied",
        2,
        2,
        "test",
        place.endpoint.user,
        True,
        64,
        64,
        True,
        True,
    )


async def test_numbers_are_ordered_as_numbers(place: Place, tmp_path: Path) -> None:
    files = {"1000_last.sql": "SELECT 3;", "9_first.sql": "SELECT 1;", "101_second.sql": "SELECT 2;"}
    await apply(place.endpoint, place.name, history_of(tmp_path, files))
    assert await names(place) == ["9_first.sql", "101_second.sql", "1000_last.sql"]


async def test_a_second_run_does_nothing(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    before = await place.catalog("shelves")
    report = await apply(place.endpoint, place.name, history)
    assert report.applied == ()
    assert await place.catalog("shelves") == before


async def test_a_repeatable_file_runs_again_when_it_says_something_else(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    write(
        tmp_path,
        {
            "R__full_shelves.sql": "CREATE OR REPLACE VIEW full_shelves AS SELECT id FROM shelves WHERE id > 1;"
        },
    )
    report = await apply(place.endpoint, place.name, history)
    assert [applied.filename for applied in report.applied] == ["R__full_shelves.sql"]
    assert await place.rows("SELECT count(*) FROM full_shelves") == [(1,)]
    assert (await apply(place.endpoint, place.name, history)).applied == ()


async def test_a_repeatable_file_with_a_new_comment_does_not_run_again(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    write(tmp_path, {"R__full_shelves.sql": "-- why\r\n" + FILES["R__full_shelves.sql"]})
    assert (await apply(place.endpoint, place.name, history)).applied == ()


async def test_a_run_stops_at_its_target(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    report = await apply(place.endpoint, place.name, history, options=RunOptions(target=0))
    assert await names(place) == ["000_shelves.sql"]
    assert report.pending == ("001_books.sql", "R__full_shelves.sql")


async def test_a_target_that_no_file_has_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(HistoryRefused, match="No file has the number 7"):
        await apply(place.endpoint, place.name, history_of(tmp_path, FILES), options=RunOptions(target=7))


async def test_copy_blocks_are_loaded(place: Place, tmp_path: Path) -> None:
    text = "CREATE TABLE t (a int, b text);\nCOPY t FROM STDIN;\n1\tone\n2\t\\N\n\\.\nALTER TABLE t ADD c int DEFAULT 7;\n"
    await apply(place.endpoint, place.name, history_of(tmp_path, {"1_t.sql": text}))
    assert await place.rows("SELECT * FROM t ORDER BY a") == [(1, "one", 7), (2, None, 7)]


async def test_copy_with_a_wrong_row_names_the_statement_and_leaves_nothing(
    place: Place, tmp_path: Path
) -> None:
    text = "CREATE TABLE t (a int);\nCOPY t FROM STDIN;\n1\nx\n\\.\n"
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, {"1_t.sql": text}))
    assert caught.value.failure.statement == 2
    assert caught.value.failure.context is not None
    assert "line 2" in caught.value.failure.context
    assert await place.rows("SELECT to_regclass('t')") == [(None,)]


async def test_a_failing_statement_is_named_with_line_and_column_and_nothing_of_its_file_stands(
    place: Place, tmp_path: Path
) -> None:
    files = FILES | {"002_bad.sql": "CREATE TABLE extra (id int);\n\nSELECT 1,\n       nope FROM shelves;\n"}
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, files))
    failure = caught.value.failure
    assert (failure.filename, failure.statement, failure.statements) == ("002_bad.sql", 2, 2)
    assert (failure.line, failure.column, failure.sqlstate) == (4, 8, "42703")
    assert failure.outcome is Outcome.ROLLED_BACK
    assert await names(place) == ["000_shelves.sql", "001_books.sql"]
    assert await place.rows("SELECT to_regclass('extra')") == [(None,)]
    [event] = await place.rows("SELECT action, filename, facts ->> 'sqlstate' FROM schema_migrations_events")
    assert event == ("failure", "002_bad.sql", "42703")


async def test_a_violation_at_commit_belongs_to_no_statement(place: Place, tmp_path: Path) -> None:
    text = "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1, 2);\n"
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, {"1_a.sql": text}))
    assert caught.value.failure.statement is None
    assert "COMMIT" in caught.value.failure.advice[0]
    assert await place.rows("SELECT count(*) FROM schema_migrations") == [(0,)]


async def test_settings_of_one_file_do_not_reach_the_next(place: Place, tmp_path: Path) -> None:
    files = {
        "1_dump.sql": "SELECT pg_catalog.set_config('search_path', '', false);\nSET lock_timeout = 0;\nSET ROLE pg_monitor;\n",
        "2_next.sql": "CREATE TABLE seen AS SELECT current_setting('search_path') AS path,"
        " current_setting('lock_timeout') AS wait, current_user AS who;\n",
    }
    await apply(place.endpoint, place.name, history_of(tmp_path, files))
    assert await place.rows("SELECT * FROM seen") == [('"public"', "3s", place.endpoint.user)]


async def test_only_the_last_file_of_a_bunch_waits_for_the_disk_whatever_it_says_itself(
    place: Place, tmp_path: Path
) -> None:
    await place.run(
        "CREATE TABLE t (id int)",
        "CREATE TABLE committed (file int, synchronous text)",
        "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO committed VALUES (NEW.id, current_setting('synchronous_commit')); RETURN NULL; END $$",
        "CREATE CONSTRAINT TRIGGER t_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION at_commit()",
    )
    files = {f"{number}_t.sql": f"INSERT INTO t VALUES ({number});\n" for number in (1, 2)}
    await apply(
        place.endpoint,
        place.name,
        history_of(
            tmp_path, files | {"3_t.sql": "SET synchronous_commit = off;\nINSERT INTO t VALUES (3);\n"}
        ),
    )
    assert await place.rows("SELECT * FROM committed ORDER BY file") == [(1, "off"), (2, "off"), (3, "on")]


async def test_directives_set_the_limits_of_their_file_only(place: Place, tmp_path: Path) -> None:
    see = (
        "SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement;\n"
    )
    files = {
        "1_limits.sql": "-- migrate: lock-timeout 200ms\n-- migrate: statement-timeout 10min\nCREATE TABLE one AS "
        + see,
        "2_none.sql": "CREATE TABLE two AS " + see,
    }
    await apply(place.endpoint, place.name, history_of(tmp_path, files))
    assert await place.rows("SELECT * FROM one") == [("200ms", "10min")]
    assert await place.rows("SELECT * FROM two") == [("3s", "0")]


async def test_begin_and_commit_around_a_whole_file_are_dropped_with_a_notice(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path, {"1_own.sql": "BEGIN;\nCREATE TABLE t (id int);\nCOMMIT;\n"})
    report = await apply(place.endpoint, place.name, history)
    assert len(report.notices) == 1
    assert await names(place) == ["1_own.sql"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CREATE TABLE a (id int);\nCOMMIT;\nCREATE TABLE b (id int);\n", ProblemKind.TRANSACTION),
        ("ROLLBACK;\n", ProblemKind.TRANSACTION),
        ("CREATE INDEX CONCURRENTLY i ON t (id);\n", ProblemKind.NEEDS_NO_TRANSACTION),
        ("VACUUM t;\n", ProblemKind.NEEDS_NO_TRANSACTION),
        ("-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY ON t (id);\n", ProblemKind.UNNAMED_INDEX),
        ("-- migrate: no-transactions\nSELECT 1;\n", ProblemKind.DIRECTIVE),
        ("SELECT 1;\n\\d\n", ProblemKind.TEXT),
        ("SELECT 'open;\n", ProblemKind.TEXT),
    ],
)
async def test_what_cannot_run_is_refused_before_anything_runs(
    place: Place, tmp_path: Path, text: str, kind: ProblemKind
) -> None:
    files = {"1_fine.sql": "CREATE TABLE t (id int);", "2_not.sql": text}
    with pytest.raises(FilesRefused) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, files))
    assert [problem.kind for problem in caught.value.problems] == [kind]
    assert await place.rows("SELECT to_regclass('t')") == [(None,)]


async def test_looking_writes_nothing(place: Place, tmp_path: Path) -> None:
    status = await inspect(place.endpoint, place.name, history_of(tmp_path, FILES))
    assert not status.exists
    assert not status.at_head
    assert status.pending == tuple(FILES)
    assert await place.rows("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [
        (0,)
    ]


async def test_a_history_may_live_in_a_schema_and_table_of_its_own(place: Place, tmp_path: Path) -> None:
    history = History(
        service="odd",
        folder=write(tmp_path, {"1_t.sql": "CREATE TABLE t (id int);"}),
        schema='v"pn',
        table="it's",
    )
    await apply(place.endpoint, place.name, history)
    assert (await inspect(place.endpoint, place.name, history)).at_head
    assert await place.rows("""SELECT count(*) FROM "v""pn".t""") == [(0,)]


async def test_files_run_as_the_role_named(place: Place, tmp_path: Path) -> None:
    await place.run(
        "DROP ROLE IF EXISTS shop_owner",
        "CREATE ROLE shop_owner",
        "GRANT CREATE ON SCHEMA public TO shop_owner",
    )
    try:
        await apply(place.endpoint, place.name, history_of(tmp_path, FILES), role="shop_owner")
        owners = await place.rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert owners == [("shop_owner",)]
        assert (
            await apply(place.endpoint, place.name, history_of(tmp_path, FILES), role="shop_owner")
        ).applied == ()
    finally:
        await place.run("DROP OWNED BY shop_owner CASCADE", "DROP ROLE shop_owner")


async def test_a_failure_in_a_do_block_is_placed_by_its_line(place: Place, tmp_path: Path) -> None:
    text = "SELECT 1;\n-- why\nDO $$\nBEGIN\n    PERFORM 1;\n    RAISE EXCEPTION 'no';\nEND $$;\n"
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, {"1_d.sql": text}))
    assert (caught.value.failure.statement, caught.value.failure.line) == (2, 6)


async def test_positions_count_characters_not_bytes(place: Place, tmp_path: Path) -> None:
    text = "\ufeffSELECT 'Größe';\nSELECT 'ä€😀', nope;\n"
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, {"1_u.sql": text}))
    assert (caught.value.failure.line, caught.value.failure.column) == (2, 15)


async def test_a_relation_that_a_later_file_makes_is_said_to_be(place: Place, tmp_path: Path) -> None:
    files = {"1_a.sql": "SELECT * FROM late;", "2_b.sql": 'CREATE TABLE "late" (id int);'}
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, files))
    assert "2_b.sql" in caught.value.failure.advice[0]


async def test_a_large_file_goes_through_in_one_pipeline(place: Place, tmp_path: Path) -> None:
    inserts = "".join(
        f"INSERT INTO t VALUES ({number}, repeat('x', 2000));\nSELECT repeat('y', 1000);\n"
        for number in range(1500)
    )
    files = {"1_t.sql": f"CREATE TABLE t (id int, name text);\n{inserts}"}
    await apply(place.endpoint, place.name, history_of(tmp_path, files))
    assert await place.rows("SELECT count(*), statements_total FROM t, schema_migrations GROUP BY 2") == [
        (1500, 3001)
    ]


async def test_what_the_server_says_beside_its_answers_is_heard(place: Place, tmp_path: Path) -> None:
    heard: list[str] = []
    history = history_of(
        tmp_path, {"1_n.sql": "DO $$ BEGIN RAISE NOTICE 'half way'; RAISE WARNING 'careful'; END $$;"}
    )
    await apply(place.endpoint, place.name, history, observe=lambda event: heard.append(event.message))
    assert [message for message in heard if message.startswith(("NOTICE", "WARNING"))] == [
        "NOTICE: half way",
        "WARNING: careful",
    ]


async def test_a_repeatable_file_without_transaction_begins_anew_when_it_was_corrected(
    place: Place, tmp_path: Path
) -> None:
    head = "-- migrate: no-transaction\n"
    history = history_of(
        tmp_path, FILES | {"R__x.sql": head + "INSERT INTO shelves VALUES (7);\nSELECT nope;\n"}
    )
    with pytest.raises(MigrationFailed):
        await apply(place.endpoint, place.name, history)
    write(tmp_path, {"R__x.sql": head + "DELETE FROM shelves WHERE id = 7;\n"})
    await apply(place.endpoint, place.name, history)
    assert await place.rows("SELECT count(*) FROM shelves WHERE id = 7") == [(0,)]


async def test_a_folder_with_nothing_in_it_is_a_history_too(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path / "empty", {})
    for _ in range(2):
        report = await apply(place.endpoint, place.name, history)
        assert (report.applied, report.head) == ((), None)
    assert (await inspect(place.endpoint, place.name, history)).at_head


async def test_files_may_come_from_an_archive(place: Place, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(f"sql/{name}", text)
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        folder = zipfile.Path(archive, "sql/")
        await apply(place.endpoint, place.name, History(service="zipped", folder=folder))
    assert await names(place) == list(FILES)
