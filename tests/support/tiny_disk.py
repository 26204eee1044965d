"""A file system with little room, where the account that runs the tests may mount one."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["make_tiny_disk", "remove_tiny_disk", "resize"]


def make_tiny_disk(owner_of: Path, megabytes: int) -> Path | None:
    """The mount point, with a folder `space` of whoever owns `owner_of`; None where nothing can be mounted."""
    place = Path(tempfile.mkdtemp(prefix="iotistic-tiny-", dir="/tmp"))
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        place.rmdir()
        return None
    owner = owner_of.stat()
    (place / "space").mkdir()
    for path in (place, place / "space"):
        os.chown(path, owner.st_uid, owner.st_gid)
    return place


def resize(place: Path, megabytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(place)], check=True)  # noqa: S607


def remove_tiny_disk(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607
    place.rmdir()
