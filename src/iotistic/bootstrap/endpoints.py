"""Where to connect for which job: the configured server, or the embedded one of the data folder if it runs."""

from dataclasses import replace
from typing import final

from iotistic.config import Endpoint, Settings
from iotistic.data_folder import DataFolder
from iotistic.database.roles import ROLES, Role
from iotistic.database.server import find_running
from iotistic.errors import Invalid, Unavailable

__all__ = ["Endpoints", "RoleUnknown", "ServerNotRunning"]


class ServerNotRunning(Unavailable):
    """The embedded server of this data folder does not run."""

    code = "server_not_running"


class RoleUnknown(Invalid):
    """No database role has this purpose."""

    code = "role_unknown"


_OWNER = "owner"


@final
class Endpoints:
    """Answers an endpoint per role.

    On a configured server (DB_HOST, DATABASE_URL, --url) every job uses the credentials given there, and what an owner does
    those of IOTISTIC_MIGRATION_URL if it is set; on the embedded one each role has a password of its own in the data folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._configured = settings.database
        self._direct = settings.direct or settings.database
        self.folder = DataFolder(settings.data_dir)

    @property
    def embedded(self) -> bool:
        return self._configured is None

    def of(self, purpose: str) -> Endpoint:
        """The endpoint of the role with this purpose (owner, app, ingest, broker, readonly, monitor, backup).

        Raises RoleUnknown, or ServerNotRunning when the embedded server is meant and is down.
        """
        role = _role(purpose)
        if self._configured is not None and self._direct is not None:
            return self._direct if purpose == _OWNER else self._configured
        password = self.folder.find_secret(role.name)
        superuser = self.superuser()
        if password is None:
            raise ServerNotRunning(
                f"The embedded server in {self.folder.root} was never set up.",
                hint="Run `iotistic up` (or `make up`), or name the folder with --data-dir.",
                path=str(self.folder.root),
            )
        return replace(superuser, user=role.name, password=password)

    def superuser(self) -> Endpoint:
        """The embedded server's `postgres`; on a configured server whoever was configured for what an owner does."""
        if self._direct is not None:
            return self._direct
        running = find_running(self.folder)
        if running is None:
            raise ServerNotRunning(
                f"No PostgreSQL runs in {self.folder.root}, and no DB_HOST or DATABASE_URL names another.",
                hint="Start it with `iotistic up` (or `make up`), or name a folder with --data-dir or a server with --url.",
                path=str(self.folder.root),
            )
        return running.endpoint


def _role(purpose: str) -> Role:
    for role in ROLES:
        if role.purpose == purpose:
            return role
    known = ", ".join(role.purpose for role in ROLES)
    raise RoleUnknown(
        f"There is no database role for {purpose!r}.", hint=f"Known are: {known}.", purpose=purpose
    )
