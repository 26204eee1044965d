"""A PostgreSQL of this program's own, in a folder of its own, that goes away: also after a run that was killed.

The folder holds a file that the running process has locked, so that the next run can tell what is abandoned; the server in such a
folder is stopped with it.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

from iotistic.config import Endpoint
from iotistic.data_folder import DataFolder
from iotistic.database.server import find_binaries, start, stop
from iotistic.operations.backups.restoration import Narrate

__all__ = ["private_place", "scratch_server", "sweep_servers"]

_PREFIX = "iotistic-drill-"
_IN_USE = "in-use"
_STOPPING = timedelta(seconds=30)


@asynccontextmanager
async def scratch_server(narrate: Narrate, major: int) -> AsyncGenerator[Endpoint]:
    """Starts one of this major version or newer; its administrator's way in. Raises the errors of starting a server."""
    for place in await sweep_servers():
        narrate(f"{place} was left by a run that was killed; it is removed")
    with private_place() as place:
        folder = DataFolder(place)
        try:
            binaries = find_binaries()
            if binaries.major < major:
                binaries = find_binaries(major=major)
            narrate(f"starting a scratch server: {binaries.describe()}")
            running = await start(folder, binaries=binaries, durable=False)
            yield running.endpoint
        finally:
            await stop(folder, mode="immediate", timeout=_STOPPING)


@contextmanager
def private_place() -> Generator[Path]:
    """An empty folder, removed at the end."""
    place = Path(tempfile.mkdtemp(prefix=_PREFIX))
    place.chmod(0o711 if os.geteuid() == 0 else 0o700)  # for root, the server's account has to pass through
    draft = place / f".{_IN_USE}"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        draft.rename(place / _IN_USE)  # locked from the first moment it can be seen
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(descriptor)


async def sweep_servers(below: Path | None = None) -> list[Path]:
    """Stops and removes what killed runs of this account left in the folder for such things; answers their folders."""
    abandoned = await asyncio.to_thread(_abandoned, below or Path(tempfile.gettempdir()))
    for place in abandoned:
        await stop(DataFolder(place), mode="immediate", timeout=_STOPPING)
        shutil.rmtree(place, ignore_errors=True)
    return abandoned


def _abandoned(below: Path) -> list[Path]:
    return [place for place in below.glob(f"{_PREFIX}*") if _is_abandoned(place)]


def _is_abandoned(place: Path) -> bool:
    try:
        if place.lstat().st_uid != os.geteuid() or place.is_symlink():
            return False  # the folder for such things is everybody's
        descriptor = os.open(place / _IN_USE, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False  # just being made, or just going away
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
