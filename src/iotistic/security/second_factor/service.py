"""What can be done about second factors."""

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.sealing import SealingKeys
from iotistic.secret import Secret
from iotistic.security.backoff import Backoff
from iotistic.security.errors import UserNotFound
from iotistic.security.keys import Peppers
from iotistic.security.passwords import readable_password
from iotistic.security.second_factor.codes import SEED_OCTETS, enrolment_uri, matching_step, seed_text
from iotistic.security.second_factor.errors import (
    CodeWrong,
    SecondFactorMissing,
    SecondFactorOn,
    TooManyCodes,
)
from iotistic.security.second_factor.model import AppEnrolment, Factor, SecondFactor, StoredFactor
from iotistic.security.second_factor.repository import SecondFactorRepository

__all__ = ["SecondFactorService"]

_PAUSES: Final = Backoff(free=5, first=timedelta(seconds=10), longest=timedelta(minutes=15))
"""Three of a million codes are right at any moment: who knows the password guesses one in a day with a chance of 1 in 3,000."""
_PENDING: Final = timedelta(hours=1)
"""How long a seed waits for its first code."""
_RECOVERY_CODES: Final = 10
_RECOVERY_PURPOSE: Final = b"iotistic recovery code, HMAC-SHA-256, v1"
_APP_CODE: Final = re.compile(r"[0-9]{6}")


@final
class SecondFactorService:
    """Second factors on one connection; whoever opened the transaction commits it.

    A wrong code is answered as a value and not raised: that it was tried has to be committed.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        sealing: SealingKeys,
        peppers: Peppers,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._factors = SecondFactorRepository(connection)
        self._sealing = sealing
        self._current_pepper = peppers.current
        self._keys = peppers.derive(_RECOVERY_PURPOSE)
        self._randomness = randomness

    async def get(self, username: str) -> SecondFactor:
        """Whether a person has one. Raises UserNotFound."""
        found = await self._factors.find(username)
        if found is None:
            raise UserNotFound(
                f"There is no person {username!r}.", hint="`iotistic users list` shows them all."
            )
        return found

    async def begin(self, user_id: int, username: str) -> AppEnrolment:
        """A seed for an app, shown this once; it counts once `confirm` saw a code of it. Raises SecondFactorOn."""
        seed = self._randomness(SEED_OCTETS)
        sealed = self._sealing.seal(Secret(seed.hex()), about=_about(user_id))
        if not await self._factors.begin(user_id, sealed):
            raise SecondFactorOn(
                "The account has a second factor.",
                hint="Take it away first, with its code or a recovery code.",
            )
        return AppEnrolment(seed=seed_text(seed), uri=enrolment_uri(username, seed))

    async def confirm(self, user_id: int, code: Secret) -> Sequence[Secret] | CodeWrong | TooManyCodes:
        """Takes the first code of an app; from now on logins ask for one. Answers ten recovery codes, shown this once.

        Raises SecondFactorMissing where none waits, SecondFactorOn where one counts already.
        """
        stored = await self._factors.lock(user_id)
        if stored is not None and stored.confirmed_at is not None:
            raise SecondFactorOn("The account has a second factor, and it counts.")
        if stored is None or stored.seen_at >= stored.created_at + _PENDING:
            raise SecondFactorMissing("No second factor waits for its first code.", hint="Begin anew.")
        refused = await self._app_code(stored, code)
        return await self.renew_recovery_codes(user_id) if refused is None else refused

    async def check(self, user_id: int, code: Secret | None) -> Factor | CodeWrong | TooManyCodes | None:
        """What a code of this person proves, and uses it up. None: it is needed and was not given; `password`: none is needed.

        Recovery codes are looked at even in the pause after wrong ones: nobody guesses 99 bits, and so nobody who knows the password can
        keep the person out for good.
        """
        stored = await self._factors.lock(user_id)
        if stored is None or stored.confirmed_at is None:
            return "password"
        if code is None:
            return None
        if _APP_CODE.fullmatch(_plain(code)):
            return await self._app_code(stored, code) or "totp"
        return await self._recovery_code(stored, code)

    async def renew_recovery_codes(self, user_id: int) -> Sequence[Secret]:
        """Ten others; those of before are good no more."""
        codes = [readable_password() for _ in range(_RECOVERY_CODES)]
        hashes = [_hash(self._keys[self._current_pepper], user_id, code) for code in codes]
        await self._factors.replace_recovery_codes(user_id, hashes, pepper_version=self._current_pepper)
        return codes

    async def remove(self, username: str) -> None:
        """The password alone lets this person in again. Raises SecondFactorMissing."""
        if not await self._factors.delete(username):
            raise SecondFactorMissing(f"{username!r} has no second factor.")

    async def list_sealed(self) -> Sequence[str]:
        """Every sealed seed."""
        return list((await self._factors.list_seeds()).values())

    async def rewrap(self, keys: SealingKeys) -> int:
        """Wraps the seeds under the current key; answers how many that changed."""
        changed = 0
        for user_id, before in (await self._factors.list_seeds()).items():
            sealed = keys.rewrap(before)
            if sealed != before:
                changed += await self._factors.replace_seed(user_id, before=before, sealed_seed=sealed)
        return changed

    async def _app_code(self, stored: StoredFactor, code: Secret) -> CodeWrong | TooManyCodes | None:
        """Why a code of the app is not taken; None: it was, and is used up."""
        left = _PAUSES.left(stored.failures, stored.failed_at, stored.seen_at)
        if left is not None:
            return TooManyCodes(
                "Too many wrong codes.",
                hint="Wait, or use a recovery code.",
                retry_after=left,
            )
        seed = bytes.fromhex(self._sealing.open(stored.sealed_seed, about=_about(stored.user_id)).reveal())
        step = matching_step(seed, Secret(_plain(code)), now=stored.seen_at, after=stored.last_step)
        if step is None:
            return await self._wrong(stored)
        await self._factors.note_right(stored.user_id, step)
        return None

    async def _recovery_code(self, stored: StoredFactor, code: Secret) -> Factor | CodeWrong:
        for kept in await self._factors.list_unused_codes(stored.user_id):
            key = self._keys.get(kept.pepper_version)
            if key and hmac.compare_digest(_hash(key, stored.user_id, code), kept.code_hash):
                await self._factors.use_recovery_code(stored.user_id, kept.number)
                return "recovery_code"
        return await self._wrong(stored)

    async def _wrong(self, stored: StoredFactor) -> CodeWrong:
        await self._factors.note_wrong(stored.user_id)
        return CodeWrong(
            "The code is wrong, or was used before.",
            hint="Type the one that the app shows next; if none is taken, the clock of the telephone is off.",
        )


def _about(user_id: int) -> str:
    return f"second_factors {user_id}"


def _plain(code: Secret) -> str:
    """As apps show codes: in two groups, or three."""
    return code.reveal().replace(" ", "").replace("-", "")


def _hash(key: bytes, user_id: int, code: Secret) -> bytes:
    return hmac.digest(key, f"{user_id}:{_plain(code).lower()}".encode(), "sha256")
