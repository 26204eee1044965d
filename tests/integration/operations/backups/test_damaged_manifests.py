"""A manifest that a dying disk changed costs its own backup, and no other."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from iotistic.operations.backups import BackupRecords, BackupStore, Here, Keep, Manifest, Proof, prune
from iotistic.operations.backups.errors import BackupDamaged, BackupNotFound
from iotistic.operations.physical import BaseBackups, prune_bases
from iotistic.operations.physical.base_backups import BaseBackup
from iotistic.operations.physical.errors import BaseBackupDamaged
from tests.support.backups import NOON, damage, stored
from tests.support.terminal import typed


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "backups")


def without_checksum(store: BackupStore, manifest: Manifest) -> None:
    (store.folder_of(manifest) / "manifest.sha256").unlink()


def with_checksum_of_no_text(store: BackupStore, manifest: Manifest) -> None:
    (store.folder_of(manifest) / "manifest.sha256").write_bytes(b"\xff" * 64)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (damage, "was changed after it was written"),
        (without_checksum, "lacks its manifest.sha256"),
        (with_checksum_of_no_text, "was changed after it was written"),
    ],
)
def test_the_newest_whole_one_is_the_latest(
    store: BackupStore, harm: Callable[[BackupStore, Manifest], None], said: str
) -> None:
    older, newer = stored(store, 2), stored(store, 1)
    harm(store, newer)
    assert store.get("latest", "iotistic") == older
    assert store.list() == [older]
    (damaged,) = store.list_damaged()
    assert (damaged.id, damaged.database) == (newer.id, "iotistic")
    assert said in damaged.reason
    with pytest.raises(BackupDamaged, match=said):
        store.get(newer.id)


def test_that_none_is_whole_is_told(store: BackupStore) -> None:
    damage(store, stored(store, 1))
    with pytest.raises(BackupNotFound, match="that is whole, and 1 that is damaged"):
        store.get("latest")


def test_a_damaged_one_is_never_pruned_and_proves_nothing_newer(store: BackupStore) -> None:
    oldest, older, newer = (stored(store, days) for days in (40, 39, 1))
    proof = Proof(
        backup=newer.id, proved_at=NOON, server_version=180006, seconds=1.0, tables=1, rows=1, amcheck=True
    )
    BackupRecords(store.root).prove(newer, proof)
    keep = Keep(daily=1, weekly=0, monthly=0)
    assert [
        each.manifest for each in prune(Here(store), "iotistic", keep=keep, act=False) if not each.keep
    ] == [
        older,
        oldest,
    ]
    damage(store, newer)
    assert all(each.keep for each in prune(Here(store), "iotistic", keep=keep, act=True))
    assert store.folder_of(newer).is_dir()


def test_it_is_listed_with_what_is_wrong_and_whoever_takes_the_latest_is_told_which_one_that_is(
    store: BackupStore, tmp_path: Path
) -> None:
    older, newer = stored(store, 2), stored(store, 1)
    damage(store, newer)
    place = ["--folder", str(store.root)]
    facts = {"IOTISTIC_DATA_DIR": str(tmp_path / "data")}
    done = typed("backup", "list", *place, folder=tmp_path, **facts)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [newer.id, older.id]
    assert "DAMAGED" in done.stdout.splitlines()[1]
    assert f"warning: The manifest of {newer.id} was changed after it was written." in done.stderr
    done = typed("backup", "verify", *place, folder=tmp_path, **facts)
    assert done.returncode == 0, done.stderr
    assert f"{older.id} is the newest that is whole." in done.stderr


def based(backups: BaseBackups, hour: int, parent: str | None) -> BaseBackup:
    made = BaseBackup(
        format=1,
        id=f"20261128T{hour:02}0000000Z-0000",
        parent=parent,
        server_version=180006,
        started_at=NOON,
        finished_at=NOON,
        bytes=1,
        fingerprint="0",
    )
    with backups.draft(made.id) as draft:
        (draft / "data").mkdir()
        backups.publish(draft, made)
    return made


def test_a_base_backup_with_a_damaged_manifest_hides_no_other_and_nothing_is_pruned(tmp_path: Path) -> None:
    backups = BaseBackups(tmp_path)
    older, newer = based(backups, 1, None), based(backups, 2, None)
    os.truncate(backups.root / newer.id / "manifest.json", 20)
    assert backups.list() == [older]
    assert backups.get("latest") == older
    assert [each.id for each in backups.list_damaged()] == [newer.id]
    with pytest.raises(BaseBackupDamaged, match=newer.id):
        prune_bases(backups, keep=Keep(), act=True)
    assert (backups.root / older.id).is_dir()
