"""What can be done about sessions."""

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security.grants import grants_from
from iotistic.security.keys import KeyKind, generate_key, parse_key
from iotistic.security.model import Principal, Refusal
from iotistic.security.second_factor import Factor
from iotistic.security.sessions.errors import RefreshRefusal, RefreshRefused, SessionNotFound
from iotistic.security.sessions.model import OpenedSession, Session, StoredSession
from iotistic.security.sessions.repository import SessionRepository
from iotistic.security.sessions.tokens import SessionTokens
from iotistic.security.signing import SigningService

__all__ = ["SessionService"]

_LASTS = timedelta(days=30)
"""From the login on."""
_IDLE = timedelta(days=7)
"""Without a refresh."""
_PARALLEL = timedelta(seconds=30)
"""How long the refresh token before may come again: five tabs of one browser, or an answer that got lost."""
_NONCE_OCTETS = 16
_ENOUGH_FACTORS = 2


@final
class SessionService:
    """Sessions on one connection; whoever opened the transaction commits it."""

    def __init__(
        self,
        connection: Connection,
        *,
        tokens: SessionTokens,
        signing: SigningService,
        strict_roles: Collection[str] = (),
    ) -> None:
        """Whoever has one of the `strict_roles` needs a second factor, and until then may do nothing but get one."""
        self._sessions = SessionRepository(connection)
        self._tokens = tokens
        self._signing = signing
        self._strict_roles = strict_roles

    async def open(
        self,
        user_id: int,
        *,
        address: str | None,
        user_agent: str | None,
        factors: Sequence[Factor] = ("password",),
    ) -> OpenedSession:
        """Somebody logged in, and proved this much."""
        # An id of the same alphabet as those of keys, and no key's: 60 random bits.
        session_id = generate_key(KeyKind.REFRESH)[1].key_id
        await self._sessions.insert(
            session_id,
            user_id=user_id,
            nonce=secrets.token_bytes(_NONCE_OCTETS),
            pepper_version=self._tokens.pepper_version,
            lasts=_LASTS,
            address=address,
            user_agent=None if user_agent is None else user_agent[:200],
            factors=factors,
        )
        stored = await self._find(session_id)
        if stored is None:
            raise LookupError("the session that was just made")
        return await self._opened(stored)

    async def refresh(self, text: Secret) -> OpenedSession | RefreshRefused:
        """The next tokens of a session. One that was used before ends the session, unless it was just now.

        A refusal is a value here: what it writes has to be committed.
        """
        parsed = parse_key(text.reveal())
        if parsed is None or parsed.kind is not KeyKind.REFRESH:
            return RefreshRefused("malformed")
        await self._sessions.lock(parsed.key_id)
        stored = await self._find(parsed.key_id)
        if stored is None:
            return RefreshRefused("unknown")
        number = self._tokens.generation_of(parsed, nonce=stored.nonce, pepper_version=stored.pepper_version)
        if number is None:
            return RefreshRefused("forged")
        why = why_not_go_on(stored)
        return await self._counted(stored, number) if why is None else RefreshRefused(why)

    async def _counted(self, stored: StoredSession, number: int) -> OpenedSession | RefreshRefused:
        if number == stored.generation:
            await self._sessions.count_refresh(stored.id)
            stored = await self._find(stored.id) or stored
        elif number != stored.generation - 1 or stored.seen_at >= stored.refreshed_at + _PARALLEL:
            await self._sessions.end(
                stored.id, username=None, reason="a refresh token came again: somebody else has it"
            )
            return RefreshRefused("used_before")
        return await self._opened(stored)

    async def authenticate(self, text: Secret) -> Principal | Refusal:
        """Who the bearer of an access token is, or why it opens nothing."""
        kid = self._tokens.kid_of(text)
        key = None if kid is None else await self._signing.find_verifier(kid)
        claims = None if key is None else self._tokens.read_access(text, key)
        if claims is None:
            return Refusal(reason="malformed")
        session_id, ends = claims
        stored = await self._find(session_id)
        if stored is None:
            return Refusal(reason="unknown")
        if stored.revoked_at is not None:
            return Refusal(reason="revoked")
        ends = min(ends, stored.expires_at)
        if stored.seen_at >= ends:
            return Refusal(reason="expired")
        if not stored.user_is_active:
            return Refusal(reason="inactive_user")
        return Principal(
            key_id=stored.id,
            user_id=stored.user_id,
            username=stored.username,
            role=stored.role,
            grants=grants_from(stored.grants),
            expires_at=ends,
            good_for=ends - stored.seen_at,
            factors=tuple(stored.factors),
            lacks_factor=stored.must_prove_more and len(stored.factors) < _ENOUGH_FACTORS,
        )

    async def list_sessions(self, username: str) -> Sequence[Session]:
        """Those of this person that go on, newest first."""
        return await self._sessions.list(username)

    async def end(self, session_id: str, *, username: str | None = None, reason: str) -> None:
        """Ends one, of this person if one is named; its tokens open nothing from now on, in every process. Raises SessionNotFound."""
        if not await self._sessions.end(session_id, username=username, reason=reason):
            raise SessionNotFound(f"There is no session {session_id!r} that goes on.")

    async def end_all(self, username: str, *, reason: str) -> int:
        """Ends every session of a person; answers how many went on."""
        return await self._sessions.end_all(username, reason=reason)

    async def end_others(self, username: str, *, kept: str, reason: str) -> int:
        """Ends every session of a person but the one called `kept`; answers how many went on."""
        return await self._sessions.end_others(username, kept=kept, reason=reason)

    async def add_factor(self, session_id: str, factor: Factor) -> None:
        """Whoever has this session proved more. Nothing happens where it is a key and no session."""
        await self._sessions.add_factor(session_id, factor)

    async def forget_old(self) -> int:
        """Deletes some of those that were over long ago."""
        return await self._sessions.forget()

    async def _find(self, session_id: str) -> StoredSession | None:
        return await self._sessions.find(session_id, strict_roles=self._strict_roles)

    async def _opened(self, stored: StoredSession) -> OpenedSession:
        key = await self._signing.get_signer()
        access, access_ends = self._tokens.access(
            stored.id, key=key, now=stored.seen_at, ends=stored.expires_at
        )
        refresh = self._tokens.refresh(
            stored.id,
            nonce=stored.nonce,
            generation=stored.generation,
            pepper_version=stored.pepper_version,
        )
        if refresh is None:
            raise LookupError("the pepper that the token was just read with")
        return OpenedSession(
            id=stored.id,
            access_token=access,
            access_expires_at=access_ends,
            refresh_token=refresh,
            refresh_expires_at=min(stored.expires_at, stored.refreshed_at + _IDLE),
        )


def why_not_go_on(stored: StoredSession) -> RefreshRefusal | None:
    """What speaks against another access token for this session, at the moment it was looked up; None: nothing."""
    if stored.revoked_at is not None:
        return "revoked"
    if not stored.user_is_active:
        return "inactive_user"
    if stored.seen_at >= min(stored.expires_at, stored.refreshed_at + _IDLE):
        return "expired"
    return None
