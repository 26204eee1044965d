"""The folder an agent keeps its state in, and the lock that makes it one agent's.

<state folder>/
  identity.json    device uuid and API key, mode 0600
  host_id          made only where the host has no /etc/machine-id
  spool/metrics/   reports not yet delivered
  spool/logs/      log lines not yet delivered, with the place reading has reached
  rejected.jsonl   records the server refuses for good, with its reason
  job.json         the job under way, and its report until the server has it
  status.json      what the agent is doing, for others to show
  lock             held while an agent runs
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from iotistic.errors import Conflict, Unavailable

__all__ = ["AgentRunning", "StateFolder", "sync_folder", "write_atomically"]


class AgentRunning(Conflict):
    """Another agent holds the state folder."""

    code = "agent_running"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """One agent's state on disk."""

    root: Path

    @property
    def identity(self) -> Path:
        return self.root / "identity.json"

    @property
    def pending(self) -> Path:
        """The enrolment that is under way."""
        return self.root / "enrolling.json"

    @property
    def host_id(self) -> Path:
        return self.root / "host_id"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected.jsonl"

    @property
    def status(self) -> Path:
        return self.root / "status.json"

    @property
    def job(self) -> Path:
        return self.root / "job.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    def spool(self, lane: str) -> Path:
        return self.root / "spool" / lane

    @contextmanager
    def hold(self) -> Generator[None]:
        """Makes the folder and holds its lock; the kernel frees it when this process ends, however it ends.

        Raises AgentRunning when another agent has it, Unavailable when the folder cannot be written.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(
                f"The agent's state folder {self.root} cannot be used: {error.strerror}.",
                hint="Name a folder this user may write with --state-dir.",
                path=str(self.root),
            ) from error
        try:
            self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise AgentRunning(
                f"Another agent{f' (pid {holder})' if holder else ''} already works in {self.root}.",
                hint="Stop it first, or give this one a folder of its own with --state-dir.",
                path=str(self.root),
                pid=holder,
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replaces `path` (mode 0600) so that any reader, now or after a crash, sees the old or the new content whole.

    With `durable` the new content is on the disk when this returns.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Makes names created in or removed from the folder survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
