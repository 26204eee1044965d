"""`iotistic migrate ...` as it is typed: what it prints where, and its exit codes."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import iotistic.migrations
from iotistic.cli.main import main
from iotistic.database.conninfo import url
from iotistic.database.locks import key_of
from tests.support.histories import Place, write

SCHEMA = json.loads((Path(iotistic.migrations.__file__).parent / "output.schema.json").read_text())
FILES = {
    "001_shelves.sql": "CREATE TABLE shelves (id int);\n",
    "002_books.sql": "CREATE TABLE books (id int);\n",
    "057_add_mqtt_tls_config.sql": "CREATE TABLE tls (id int);\n",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        return document


Migrate = Callable[..., Outcome]


@pytest.fixture
def migrate(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Migrate:
    """Runs one command on the test's folder and database."""
    folder = write(tmp_path / "library", FILES)
    where = ["--dir", str(folder), "--url", url(place.endpoint, place.name)]

    def call(*words: str, there: list[str] = where) -> Outcome:
        plain = words[words.index("--") :] if "--" in words else ()
        command = list(words[: len(words) - len(plain)])
        with pytest.raises(SystemExit) as caught:
            main(["migrate", *command, *there, *plain])
        captured = capsys.readouterr()
        return Outcome(int(caught.value.code or 0), captured.out, captured.err)

    return call


def test_migrate_alone_runs_and_says_what_it_did(migrate: Migrate) -> None:
    first = migrate()
    assert (first.code, first.out) == (0, "")
    assert "057_add_mqtt_tls_config.sql applied in" in first.err
    assert "library: 3 applied" in first.err
    assert "nothing to do" in migrate("run").err


def test_status_lists_every_file_and_check_tells_pending_by_its_exit_code(migrate: Migrate) -> None:
    before = migrate("status")
    assert before.code == 0
    assert before.out.count("pending") == 3
    assert migrate("status", "--check").code == 2
    migrate()
    after = migrate("status", "--check")
    assert (after.code, after.out.count("applied")) == (0, 3)


def test_status_in_json_has_the_published_shape(migrate: Migrate) -> None:
    [history] = migrate("status", "--json").json["histories"]
    assert (history["at_head"], history["history_exists"], history["head"]) == (False, False, 57)
    migrate()
    [history] = migrate("status", "--json").json["histories"]
    assert [entry["file"] for entry in history["applied"]] == list(FILES)


def test_a_run_in_json_has_the_published_shape(migrate: Migrate) -> None:
    [run] = migrate("--json").json["runs"]
    assert [applied["file"] for applied in run["applied"]] == list(FILES)
    assert migrate("run", "--json").json["runs"][0]["applied"] == []


def test_a_dry_run_shows_the_steps_and_writes_nothing(migrate: Migrate) -> None:
    assert migrate("--dry-run", "--target", "2").out.splitlines() == [
        "001_shelves.sql  (1 statements)",
        "002_books.sql  (1 statements)",
    ]
    assert [step["file"] for step in migrate("dry-run", "--json").json["plans"][0]["steps"]] == list(FILES)
    assert migrate("status", "--json").json["histories"][0]["history_exists"] is False


def test_a_target_stops_the_run(migrate: Migrate) -> None:
    assert "1 applied, 2 left beyond the target" in migrate("--target", "1").err


def test_drift_exits_with_three(migrate: Migrate, tmp_path: Path) -> None:
    migrate()
    write(tmp_path / "library", {"002_books.sql": "CREATE TABLE books (id bigint);\n"})
    refused = migrate()
    assert refused.code == 3
    assert "002_books.sql was changed after it was applied" in refused.err
    assert migrate("status").code == 0
    assert migrate("status", "--check").code == 3
    assert migrate("--json").json["error"]["problems"][0]["kind"] == "edited"
    assert migrate("repair", "--accept", "002_books.sql", "--reason", "by hand").code == 0
    assert migrate("status", "--check").code == 0


def test_a_file_that_fails_exits_with_five_and_shows_where(migrate: Migrate, tmp_path: Path) -> None:
    write(tmp_path / "library", {"058_bad.sql": "SELECT 1;\nSELECT nope;\n"})
    failed = migrate()
    assert failed.code == 5
    assert "058_bad.sql, line 2, column 8" in failed.err
    assert "> 2 | SELECT nope;" in failed.err
    failure = migrate("--json").json["error"]["failure"]
    assert (failure["statement"], failure["line"], failure["column"]) == (2, 2, 8)


def test_an_unusable_file_exits_with_one(migrate: Migrate, tmp_path: Path) -> None:
    write(tmp_path / "library", {"notes.sql": ""})
    assert migrate().code == 1


def test_a_busy_lock_exits_with_four(migrate: Migrate, place: Place) -> None:
    program = (
        "import psycopg, sys; c = psycopg.connect(sys.argv[1], autocommit=True);"
        f" c.execute('SELECT pg_advisory_lock({key_of('iotistic.migrations:library:public.schema_migrations')})');"
        " print('locked', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, url(place.endpoint, place.name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        busy = migrate("--lock-wait", "0")
        assert busy.code == 4
        assert "another runner works on library" in busy.err
        assert migrate("--lock-wait", "0", "--json").json["error"]["holder"]["pid"] > 0
    finally:
        holder.communicate("")


def test_no_connection_exits_with_six(migrate: Migrate, tmp_path: Path) -> None:
    nowhere = ["--dir", str(tmp_path / "library"), "--url", "postgresql://nobody@127.0.0.1:1/nothing"]
    assert migrate("status", there=nowhere).code == 6


def test_the_handbooks_unmark_takes_a_filename_behind_two_dashes(migrate: Migrate) -> None:
    migrate()
    nobody = migrate("unmark", "--", "057_add_mqtt_tls_config.sql")
    assert nobody.code == 1  # nobody is at this terminal to say yes
    done = migrate("unmark", "--yes", "--", "057_add_mqtt_tls_config.sql")
    assert done.code == 0
    assert "not undone" in done.err
    assert migrate("unmark", "--yes", "--", "057_add_mqtt_tls_config.sql").code == 1
    marked = migrate("mark-applied", "57", "--json")
    assert marked.json == {"action": "mark", "changed": ["057_add_mqtt_tls_config.sql"], "skipped": {}}
    again = migrate("mark-applied", "1-57")
    assert again.code == 0
    assert re.search(r"unmark --dir \S+ --url \S+ -- 057_add_mqtt_tls_config\.sql", again.err)


def test_a_baseline_counts_files_as_applied(migrate: Migrate) -> None:
    assert migrate("baseline", "2").code == 0
    assert "library: 1 applied" in migrate().err


def test_create_writes_the_next_number_without_a_database(migrate: Migrate, tmp_path: Path) -> None:
    there = ["--dir", str(tmp_path / "library")]
    made = migrate("create", "Add device groups", there=there)
    assert Path(made.out.strip()).name == "058_add_device_groups.sql"
    assert Path(migrate("create", "x", "--json", there=there).json["path"]).name == "059_x.sql"


def test_sigterm_stops_the_statement_rolls_back_and_gives_the_lock_back(place: Place, tmp_path: Path) -> None:
    folder = write(tmp_path / "slow", {"1_t.sql": "CREATE TABLE t (id int);\nSELECT pg_sleep(60);\n"})
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "iotistic",
            "migrate",
            "--dir",
            str(folder),
            "--url",
            url(place.endpoint, place.name),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "default"},
    )
    question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    deadline = time.monotonic() + 20
    while asyncio.run(place.rows(question)) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 143
    assert "rolled back" in errors
    assert asyncio.run(place.rows("SELECT to_regclass('t')")) == [(None,)]
    assert asyncio.run(place.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == [(0,)]


def test_a_danger_in_a_pending_file_is_told_or_refused_with_eight(migrate: Migrate, tmp_path: Path) -> None:
    migrate()
    write(tmp_path / "library", {"058_drop.sql": "DROP TABLE books;\n"})
    refused = migrate("--lint", "refuse")
    assert refused.code == 8
    assert "058_drop.sql:1:1:" in refused.err
    assert migrate("--lint", "refuse", "--json").json["error"]["findings"][0]["file"] == "058_drop.sql"
    told = migrate()
    assert told.code == 0
    assert "058_drop.sql:1: " in told.err


def test_the_log_tells_who_changed_the_history_and_why(migrate: Migrate, tmp_path: Path) -> None:
    assert migrate("log").code == 0
    migrate()
    migrate("unmark", "2", "--yes", "--reason", "books came back")
    write(tmp_path / "library", {"058_bad.sql": "SELECT nope;\n"})
    migrate("--out-of-order")
    events = migrate("log", "--json").json["events"]
    assert [(event["action"], event["file"]) for event in events] == [
        ("failure", "002_books.sql"),
        ("unmark", "002_books.sql"),
    ]
    assert events[1]["reason"] == "books came back"
    assert "already exists" in events[0]["reason"]
