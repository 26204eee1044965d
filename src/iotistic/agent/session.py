"""The agent's standing with the server: enrolling, and enrolling again when the key is refused."""

import asyncio
from datetime import timedelta
from typing import Literal, final

from iotistic.agent.backoff import Backoff
from iotistic.agent.events import Events
from iotistic.agent.facts import enrolment_facts
from iotistic.agent.identity import Identity, find_identity, host_serial, keep_identity, same_server
from iotistic.agent.pending import Pending, answer_to, find_pending, forget_pending, keep_pending
from iotistic.agent.settings import AgentSettings
from iotistic.agent.state_folder import StateFolder
from iotistic.agent.succession import fetch_successor
from iotistic.agent.transport import (
    Blocked,
    Delivered,
    KeyRefused,
    Outcome,
    Refused,
    Transport,
    TryLater,
    judge,
)
from iotistic.agent.wire import Enrolment, Problem, Proof, encode, parse_challenge, parse_enrolled
from iotistic.errors import Conflict, Denied, Invalid, IotisticError, Unavailable
from iotistic.secret import Secret

__all__ = ["NotEnrolled", "OtherServer", "Session", "SessionState"]

SessionState = Literal["enrolling", "enrolled", "key_refused"]
_CLAIM = "/api/v1/devices/enrol"
_PROOF = "/api/v1/devices/enrol/proof"
_GIVE_CLAIM_KEY = "Give a claim key with --claim-key-file or in IOTISTIC_CLAIM_KEY."


class NotEnrolled(Invalid):
    """There is no device key yet, and no claim key to get one with."""

    code = "agent_not_enrolled"


class OtherServer(Conflict):
    """The stored key belongs to another server."""

    code = "agent_of_other_server"


@final
class Session:
    """Holds the identity that requests are made with. `run` is the task that enrols when it has to."""

    def __init__(
        self,
        settings: AgentSettings,
        folder: StateFolder,
        transport: Transport,
        backoff: Backoff,
        events: Events,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._transport = transport
        self._backoff = backoff
        self._events = events
        self._ready = asyncio.Event()
        self._wanted = asyncio.Event()
        """That it enrols."""
        self._busy = asyncio.Event()
        """That it enrols, or fetches its next key."""
        self._retiring: Identity | None = None
        """What the next key is to be fetched with."""
        self._without_successor: Identity | None = None
        self._is_refused = False
        transport.on_retiring = self._retire
        self.identity = self._stored()
        if self.identity is not None:
            self._ready.set()
        else:
            self._want()

    @property
    def state(self) -> SessionState:
        """For the status file."""
        if self._wanted.is_set():
            return "enrolling"
        return "key_refused" if self._is_refused else "enrolled"

    async def current(self) -> Identity:
        """The identity, as soon as there is one."""
        while self.identity is None:
            await self._ready.wait()
        return self.identity

    def accept(self) -> None:
        """The server took the key."""
        self._is_refused = False

    def refuse(self, identity: Identity, problem: Problem) -> None:
        """The server refused `identity`: enrols again when there is a claim key, else says what to do, once."""
        if identity is not self.identity or self._busy.is_set():
            return  # an answer to a request of before
        if identity is not self._without_successor:
            self._retire(identity.api_key)  # it may have slept through the time in which its key was replaced
            return
        was_refused, self._is_refused = self._is_refused, True
        if self._find_claim_key() is not None:
            self._events.warning("device_key_refused", reason=problem, action="enrolling again")
            self._want()
        elif not was_refused:
            self._events.error(
                "device_key_refused",
                reason=problem,
                action="keeping everything in the spool",
                hint=_GIVE_CLAIM_KEY,
            )

    async def run(self) -> None:
        """Enrols, or fetches its next key, whenever it is wanted, until cancelled."""
        while True:
            await self._busy.wait()
            try:
                await (self.enrol() if self._wanted.is_set() else self._succeed())
            except IotisticError as error:
                pause = self._backoff.next(error.retry_after if isinstance(error, Unavailable) else None)
                self._tell_failure(error, pause)
            else:
                self._backoff.reset()
                pause = self._settings.rest_after_enrolment
            await asyncio.sleep(pause.total_seconds())

    async def enrol(self) -> None:
        """Enrols once and keeps the new identity. Raises NotEnrolled, Denied, Invalid or Unavailable.

        Goes on with an enrolment that is under way; its answer may have been lost, or this host may have crashed.
        """
        pending = find_pending(self._folder, self._settings.server) or await self._claim()
        self._keep(await self._prove(pending), event="enrolled")
        forget_pending(self._folder)

    async def settle(self) -> None:
        """Fetches the next key now, if it is wanted: for who does not `run`. What fails is told, and over."""
        try:
            await self._succeed()
        except Unavailable as error:
            self._events.warning("next_key_not_fetched", reason=error.message)

    async def _succeed(self) -> None:
        """Fetches the next key and goes on with it; its first use ends the one before. Raises Unavailable."""
        retiring, self._retiring = self._retiring, None
        if retiring is None or retiring is not self.identity:
            self._busy.clear()
            return
        try:
            following = await fetch_successor(self._transport, retiring)
        except Unavailable:
            self._retiring = retiring
            raise
        if following is None:
            self._without_successor = retiring
            self._busy.clear()
        else:
            self._keep(following, event="next_key_fetched")

    def _retire(self, key: Secret) -> None:
        """The key is to give way to another, or was refused."""
        if self.identity is not None and key == self.identity.api_key and not self._busy.is_set():
            self._retiring = self.identity
            self._busy.set()

    def _want(self) -> None:
        self._wanted.set()
        self._busy.set()

    def _keep(self, identity: Identity, *, event: Literal["enrolled", "next_key_fetched"]) -> None:
        try:
            keep_identity(self._folder, identity)
        except OSError as error:
            raise Unavailable(f"The new device key cannot be stored: {error.strerror}.") from error
        self.identity = identity
        self._is_refused = False
        self._wanted.clear()
        self._busy.clear()
        self._ready.set()
        self._events.info(event, device=identity.device_uuid, server=identity.server)

    async def _claim(self) -> Pending:
        """A new key and its challenge, kept on disk."""
        claim_key = self._settings.find_claim_key()
        if claim_key is None:
            raise NotEnrolled("There is no claim key.", hint=_GIVE_CLAIM_KEY)
        enrolment = Enrolment(
            name=self._settings.name,
            serial=host_serial(self._folder),
            facts=enrolment_facts(),
            previous_key=None if self.identity is None else self.identity.api_key.reveal(),
        )
        outcome = judge(await self._transport.send("POST", _CLAIM, key=claim_key, body=encode(enrolment)))
        challenge = parse_challenge(outcome.body) if isinstance(outcome, Delivered) else None
        if challenge is None:
            raise _failure(outcome)
        pending = Pending(
            enrolment_id=challenge.enrolment_id,
            api_key=challenge.api_key,
            mqtt_password=challenge.mqtt_password,
            challenge=challenge.challenge,
            server=self._settings.server,
        )
        try:
            keep_pending(self._folder, pending)
        except OSError as error:
            raise Unavailable(f"The new device key cannot be stored: {error.strerror}.") from error
        return pending

    async def _prove(self, pending: Pending) -> Identity:
        proof = Proof(enrolment_id=pending.enrolment_id, answer=answer_to(pending.challenge, pending.api_key))
        outcome = judge(await self._transport.send("POST", _PROOF, key=None, body=encode(proof)))
        uuid = parse_enrolled(outcome.body) if isinstance(outcome, Delivered) else None
        if uuid is not None:
            return Identity(
                device_uuid=uuid,
                api_key=pending.api_key,
                server=self._settings.server,
                mqtt_password=pending.mqtt_password,
            )
        if isinstance(outcome, KeyRefused | Refused | Blocked):
            forget_pending(self._folder)  # too late for this one: the next attempt claims anew
        if isinstance(outcome, KeyRefused):
            raise Unavailable("The claim is no longer open.")
        raise _failure(outcome)

    def _stored(self) -> Identity | None:
        stored = find_identity(self._folder)
        if stored is not None and same_server(stored.server, self._settings.server):
            return stored
        if self._settings.find_claim_key() is not None:
            return None
        if find_pending(self._folder, self._settings.server) is not None:
            return None
        if stored is not None:
            raise OtherServer(
                f"The device key in {self._folder.identity} was given by {stored.server}, not by {self._settings.server}.",
                hint=f"{_GIVE_CLAIM_KEY} Or name another folder with --state-dir.",
            )
        raise NotEnrolled(f"This host is not enrolled at {self._settings.server} yet.", hint=_GIVE_CLAIM_KEY)

    def _find_claim_key(self) -> Secret | None:
        try:
            return self._settings.find_claim_key()
        except Invalid as error:
            self._events.error("claim_key_unreadable", reason=error.message, hint=error.hint)
            return None

    def _tell_failure(self, error: IotisticError, pause: timedelta) -> None:
        tell = self._events.warning if isinstance(error, Unavailable) else self._events.error
        hint = {"hint": error.hint} if error.hint else {}
        tell(
            "enrolment_failed" if self._wanted.is_set() else "next_key_not_fetched",
            reason=error.message,
            retry_in_seconds=pause.total_seconds(),
            **hint,
        )


def _failure(outcome: Outcome) -> IotisticError:
    match outcome:
        case KeyRefused(problem=problem):
            return Denied(
                f"The server refused the claim key ({str(problem) or 'no reason given'}).",
                hint="It may be mistyped, used up or expired: make a new one and give it with --claim-key-file.",
            )
        case Blocked(status=status, problem=problem) | Refused(status=status, problem=problem):
            return Denied(
                f"The server refused to enrol this host: {status} {problem}".rstrip(" .") + ".",
                hint=problem.hint or None,
            )
        case TryLater(reason=reason, retry_after=retry_after):
            return Unavailable(f"The server cannot be asked to enrol now: {reason}.", retry_after=retry_after)
        case Delivered():
            return Unavailable("What answers at the server's address is not the API.", hint="Check --server.")
