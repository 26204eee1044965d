"""No-transaction files: one statement at a time, resumed where they stopped, never an INVALID index taken for a good one."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.migrations import EventKind, RunLimits, apply
from iotistic.migrations.errors import HistoryRefused, MigrationFailed, Outcome, ProblemKind
from tests.support.histories import Place, history_of, write

HEAD = "-- migrate: no-transaction\n"
TABLE = {
    "1_t.sql": "CREATE TABLE t (id int, name text);\nINSERT INTO t SELECT n, 'x' || n FROM generate_series(1, 100) n;"
}


async def valid(place: Place, name: str) -> bool | None:
    rows = await place.rows(f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{name}')")
    return rows[0][0] if rows else None


async def test_statements_that_no_transaction_can_hold_run(place: Place, tmp_path: Path) -> None:
    text = (
        HEAD
        + "CREATE INDEX CONCURRENTLY t_id ON t (id);\nVACUUM t;\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_name ON t (name);\n"
        "REINDEX INDEX CONCURRENTLY t_id;\nDROP INDEX CONCURRENTLY t_id;\n"
    )
    await apply(place.endpoint, place.name, history_of(tmp_path, TABLE | {"2_i.sql": text}))
    assert await valid(place, "t_name")
    assert await valid(place, "t_id") is None
    assert await place.rows(
        "SELECT state, statements_done, statements_total, array_length(statement_digests, 1), execution_time_ms >= 0"
        " FROM schema_migrations WHERE migration_number = 2"
    ) == [("applied", 5, 5, 5, True)]


async def test_a_failed_file_goes_on_at_the_statement_that_failed(place: Place, tmp_path: Path) -> None:
    text = (
        HEAD
        + "INSERT INTO t VALUES (0, 'first');\nINSERT INTO t SELECT * FROM later;\nINSERT INTO t VALUES (0, 'last');\n"
    )
    history = history_of(tmp_path, TABLE | {"2_t.sql": text})
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history)
    failure = caught.value.failure
    assert (failure.statement, failure.outcome, failure.done) == (2, Outcome.STATEMENTS_STAND, (1,))
    assert await place.rows("SELECT state FROM schema_migrations WHERE migration_number = 2") == [("failed",)]
    await place.run("CREATE TABLE later (id int, name text)")
    seen = []
    await apply(place.endpoint, place.name, history, observe=lambda event: seen.append(event.kind))
    assert EventKind.RESUMED in seen
    assert await place.rows("SELECT name FROM t WHERE id = 0 ORDER BY 1") == [("first",), ("last",)]


async def test_the_part_that_is_not_done_may_be_corrected(place: Place, tmp_path: Path) -> None:
    history = history_of(
        tmp_path, TABLE | {"2_t.sql": HEAD + "INSERT INTO t VALUES (0);\nINSERT INTO tt VALUES (0);\n"}
    )
    with pytest.raises(MigrationFailed):
        await apply(place.endpoint, place.name, history)
    write(
        tmp_path, {"2_t.sql": HEAD + "-- corrected\nINSERT INTO t VALUES (0);\nINSERT INTO t VALUES (-1);\n"}
    )
    await apply(place.endpoint, place.name, history)
    assert await place.rows("SELECT id FROM t WHERE id < 1 ORDER BY 1") == [(-1,), (0,)]


async def test_a_change_of_the_done_part_is_refused(place: Place, tmp_path: Path) -> None:
    history = history_of(
        tmp_path, TABLE | {"2_t.sql": HEAD + "INSERT INTO t VALUES (0);\nINSERT INTO tt VALUES (0);\n"}
    )
    with pytest.raises(MigrationFailed):
        await apply(place.endpoint, place.name, history)
    write(tmp_path, {"2_t.sql": HEAD + "INSERT INTO t VALUES (-7);\nINSERT INTO t VALUES (-1);\n"})
    with pytest.raises(HistoryRefused) as caught:
        await apply(place.endpoint, place.name, history)
    assert caught.value.problems[0].kind is ProblemKind.UNFINISHED


async def test_settings_made_before_an_interruption_are_made_again(place: Place, tmp_path: Path) -> None:
    text = (
        HEAD
        + "SET search_path = elsewhere;\nCREATE TABLE u (id int);\nSELECT * FROM missing;\nCREATE TABLE w (id int);\n"
    )
    history = history_of(tmp_path, TABLE | {"2_t.sql": text})
    await place.run("CREATE SCHEMA elsewhere")
    with pytest.raises(MigrationFailed):
        await apply(place.endpoint, place.name, history)
    await place.run("CREATE TABLE elsewhere.missing ()")
    await apply(place.endpoint, place.name, history)
    assert await place.rows("SELECT to_regclass('elsewhere.w') IS NOT NULL") == [(True,)]


async def test_an_invalid_index_is_dropped_and_built_again(place: Place, tmp_path: Path) -> None:
    history = history_of(
        tmp_path,
        TABLE | {"2_i.sql": HEAD + "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id ON public.t (id);\n"},
    )
    await place.run(
        "CREATE TABLE t (id int, name text)",
        "CREATE UNIQUE INDEX t_id ON t (id)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_id'::regclass",
    )
    write(tmp_path, {"1_t.sql": "SELECT 1;"})
    seen: list[str] = []
    await apply(place.endpoint, place.name, history, observe=lambda event: seen.append(event.message))
    assert await valid(place, "t_id")
    assert any("INVALID" in message for message in seen)


@pytest.mark.parametrize("where", ["", " WHERE name = 'a' AND id > 0", " INCLUDE (name)"])
async def test_a_valid_index_of_the_same_definition_is_taken_as_done(
    place: Place, tmp_path: Path, where: str
) -> None:
    create = f"CREATE INDEX CONCURRENTLY t_l ON t (lower(name) DESC, id){where}"
    history = history_of(tmp_path, TABLE | {"2_i.sql": f"{HEAD}{create};\n"})
    await place.run("CREATE TABLE t (id int, name text)", create)
    before = await place.rows("SELECT 't_l'::regclass::oid")
    write(tmp_path, {"1_t.sql": "SELECT 1;"})
    await apply(place.endpoint, place.name, history)
    assert await place.rows("SELECT 't_l'::regclass::oid") == before


async def test_a_valid_index_of_another_definition_is_refused(place: Place, tmp_path: Path) -> None:
    history = history_of(
        tmp_path, TABLE | {"2_i.sql": HEAD + "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t (id);\n"}
    )
    await place.run("CREATE TABLE t (id int, name text)", "CREATE INDEX t_i ON t (name)")
    write(tmp_path, {"1_t.sql": "SELECT 1;"})
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history)
    assert "another definition" in caught.value.failure.message
    assert await place.rows("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%(name)'") == [(1,)]


async def test_duplicates_stop_a_unique_index_and_leave_no_invalid_one(place: Place, tmp_path: Path) -> None:
    files = TABLE | {
        "2_d.sql": "INSERT INTO t VALUES (5, 'again');",
        "3_i.sql": HEAD + "CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);\n",
    }
    with pytest.raises(MigrationFailed) as caught:
        await apply(place.endpoint, place.name, history_of(tmp_path, files))
    failure = caught.value.failure
    assert failure.sqlstate == "23505"
    assert failure.detail is not None
    assert "(5)" in failure.detail
    assert await valid(place, "t_id") is None


async def test_a_build_that_cannot_get_past_a_transaction_leaves_nothing_and_names_it(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path, TABLE | {"2_i.sql": HEAD + "CREATE INDEX CONCURRENTLY t_id ON t (id);\n"})
    write(tmp_path / "first", TABLE)
    await apply(place.endpoint, place.name, history_of(tmp_path / "first", TABLE))
    async with place.connection() as writer:
        await writer.execute("BEGIN")
        await writer.execute("UPDATE t SET name = 'busy' WHERE id = 1")
        limits = RunLimits(index_lock_timeout=timedelta(milliseconds=700), tries=1)
        with pytest.raises(MigrationFailed) as caught:
            await apply(place.endpoint, place.name, history, limits=limits)
        assert caught.value.failure.sqlstate == "55P03"
        assert [blocker.pid for blocker in caught.value.failure.blockers] == [writer.info.backend_pid]
        await writer.execute("ROLLBACK")
    await apply(place.endpoint, place.name, history)
    assert await valid(place, "t_id")


async def test_a_build_waits_until_the_transaction_in_its_way_is_over(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, TABLE | {"2_i.sql": HEAD + "CREATE INDEX CONCURRENTLY t_id ON t (id);\n"})
    await apply(place.endpoint, place.name, history_of(tmp_path / "first", TABLE))
    retried = asyncio.Event()
    limits = RunLimits(index_lock_timeout=timedelta(milliseconds=300))
    async with place.connection() as writer:
        await writer.execute("BEGIN")
        await writer.execute("UPDATE t SET name = 'busy' WHERE id = 1")

        def observe(event: object) -> None:
            if getattr(event, "kind", None) is EventKind.RETRY:
                retried.set()

        run = asyncio.create_task(apply(place.endpoint, place.name, history, limits=limits, observe=observe))
        await asyncio.wait_for(retried.wait(), 10)
        await writer.execute("COMMIT")
        await run
    assert await valid(place, "t_id")


async def test_a_statement_that_failed_is_never_taken_as_done(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, TABLE | {"2_d.sql": HEAD + "DROP INDEX CONCURRENTLY misspelt;\n"})
    for _ in range(2):
        with pytest.raises(MigrationFailed) as caught:
            await apply(place.endpoint, place.name, history)
        assert caught.value.failure.sqlstate == "42704"


@pytest.mark.parametrize(
    ("before", "statement", "proof"),
    [
        ("SELECT 1", "DROP INDEX CONCURRENTLY public.gone", "SELECT true"),
        ("CREATE TABLE c (LIKE p)", "ALTER TABLE ONLY p DETACH PARTITION c CONCURRENTLY", "SELECT true"),
        (
            "CREATE INDEX t_id ON t (id)",
            "CREATE INDEX CONCURRENTLY t_id ON t (id)",
            "SELECT count(*) = 1 FROM pg_indexes WHERE tablename = 't'",
        ),
    ],
)
async def test_a_statement_whose_run_vanished_is_looked_up_before_it_is_repeated(
    place: Place, tmp_path: Path, before: str, statement: str, proof: str
) -> None:
    await apply(place.endpoint, place.name, history_of(tmp_path / "first", TABLE))
    await place.run("CREATE TABLE p (id int) PARTITION BY LIST (id)", before)
    history = history_of(tmp_path, TABLE | {"2_x.sql": f"{HEAD}{statement};\nINSERT INTO t VALUES (0);\n"})
    # What a runner leaves that was killed after the statement and before its record.
    await place.run(
        "INSERT INTO schema_migrations (migration_number, name, filename, state, statements_total)"
        " VALUES (2, 'x', '2_x.sql', 'running', 2)"
    )
    await apply(place.endpoint, place.name, history)
    assert await place.rows("SELECT count(*) FROM t WHERE id = 0") == [(1,)]
    assert await place.rows(proof) == [(True,)]


async def test_remains_of_a_broken_reindex_are_dropped_before_the_next(place: Place, tmp_path: Path) -> None:
    await apply(place.endpoint, place.name, history_of(tmp_path / "first", TABLE))
    await place.run(
        "CREATE INDEX t_id ON t (id)",
        "CREATE INDEX t_id_ccnew ON t (id)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_id_ccnew'::regclass",
    )
    await apply(
        place.endpoint,
        place.name,
        history_of(tmp_path, TABLE | {"2_r.sql": HEAD + "REINDEX TABLE CONCURRENTLY t;\n"}),
    )
    assert await place.rows("SELECT indexname FROM pg_indexes WHERE tablename = 't'") == [("t_id",)]


async def test_copy_and_procedures_run_in_a_file_without_transaction(place: Place, tmp_path: Path) -> None:
    text = (
        HEAD + "COPY t FROM STDIN;\n0\tcopied\n\\.\n"
        "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (-1); COMMIT; INSERT INTO t VALUES (-2); END $$;\n"
        "CALL fill();\nDO $$ BEGIN INSERT INTO t VALUES (-3); COMMIT; END $$;\n"
    )
    await apply(place.endpoint, place.name, history_of(tmp_path, TABLE | {"2_c.sql": text}))
    assert await place.rows("SELECT id FROM t WHERE id < 1 ORDER BY 1 DESC") == [(0,), (-1,), (-2,), (-3,)]
