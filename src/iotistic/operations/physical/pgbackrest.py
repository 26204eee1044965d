"""pgBackRest, where an installation has it: its backups taken, listed, verified and recovered by the same commands as ours.

It keeps its own repository, archive and retention, which its configuration describes; here it is only told what to do. Its answers are
read as JSON, never as text. https://pgbackrest.org/command.html
"""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from iotistic.database.server import Account
from iotistic.database.server.command import run_as
from iotistic.errors import NotInstalled
from iotistic.operations.physical.errors import BaseBackupMissing, PgBackRestFailed

__all__ = ["PgBackRest", "StanzaBackup", "StanzaState"]

_PROGRAM = "pgbackrest"


@dataclass(frozen=True, slots=True, kw_only=True)
class StanzaBackup:
    """One backup in a repository of pgBackRest."""

    label: str
    """Its name, such as 20261129-020000F."""
    parent: str | None
    """What it holds the changes since; None: it holds everything."""
    started_at: datetime
    finished_at: datetime
    bytes: int
    """What it takes in the repository."""
    is_damaged: bool
    """Whether pgBackRest met wrong page checksums while it took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StanzaState:
    """What pgBackRest says about one server's repository."""

    name: str
    problem: str | None
    """Its own word for what is wrong; None: nothing."""
    archived_to: str | None
    """The newest segment of the log in it; None: there is none."""
    backups: tuple[StanzaBackup, ...]
    """Oldest first."""


@final
class PgBackRest:
    """One stanza. Runs as the account of the server's files, which owns the repository; never as root."""

    def __init__(self, stanza: str, account: Account, *, configuration: Path | None = None) -> None:
        self.stanza = stanza
        self._account = account
        self._configuration = configuration

    async def state(self) -> StanzaState:
        """Raises PgBackRestMissing, PgBackRestFailed."""
        (told,) = json.loads(await self._run("info", "--output=json"))
        return _state(told)

    async def create(self, *, incremental: bool) -> StanzaBackup:
        """Looks whether the archive takes the log, takes a backup, and verifies what is in the repository.

        Raises PgBackRestMissing, PgBackRestFailed, BaseBackupMissing where an incremental one has nothing to build on.
        """
        if incremental and not (await self.state()).backups:
            raise BaseBackupMissing(
                f"The stanza {self.stanza} has no backup to build on.",
                hint="Take a full one first: `iotistic backup create --physical`.",
            )
        await self._run("check")
        await self._run("backup", f"--type={'incr' if incremental else 'full'}")
        await self._run("verify")
        return (await self.state()).backups[-1]

    async def find(self, name: str, *, before: datetime | None) -> StanzaBackup:
        """The one of this label, or `latest`: the newest that was finished before the moment. Raises BaseBackupMissing."""
        fit = [
            each
            for each in (await self.state()).backups
            if name in {"latest", each.label} and (before is None or each.finished_at <= before)
        ]
        if not fit:
            when = f" from before {before:%Y-%m-%d %H:%M:%S} UTC" if before else ""
            raise BaseBackupMissing(
                f"The stanza {self.stanza} has no backup {name}{when}.",
                hint="`iotistic backup bases` lists them.",
            )
        return fit[-1]

    async def lay_out(self, backup: StanzaBackup, data: Path, *, to: datetime | None) -> None:
        """Puts it into an empty folder of the account, with what PostgreSQL needs to replay the log up to the moment."""
        moment = (
            [] if to is None else ["--type=time", f"--target={to.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}"]
        )
        promote = [] if to is None else ["--target-action=promote"]
        await self._run(
            "restore", f"--pg1-path={data}", f"--set={backup.label}", "--archive-mode=off", *moment, *promote
        )

    async def _run(self, command: str, *options: str) -> str:
        program = shutil.which(_PROGRAM)
        if program is None:
            raise PgBackRestMissing(
                f"The stanza {self.stanza} is configured, and pgBackRest is not installed on this machine.",
                hint="Install it (Debian: apt-get install pgbackrest), or unset IOTISTIC_PGBACKREST_STANZA.",
            )
        configuration = [] if self._configuration is None else [f"--config={self._configuration}"]
        quiet = ["--log-level-console=off", "--log-level-stderr=error", "--log-level-file=off"]
        answer = await run_as(
            self._account,
            [program, f"--stanza={self.stanza}", *configuration, *quiet, *options, command],
        )
        if answer.status:
            raise PgBackRestFailed(
                f"pgBackRest's {command} of the stanza {self.stanza} failed: {_last_words(answer.output)}",
                hint=f"`pgbackrest --stanza={self.stanza} check` as {self._account.name} tells more.",
                stanza=self.stanza,
                status=answer.status,
            )
        return answer.output


class PgBackRestMissing(NotInstalled):
    """pgBackRest is configured and not there."""

    code = "pgbackrest_missing"


def _state(told: dict[str, Any]) -> StanzaState:
    status = told["status"]
    newest = max((str(each.get("max") or "") for each in told.get("archive", ())), default="")
    return StanzaState(
        name=told["name"],
        problem=None if status["code"] == 0 else str(status["message"]),
        archived_to=newest or None,
        backups=tuple(_backup(each) for each in told.get("backup", ())),
    )


def _backup(told: dict[str, Any]) -> StanzaBackup:
    return StanzaBackup(
        label=told["label"],
        parent=told["prior"],
        started_at=datetime.fromtimestamp(told["timestamp"]["start"], UTC),
        finished_at=datetime.fromtimestamp(told["timestamp"]["stop"], UTC),
        bytes=told["info"]["repository"]["delta"],
        is_damaged=bool(told.get("error")),
    )


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    found = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "it said nothing")
    return found.partition("ERROR: ")[2] or found
