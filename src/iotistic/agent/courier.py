"""Carries the records of one spool to one endpoint: in batches, again and again until there is a receipt."""

import asyncio
from typing import final

from iotistic.agent.bodies import Wrap
from iotistic.agent.delivery import Outage, Tally, Trouble, carry, trouble_of
from iotistic.agent.rejects import Rejects
from iotistic.agent.session import Session
from iotistic.agent.spool import Batch, Spool
from iotistic.agent.transport import Delivered, Refused, Transport, judge
from iotistic.agent.wire import Receipt, parse_receipt

__all__ = ["Courier"]

_MOST_BYTES = 256 * 1024
_MOST_RECORDS = 500
_FEWEST_BYTES = 1024
_TOO_LARGE = 413


@final
class Courier:
    """One spool's way to the server. Set `wake` when there is something new; `run` is the task."""

    def __init__(
        self,
        lane: str,
        wrap: Wrap,
        *,
        spool: Spool,
        session: Session,
        transport: Transport,
        rejects: Rejects,
        tally: Tally,
        outage: Outage,
    ) -> None:
        self._lane = lane
        self._wrap = wrap
        self._spool = spool
        self._session = session
        self._transport = transport
        self._rejects = rejects
        self._tally = tally
        self._outage = outage
        self._most_bytes = _MOST_BYTES
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Delivers whatever comes, until cancelled."""
        await carry(self.wake, self.drain, lambda trouble: self._outage.begin(trouble, self._spool.pending))

    async def drain(self) -> Trouble | None:
        """Delivers until nothing is pending, or until the first trouble.

        While there is a backlog, each of its batches is preceded by what is new, so the present arrives within one round trip.
        """
        while self._spool.pending:
            for fresh in (True, False):
                batch = self._spool.next_batch(
                    most_bytes=self._most_bytes, most_records=_MOST_RECORDS, fresh=fresh
                )
                trouble = await self._deliver(batch) if batch is not None else None
                if trouble is not None:
                    return trouble
        return None

    async def _deliver(self, batch: Batch) -> Trouble | None:
        """Delivers one batch; one that is refused is halved until the records at fault stand alone.

        Parts are settled in order, each as soon as its answer is there, so a trouble in the middle repeats nothing.
        """
        parts = [batch]
        while parts:
            part = parts.pop()
            identity = await self._session.current()
            path = f"/api/v1/devices/{identity.device_uuid}/{self._lane}"
            body = self._wrap(part.payloads)
            outcome = judge(await self._transport.send("POST", path, key=identity.api_key, body=body))
            match outcome:
                case Delivered(body=answer):
                    receipt = parse_receipt(answer)
                    if receipt is None:
                        return Trouble(reason="the answer holds no receipt; is this the API?")
                    self._session.accept()
                    self._settle(part, receipt)
                case Refused(status=status) if len(part) > 1:
                    if status == _TOO_LARGE:
                        self._most_bytes = max(_FEWEST_BYTES, min(self._most_bytes, len(body)) // 2)
                    parts.extend(reversed(part.halves()))
                case Refused(status=status, problem=problem):
                    self._rejects.keep(self._lane, part.payloads[0], status=status, reason=str(problem))
                    self._spool.acknowledge(part)
                case trouble:
                    return trouble_of(trouble, self._session, identity)
        return None

    def _settle(self, part: Batch, receipt: Receipt) -> None:
        self._spool.acknowledge(part)
        self._tally.delivered[self._lane] = self._tally.delivered.get(self._lane, 0) + len(part)
        for name in ("accepted", "duplicate", "late", "quarantined", "rejected"):
            self._tally.receipts[name] = self._tally.receipts.get(name, 0) + getattr(receipt, name)
        if receipt.rejected:
            for reason in receipt.reasons:
                if 0 <= reason.index < len(part):
                    text = f"{reason.code}: {reason.message}"
                    self._rejects.keep(self._lane, part.payloads[reason.index], status=200, reason=text)
        self._outage.end(self._spool.pending)
