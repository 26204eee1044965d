"""A running server and how to reach it, read from its own files without a connection."""

import pwd
from dataclasses import dataclass
from pathlib import Path

from iotistic.config import Endpoint
from iotistic.data_folder import DataFolder
from iotistic.database.server.binaries import Binaries, Source, probe
from iotistic.database.server.cluster import SUPERUSER
from iotistic.database.server.errors import FolderUnreachable
from iotistic.database.server.pidfile import PidFile, read_pid_file
from iotistic.database.server.processes import is_postmaster

__all__ = ["RunningServer", "find_postmaster", "find_running", "running_server"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningServer:
    """An embedded server that takes connections."""

    folder: DataFolder
    endpoint: Endpoint
    """As superuser, by TCP on the loopback address (by the socket where an operator switched TCP off)."""
    socket_dir: Path | None
    """The folder of its Unix socket."""
    port: int
    pid: int
    """Of the postmaster."""
    binaries: Binaries
    """The programs it runs from."""
    account: str
    """The operating-system account it runs as."""
    adopted: bool
    """Whether it ran before it was asked for."""

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor."""
        return self.binaries.version

    def describe(self) -> str:
        """One sentence for a banner."""
        return (
            f"{self.binaries.describe()} runs as account {self.account} on port {self.port}, pid {self.pid}, "
            f"data in {self.folder.postgres}."
        )


def find_running(folder: DataFolder) -> RunningServer | None:
    """The server of this data folder when it takes connections, else None. Cheap: reads files and looks at one process.

    Raises FolderUnreachable when this user may not read the data folder.
    """
    folder = DataFolder(folder.root.absolute())
    found = find_postmaster(folder)
    return (
        None if found is None or not found.takes_connections else running_server(folder, found, adopted=True)
    )


def find_postmaster(folder: DataFolder) -> PidFile | None:
    """The living server of this data folder in whatever state, None when there is none."""
    try:
        found = read_pid_file(folder.postgres)
    except PermissionError as error:
        raise FolderUnreachable(
            f"The data in {folder.postgres} may not be read by this user.",
            hint="Run the command as the user that ran `iotistic up`, or as root.",
            path=str(folder.postgres),
        ) from error
    if found is None or found.single_user or not is_postmaster(found, folder.postgres):
        return None
    return found


def running_server(
    folder: DataFolder, found: PidFile, *, adopted: bool, binaries: Binaries | None = None
) -> RunningServer:
    """The value for a server that takes connections; `binaries` saves finding out what it runs from."""
    port = found.port or 0
    host = found.host or str(found.socket_dir)
    return RunningServer(
        folder=folder,
        endpoint=Endpoint(
            hosts=((host, port),), user=SUPERUSER, password=folder.find_secret(SUPERUSER), sslmode="disable"
        ),
        socket_dir=found.socket_dir,
        port=port,
        pid=found.pid,
        binaries=binaries or _binaries_of(folder.postgres),
        account=_owner_name(folder.postgres),
        adopted=adopted,
    )


def _binaries_of(data: Path) -> Binaries:
    """From postmaster.opts, which begins with the program's path; one uninstalled meanwhile is still named."""
    command = (data / "postmaster.opts").read_text(encoding="utf-8", errors="replace")
    bin_dir = Path(command.partition(' "')[0].strip()).parent
    source: Source = "embedded" if bin_dir.parent.name == "pginstall" else "system"
    major = int((data / "PG_VERSION").read_text(encoding="ascii"))
    return probe(bin_dir, source) or Binaries(source=source, version=(major, 0), bin_dir=bin_dir)


def _owner_name(path: Path) -> str:
    uid = path.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
