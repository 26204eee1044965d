"""Where to connect for which job: the configured server, or the embedded one of the data folder if it runs."""

from dataclasses import replace
from typing import final

from iotistic.bootstrap.logins import current_login
from iotistic.config import Endpoint, Settings
from iotistic.data_folder import DataFolder
from iotistic.database.roles import ROLES, Role
from iotistic.database.server import find_postmaster, find_running
from iotistic.errors import Invalid, Unavailable

__all__ = ["Endpoints", "RoleUnknown", "ServerNotRunning", "role_of"]


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
    those of IOTISTIC_MIGRATION_URL if it is set; on the embedded one, and with IOTISTIC_DB_ROLES=each, each role signs in with a
    password of its own that is kept in the data folder.
    """

    def __init__(self, settings: Settings) -> None:
        self._configured = settings.database
        self._direct = settings.direct or settings.database
        self.platform_database = settings.names.platform
        self._one_role_each = settings.database_roles == "each"
        self.folder = DataFolder(settings.data_dir)

    @property
    def has_own_logins(self) -> bool:
        """Whether each job signs in as a role of its own, with a password kept in the data folder."""
        return self.embedded or self._one_role_each

    def login(self, role: Role) -> str:
        """Which of its two logins a role uses now."""
        return current_login(self.folder, role)

    @property
    def embedded(self) -> bool:
        return self._configured is None

    def of(self, purpose: str) -> Endpoint:
        """The endpoint of the role with this purpose (owner, app, ingest, broker, readonly, monitor, backup, maintenance).

        Raises RoleUnknown, or ServerNotRunning when the embedded server is meant and is down.
        """
        role = role_of(purpose)
        server = self._direct if purpose == _OWNER else self._configured
        if server is not None and not self._one_role_each:
            return server
        return self._as_itself(role, server or self.superuser())

    def _as_itself(self, role: Role, server: Endpoint) -> Endpoint:
        login = self.login(role)
        password = self.folder.find_secret(login)
        if password is None:
            raise ServerNotRunning(
                f"There is no password of {login} in {self.folder.secrets}: the server was never set up from there.",
                hint="Run `iotistic up` (or `make up`) for the embedded server, `iotistic db roles apply` for another, or name the folder "
                "with --data-dir.",
                path=str(self.folder.root),
            )
        return replace(server, user=login, password=password)

    def superuser(self) -> Endpoint:
        """The embedded server's `postgres`; on a configured server whoever was configured for what an owner does."""
        if self._direct is not None:
            return self._direct
        running = find_running(self.folder)
        if running is None:
            self._refuse_unready()
            raise ServerNotRunning(
                f"No PostgreSQL runs in {self.folder.root}, and no DB_HOST or DATABASE_URL names another.",
                hint="Start it with `iotistic up` (or `make up`), or name a folder with --data-dir or a server with --url.",
                path=str(self.folder.root),
            )
        return running.endpoint

    def _refuse_unready(self) -> None:
        """One that starts or stops is told as that: who reads "none runs" starts another."""
        found = find_postmaster(self.folder)
        if found is not None:
            raise ServerNotRunning(
                f"PostgreSQL (pid {found.pid}) in {self.folder.root} is {found.status or 'starting'} and takes no connections yet.",
                hint=f"Wait for it: after a crash it recovers first. Its log is in {self.folder.log}.",
                path=str(self.folder.root),
            )


def role_of(purpose: str) -> Role:
    """The role with this purpose. Raises RoleUnknown."""
    for role in ROLES:
        if role.purpose == purpose:
            return role
    known = ", ".join(role.purpose for role in ROLES)
    raise RoleUnknown(
        f"There is no database role for {purpose!r}.", hint=f"Known are: {known}.", purpose=purpose
    )
