"""A backup under a key is worth nothing without it, and as good as any other with it."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from iotistic.operations.backups import BackupStore, Manifest, drill
from iotistic.operations.backups.errors import BackupDamaged, BackupDiffers, BackupKeyMissing
from iotistic.operations.backups.keys import BackupKeys
from iotistic.sealing import new_sealing_key
from iotistic.secret import Secret
from tests.integration.operations.backups.conftest import Saved

OLD, NEW = new_sealing_key(), new_sealing_key()


def under(saved: Saved, *keys: Secret) -> Saved:
    """The same folder, looked at with these keys."""
    given = BackupKeys(Secret(",".join(key.reveal() for key in keys))) if keys else None
    return replace(saved, store=BackupStore(saved.store.root, given))


def restored(saved: Saved) -> str:
    return f"{saved.database.name}_restored"


async def test_a_sealed_backup_comes_back_with_its_key(saved: Saved) -> None:
    locked = under(saved, OLD)
    manifest = await locked.backup()
    assert manifest.key_id == BackupKeys(OLD).current
    outcome = await locked.restoration(manifest).into(restored(saved))
    assert outcome.rows == manifest.rows
    assert list(saved.store.root.glob("*/.*.part")) == []


async def test_nothing_of_the_rows_can_be_read_without_the_key(saved: Saved) -> None:
    manifest = await under(saved, OLD).backup()
    folder = saved.store.folder_of(manifest)
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    assert all(name.endswith(".sealed") for name in files if not name.startswith("manifest."))
    for name, content in files.items():
        assert OLD.reveal().encode() not in content
        assert b"\x1f\x8b\x08" not in content[:64], name
        assert b"CREATE" not in content, name


async def test_without_a_key_it_is_listed_and_checked_but_not_restored(saved: Saved) -> None:
    manifest = await under(saved, OLD).backup()
    stranger = under(saved)
    assert stranger.store.list() == [manifest]
    assert stranger.store.check(manifest) == manifest.bytes
    with pytest.raises(
        BackupKeyMissing, match=f"sealed under the key {manifest.key_id}, and no key is given"
    ):
        await stranger.restoration(manifest).into(restored(saved))
    with pytest.raises(BackupKeyMissing):
        stranger.store.try_open(manifest)


async def test_another_key_is_refused_by_name_and_no_key_is_told(saved: Saved) -> None:
    manifest = await under(saved, OLD).backup()
    other = under(saved, NEW)
    with pytest.raises(BackupKeyMissing) as refused:
        await other.restoration(manifest).into(restored(saved))
    told = f"{refused.value.message} {refused.value.hint}"
    assert f"{BackupKeys(OLD).current}; given is {BackupKeys(NEW).current}" in told
    assert OLD.reveal() not in told
    assert NEW.reveal() not in told


async def test_a_new_key_in_front_seals_and_the_old_one_still_opens(saved: Saved) -> None:
    before = await under(saved, OLD).backup()
    both = under(saved, NEW, OLD)
    after = await both.backup()
    assert after.key_id == BackupKeys(NEW).current
    for manifest in (before, after):
        both.store.try_open(manifest)


async def test_a_backup_from_before_there_was_a_key_is_restored_with_one(saved: Saved) -> None:
    manifest = await saved.backup()
    assert manifest.key_id is None
    assert (await under(saved, OLD).restoration(manifest).into(restored(saved))).rows == manifest.rows


async def test_a_drill_proves_a_sealed_backup(saved: Saved) -> None:
    locked = under(saved, OLD)
    manifest = await locked.backup()
    proof = await drill(locked.store, manifest, narrate=lambda _: None, amcheck=False)
    assert proof.rows == manifest.rows


async def test_the_roles_of_a_sealed_backup_can_be_read_with_the_key(saved: Saved) -> None:
    locked = under(saved, OLD)
    manifest = await locked.backup()
    assert "CREATE ROLE iotistic_owner" in locked.store.roles_of(manifest)
    with pytest.raises(BackupKeyMissing):
        under(saved).store.roles_of(manifest)


def reseal(folder: Path, manifest: Manifest) -> None:
    """As somebody does it who can write there and has no key: every checksum is right."""
    files = tuple(
        replace(
            file,
            bytes=(folder / file.path).stat().st_size,
            sha256=hashlib.sha256((folder / file.path).read_bytes()).hexdigest(),
        )
        for file in manifest.files
    )
    text = msgspec.json.encode(replace(manifest, files=files))
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.sha256").write_text(hashlib.sha256(text).hexdigest() + "\n")


async def test_a_manifest_that_no_holder_of_the_key_wrote_is_refused(saved: Saved) -> None:
    locked = under(saved, OLD)
    manifest = await locked.backup()
    folder = saved.store.folder_of(manifest)
    lying = tuple(replace(table, rows=0) for table in manifest.tables)
    reseal(folder, replace(manifest, tables=lying))
    changed = locked.store.get(manifest.id)
    assert changed.rows == 0
    locked.store.check(changed)  # checksums are no help against who can write them
    with pytest.raises(BackupDamaged, match="not written by a holder of the key"):
        await locked.restoration(changed).into(restored(saved))
    (folder / "manifest.mac").unlink()
    with pytest.raises(BackupDamaged, match=r"lacks its manifest\.mac"):
        locked.store.try_open(changed)


async def test_two_files_that_changed_places_do_not_open(saved: Saved) -> None:
    locked = under(saved, OLD)
    manifest = await locked.backup()
    folder = saved.store.folder_of(manifest)
    first, second = sorted(folder.glob("dump/*.dat*.sealed"))[:2]
    shutil.move(first, folder / "aside")
    shutil.move(second, first)
    shutil.move(folder / "aside", second)
    with pytest.raises(BackupDamaged, match=r"has other content|instead of"):
        locked.store.check(manifest)
    with pytest.raises(BackupDamaged, match="the file is of another backup or place"):
        locked.store.try_open(manifest)


async def test_a_sealed_restore_still_compares(saved: Saved) -> None:
    locked = under(saved, OLD)
    manifest = await locked.backup()
    folder = saved.store.folder_of(manifest)
    lying = replace(manifest, tables=tuple(replace(table, rows=table.rows + 1) for table in manifest.tables))
    shutil.copytree(folder, folder.with_name("draft"))
    shutil.rmtree(folder)
    locked.store.publish(folder.with_name("draft"), lying)
    with pytest.raises(BackupDiffers):
        await locked.restoration(locked.store.get(manifest.id)).into(restored(saved))
