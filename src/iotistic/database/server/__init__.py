"""The embedded PostgreSQL: found or brought along, created, tuned, started and stopped by this program alone."""

from iotistic.database.server.account import Account, choose_account, require_reachable
from iotistic.database.server.binaries import SUPPORTED, Binaries, Source, find_binaries
from iotistic.database.server.lifecycle import Stopped, start, stop
from iotistic.database.server.running import RunningServer, find_postmaster, find_running

__all__ = [
    "SUPPORTED",
    "Account",
    "Binaries",
    "RunningServer",
    "Source",
    "Stopped",
    "choose_account",
    "find_binaries",
    "find_postmaster",
    "find_running",
    "require_reachable",
    "start",
    "stop",
]
