"""When a backup is due, and when one has to be proved."""

from datetime import timedelta

from iotistic.operations.backups import Manifest, Proof, Timetable
from tests.support.backups import NOON, backup

DAILY = Timetable(every=timedelta(days=1), drill_every=timedelta(days=7))


def proof(of: Manifest, days_ago: float) -> Proof:
    return Proof(
        backup=of.id,
        proved_at=NOON - timedelta(days=days_ago),
        server_version=180006,
        seconds=1,
        tables=1,
        rows=1,
        amcheck=True,
    )


def test_without_a_backup_one_is_due() -> None:
    assert DAILY.is_backup_due([], NOON)


def test_a_backup_is_due_when_the_newest_is_as_old_as_the_pause() -> None:
    assert DAILY.is_backup_due([backup(1), backup(8)], NOON)
    assert not DAILY.is_backup_due([backup(1 - 1e-5), backup(8)], NOON)


def test_a_backup_of_a_few_tables_is_not_one_of_the_database() -> None:
    assert DAILY.is_backup_due([backup(0, "devices"), backup(2)], NOON)
    assert DAILY.drill_due([backup(0, "devices")], [], NOON) is None


def test_the_first_backup_is_proved_at_once() -> None:
    newest = backup(0)
    assert DAILY.drill_due([backup(1), newest], [], NOON) == newest


def test_a_drill_is_due_when_the_last_proof_is_as_old_as_its_pause() -> None:
    newest, older = backup(0), backup(8)
    assert DAILY.drill_due([newest, older], [proof(older, 7)], NOON) == newest
    assert DAILY.drill_due([newest, older], [proof(older, 7 - 1e-5)], NOON) is None


def test_what_was_proved_is_not_proved_again() -> None:
    only = backup(20)
    assert DAILY.drill_due([only], [proof(only, 15)], NOON) is None


def test_without_a_backup_nothing_is_proved() -> None:
    assert DAILY.drill_due([], [], NOON) is None
