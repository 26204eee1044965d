"""What can be done about getting in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security.errors import PasswordUnusable, UsernameTaken, UserNotFound
from iotistic.security.judgement import judge, parse_bearer_key, recognise
from iotistic.security.keys import IssuedKey, KeyKind, ParsedKey, Peppers, generate_key, parse_key
from iotistic.security.model import Principal, Refusal, Role, StoredKey, User
from iotistic.security.passwords import PasswordHasher, readable_password
from iotistic.security.repository import SecurityRepository
from iotistic.security.sessions.repository import SessionRepository

__all__ = ["ADMINISTRATOR", "SecurityService"]

ADMINISTRATOR = "admin"


@final
class SecurityService:
    """Accounts and keys on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection, *, peppers: Peppers, hasher: PasswordHasher) -> None:
        self._security = SecurityRepository(connection)
        self._sessions = SessionRepository(connection)
        self._peppers = peppers
        self._hasher = hasher

    async def create_user(self, username: str, password: Secret, role: Role | None) -> User:
        """Makes an account, with this role on everything; None: with none yet. Raises UsernameTaken, UserInvalid, PasswordUnusable or HasherBusy."""
        made = await self._security.insert_user(
            username=username, password_hash=await self._hasher.hash(password), role=role
        )
        if made is None:
            raise UsernameTaken("Another account has this name.", hint="Choose another name.")
        return made

    async def create_service(self, username: str, role: Role | None) -> User:
        """Makes an account that comes with keys only, with this role on everything; None: with none yet. Raises UsernameTaken or UserInvalid."""
        made = await self._security.insert_service(username, role)
        if made is None:
            raise UsernameTaken("Another account has this name.", hint="Choose another name.")
        return made

    async def ensure_administrator(self) -> Secret | None:
        """Makes the account `admin` with a random password and answers the password; None when the account is there."""
        if await self._security.user_exists(ADMINISTRATOR):
            return None
        password = readable_password()
        made = await self._security.insert_user(
            username=ADMINISTRATOR, password_hash=await self._hasher.hash(password), role="owner"
        )
        return password if made else None

    async def list_account_ids(self, usernames: Collection[str]) -> Mapping[str, int]:
        """The ids of those names that are accounts."""
        return await self._security.list_account_ids(usernames)

    async def require_account(self, username: str) -> None:
        """Raises UserNotFound where no account has this name."""
        if not await self._security.user_exists(username):
            raise UserNotFound(
                f"There is no account {username!r}.", hint="`iotistic users list` shows them all."
            )

    async def is_owner(self, username: str) -> bool:
        """Whether somebody of this name is owner."""
        return await self._security.is_owner(username)

    async def list_users(self) -> Sequence[User]:
        """Every account, by name."""
        return await self._security.list_users()

    async def change_password(self, username: str, *, current: Secret, new: Secret) -> None:
        """Another password of one's own choice. That it is the owner who asks, with `current`, has been proved (`LoginService`).

        Raises PasswordUnusable, for the present password too and for what contains the name, and UserNotFound.
        """
        if new.reveal() == current.reveal():
            raise PasswordUnusable("That is the password you have.", hint="Choose another.")
        if username in new.reveal().lower():
            raise PasswordUnusable("A password does not contain the name of its account.")
        if await self._security.set_password_hash(username, await self._hasher.hash(new)) is None:
            raise UserNotFound(f"There is no person {username!r}.")

    async def switch(self, username: str, *, is_active: bool) -> User:
        """Whether an account works: off, it opens nothing in any process, and its sessions end. Raises UserNotFound, or LastOwner."""
        user = await self._security.set_active(username, is_active=is_active)
        if user is None:
            raise UserNotFound(
                f"There is no account {username!r}.", hint="`iotistic users list` shows them all."
            )
        if not is_active:
            await self._sessions.end_all(username, reason="the account was switched off")
        return user

    async def reset_password(self, username: str) -> Secret:
        """Gives the account a new random password, answers it, and ends every session and key of before. Raises UserNotFound."""
        password = readable_password()
        user = await self._security.set_password_hash(username, await self._hasher.hash(password))
        if user is None:
            raise UserNotFound(
                f"There is no person {username!r}.", hint="`iotistic users list` shows them all."
            )
        await self._security.revoke_user_keys(user.id, "password reset")
        await self._sessions.end_all(username, reason="password reset")
        return password

    async def issue_device_key(self, device_uuid: UUID, *, reason: str) -> IssuedKey:
        """The key of a device that has none. Raises KeyKept: a device has one, and a second only while it is replaced."""
        parsed, issued = generate_key(KeyKind.DEVICE)
        await self._security.insert_key(
            key_id=issued.key_id,
            device_uuid=device_uuid,
            secret_hash=self._digest(parsed),
            pepper_version=self._peppers.current,
            reason=reason,
        )
        return issued

    async def issue_user_key(self, user_id: int, *, lasts: timedelta, reason: str) -> IssuedKey:
        """A new key for the person, which expires after `lasts`."""
        parsed, issued = generate_key(KeyKind.USER)
        await self._security.insert_key(
            key_id=issued.key_id,
            user_id=user_id,
            secret_hash=self._digest(parsed),
            pepper_version=self._peppers.current,
            lasts=lasts,
            reason=reason,
        )
        return issued

    async def authenticate(self, text: Secret) -> Principal | Refusal:
        """Who the bearer of a device's, service's or person's key is, or why it opens nothing."""
        stored = await self._recognised(text)
        return stored if isinstance(stored, Refusal) else judge(stored, pepper=self._peppers.current)

    async def note_use(self, text: Secret) -> Principal | Refusal:
        """The same, and what the use of the key brings about: the key it replaces ends, and it is hashed under the newest pepper."""
        stored = await self._recognised(text)
        if isinstance(stored, Refusal):
            return stored
        # The older key first, as whoever replaces or revokes keys does: two who lock both never wait for each other.
        for key_id in (stored.replaces, stored.key_id):
            if key_id is not None:
                await self._security.lock_key(key_id)
        verdict = await self.authenticate(text)
        if isinstance(verdict, Principal) and verdict.wants_note:
            parsed = parse_key(text.reveal())
            if parsed is not None:
                await self._security.note_use(
                    parsed.key_id, secret_hash=self._digest(parsed), pepper_version=self._peppers.current
                )
        return verdict

    async def _recognised(self, text: Secret) -> StoredKey | Refusal:
        """The key of this text, if its secret is right."""
        parsed = parse_bearer_key(text)
        if parsed is None:
            return Refusal(reason="malformed")
        return recognise(parsed, await self._security.find_key(parsed.key_id), self._peppers)

    async def revoke_key(self, key_id: str, *, reason: str) -> bool:
        """Takes a key back, with one that was to replace it; whether it was good until now. Every process learns of it at once (`KeyCache`)."""
        await self._security.lock_key(key_id)
        return await self._security.revoke_key(key_id, reason) > 0

    async def revoke_device_keys(self, device_uuid: UUID, *, reason: str) -> int:
        """Takes all keys of a device back; answers how many were good."""
        return await self._security.revoke_device_keys(device_uuid, reason)

    def _digest(self, parsed: ParsedKey) -> bytes:
        digest = self._peppers.digest(parsed)
        if digest is None:
            raise ValueError("the current pepper is missing")
        return digest
