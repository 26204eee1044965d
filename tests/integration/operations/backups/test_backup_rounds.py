"""Backups that are taken, proved and let go by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from iotistic.operations.backups import BackupRecords, BackupRoundFailed, Timetable, keep_backups
from tests.integration.operations.backups.conftest import Saved

DAILY = Timetable(every=timedelta(days=1), drill_every=timedelta(days=7))
START = datetime.now(UTC).replace(microsecond=0)


async def one_round(saved: Saved, *, days: float, databases: tuple[str, ...] = ()) -> str | None:
    return await keep_backups(
        saved.database.endpoint("backup"),
        saved.store,
        databases or (saved.database.name,),
        DAILY,
        clock=lambda: START + timedelta(days=days),
    )


async def test_the_first_round_saves_and_proves_and_the_next_has_nothing_to_do(saved: Saved) -> None:
    told = await one_round(saved, days=0)
    (made,) = saved.store.list(saved.database.name)
    assert told == f"{saved.database.name} saved as {made.id}; {made.id} proved"
    assert BackupRecords(saved.store.root).find_proof(made) is not None
    assert await one_round(saved, days=0.9) is None


async def test_what_a_newer_proved_backup_stands_for_goes(saved: Saved) -> None:
    await one_round(saved, days=0)
    (first,) = saved.store.list(saved.database.name)
    await saved.backup("samples")  # not the whole database: no class of days keeps it
    told = await one_round(saved, days=8)
    assert told is not None
    assert "removed: a newer one was proved" in told
    assert first in saved.store.list(saved.database.name)  # the newest of its day
    assert all(each.is_full for each in saved.store.list(saved.database.name))


async def test_trouble_with_one_database_keeps_no_other_from_being_saved(saved: Saved) -> None:
    with pytest.raises(BackupRoundFailed, match="no_such_database") as raised:
        await one_round(saved, days=0, databases=("no_such_database", saved.database.name))
    assert f"{saved.database.name} saved as" in raised.value.message
    assert len(saved.store.list(saved.database.name)) == 1
