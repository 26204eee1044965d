"""A role's other login takes over: both work meanwhile, so that no connection fails.

Nothing here knows where passwords are kept; `iotistic.bootstrap.password_rotation` puts it together.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.database.roles.account_plan import plan_accounts
from iotistic.database.roles.acts import carry_out
from iotistic.database.roles.facts import RoleCatalog
from iotistic.database.roles.model import Role
from iotistic.database.roles.verifier import set_password
from iotistic.secret import Secret

__all__ = ["LoginSession", "Sessions", "prepare_login"]

_QUERIES = Queries("iotistic.database.roles")
_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSession:
    """One session of a login."""

    pid: int
    application: str
    address: str | None
    is_idle: bool
    """Outside of a transaction, with nothing to do."""


async def prepare_login(connection: Connection, role: Role, login: str, password: Secret) -> None:
    """Makes the login where it is missing, as the role's should be, and gives it this password. Needs an administrator."""
    (account,) = [one for one in role.accounts(connection.info.server_version) if one.name == login]
    present = await RoleCatalog(connection).accounts([login])
    await carry_out(connection, plan_accounts([account], present, with_spares=True))
    await set_password(connection, login, password)


class Sessions:
    """The sessions of one login. Needs an administrator."""

    def __init__(self, connection: Connection, login: str) -> None:
        self._sql = Statements(connection, _QUERIES)
        self._login = login

    async def list(self) -> Sequence[LoginSession]:
        return await self._sql.many("list_login_sessions", LoginSession, login=self._login)

    async def end_idle(self) -> int:
        """Ends those that do nothing; answers how many. Their programs connect anew."""
        return len(await self._sql.rows("end_idle_login_sessions", login=self._login))

    async def wait_for_end(self, limit: timedelta) -> Sequence[LoginSession]:
        """Ends idle ones as they come free until none is left or the time is over; answers who is left."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit.total_seconds()
        while True:
            await self.end_idle()
            left = await self.list()
            if not left or loop.time() >= deadline:
                return left
            await asyncio.sleep(_PAUSE)
