"""The agent's standing with the server: enrolling, and enrolling again when the key is refused."""

import asyncio
from datetime import timedelta
from typing import Literal, final

from iotistic.agent.backoff import Backoff
from iotistic.agent.events import Events
from iotistic.agent.facts import enrolment_facts
from iotistic.agent.identity import Identity, find_identity, host_serial, keep_identity, same_server
from iotistic.agent.settings import AgentSettings
from iotistic.agent.state_folder import StateFolder
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
from iotistic.agent.wire import Enrolment, Problem, encode, parse_enrolled
from iotistic.errors import Conflict, Denied, Invalid, IotisticError, Unavailable
from iotistic.secret import Secret

__all__ = ["NotEnrolled", "OtherServer", "Session", "SessionState"]

SessionState = Literal["enrolling", "enrolled", "key_refused"]
_PATH = "/api/v1/devices/enrol"
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
        self._is_refused = False
        self.identity = self._stored()
        if self.identity is not None:
            self._ready.set()
        else:
            self._wanted.set()

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
        if identity is not self.identity or self._wanted.is_set():
            return  # an answer to a request of before
        was_refused, self._is_refused = self._is_refused, True
        if self._find_claim_key() is not None:
            self._events.warning("device_key_refused", reason=problem, action="enrolling again")
            self._wanted.set()
        elif not was_refused:
            self._events.error(
                "device_key_refused",
                reason=problem,
                action="keeping everything in the spool",
                hint=_GIVE_CLAIM_KEY,
            )

    async def run(self) -> None:
        """Enrols whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                await self.enrol()
            except IotisticError as error:
                pause = self._backoff.next(error.retry_after if isinstance(error, Unavailable) else None)
                self._tell_failure(error, pause)
            else:
                self._backoff.reset()
                pause = self._settings.rest_after_enrolment
            await asyncio.sleep(pause.total_seconds())

    async def enrol(self) -> None:
        """Enrols once and keeps the new identity. Raises NotEnrolled, Denied, Invalid or Unavailable."""
        claim_key = self._settings.find_claim_key()
        if claim_key is None:
            raise NotEnrolled("There is no claim key.", hint=_GIVE_CLAIM_KEY)
        self._keep(await self._ask(claim_key))

    def _keep(self, identity: Identity) -> None:
        try:
            keep_identity(self._folder, identity)
        except OSError as error:
            raise Unavailable(f"The new device key cannot be stored: {error.strerror}.") from error
        self.identity = identity
        self._is_refused = False
        self._wanted.clear()
        self._ready.set()
        self._events.info("enrolled", device=identity.device_uuid, server=identity.server)

    async def _ask(self, claim_key: Secret) -> Identity:
        enrolment = Enrolment(
            name=self._settings.name, serial=host_serial(self._folder), facts=enrolment_facts()
        )
        outcome = judge(await self._transport.send("POST", _PATH, key=claim_key, body=encode(enrolment)))
        if isinstance(outcome, Delivered):
            enrolled = parse_enrolled(outcome.body)
            if enrolled is not None:
                return Identity(
                    device_uuid=enrolled.device_uuid, api_key=enrolled.api_key, server=self._settings.server
                )
        raise _failure(outcome)

    def _stored(self) -> Identity | None:
        stored = find_identity(self._folder)
        if stored is not None and same_server(stored.server, self._settings.server):
            return stored
        if self._settings.find_claim_key() is not None:
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
        tell("enrolment_failed", reason=error.message, retry_in_seconds=pause.total_seconds(), **hint)


def _failure(outcome: Outcome) -> IotisticError:
    match outcome:
        case KeyRefused(problem=problem):
            return Denied(
                f"The server refused the claim key ({str(problem) or 'no reason given'}).",
                hint="It may be mistyped, used up or expired: make a new one and give it with --claim-key-file.",
            )
        case Blocked(status=status, problem=problem) | Refused(status=status, problem=problem):
            return Denied(f"The server refused to enrol this host: {status} {problem}".rstrip() + ".")
        case TryLater(reason=reason, retry_after=retry_after):
            return Unavailable(f"The server cannot be asked to enrol now: {reason}.", retry_after=retry_after)
        case Delivered():
            return Unavailable("What answers at the server's address is not the API.", hint="Check --server.")
