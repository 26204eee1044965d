"""What can be done with claim keys, claims and permits."""

from collections.abc import Sequence
from datetime import timedelta
from hmac import compare_digest
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security.enrolment.challenge import answer_hash, answer_to, new_challenge
from iotistic.security.enrolment.errors import (
    ClaimKeyNotFound,
    DeviceEnrolled,
    claim_refused,
    proof_refused,
)
from iotistic.security.enrolment.model import (
    Challenge,
    Claimant,
    ClaimKey,
    OpenEnrolment,
    Permit,
    StoredClaimKey,
    StoredEnrolment,
)
from iotistic.security.enrolment.repository import EnrolmentRepository
from iotistic.security.keys import IssuedKey, KeyKind, ParsedKey, Peppers, generate_key, parse_key

__all__ = ["ANSWER_WITHIN", "EnrolmentService"]

ANSWER_WITHIN = timedelta(minutes=5)
"""How long a challenge may be answered: a device does so at once, and a slow one claims again."""
_LONGEST_PAGE = 1000


@final
class EnrolmentService:
    """Claims on one connection; whoever opened the transaction commits it. The clock is the database's."""

    def __init__(self, connection: Connection, *, peppers: Peppers) -> None:
        self._enrolments = EnrolmentRepository(connection)
        self._peppers = peppers

    async def create_claim_key(
        self,
        *,
        max_uses: int,
        lasts: timedelta,
        label: str,
        created_by: str,
        allowed_serials: Sequence[str] | None = None,
    ) -> IssuedKey:
        """A key that lets `max_uses` new devices enrol within `lasts`, only those of `allowed_serials` if given. Raises ClaimKeyInvalid."""
        parsed, issued = generate_key(KeyKind.CLAIM)
        await self._enrolments.insert_claim_key(
            key_id=issued.key_id,
            label=label,
            secret_hash=self._digest(parsed),
            pepper_version=self._peppers.current,
            max_uses=max_uses,
            allowed_serials=allowed_serials,
            created_by=created_by,
            lasts=lasts,
        )
        return issued

    async def list_claim_keys(self, *, before: str | None = None, limit: int = 100) -> Sequence[ClaimKey]:
        """Claim keys, newest first, those before the key of the id `before`, at most `limit` (up to 1,000)."""
        return await self._enrolments.list_claim_keys(before=before, limit=min(limit, _LONGEST_PAGE))

    async def get_claim_key(self, key_id: str) -> ClaimKey:
        """The claim key of this id. Raises ClaimKeyNotFound."""
        return _known(await self._enrolments.get_claim_key(key_id), key_id)

    async def revoke_claim_key(self, key_id: str) -> ClaimKey:
        """Takes the claim key back: it lets nobody in any more, its open claims included. Raises ClaimKeyNotFound."""
        return _known(await self._enrolments.revoke_claim_key(key_id), key_id)

    async def claim(
        self,
        text: Secret,
        claimant: Claimant,
        *,
        mqtt_password_hash: str,
        previous_device: UUID | None = None,
    ) -> Challenge:
        """Uses the claim key once, gives the device a key, and asks it to prove that it has it.

        `mqtt_password_hash` is kept for the account that the device gets once it is in. `previous_device` is the device whose valid
        key came with the claim. A device that comes again with the key that it came
        with before, known by its serial, costs no further use: the answer may have been lost. A claim that is not proved within
        `ANSWER_WITHIN` gives its use back. Raises ClaimKeyRefused, without saying why: strangers call this; or ClaimantInvalid.
        """
        stored = await self._claim_key(text, claimant.serial)
        if not await self._enrolments.use_claim_key(stored.key_id, claimant.serial):
            raise claim_refused("claim_key_used_up")
        parsed, issued = generate_key(KeyKind.DEVICE)
        challenge = new_challenge()
        claim = OpenEnrolment(
            claim_key_id=stored.key_id,
            claimant=claimant,
            previous_device_uuid=previous_device,
            device_key_id=issued.key_id,
            secret_hash=self._digest(parsed),
            pepper_version=self._peppers.current,
            mqtt_password_hash=mqtt_password_hash,
            answer_hash=answer_hash(answer_to(challenge, issued.text)),
        )
        return Challenge(
            enrolment_id=await self._enrolments.open_enrolment(claim, lasts=ANSWER_WITHIN),
            api_key=issued.text,
            challenge=challenge,
            answer_within=ANSWER_WITHIN,
        )

    async def prove(self, enrolment_id: UUID, answer: str) -> StoredEnrolment:
        """The claim that this is the right answer to, locked until the transaction ends. Raises ProofRefused.

        An answer counts once. The right answer to a claim that is completed is no proof of anything new: it finds the claim with
        its `device_uuid`, so that a device whose answer was lost learns that it is in.
        """
        stored = await self._enrolments.lock_enrolment(enrolment_id)
        if stored is None:
            raise proof_refused("proof_unknown")
        if not compare_digest(answer_hash(answer), stored.answer_hash):
            raise proof_refused("proof_wrong")
        if stored.device_uuid is None and stored.is_late:
            raise proof_refused("proof_late")
        return stored

    async def complete(self, enrolment: StoredEnrolment, device_uuid: UUID) -> None:
        """Makes the key of a proved claim a key of this device."""
        await self._enrolments.complete_enrolment(enrolment.id, device_uuid)

    async def require_right(self, device_uuid: UUID, *, previous_device: UUID | None) -> None:
        """Raises DeviceEnrolled unless a claim may become this device.

        It may if the device never had a key, if the claim came with a valid key of it, or while a person permits it.
        """
        if previous_device == device_uuid or not await self._enrolments.has_had_key(device_uuid):
            return
        if await self._enrolments.find_permit(device_uuid) is None:
            raise DeviceEnrolled(
                "The serial belongs to a device that has a key already.",
                hint=f"Send its old key as previous_key, or have an operator run: iotistic devices allow-enrolment {device_uuid}",
                outcome="device_enrolled",
            )

    async def permit(self, device_uuid: UUID, *, by: str, lasts: timedelta) -> Permit:
        """Lets the device, which must exist, enrol again without its old key, once, within `lasts`."""
        return await self._enrolments.give_permit(device_uuid, by=by, lasts=lasts)

    async def use_permit(self, device_uuid: UUID) -> bool:
        """Whether there was a permit that holds; it is used up."""
        return await self._enrolments.take_permit(device_uuid)

    async def withdraw_permit(self, device_uuid: UUID) -> bool:
        """Whether there was a permit; there is none now."""
        return await self._enrolments.withdraw_permit(device_uuid)

    async def _claim_key(self, text: Secret, serial: str | None) -> StoredClaimKey:
        parsed = parse_key(text.reveal())
        if parsed is None or parsed.kind is not KeyKind.CLAIM:
            raise claim_refused("claim_key_malformed")
        stored = await self._enrolments.find_claim_key(parsed.key_id)
        if stored is None:
            raise claim_refused("claim_key_unknown")
        if not self._peppers.matches(parsed, stored.secret_hash, stored.pepper_version):
            raise claim_refused("claim_key_wrong")
        if stored.is_revoked:
            raise claim_refused("claim_key_revoked")
        if stored.is_expired:
            raise claim_refused("claim_key_expired")
        if stored.allowed_serials is not None and serial not in stored.allowed_serials:
            raise claim_refused("serial_not_allowed")
        return stored

    def _digest(self, parsed: ParsedKey) -> bytes:
        digest = self._peppers.digest(parsed)
        if digest is None:
            raise ValueError("the current pepper is missing")
        return digest


def _known(key: ClaimKey | None, key_id: str) -> ClaimKey:
    if key is None:
        raise ClaimKeyNotFound(
            f"There is no claim key {key_id!r}.", hint="`iotistic devices claim-keys list` shows them all."
        )
    return key
