"""postmaster.pid: what a running server says about itself, without a connection.

Its lines are pid, data folder, start time, port, socket folder, listen address, shared memory key, status; they appear one by
one while the server starts. https://www.postgresql.org/docs/current/storage-file-layout.html and src/include/utils/pidfile.h.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["NAME", "PidFile", "parse_pid_file", "read_pid_file"]

NAME = "postmaster.pid"

_PID, _STARTED, _PORT, _SOCKETS, _ADDRESS, _STATUS = 0, 2, 3, 4, 5, 7


_REACHED_BY = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True, kw_only=True, slots=True)
class PidFile:
    """What the file says; a field is None while its line is not written yet."""

    pid: int
    """Of the postmaster, or of a single-user server."""
    single_user: bool
    """Whether `postgres --single` holds the data: it writes its pid negated."""
    started: int | None
    """Seconds since the epoch."""
    port: int | None
    socket_dir: Path | None
    """The first Unix socket folder; None when there is none."""
    address: str | None
    """The first TCP address listened on; None when there is none. `*` means every one."""
    status: str | None
    """starting, stopping, ready or standby."""

    @property
    def host(self) -> str | None:
        """The address a client on this machine connects to; None when TCP is off."""
        return _REACHED_BY.get(self.address, self.address) if self.address else None

    @property
    def takes_connections(self) -> bool:
        """Whether start-up and any recovery are over."""
        return self.status in {"ready", "standby"}


def read_pid_file(data: Path) -> PidFile | None:
    """The parsed postmaster.pid of `data`; None when there is none or nothing usable in it."""
    try:
        text = (data / NAME).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return parse_pid_file(text)


def parse_pid_file(text: str) -> PidFile | None:
    """The fields of the file's text; None when it does not begin with a pid, as after a crash that left it empty."""
    lines = [line.strip() for line in text.split("\n")]
    pid = _integer(lines, _PID)
    if not pid:
        return None
    sockets = _line(lines, _SOCKETS)
    return PidFile(
        pid=abs(pid),
        single_user=pid < 0,
        started=_integer(lines, _STARTED),
        port=_integer(lines, _PORT),
        socket_dir=Path(sockets) if sockets else None,
        address=_line(lines, _ADDRESS),
        status=_line(lines, _STATUS),
    )


def _line(lines: list[str], index: int) -> str | None:
    return (lines[index] or None) if index < len(lines) else None


def _integer(lines: list[str], index: int) -> int | None:
    try:
        return int(_line(lines, index) or "")
    except ValueError:
        return None
