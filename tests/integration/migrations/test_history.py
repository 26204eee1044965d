"""What the history notices, and how it is changed by hand."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from iotistic.migrations import History, Marker, RunOptions, apply, inspect, preview, wait_until_current
from iotistic.migrations.errors import HistoryRefused, HistoryUnusable, MarkRefused, ProblemKind, SchemaBehind
from iotistic.secret import Secret
from tests.support.histories import Place, history_of, write

FILES = {
    "001_a.sql": "CREATE TABLE a (id int);\n",
    "002_b.sql": "CREATE TABLE b (id int);\n",
    "003_c.sql": "CREATE TABLE c (id int);\n",
    "057_add_mqtt_tls_config.sql": "CREATE TABLE tls (id int);\n",
}
# What the original platform's runner kept.
UPSTREAM = (
    "CREATE TABLE schema_migrations (id serial PRIMARY KEY, migration_number integer NOT NULL UNIQUE,"
    " name varchar(255) NOT NULL, filename varchar(255) NOT NULL, applied_at timestamp DEFAULT CURRENT_TIMESTAMP,"
    " checksum varchar(64), execution_time_ms integer)"
)


@pytest.fixture
async def applied(place: Place, tmp_path: Path) -> History:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    return history


def marker(place: Place, history: History, reason: str | None = None) -> Marker:
    return Marker(endpoint=place.endpoint, database=place.name, history=history, reason=reason)


async def kinds(place: Place, history: History) -> list[ProblemKind]:
    with pytest.raises(HistoryRefused) as caught:
        await apply(place.endpoint, place.name, history)
    return [problem.kind for problem in caught.value.problems]


async def test_an_edited_file_is_refused_and_listed(place: Place, applied: History, tmp_path: Path) -> None:
    write(tmp_path, {"002_b.sql": "CREATE TABLE b (id bigint);\n"})
    assert await kinds(place, applied) == [ProblemKind.EDITED]
    status = await inspect(place.endpoint, place.name, applied)
    assert status.drift == ("002_b.sql",)


@pytest.mark.parametrize(
    "text",
    [
        "-- licence header\nCREATE TABLE b (id int);\n",
        "CREATE TABLE b (id int);\r\n",
        "\n\nCREATE  TABLE b (id int) ; /* b */",
    ],
)
async def test_a_file_that_says_the_same_in_other_words_is_a_notice(
    place: Place, applied: History, tmp_path: Path, text: str
) -> None:
    write(tmp_path, {"002_b.sql": text})
    report = await apply(place.endpoint, place.name, applied)
    assert len(report.notices) == 1
    assert "002_b.sql" in report.notices[0]
    assert (await inspect(place.endpoint, place.name, applied)).drift == ()


async def test_a_missing_file_is_refused_unless_allowed(
    place: Place, applied: History, tmp_path: Path
) -> None:
    (tmp_path / "001_a.sql").unlink()
    assert await kinds(place, applied) == [ProblemKind.MISSING]
    report = await apply(place.endpoint, place.name, applied, options=RunOptions(allow_missing=True))
    assert "001_a.sql" in report.notices[0]


async def test_a_late_file_is_refused_unless_allowed_and_never_skipped(
    place: Place, applied: History, tmp_path: Path
) -> None:
    write(
        tmp_path, {"004_late.sql": "CREATE TABLE late (id int);", "058_new.sql": "CREATE TABLE new (id int);"}
    )
    assert await kinds(place, applied) == [ProblemKind.LATE]
    assert await place.rows("SELECT to_regclass('new')") == [(None,)]
    report = await apply(place.endpoint, place.name, applied, options=RunOptions(out_of_order=True))
    assert [file.filename for file in report.applied] == ["004_late.sql", "058_new.sql"]


async def test_a_number_used_twice_is_refused_naming_both(
    place: Place, applied: History, tmp_path: Path
) -> None:
    write(tmp_path, {"2_other.sql": "SELECT 1;"})
    with pytest.raises(HistoryRefused, match=r"002_b\.sql and 2_other\.sql"):
        await apply(place.endpoint, place.name, applied)


async def test_a_renamed_file_is_refused_until_repaired(
    place: Place, applied: History, tmp_path: Path
) -> None:
    (tmp_path / "003_c.sql").rename(tmp_path / "003_sea.sql")
    assert await kinds(place, applied) == [ProblemKind.RENAMED]
    await marker(place, applied, "spelling").repair(["003_sea.sql"])
    assert (await apply(place.endpoint, place.name, applied)).applied == ()
    assert await place.rows("SELECT filename, name FROM schema_migrations WHERE migration_number = 3") == [
        ("003_sea.sql", "sea")
    ]


async def test_a_repair_accepts_edited_and_missing_files_and_says_why(
    place: Place, applied: History, tmp_path: Path
) -> None:
    write(tmp_path, {"002_b.sql": "CREATE TABLE b (id bigint);\n"})
    (tmp_path / "001_a.sql").unlink()
    with pytest.raises(MarkRefused, match="reason"):
        await marker(place, applied).repair(["002_b.sql"])
    await marker(place, applied, "changed by hand").repair(["002_b.sql", "001_a.sql"])
    assert (await apply(place.endpoint, place.name, applied)).applied == ()
    assert await place.rows(
        "SELECT action, filename, reason, actor FROM schema_migrations_events ORDER BY id"
    ) == [
        ("repair", "002_b.sql", "changed by hand", place.endpoint.user),
        ("repair", "001_a.sql", "changed by hand", place.endpoint.user),
    ]


async def test_a_repair_of_a_file_that_does_not_differ_is_refused(place: Place, applied: History) -> None:
    with pytest.raises(MarkRefused, match=r"003_c\.sql does not differ"):
        await marker(place, applied, "why not").repair(["003_c.sql"])


@pytest.mark.parametrize(
    "word", ["57", "057", "50-60", "057_add_mqtt_tls_config.sql", "057_add_mqtt_tls_config"]
)
async def test_a_file_is_unmarked_by_number_range_or_name_and_runs_again(
    place: Place, applied: History, word: str
) -> None:
    report = await marker(place, applied, "again").unmark([word])
    assert report.changed == ("057_add_mqtt_tls_config.sql",)
    await place.run("DROP TABLE tls")
    assert [file.filename for file in (await apply(place.endpoint, place.name, applied)).applied] == [
        "057_add_mqtt_tls_config.sql"
    ]


async def test_unmarking_what_is_not_marked_says_so(place: Place, applied: History) -> None:
    report = await marker(place, applied).unmark(["3", "58"])
    assert report.changed == ("003_c.sql",)
    assert report.skipped == {"58": "was not marked as applied"}


async def test_a_word_that_is_no_migration_is_refused(place: Place, applied: History) -> None:
    with pytest.raises(MarkRefused, match="'fifty'"):
        await marker(place, applied).unmark(["fifty"])


async def test_files_are_marked_without_being_run(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    report = await marker(place, history, "made by hand").mark_applied(["1-3"])
    assert report.changed == ("001_a.sql", "002_b.sql", "003_c.sql")
    assert await place.rows("SELECT to_regclass('a')") == [(None,)]
    assert await place.rows("SELECT DISTINCT kind, state FROM schema_migrations") == [("marked", "applied")]
    assert [file.filename for file in (await apply(place.endpoint, place.name, history)).applied] == [
        "057_add_mqtt_tls_config.sql"
    ]


async def test_marking_an_applied_file_says_when_by_whom_and_how_to_run_it_again(
    place: Place, applied: History
) -> None:
    report = await marker(place, applied).mark_applied(["57"])
    [why] = report.skipped.values()
    assert place.endpoint.user in why
    assert "unmark --dir ... --url ... -- 057_add_mqtt_tls_config.sql" in why
    assert report.changed == ()


async def test_a_baseline_takes_an_existing_database_as_it_is(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await marker(place, history).baseline(3)
    (tmp_path / "001_a.sql").unlink()  # squashed away: a baseline's files may go
    report = await apply(place.endpoint, place.name, history)
    assert [file.filename for file in report.applied] == ["057_add_mqtt_tls_config.sql"]


async def test_a_baseline_of_a_history_that_has_begun_is_refused(place: Place, applied: History) -> None:
    with pytest.raises(MarkRefused, match="not empty"):
        await marker(place, applied).baseline(3)


async def test_events_are_only_ever_added(place: Place, applied: History) -> None:
    await marker(place, applied).unmark(["57"])
    for statement in (
        "UPDATE schema_migrations_events SET reason = 'other'",
        "DELETE FROM schema_migrations_events",
        "TRUNCATE schema_migrations_events",
    ):
        with pytest.raises(psycopg.errors.RaiseException):
            await place.run(statement)


async def test_a_dry_run_tells_the_steps_and_writes_nothing(place: Place, tmp_path: Path) -> None:
    plan = await preview(
        place.endpoint, place.name, history_of(tmp_path, FILES), options=RunOptions(target=2)
    )
    assert [step.script.file.filename for step in plan.steps] == ["001_a.sql", "002_b.sql"]
    assert plan.left == ("003_c.sql", "057_add_mqtt_tls_config.sql")
    assert await place.rows("SELECT to_regclass('schema_migrations')") == [(None,)]


async def test_the_original_platforms_history_is_read_as_it_is(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await place.run(
        UPSTREAM,
        "INSERT INTO schema_migrations (migration_number, name, filename) VALUES (1, 'a', '001_a.sql'), (2, 'b', '002_b.sql')",
    )
    status = await inspect(place.endpoint, place.name, history)
    assert [entry.filename for entry in status.applied] == ["001_a.sql", "002_b.sql"]
    assert status.pending == ("003_c.sql", "057_add_mqtt_tls_config.sql")
    assert (
        len(
            await place.rows(
                "SELECT 1 FROM pg_attribute WHERE attrelid = 'schema_migrations'::regclass AND attnum > 0"
            )
        )
        == 7
    )


async def test_the_original_platforms_history_is_adopted_by_the_first_run(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path, FILES)
    await place.run(
        UPSTREAM,
        "INSERT INTO schema_migrations (migration_number, name, filename, execution_time_ms) VALUES (1, 'a', '001_a.sql', 7),"
        " (2, 'b', '002_b.sql', 8)",
    )
    report = await apply(place.endpoint, place.name, history)
    assert [file.filename for file in report.applied] == ["003_c.sql", "057_add_mqtt_tls_config.sql"]
    assert await place.rows(
        "SELECT migration_number, kind, state, execution_time_ms FROM schema_migrations ORDER BY 1 LIMIT 2"
    ) == [(1, "sql", "applied", 7), (2, "sql", "applied", 8)]
    assert await place.rows("SELECT action FROM schema_migrations_events") == [("adopt",)]
    assert (await apply(place.endpoint, place.name, history)).applied == ()


async def test_another_tools_table_is_refused_and_left_alone(place: Place, tmp_path: Path) -> None:
    await place.run("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)")
    assert await kinds(place, history_of(tmp_path, FILES)) == [ProblemKind.FOREIGN]


async def test_waiting_ends_when_somebody_else_has_run(place: Place, applied: History) -> None:
    status = await wait_until_current(place.endpoint, place.name, applied, wait=timedelta(seconds=5))
    assert status.at_head


async def test_waiting_for_a_schema_that_does_not_come_names_what_is_pending(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path, FILES)
    with pytest.raises(SchemaBehind, match="4 files are pending"):
        await wait_until_current(place.endpoint, place.name, history, wait=timedelta(milliseconds=200))


async def test_a_newer_schema_than_the_program_knows_is_good_enough_to_start(
    place: Place, applied: History, tmp_path: Path
) -> None:
    (tmp_path / "057_add_mqtt_tls_config.sql").unlink()
    assert (await wait_until_current(place.endpoint, place.name, applied, wait=timedelta(seconds=1))).at_head


async def test_a_role_without_rights_is_told_which_right_is_missing(place: Place, applied: History) -> None:
    await place.run("DROP ROLE IF EXISTS onlooker", "CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'")
    try:
        endpoint = replace(place.endpoint, user="onlooker", password=Secret("onlooker"))
        with pytest.raises(HistoryUnusable) as caught:
            await inspect(endpoint, place.name, applied)
        assert caught.value.hint is not None
        assert "GRANT SELECT" in caught.value.hint
    finally:
        await place.run("DROP ROLE onlooker")
