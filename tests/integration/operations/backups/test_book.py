"""The rows of backups follow what is on disk."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.operations.backups import (
    BackupBook,
    BackupRecords,
    BackupStore,
    Copies,
    FolderStorage,
    Manifest,
    Proof,
)
from iotistic.operations.backups.folders import list_files
from tests.support.backups import NOON, backup
from tests.support.databases import Databases

NOW = datetime(2026, 11, 28, 13, tzinfo=UTC)


@pytest_asyncio.fixture
async def connection(databases: Databases) -> AsyncIterator[Connection]:
    """As the application has it, whose transaction is never committed."""
    async with databases.platform() as database:
        connection = await connect(database.endpoint("app"), database.name, application_name="test")
        yield connection
        await connection.close()


def put(store: BackupStore, days_ago: float) -> Manifest:
    manifest = backup(days_ago)
    with store.draft(manifest.database, manifest.id) as draft:
        (draft / "roles.sql").write_text("CREATE ROLE one;")
        manifest = replace(manifest, files=list_files(draft))
        store.publish(draft, manifest)
    return manifest


def proof(manifest: Manifest, at: datetime) -> Proof:
    return Proof(
        backup=manifest.id, proved_at=at, server_version=180006, seconds=1.0, tables=1, rows=1, amcheck=True
    )


async def test_a_folder_without_a_row_gets_one_and_the_next_look_changes_nothing(
    connection: Connection, tmp_path: Path
) -> None:
    store = BackupStore(tmp_path)
    manifest, book = put(store, 1), BackupBook(connection, store)
    assert (await book.reconcile(None, NOW)).new == (manifest.id,)
    (row,) = await book.list()
    assert (row.id, row.byte_count, row.manifest_sha256) == (
        manifest.id,
        manifest.bytes,
        store.seal_of(manifest),
    )
    assert (row.verified_at, row.proved_at, row.copied_to, row.gone_at) == (None, None, None, None)
    again = await book.reconcile(None, NOW)
    assert (again.new, again.gone) == ((), ())


async def test_a_row_whose_folder_is_gone_says_since_when_and_comes_back_with_it(
    connection: Connection, tmp_path: Path
) -> None:
    store = BackupStore(tmp_path / "backups")
    manifest, book = put(store, 1), BackupBook(connection, store)
    await book.reconcile(None, NOW)
    folder = store.folder_of(manifest)
    folder.rename(tmp_path / "elsewhere")
    assert (await book.reconcile(None, NOW)).gone == (manifest.id,)
    assert (await book.reconcile(None, NOW + timedelta(hours=1))).gone == ()
    assert [row.gone_at for row in await book.list()] == [NOW]
    (tmp_path / "elsewhere").rename(folder)
    assert (await book.reconcile(None, NOW)).new == ()
    assert [row.gone_at for row in await book.list()] == [None]


async def test_a_backup_that_was_let_go_has_no_row(connection: Connection, tmp_path: Path) -> None:
    store = BackupStore(tmp_path)
    old, new, book = put(store, 2), put(store, 1), BackupBook(connection, store)
    await book.reconcile(None, NOW)
    store.remove(old)
    await book.forget([old.id])
    assert (await book.reconcile(None, NOW)).gone == ()
    assert [row.id for row in await book.list()] == [new.id]


async def test_proofs_checks_and_copies_are_in_the_row(connection: Connection, tmp_path: Path) -> None:
    store, copies = BackupStore(tmp_path / "backups"), Copies(FolderStorage(tmp_path / "copies"))
    manifest, book = put(store, 1), BackupBook(connection, store)
    records = BackupRecords(store.root)
    records.verify(manifest, NOON)
    records.prove(manifest, proof(manifest, NOW))
    copies.send(store, manifest)
    await book.reconcile(copies, NOW)
    (row,) = await book.list()
    assert (row.verified_at, row.proved_at, row.copied_to) == (NOON, NOW, copies.address)


async def test_a_failed_drill_stays_in_the_row_until_one_succeeds(
    connection: Connection, tmp_path: Path
) -> None:
    store = BackupStore(tmp_path)
    manifest, book, records = put(store, 1), BackupBook(connection, store), BackupRecords(store.root)
    records.prove(manifest, proof(manifest, NOW - timedelta(days=1)))
    await book.reconcile(None, NOW)
    await book.record_failed_drill(manifest, "it is damaged", NOW)
    await book.reconcile(None, NOW)
    assert [(row.drill_failed_at, row.drill_error) for row in await book.list()] == [(NOW, "it is damaged")]
    records.prove(manifest, proof(manifest, NOW + timedelta(hours=1)))
    await book.reconcile(None, NOW)
    assert [(row.drill_failed_at, row.drill_error) for row in await book.list()] == [(None, None)]


async def test_rows_of_another_folder_are_left_alone(connection: Connection, tmp_path: Path) -> None:
    here, there = BackupStore(tmp_path / "here"), BackupStore(tmp_path / "there")
    put(here, 1)
    await BackupBook(connection, here).reconcile(None, NOW)
    assert (await BackupBook(connection, there).reconcile(None, NOW)).gone == ()
    assert await BackupBook(connection, there).list() == []


async def test_a_database_that_was_lost_gets_every_row_again(connection: Connection, tmp_path: Path) -> None:
    store = BackupStore(tmp_path)
    made, book = [put(store, days) for days in (3, 2, 1)], BackupBook(connection, store)
    await book.reconcile(None, NOW)
    before = await book.list()
    await connection.execute("DELETE FROM backups")
    assert set((await book.reconcile(None, NOW)).new) == {each.id for each in made}
    assert await book.list() == before
