"""What can keep the embedded server from running, each with what to do about it."""

from typing import ClassVar

from iotistic.errors import Conflict, Denied, Invalid, Unavailable

__all__ = [
    "AccountUnusable",
    "ClusterForeign",
    "DiskFull",
    "FolderNotWritable",
    "FolderUnreachable",
    "PortTaken",
    "ServerBinariesMissing",
    "ServerNotStopped",
    "ServerStartFailed",
    "ServerStillAlive",
]


class ServerBinariesMissing(Unavailable):
    """No PostgreSQL that this project can run is installed, or not the major version the data needs."""

    code: ClassVar[str] = "server_binaries_missing"


class AccountUnusable(Invalid):
    """The operating-system account meant for the server does not exist, may not be used, or owns nothing here."""

    code: ClassVar[str] = "server_account_unusable"


class FolderUnreachable(Denied):
    """The server's account cannot pass through a folder on the way to the data; nobody's permissions are loosened for it."""

    code: ClassVar[str] = "data_folder_unreachable"


class FolderNotWritable(Unavailable):
    """The data folder may not be written: permissions, or a read-only file system."""

    code: ClassVar[str] = "data_folder_not_writable"


class ClusterForeign(Conflict):
    """The data folder holds something this project did not put there; it is left untouched."""

    code: ClassVar[str] = "data_folder_foreign"


class DiskFull(Unavailable):
    """The file system of the data folder has no room left."""

    code: ClassVar[str] = "disk_full"


class PortTaken(Conflict):
    """The TCP port asked for belongs to another program."""

    code: ClassVar[str] = "server_port_taken"


class ServerStillAlive(Conflict):
    """Processes of an earlier server still use the data and could not or must not be ended."""

    code: ClassVar[str] = "server_still_alive"


class ServerStartFailed(Unavailable):
    """The server ended, or stopped making progress, before it took connections."""

    code: ClassVar[str] = "server_start_failed"


class ServerNotStopped(Unavailable):
    """The server was asked to stop and still runs."""

    code: ClassVar[str] = "server_not_stopped"
