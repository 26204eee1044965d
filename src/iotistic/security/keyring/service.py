"""What can be done about keys. That nobody makes a key that may more than they, and that a key only ever ends earlier, the database keeps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security.keyring.errors import (
    BearerNotFound,
    FetchRefusal,
    KeyNotFound,
    KeyOver,
    PepperMissing,
    RotationInvalid,
    SuccessorRefused,
)
from iotistic.security.keyring.model import Key, KeyDraft, KeyReport
from iotistic.security.keyring.repository import Hashed, KeyringRepository
from iotistic.security.keys import IssuedKey, KeyKind, ParsedKey, Peppers, generate_key, parse_key
from iotistic.security.model import StoredKey, is_inside
from iotistic.security.repository import SecurityRepository

__all__ = ["GRACE", "SLEEP", "KeyringService", "why_not_fetch"]

GRACE = timedelta(days=7)
"""How long the old key of a pair stays good, unless somebody says otherwise or the new one is used before."""
SLEEP = timedelta(days=90)
"""How long after that a device may still fetch its next key: no device is lost because it lay in a box."""
_REPEAT = timedelta(minutes=10)
"""How long a fetch after the grace may be repeated while its key is unused: an answer can get lost."""
_LONGEST_GRACE = timedelta(days=366)
_LONGEST_PAGE = 1000
_KINDS = {"user": KeyKind.USER, "service": KeyKind.SERVICE, "device": KeyKind.DEVICE}


@final
class KeyringService:
    """Keys on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection, *, peppers: Peppers) -> None:
        self._keys = KeyringRepository(connection)
        self._security = SecurityRepository(connection)
        self._peppers = peppers

    async def issue_account_key(self, username: str, draft: KeyDraft, *, reason: str) -> IssuedKey:
        """A key for a person or service. Raises BearerNotFound, KeyInvalid or KeyCeiling."""
        account = await self._security.find_user(username)
        kind = KeyKind.SERVICE if account is not None and account.kind == "service" else KeyKind.USER
        hashed, issued = self._make(kind)
        await self._keys.say_reason(reason)
        name = "service" if kind is KeyKind.SERVICE else "user"
        if account is None or not await self._keys.insert_account_key(username, name, hashed, draft):
            raise BearerNotFound(
                f"There is no active account {username!r}.", hint="`iotistic users list` shows them all."
            )
        return issued

    async def issue_device_key(self, device_uuid: UUID, draft: KeyDraft, *, reason: str) -> IssuedKey:
        """The key of a device in service that has none. Raises BearerNotFound, KeyInvalid, KeyCeiling or KeyKept."""
        hashed, issued = self._make(KeyKind.DEVICE)
        await self._keys.say_reason(reason)
        if not await self._keys.insert_device_key(device_uuid, hashed, draft):
            raise BearerNotFound(f"There is no device {device_uuid} in service.")
        return issued

    async def rotate(
        self, key_id: str, *, grace: timedelta = GRACE, hand_out: bool, reason: str
    ) -> IssuedKey | None:
        """Gives a key an end: when its successor is first used, at the latest after `grace`.

        `hand_out`: answers the successor; otherwise None, and the device fetches it with the old key.
        Raises KeyNotFound, KeyOver, KeyKept, RotationInvalid or KeyCeiling.
        """
        if not timedelta(0) <= grace <= _LONGEST_GRACE:
            raise RotationInvalid("A grace is at most 366 days.")
        await self._security.lock_key(key_id)
        key = await self.get_key(key_id)
        if key.state != "good":
            raise KeyOver(f"The key {key_id} is {key.state}; only a good one is replaced.", state=key.state)
        if not hand_out and key.kind != "device":
            raise RotationInvalid("Only a device fetches its next key by itself.")
        await self._keys.say_reason(reason)
        await self._keys.retire_key(key_id, grace=grace, sleep=SLEEP)
        return await self._succeed(key_id, _KINDS[key.kind]) if hand_out else None

    async def open_succession(self, text: Secret, *, address: str | None) -> StoredKey:
        """The key that a device brings to fetch its next one with, locked: while it is being replaced, and after its grace once.

        Raises SuccessorRefused, for whatever reason, or PepperMissing.
        """
        parsed = parse_key(text.reveal())
        if parsed is None or parsed.kind is not KeyKind.DEVICE:
            raise SuccessorRefused("malformed")
        await self._recognise(parsed)  # before the lock: nobody holds up a key that is not theirs
        await self._security.lock_key(parsed.key_id)
        stored = await self._recognise(parsed)
        why = why_not_fetch(stored, address)
        if why is not None:
            raise SuccessorRefused(why)
        return stored

    async def fetch_successor(self, stored: StoredKey) -> IssuedKey:
        """What `open_succession` let in gets its next key; one fetched before and not used is void then."""
        await self._keys.say_reason("fetched with the key before it")
        await self._keys.revoke_successor(stored.key_id)
        if stored.retires_at is not None and stored.retires_at <= stored.seen_at:
            await self._keys.note_late_fetch(stored.key_id)
        return await self._succeed(stored.key_id, KeyKind.DEVICE)

    async def _recognise(self, parsed: ParsedKey) -> StoredKey:
        stored = await self._security.find_key(parsed.key_id)
        if stored is None or stored.device_uuid is None:
            raise SuccessorRefused("unknown")
        match self._peppers.matches(parsed, stored.secret_hash, stored.pepper_version):
            case None:
                raise PepperMissing("Keys of this age cannot be checked by this process.")
            case False:
                raise SuccessorRefused("wrong_secret")
            case True:
                return stored

    async def get_key(self, key_id: str) -> Key:
        """The key of this id. Raises KeyNotFound."""
        found = await self._keys.list_keys(key_id=key_id, with_revoked=True)
        if not found:
            raise KeyNotFound(f"There is no key {key_id!r}.", hint="`iotistic keys list` shows them.")
        return found[0]

    async def list_keys(
        self,
        *,
        username: str | None = None,
        device_uuid: UUID | None = None,
        kind: str | None = None,
        only_retiring: bool = False,
        with_revoked: bool = False,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Key]:
        """By id, after the one given."""
        return await self._keys.list_keys(
            username=username,
            device_uuid=device_uuid,
            kind=kind,
            only_retiring=only_retiring,
            with_revoked=with_revoked,
            after=after,
            limit=min(limit, _LONGEST_PAGE),
        )

    async def revoke(self, key_id: str, *, reason: str) -> Key:
        """Takes a key back, with one that was to replace it; again, nothing happens. Raises KeyNotFound."""
        await self._security.lock_key(key_id)
        await self._security.revoke_key(key_id, reason)
        return await self.get_key(key_id)

    async def report(self, fleet: str | None = None) -> KeyReport:
        """How far all devices, or those of a fleet, are with their keys."""
        return await self._keys.report(fleet)

    async def note_uses(self, uses: Sequence[tuple[str, str | None]]) -> int:
        """That these keys were used now, each from this address; answers how many of them there are."""
        return await self._keys.note_uses(uses)

    async def _succeed(self, key_id: str, kind: KeyKind) -> IssuedKey:
        hashed, issued = self._make(kind)
        await self._keys.insert_successor(key_id, hashed)
        return issued

    def _make(self, kind: KeyKind) -> tuple[Hashed, IssuedKey]:
        parsed, issued = generate_key(kind)
        hashed: dict[str, Any] = {
            "key_id": issued.key_id,
            "secret_hash": self._peppers.digest(parsed),
            "pepper_version": self._peppers.current,
        }
        return hashed, issued


def why_not_fetch(stored: StoredKey, address: str | None) -> FetchRefusal | None:
    """What speaks against fetching the next key with this one from there, at the moment it was looked up; None: nothing."""
    if not is_inside(stored.allowed_networks or (), address):
        return "wrong_network"
    if stored.revoked_at is not None:
        return "revoked"
    if stored.device_retired_at is not None:
        return "retired_device"
    if stored.retires_at is None or stored.successor_until is None:
        return "not_being_replaced"
    return None if stored.seen_at < stored.retires_at else _why_not_late(stored, stored.successor_until)


def _why_not_late(stored: StoredKey, until: datetime) -> FetchRefusal | None:
    if stored.seen_at >= until:
        return "too_late"
    if stored.fetched_late_at is not None and stored.seen_at >= stored.fetched_late_at + _REPEAT:
        return "fetched_before"
    return None
