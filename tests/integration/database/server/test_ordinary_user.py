"""The whole life of a server under an account that is not root."""

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from iotistic.data_folder import DataFolder
from iotistic.database.server import Binaries, find_running, start, stop
from tests.support.server import throw_away_folder

NOBODY = 65534

LIFE = """
import asyncio, os, sys
from pathlib import Path
from iotistic.data_folder import DataFolder
from iotistic.database.server import find_binaries, find_running, start, stop

async def life():
    folder, binaries = DataFolder(Path(sys.argv[1])), find_binaries(sys.argv[2])
    first = await start(folder, binaries=binaries, durable=False)
    os.kill(first.pid, 9)
    second = await start(folder, binaries=binaries, durable=False)
    assert second.pid != first.pid
    assert find_running(folder).pid == second.pid
    print(second.account, oct(folder.root.stat().st_mode & 0o777), oct(folder.run.stat().st_uid))
    if len(sys.argv) < 4:
        await stop(folder)
        assert find_running(folder) is None

asyncio.run(life())
"""


pytestmark = pytest.mark.usefixtures("as_root")


async def test_an_ordinary_user_needs_nobodys_help(binaries: Binaries) -> None:
    outer = throw_away_folder()
    os.chown(outer.root, NOBODY, NOBODY)
    answer = await live(DataFolder(outer.root / "data"), binaries)
    assert answer.split() == ["nobody", "0o700", oct(NOBODY)]
    shutil.rmtree(outer.root)


async def test_root_finds_and_stops_what_a_user_started(binaries: Binaries) -> None:
    outer = throw_away_folder()
    os.chown(outer.root, NOBODY, NOBODY)
    folder = DataFolder(outer.root / "data")
    await live(folder, binaries, "running")
    found = find_running(folder)
    assert found is not None
    adopted = await start(folder, binaries=binaries, durable=False)
    assert (adopted.pid, adopted.account, adopted.adopted) == (found.pid, "nobody", True)
    assert await stop(folder) is not None
    shutil.rmtree(outer.root)


async def live(folder: DataFolder, binaries: Binaries, *more: str) -> str:
    command = [interpreter(), "-c", LIFE, str(folder.root), binaries.source, *more]
    return await asyncio.to_thread(
        subprocess.check_output,
        command,
        text=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def interpreter() -> str:
    """A Python of this version that others may run: the tests' own may lie in root's home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            subprocess.run(
                [candidate, "-c", ""], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    pytest.skip(f"no {version} here that an ordinary user may run")
