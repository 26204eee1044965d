"""The record of who tried to come in, and the limits that are read from it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import final, get_args
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.errors import IotisticError
from iotistic.security.enrolment.errors import TooManyAttempts
from iotistic.security.enrolment.limits import AttemptLimits
from iotistic.security.enrolment.model import Attempt, AttemptSeen, Outcome
from iotistic.security.enrolment.repository import EnrolmentRepository

__all__ = ["KEPT", "AttemptService"]

KEPT = timedelta(days=90)
"""How long an attempt is remembered."""
_LONGEST_PAGE = 1000
_BATCH = 10_000
_OUTCOMES: frozenset[str] = frozenset(get_args(Outcome))


@final
class AttemptService:
    """Attempts on one connection; whoever opened the transaction commits it.

    The limits are counted in the database, so they hold for all processes together. Attempts that are under way at the same
    moment do not see each other: as many as the pool has connections may slip past a limit.
    """

    def __init__(self, connection: Connection, *, limits: AttemptLimits | None = None) -> None:
        self._enrolments = EnrolmentRepository(connection)
        self._limits = limits or AttemptLimits()

    async def admit(self, attempt: Attempt) -> None:
        """Raises TooManyAttempts when the network, or the claim key, was refused too often lately."""
        wait = await self._enrolments.find_wait(attempt, self._limits)
        if wait is not None and wait > timedelta(0):
            raise TooManyAttempts(
                "Too many attempts to enrol were refused from here, or with this claim key.",
                retry_after=wait,
                outcome="rate_limited",
            )

    async def note(self, attempt: Attempt, outcome: Outcome) -> None:
        """Keeps an attempt that was let on."""
        await self._enrolments.insert_attempt(attempt, outcome)

    async def note_refusal(
        self, attempt: Attempt, error: IotisticError, *, enrolment_id: UUID | None = None
    ) -> None:
        """Keeps an attempt that was refused; a challenge that was answered wrongly is void from now on."""
        outcome = str(error.facts.get("outcome") or error.code)
        if outcome not in _OUTCOMES:
            outcome = "claim_invalid"
        if outcome == "proof_wrong" and enrolment_id is not None:
            await self._enrolments.void_enrolment(enrolment_id)
        await self._enrolments.insert_attempt(attempt, outcome)

    async def list_attempts(
        self, *, before: int | None = None, outcome: Outcome | None = None, limit: int = 100
    ) -> Sequence[AttemptSeen]:
        """Attempts, newest first, those before the id `before`, at most `limit` (up to 1,000)."""
        return await self._enrolments.list_attempts(
            before=before, outcome=outcome, limit=min(limit, _LONGEST_PAGE)
        )

    async def forget_old(self, older: timedelta = KEPT) -> int:
        """Deletes attempts older than that, at most 10,000; answers how many."""
        return await self._enrolments.delete_old_attempts(older, limit=_BATCH)
