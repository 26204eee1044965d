"""A throw-away PostgreSQL server for a test run.

Not in pytest's tmp_path: that is private (0700), and when root runs the tests the server's account has to pass through.
"""

import fcntl
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from iotistic.data_folder import DataFolder
from iotistic.database.server import RunningServer, Source, find_binaries, start, stop
from iotistic.errors import IotisticError
from iotistic.secret import Secret
from tests.support.secret_scan import scan

__all__ = ["secrets_in_logs", "start_test_server", "stop_test_server", "throw_away", "throw_away_folder"]

_PLACE = Path("/tmp")  # noqa: S108 - each folder is made exclusively
_PREFIX = "iotistic-test-"
_IN_USE = "in-use"
# Tests make roles by statements of their own, which a slow machine logs.
_OF_TESTS = "verifier"
_LIMIT = timedelta(seconds=30)

_held: dict[Path, int] = {}
# Each folder's lock file is locked by the run that made it, so that a later run can tell what a killed one left behind.


async def start_test_server(prefer: Source | None = None) -> RunningServer:
    """A fresh server that does not care for crashes of the machine, in a folder of its own under /tmp."""
    for folder in _abandoned():
        await throw_away(folder)
    return await start(throw_away_folder(), binaries=find_binaries(prefer), durable=False)


async def stop_test_server(server: RunningServer) -> None:
    """End it and remove its folder."""
    await throw_away(server.folder)


def throw_away_folder() -> DataFolder:
    """An empty data folder that the server's account can reach."""
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_PLACE))
    place.chmod(0o711)
    _held[place] = os.open(place / _IN_USE, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(_held[place], fcntl.LOCK_EX)
    return DataFolder(place)


async def throw_away(folder: DataFolder) -> None:
    """End the server of a folder, if one runs, and remove the folder."""
    await stop(folder, mode="immediate", timeout=_LIMIT)
    told = secrets_in_logs(folder)
    shutil.rmtree(folder.root, ignore_errors=True)
    descriptor = _held.pop(folder.root, None)
    if descriptor is not None:
        os.close(descriptor)
    assert not told, told


def secrets_in_logs(folder: DataFolder) -> list[str]:
    """What the server and the services of a folder wrote down and should not have: file, line and kind, never the secret."""
    words = [path for path in folder.secrets.glob("*") if not path.name.endswith("-login")]
    known = [Secret(path.read_text().strip()) for path in words]
    return [
        f"{path.name}:{hit.line}: {hit.what}"
        for path in sorted(folder.log.rglob("*"))
        if path.is_file()
        for hit in scan(path.read_text(errors="replace"), known=known)
        if hit.what != _OF_TESTS
    ]


def _abandoned() -> list[DataFolder]:
    return [DataFolder(place) for place in _PLACE.glob(f"{_PREFIX}*") if _is_abandoned(place)]


def _is_abandoned(place: Path) -> bool:
    try:
        descriptor = os.open(place / _IN_USE, os.O_RDWR)
    except OSError:
        return False  # just being made, or another user's
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


if __name__ == "__main__":  # asked by the Makefile: is there an installed server?
    try:
        find_binaries("system")
    except IotisticError as error:
        raise SystemExit(str(error)) from None
