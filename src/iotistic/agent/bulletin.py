"""What the server should know about the present only: of each document the newest counts, and none is kept for later."""

import asyncio
from typing import final

from iotistic.agent.delivery import Outage, Trouble, carry, trouble_of
from iotistic.agent.events import Events
from iotistic.agent.session import Session
from iotistic.agent.transport import Delivered, Refused, Transport, judge

__all__ = ["Bulletin"]


@final
class Bulletin:
    """PUTs documents by name (interfaces, host). `run` is the task."""

    def __init__(self, *, session: Session, transport: Transport, outage: Outage, events: Events) -> None:
        self._session = session
        self._transport = transport
        self._outage = outage
        self._events = events
        self._pending: dict[str, bytes] = {}
        self._wake = asyncio.Event()

    @property
    def pending(self) -> int:
        """Documents not yet delivered."""
        return len(self._pending)

    def offer(self, name: str, body: bytes) -> None:
        """Replaces what is to be told under `name`."""
        self._pending[name] = body
        self._wake.set()

    async def run(self) -> None:
        """Delivers whatever is offered, until cancelled."""
        await carry(self._wake, self.drain, lambda trouble: self._outage.begin(trouble, self.pending))

    async def drain(self) -> Trouble | None:
        """Delivers until nothing is pending, or until the first trouble."""
        while self._pending:
            name, body = next(iter(self._pending.items()))
            identity = await self._session.current()
            path = f"/api/v1/devices/{identity.device_uuid}/{name}"
            outcome = judge(await self._transport.send("PUT", path, key=identity.api_key, body=body))
            match outcome:
                case Delivered():
                    self._session.accept()
                    self._outage.end(self.pending - 1)
                case Refused(status=status, problem=problem):
                    self._events.warning("document_refused", document=name, status=status, reason=problem)
                case trouble:
                    return trouble_of(trouble, self._session, identity)
            if self._pending.get(name) is body:
                del self._pending[name]
        return None
