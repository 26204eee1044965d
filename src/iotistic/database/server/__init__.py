"""The embedded PostgreSQL: found or brought along, created, tuned, started and stopped by this program alone."""

from iotistic.database.server.binaries import SUPPORTED, Binaries, Source, find_binaries
from iotistic.database.server.lifecycle import Stopped, start, stop
from iotistic.database.server.running import RunningServer, find_running

__all__ = [
    "SUPPORTED",
    "Binaries",
    "RunningServer",
    "Source",
    "Stopped",
    "find_binaries",
    "find_running",
    "start",
    "stop",
]
