"""The size of this machine as the server may use it."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from iotistic.database.server.tuning import Machine

__all__ = ["disk_free", "measure"]

_CGROUP_V1_LIMIT = Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")
_CGROUP_V2_ROOT = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def measure(folder: Path) -> Machine:
    """Memory, cores and the room on the file system of `folder`, which must exist."""
    return Machine(
        memory=_memory(), cores=_cores(), disk_free=disk_free(folder), linux=sys.platform.startswith("linux")
    )


def disk_free(folder: Path) -> int:
    """Bytes an unprivileged account may still write to the file system of `folder`."""
    return shutil.disk_usage(folder).free


def _memory() -> int:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_container_limits()])


def _container_limits() -> list[int]:
    limits: list[int] = []
    for path in _limit_files():
        try:
            limits.append(int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue  # no such group, or "max"
    return limits


def _limit_files() -> list[Path]:
    """A limit on any group from ours up to the root counts, such as MemoryMax of a systemd service."""
    try:
        groups = [
            line.removeprefix("0::/")
            for line in _OWN_GROUP.read_text().splitlines()
            if line.startswith("0::/")
        ]
    except OSError:
        groups = []
    own = [_CGROUP_V2_ROOT / group for group in groups]
    places = {
        folder for each in own for folder in [each, *each.parents] if folder.is_relative_to(_CGROUP_V2_ROOT)
    }
    return [_CGROUP_V1_LIMIT, *(folder / "memory.max" for folder in places)]


def _cores() -> int:
    # Which processors this process may use is known on Linux only.
    allowed: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
