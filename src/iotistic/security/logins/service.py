"""What decides whether somebody is who they say."""

import hmac
from contextlib import suppress
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security.enrolment.limits import counted_network
from iotistic.security.errors import HasherBusy, LoginRefused, PasswordUnusable
from iotistic.security.keys import Peppers
from iotistic.security.logins.errors import LoginPaused, SecondFactorNeeded, SecondFactorRefused
from iotistic.security.logins.limits import Pause, find_pause
from iotistic.security.logins.model import Credentials, LoggedIn
from iotistic.security.logins.repository import LoginRepository
from iotistic.security.model import StoredUser, User
from iotistic.security.passwords import PasswordHasher, check_length
from iotistic.security.repository import SecurityRepository
from iotistic.security.second_factor import CodeWrong, Factor, SecondFactorService, TooManyCodes

__all__ = ["LoginService"]

_MOST_KNOWN: Final = 100
"""Places of one account that are told; somebody who comes in from more of them is asked for each time."""
_NAMING_PURPOSE: Final = b"iotistic login name, HMAC-SHA-256, v1"

Refused = LoginRefused | LoginPaused | SecondFactorNeeded | SecondFactorRefused | TooManyCodes


@final
class LoginService:
    """Logins on one connection; whoever opened the transaction commits it."""

    def __init__(
        self,
        connection: Connection,
        *,
        hasher: PasswordHasher,
        peppers: Peppers,
        second_factors: SecondFactorService,
    ) -> None:
        self._security = SecurityRepository(connection)
        self._logins = LoginRepository(connection)
        self._naming_key = peppers.derive(_NAMING_PURPOSE)[peppers.current]
        self._hasher = hasher
        self._second_factors = second_factors

    async def prove(self, shown: Credentials) -> LoggedIn | Refused:
        """Whose credentials these are. A refusal is a value here: what it writes has to be committed.

        Unknown name, wrong password and inactive account are refused alike and after the same work, whether the account has a second
        factor or not; only whoever knows the password hears of that. So are they held back: nobody's name as anybody's. Attempts
        under way at the same moment do not see each other. Raises HasherBusy, and PasswordUnusable for what is longer than bcrypt reads.
        """
        check_length(shown.password)
        name_hash, source = self._named(shown), counted_network(shown.address) or "unknown"
        pause = find_pause(await self._logins.list_sources(name_hash, source), is_known=shown.is_known)
        if pause is not None:
            return await self._paused(name_hash, pause)
        outcome = await self._judge(shown)
        if isinstance(outcome, LoggedIn):
            await self._logins.note_login(name_hash, source)
        elif isinstance(outcome, LoginRefused):
            await self._logins.note_failure(name_hash, source)
        return outcome

    async def forget_old(self) -> int:
        """Deletes some of what decides nothing any more; answers how much."""
        return await self._logins.forget()

    async def _paused(self, name_hash: bytes, pause: Pause) -> LoginPaused:
        known = None
        if pause.together is not None:
            known = await self._logins.find_known_sources(name_hash, most=_MOST_KNOWN)
        return LoginPaused(pause, known=known)

    async def _judge(self, shown: Credentials) -> LoggedIn | Refused:
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
        await self._hash_anew(stored, shown.password)
        factors: tuple[Factor, ...] = ("password",) if factor == "password" else ("password", factor)
        return LoggedIn(user=_shown(stored), factors=factors)

    async def _hash_anew(self, stored: StoredUser, password: Secret) -> None:
        """At another cost than today's, now that the password is at hand. A login never fails for that."""
        if self._hasher.is_current(stored.password_hash):
            return
        with suppress(HasherBusy, PasswordUnusable):
            await self._security.replace_password_hash(
                stored.id, before=stored.password_hash, password_hash=await self._hasher.hash(password)
            )

    def _named(self, shown: Credentials) -> bytes:
        return hmac.digest(self._naming_key, shown.username.encode(), "sha256")


def _shown(stored: StoredUser) -> User:
    return User(
        id=stored.id,
        username=stored.username,
        kind=stored.kind,
        role=stored.role,
        is_active=stored.is_active,
    )
