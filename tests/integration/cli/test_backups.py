"""`iotistic backup list|show|verify|pin` as they are typed, with no database to be had: backups do not need one."""

import json
import subprocess
from pathlib import Path

import pytest

from iotistic.operations.backups import BackupStore, Copies, FolderStorage
from tests.support.backups import put
from tests.support.terminal import typed

NOBODY = "postgresql://app:x@127.0.0.1:1/iotistic"


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "data" / "backups")


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    where = {"IOTISTIC_DATA_DIR": str(folder / "data"), "DATABASE_URL": NOBODY}
    return typed("backup", *words, folder=folder, **where, **environment)


def listed(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [json.loads(line)["id"] for line in done.stdout.splitlines()]


def test_latest_is_of_the_platform_unless_another_database_is_asked_for(
    store: BackupStore, tmp_path: Path
) -> None:
    ours, billing = put(store, 2), put(store, 1, database="billing")
    for words in (["verify"], ["pin", "latest"], ["unpin", "latest"]):
        assert ours.id in run(tmp_path, *words).stderr
        assert billing.id in run(tmp_path, *words, "--database", "billing").stderr
    assert json.loads(run(tmp_path, "show", "--json").stdout)["id"] == ours.id


def test_a_damaged_manifest_is_told_beside_the_others(store: BackupStore, tmp_path: Path) -> None:
    older, newer = put(store, 2), put(store, 1)
    (store.folder_of(older) / "manifest.json").write_text("{}")
    done = run(tmp_path, "list", "--json")
    assert (done.returncode, listed(done)) == (0, [newer.id])
    assert f"{store.folder_of(older)}" in done.stderr


def test_a_storage_that_does_not_answer_hides_nothing_that_is_here(
    store: BackupStore, tmp_path: Path
) -> None:
    here = put(store, 1)
    done = run(
        tmp_path,
        "list",
        "--json",
        IOTISTIC_BACKUP_STORAGE="s3://backups",
        IOTISTIC_BACKUP_S3_ENDPOINT="http://127.0.0.1:1",
        AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b",
    )
    assert (done.returncode, listed(done)) == (6, [here.id])
    assert "error: s3://backups at http://127.0.0.1:1 did not list anything" in done.stderr


def test_what_is_only_in_the_storage_is_told_with_the_way_to_it(store: BackupStore, tmp_path: Path) -> None:
    manifest = put(store, 1)
    elsewhere = tmp_path / "elsewhere"
    Copies(FolderStorage(elsewhere)).send(store, manifest)
    store.remove(manifest)
    for words in (["show"], ["verify", manifest.id]):
        done = run(tmp_path, *words, IOTISTIC_BACKUP_STORAGE=str(elsewhere))
        assert done.returncode == 1
        assert f"`iotistic backup fetch {manifest.id}`" in done.stderr


def test_one_backup_is_shown_to_people_and_to_programs(store: BackupStore, tmp_path: Path) -> None:
    manifest = put(store, 1)
    told = run(tmp_path, "show")
    assert f"Backup    {manifest.id}\n" in told.stdout
    assert "Proved    never: `iotistic backup drill`\n" in told.stdout
    assert json.loads(run(tmp_path, "show", "--json").stdout)["tables"] == []
