"""Backups in a storage: the same for a folder and for a bucket, and clear words where a bucket refuses."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from iotistic.operations.backups import (
    BackupRecords,
    BackupStore,
    Copies,
    FolderStorage,
    Keep,
    Manifest,
    ObjectMissing,
    Proof,
    Storage,
    StorageRefused,
    prune,
)
from iotistic.operations.backups.bucket import Bucket
from iotistic.operations.backups.errors import BackupDamaged
from tests.support.backups import NOON, put
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


@pytest.fixture
def credentials(server: ObjectStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ObjectStorage:
    """As an operator gives them; what this machine may have is out of the way."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    return server


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "elsewhere")
    server: ObjectStorage = request.getfixturevalue("credentials")
    return Bucket(BUCKET, f"tests/{tmp_path.name}", endpoint=server.url)


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "backups")


def prove(store: BackupStore, manifest: Manifest) -> None:
    proof = Proof(
        backup=manifest.id, proved_at=NOON, server_version=180006, seconds=1.0, tables=1, rows=1, amcheck=True
    )
    BackupRecords(store.root).prove(manifest, proof)


def test_a_copy_comes_back_as_it_was_after_the_folder_is_lost(
    store: BackupStore, storage: Storage, tmp_path: Path
) -> None:
    manifest, copies = put(store, 1), Copies(storage)
    prove(store, manifest)
    assert copies.send(store, manifest)
    assert not copies.send(store, manifest)
    assert copies.check(manifest) == manifest.bytes
    empty = BackupStore(tmp_path / "another machine")
    assert copies.find("latest") == manifest
    assert copies.bring(empty, manifest) == manifest
    assert empty.list() == [manifest]
    assert empty.check(manifest) == manifest.bytes
    assert BackupRecords(empty.root).find_proof(manifest) is not None


def test_a_copy_without_its_manifest_does_not_count_and_is_sent_again(
    store: BackupStore, storage: Storage
) -> None:
    manifest, copies = put(store, 1), Copies(storage)
    copies.send(store, manifest)
    storage.remove(f"{manifest.database}/{manifest.id}/manifest.json")
    assert copies.list() == []
    assert copies.missing(store, manifest.database) == [manifest]
    assert copies.send(store, manifest)
    assert copies.list() == [manifest]
    assert copies.missing(store, manifest.database) == []


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_copy_is_named_and_not_taken_back(
    store: BackupStore, storage: Storage, tmp_path: Path, damage: str
) -> None:
    manifest, copies = put(store, 1), Copies(storage)
    copies.send(store, manifest)
    name = f"{manifest.database}/{manifest.id}/dump/1.dat"
    if damage == "missing":
        storage.remove(name)
    else:
        other = tmp_path / "other"
        other.write_bytes(b"Rows")
        storage.put(name, other)
    told = "1.dat is missing" if damage == "missing" else "1.dat has other content"
    with pytest.raises(BackupDamaged, match=told):
        copies.check(manifest)
    empty = BackupStore(tmp_path / "another machine")
    with pytest.raises(BackupDamaged, match=told):
        copies.bring(empty, manifest)
    assert empty.list() == []
    assert copies.send(store, manifest, again=True)
    assert copies.check(manifest) == manifest.bytes


def test_a_manifest_that_was_changed_in_the_storage_is_refused(
    store: BackupStore, storage: Storage, tmp_path: Path
) -> None:
    manifest, copies = put(store, 1), Copies(storage)
    copies.send(store, manifest)
    other = tmp_path / "other"
    other.write_bytes(msgspec.json.encode(replace(manifest, owner="somebody")))
    storage.put(f"{manifest.database}/{manifest.id}/manifest.json", other)
    with pytest.raises(BackupDamaged, match="was changed after it was written"):
        copies.find(manifest.id)
    with pytest.raises(BackupDamaged, match="was changed after it was written"):
        copies.find("latest")


def test_a_damaged_manifest_in_the_storage_hides_no_other_copy(
    store: BackupStore, storage: Storage, tmp_path: Path
) -> None:
    older, newer, copies = put(store, 2), put(store, 1), Copies(storage)
    for each in (older, newer):
        copies.send(store, each)
    (tmp_path / "other").write_bytes(b"{}")
    storage.put(f"{older.database}/{older.id}/manifest.json", tmp_path / "other")
    whole, damaged = copies.look(older.database)
    assert (whole, [each.id for each in damaged]) == ([newer], [older.id])
    assert copies.find("latest") == newer
    assert [each.manifest.id for each in prune(copies, older.database, keep=Keep(), act=True)] == [newer.id]
    assert storage.read(f"{older.database}/{older.id}/manifest.json") == b"{}"


def test_copies_are_pruned_by_the_rules_of_backups(store: BackupStore, storage: Storage) -> None:
    made, copies = [put(store, days) for days in range(8, 0, -1)], Copies(storage)
    for manifest in made:
        copies.send(store, manifest)
    assert all(verdict.keep for verdict in prune(copies, "iotistic", keep=Keep(), act=True))
    prove(store, made[-1])
    BackupRecords(store.root).pin(made[0], "an audit")
    for manifest in made:
        copies.send_records(store, manifest)
    keep = Keep(daily=3, weekly=0, monthly=0)
    gone = {each.manifest.id for each in prune(copies, "iotistic", keep=keep, act=True) if not each.keep}
    assert gone == {each.id for each in made[1:-3]}
    assert [each.id for each in copies.list()] == [made[-1].id, made[-2].id, made[-3].id, made[0].id]
    assert not [name for name in storage.names("iotistic/") if any(each in name for each in gone)]
    BackupRecords(store.root).unpin(made[0])
    copies.send_records(store, made[0])
    prune(copies, "iotistic", keep=keep, act=True)
    assert made[0].id not in {each.id for each in copies.list()}


def test_what_is_not_there_is_said_to_be_missing(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        storage.read("nothing")
    with pytest.raises(ObjectMissing):
        storage.fetch("nothing", tmp_path / "target")
    with pytest.raises(ObjectMissing):
        storage.digest("nothing")
    storage.remove("nothing")
    assert storage.names("") == []


def test_a_large_file_travels_in_parts_and_arrives_whole(credentials: ObjectStorage, tmp_path: Path) -> None:
    bucket = Bucket(BUCKET, "large", endpoint=credentials.url)
    source = tmp_path / "large"
    source.write_bytes(os.urandom(33 << 20))
    credentials.asked.clear()
    bucket.put("file", source)
    assert sum("partNumber=" in each for each in credentials.asked) == 3
    assert bucket.digest("file") == (33 << 20, hashlib.sha256(source.read_bytes()).hexdigest())
    bucket.fetch("file", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_a_server_that_is_busy_for_a_moment_is_asked_again(
    credentials: ObjectStorage, tmp_path: Path
) -> None:
    bucket, source = Bucket(BUCKET, "busy", endpoint=credentials.url), tmp_path / "file"
    source.write_bytes(b"rows")
    credentials.failing = 2
    bucket.put("file", source)
    assert bucket.read("file") == b"rows"


def test_more_names_than_one_answer_holds_are_all_listed(credentials: ObjectStorage) -> None:
    client = credentials.client()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: client.put_object(Bucket=BUCKET, Key=f"many/{n:04}"), range(1005)))
    assert len(Bucket(BUCKET, "many", endpoint=credentials.url).names("")) == 1005


@pytest.mark.parametrize(
    ("variables", "bucket", "told"),
    [
        ({}, "no-such-bucket", "there is no such bucket"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODYKNOWSTHIS"}, BUCKET, "it does not know the access key"),
        ({"AWS_SECRET_ACCESS_KEY": "not the one"}, BUCKET, "the secret key is not that of the access key"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, BUCKET, "no credentials were found"),
    ],
)
def test_why_a_bucket_refuses_is_told_without_a_secret(
    credentials: ObjectStorage,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    bucket: str,
    told: str,
) -> None:
    for name, value in variables.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    with pytest.raises(StorageRefused, match=told) as refused:
        Bucket(bucket, endpoint=credentials.url).names("")
    words = f"{refused.value.message} {refused.value.hint} {refused.value!r}"
    assert credentials.secret_key not in words
    assert "not the one" not in words


def test_a_clock_that_is_off_is_named(credentials: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    late = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: late.replace(tzinfo=None))
    with pytest.raises(StorageRefused, match="the clock of this machine is more than 15 minutes off"):
        Bucket(BUCKET, endpoint=credentials.url).names("")


@pytest.mark.usefixtures("credentials")
def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(StorageRefused, match="did not list"):
        Bucket(BUCKET, endpoint="http://127.0.0.1:9").names("")


def test_credentials_are_taken_from_a_file_too(
    credentials: ObjectStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_text(
        f"[default]\naws_access_key_id = {credentials.access_key}\naws_secret_access_key = {credentials.secret_key}\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    Bucket(BUCKET, endpoint=credentials.url).names("")
