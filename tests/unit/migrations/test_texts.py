"""The texts of errors, held to golden copies: plain, coloured, and as fields for machines.

IOTISTIC_UPDATE_GOLDEN=1 writes the copies anew; read the difference before you commit it.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.errors import IotisticError
from iotistic.migrations.advice import Circumstances
from iotistic.migrations.answers import ServerReport
from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import (
    Blocker,
    BusyLock,
    FilesRefused,
    HistoryRefused,
    LockBusy,
    MigrationFailed,
    Outcome,
    Problem,
    ProblemKind,
    ServerUnreachable,
)
from iotistic.migrations.failures import Scene, describe
from iotistic.migrations.fields import error_fields
from iotistic.migrations.files import MigrationFile, arrange
from iotistic.migrations.plan import make_plan
from iotistic.migrations.script import Script, read_script
from iotistic.migrations.texts import render

GOLDEN = Path(__file__).parent / "golden"

TEXT = """\
-- TLS for the brokers.

CREATE TABLE broker_tls (
    id bigint PRIMARY KEY
);

ALTER TABLE mqtt_users
\tADD COLUMN tls_id bigint REFERENCES broker_tsl (id);

DO $$
BEGIN
    PERFORM 1;
    RAISE EXCEPTION 'seven devices have no broker'
        USING DETAIL = 'First: 0001', HINT = 'Assign one.';
END $$;

INSERT INTO broker_tls VALUES (1), (1);
GRANT SELECT ON broker_tls TO postgres;
"""

FILE, LATER = arrange(
    [
        ("057_add_mqtt_tls_config.sql", TEXT.encode()),
        ("058_add_broker_tsl.sql", b"CREATE TABLE IF NOT EXISTS public.broker_tsl (id bigint);"),
    ],
    service="platform",
)
BLOCKER = Blocker(
    pid=4711,
    user="reporting",
    application="nightly report",
    host="192.0.2.7",
    state="idle in transaction",
    age=timedelta(minutes=4, seconds=3),
    query_age=timedelta(minutes=3, seconds=58),
    query="SELECT * FROM mqtt_users",
)


def script_of(file: MigrationFile) -> Script:
    found = read_script(file)
    assert isinstance(found, Script)
    return found


def failed(
    report: ServerReport,
    statement: int | None,
    *,
    outcome: Outcome = Outcome.ROLLED_BACK,
    done: int = 0,
    attempts: int = 1,
    blockers: tuple[Blocker, ...] = (),
    last_unmark: str | None = None,
) -> MigrationFailed:
    script = script_of(FILE)
    scene = Scene(
        server="db.example:5432",
        database="iotistic",
        script=script,
        statement=statement,
        outcome=outcome,
        done=done,
        attempts=attempts,
        blockers=blockers,
    )
    around = Circumstances(
        service="platform",
        user="iotistic_owner",
        file=FILE,
        statement=script.statements[statement] if statement is not None else None,
        transaction=outcome is Outcome.ROLLED_BACK,
        others=(LATER,),
        last_unmark=last_unmark,
    )
    return MigrationFailed(describe(report, scene, around))


def missing_relation() -> IotisticError:
    message = 'relation "broker_tsl" does not exist'
    position = script_of(FILE).statements[1].text.index("broker_tsl") + 1
    return failed(ServerReport(message=message, sqlstate="42P01", severity="ERROR", position=position), 1)


def raised_in_a_block() -> IotisticError:
    report = ServerReport(
        message="seven devices have no broker",
        sqlstate="P0001",
        severity="ERROR",
        detail="First: 0001",
        hint="Assign one.",
        context="PL/pgSQL function inline_code_block line 4 at RAISE\nand a second line",
    )
    return failed(report, 2)


def no_position() -> IotisticError:
    report = ServerReport(
        message='duplicate key value violates unique constraint "broker_tls_pkey"',
        sqlstate="23505",
        severity="ERROR",
        detail="Key (id)=(1) already exists.",
        schema="public",
        table="broker_tls",
        constraint="broker_tls_pkey",
    )
    return failed(report, 3, outcome=Outcome.STATEMENTS_STAND, done=3)


def lock() -> IotisticError:
    report = ServerReport(
        message="canceling statement due to lock timeout", sqlstate="55P03", severity="ERROR"
    )
    return failed(
        report,
        1,
        attempts=20,
        blockers=(BLOCKER, replace(BLOCKER, pid=4712, age=None, query=None, host=None)),
    )


def missing_role() -> IotisticError:
    return failed(
        ServerReport(message='role "postgres" does not exist', sqlstate="42704", severity="ERROR"), 4
    )


def missing_right() -> IotisticError:
    return failed(
        ServerReport(message="permission denied for schema public", sqlstate="42501", severity="ERROR"), 0
    )


def exists_after_unmark() -> IotisticError:
    report = ServerReport(message='relation "broker_tls" already exists', sqlstate="42P07", severity="ERROR")
    return failed(report, 0, last_unmark="on 2026-11-23 19:54 UTC by iotistic_owner (again)")


def at_commit() -> IotisticError:
    report = ServerReport(
        message='insert or update on table "a" violates foreign key constraint "a_b_fkey"',
        sqlstate="23503",
        severity="ERROR",
    )
    return failed(report, None)


def nothing_stands() -> IotisticError:
    report = ServerReport(
        message="canceling statement due to statement timeout", sqlstate="57014", severity="ERROR"
    )
    return failed(report, 0, outcome=Outcome.STATEMENTS_STAND)


def busy() -> IotisticError:
    return LockBusy("platform", waited=timedelta(minutes=5), holder=BLOCKER)


def busy_operations() -> IotisticError:
    return LockBusy("platform", waited=timedelta(seconds=30), holder=BLOCKER, lock=BusyLock.OPERATIONS)


def unreachable() -> IotisticError:
    return ServerUnreachable(
        "No connection to database iotistic at db.example:5432.", hint="Look at the address."
    )


def files_refused() -> IotisticError:
    found = read_script(arrange([("003_x.sql", b"SELECT 1;\n  COMMIT;\n")], service="platform")[0])
    assert not isinstance(found, Script)
    return FilesRefused("platform", found)


def history_refused() -> IotisticError:
    files = arrange(
        [(name, b"SELECT 1;") for name in ("001_a.sql", "002_b.sql", "004_d.sql")], service="platform"
    )
    entries = (
        Entry(filename="001_a.sql", number=1, checksum="x", normalised_checksum="y", algorithm="sha256/1"),
        Entry(filename="002_was.sql", number=2),
        Entry(filename="003_gone.sql", number=3),
        Entry(filename="005_e.sql", number=5),
    )
    with pytest.raises(HistoryRefused) as caught:
        make_plan("billing", files, entries)
    return caught.value


ERRORS: list[Callable[[], IotisticError]] = [
    missing_relation,
    raised_in_a_block,
    no_position,
    lock,
    missing_role,
    missing_right,
    exists_after_unmark,
    at_commit,
    nothing_stands,
    busy,
    busy_operations,
    unreachable,
    files_refused,
    history_refused,
]


@pytest.mark.parametrize("make", ERRORS, ids=lambda make: make.__name__)
def test_an_error_reads_as_its_golden_copy(make: Callable[[], IotisticError]) -> None:
    held_to(f"{make.__name__}.txt", render(make(), colour=False) + "\n")


@pytest.mark.parametrize("make", [missing_relation, lock, history_refused], ids=lambda make: make.__name__)
def test_an_error_in_colour_reads_as_its_golden_copy(make: Callable[[], IotisticError]) -> None:
    held_to(f"{make.__name__}.ansi", render(make(), colour=True) + "\n")


@pytest.mark.parametrize("make", ERRORS, ids=lambda make: make.__name__)
def test_the_same_facts_are_there_for_machines(make: Callable[[], IotisticError]) -> None:
    held_to(f"{make.__name__}.json", json.dumps(error_fields(make()), indent=1) + "\n")


def test_colour_changes_nothing_but_colour() -> None:
    for make in ERRORS:
        assert re.sub(r"\033\[[0-9;]*m", "", render(make(), colour=True)) == render(make(), colour=False)


def test_problem_kinds_are_a_stable_vocabulary() -> None:
    held_to("problem_kinds.txt", "\n".join(kind.value for kind in ProblemKind) + "\n")
    assert Problem.__slots__


def held_to(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("IOTISTIC_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
