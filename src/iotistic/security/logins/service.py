"""What decides whether somebody is who they say."""

from typing import final

from iotistic.database.pool import Connection
from iotistic.security.errors import LoginRefused
from iotistic.security.logins.errors import SecondFactorNeeded, SecondFactorRefused
from iotistic.security.logins.model import Credentials, LoggedIn
from iotistic.security.model import StoredUser, User
from iotistic.security.passwords import PasswordHasher
from iotistic.security.repository import SecurityRepository
from iotistic.security.second_factor import CodeWrong, Factor, SecondFactorService, TooManyCodes

__all__ = ["LoginService"]

Refused = LoginRefused | SecondFactorNeeded | SecondFactorRefused | TooManyCodes


@final
class LoginService:
    """Logins on one connection; whoever opened the transaction commits it."""

    def __init__(
        self, connection: Connection, *, hasher: PasswordHasher, second_factors: SecondFactorService
    ) -> None:
        self._security = SecurityRepository(connection)
        self._hasher = hasher
        self._second_factors = second_factors

    async def prove(self, shown: Credentials) -> LoggedIn | Refused:
        """Whose credentials these are. A refusal is a value here: what it writes has to be committed.

        Unknown name, wrong password and inactive account are refused alike and after the same work, whether the account has a second
        factor or not; only whoever knows the password hears of that. Raises HasherBusy.
        """
        stored = await self._security.find_user(shown.username)
        right = await self._hasher.matches(shown.password, stored.password_hash if stored else None)
        if stored is None or not right or not stored.is_active:
            return LoginRefused("The user name or the password is wrong.")
        factor = await self._second_factors.check(stored.id, shown.code)
        if factor is None:
            return SecondFactorNeeded(
                "The password is right, and a code is needed.",
                hint="Send `code` along: six digits of the app, or a recovery code.",
            )
        if isinstance(factor, CodeWrong):
            return SecondFactorRefused(factor.message, hint=factor.hint)
        if isinstance(factor, TooManyCodes):
            return factor
        factors: tuple[Factor, ...] = ("password",) if factor == "password" else ("password", factor)
        return LoggedIn(user=_shown(stored), factors=factors)


def _shown(stored: StoredUser) -> User:
    return User(
        id=stored.id,
        username=stored.username,
        kind=stored.kind,
        role=stored.role,
        is_active=stored.is_active,
    )
