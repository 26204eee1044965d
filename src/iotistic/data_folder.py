"""The folder an installation keeps its state in: where each thing lies, and the secrets it made for itself.

    <data folder>/
      postgres/      the embedded server's PGDATA, owned by the account the server runs as
      run/           its Unix socket
      log/           log files of the server and the services
      secrets/       one file per secret, mode 0600, made once
      agent/         the local agent's key and spool
      archive/       partitions as Parquet files, where policies ask for that
      up.json        what `iotistic up` runs and where (absent when nothing runs)

Where it lies by default is decided in `iotistic.config`.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from iotistic.errors import Invalid, Unavailable
from iotistic.secret import Secret

__all__ = ["DataFolder"]

_SECRET_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One installation's state on disk."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def agent(self) -> Path:
        return self.root / "agent"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def parts(self) -> tuple[Path, ...]:
        """Every folder this installation makes: what `iotistic reset` deletes."""
        return self.postgres, self.run, self.log, self.secrets, self.agent, self.archive

    @property
    def up_state(self) -> Path:
        return self.root / "up.json"

    def find_secret(self, name: str) -> Secret | None:
        """The secret kept under `name`, or None when there is none yet. Raises Unavailable when it may not be read."""
        path = self._secret_path(name)
        try:
            return Secret(path.read_text(encoding="utf-8").strip())
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise Unavailable(
                f"The secret file {path} may not be read by this user.",
                hint="Run the command as the user that ran `iotistic up`, or name another folder with --data-dir.",
                path=str(path),
            ) from error

    def secret(self, name: str, make: Callable[[], Secret] = Secret.random) -> Secret:
        """The secret kept under `name`, made by `make` and written first when there is none.

        Two processes that ask at once get the same one: the file is written whole under another name, then linked, and a
        link never replaces.
        """
        found = self.find_secret(name)
        if found is not None:
            return found
        path, draft = self._secret_path(name), self._draft(name, make())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret counts
        finally:
            draft.unlink()
        kept = self.find_secret(name)
        if kept is None:
            raise Unavailable(f"The secret file {path} vanished while it was made.", path=str(path))
        return kept

    def replace_secret(self, name: str, secret: Secret) -> None:
        """Keeps another secret under `name`. Whoever reads meanwhile gets the old one or the new one, whole."""
        self._draft(name, secret).replace(self._secret_path(name))

    def _draft(self, name: str, secret: Secret) -> Path:
        """The secret on disk, under a name that nobody reads."""
        self.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._secret_path(name).with_name(f".{name}.{token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret.reveal() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return draft

    def _secret_path(self, name: str) -> Path:
        if not _SECRET_NAME.fullmatch(name):
            raise Invalid(f"{name!r} is no name for a secret: lower-case letters, digits, - and _.")
        return self.secrets / name
