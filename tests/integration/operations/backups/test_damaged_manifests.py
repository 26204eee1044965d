"""Whatever a dying disk does to a manifest or its checksum costs that backup, and no other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from iotistic.operations.backups import BackupStore, Copies, FolderStorage
from iotistic.operations.backups.errors import BackupDamaged
from tests.support.backups import put


def flip_a_bit(folder: Path) -> None:
    path = folder / "manifest.json"
    octets = bytearray(path.read_bytes())
    octets[100] ^= 0x80
    path.write_bytes(octets)


def lose_the_checksum(folder: Path) -> None:
    (folder / "manifest.sha256").unlink()


def write_over_the_checksum(folder: Path) -> None:
    (folder / "manifest.sha256").write_bytes(b"\xff" * 65)


def cut(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"")


@pytest.mark.parametrize("harm", [flip_a_bit, lose_the_checksum, write_over_the_checksum, cut])
def test_a_harmed_backup_and_a_harmed_copy_are_left_out_and_named(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    store, copies = BackupStore(tmp_path / "here"), Copies(FolderStorage(tmp_path / "there"))
    older, newer = put(store, 2), put(store, 1)
    for manifest in (older, newer):
        copies.send(store, manifest)
    harm(store.folder_of(newer))
    harm(tmp_path / "there" / newer.database / newer.id)
    assert store.list() == [older]
    assert [each.id for each in store.unreadable()] == [newer.id]
    with pytest.raises(BackupDamaged, match=newer.id):
        store.get(newer.id)
    whole, damaged = copies.look()
    assert list(whole) == [older]
    assert [each.id for each in damaged] == [newer.id]
