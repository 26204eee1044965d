"""A throw-away PostgreSQL server for a test run.

Not in pytest's tmp_path: that is private (0700), and when root runs the tests the server's account has to pass through.
"""

import os
import re
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from iotistic.data_folder import DataFolder
from iotistic.database.server import RunningServer, Source, find_binaries, find_running, start, stop

__all__ = ["start_test_server", "stop_test_server", "throw_away", "throw_away_folder"]

_PREFIX = "iotistic-test-"
_NAME = re.compile(rf"{_PREFIX}(?P<pid>\d+)-\w+")


async def start_test_server(prefer: Source | None = None) -> RunningServer:
    """A fresh server that does not care for crashes of the machine, in a folder of its own under /tmp."""
    await _sweep()
    return await start(throw_away_folder(), binaries=find_binaries(prefer), durable=False)


async def stop_test_server(server: RunningServer) -> None:
    """End it and remove its folder."""
    await throw_away(server.folder)


def throw_away_folder() -> DataFolder:
    """An empty data folder that the server's account can reach; its name tells whose it is."""
    place = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir="/tmp")
    Path(place).chmod(0o711)
    return DataFolder(Path(place))


async def throw_away(folder: DataFolder) -> None:
    """End the server of a folder, if one runs, and remove the folder."""
    await stop(folder, mode="immediate", timeout=timedelta(seconds=30))
    shutil.rmtree(folder.root)


async def _sweep() -> None:
    """Remove what test runs left behind that were killed: folders of ours whose process is gone."""
    for place in Path("/tmp").glob(f"{_PREFIX}*"):
        named = _NAME.fullmatch(place.name)
        if named is None or place.stat().st_uid != os.geteuid() or Path(f"/proc/{named['pid']}").exists():
            continue
        folder = DataFolder(place)
        if find_running(folder) is not None:
            await stop(folder, mode="immediate", timeout=timedelta(seconds=30))
        shutil.rmtree(place, ignore_errors=True)
