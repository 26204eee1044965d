"""The way in for many devices at once: what a gateway may send for, and one receipt for each device."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, final
from uuid import UUID, uuid5

from msgspec.json import decode, encode

from iotistic.telemetry.ingest.ingest import Ingest
from iotistic.telemetry.ingest.streams import Stream
from iotistic.telemetry.model import Reason, Receipt
from iotistic.telemetry.wire.body import is_ndjson
from iotistic.telemetry.wire.bundle import Piece, taken_apart
from iotistic.telemetry.wire.sent import Sent

__all__ = ["Allowed", "GatewayIngest", "GatewayReceipt"]

Allowed = Callable[[Collection[UUID]], Awaitable[Collection[UUID]]]
"""Which of these devices the gateway may send for."""

_NOT_GRANTED: Final = "device_not_granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReceipt:
    """What became of the part of one device."""

    device: str
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReceipt:
    """What became of a body of many devices: sums, and the receipt of each."""

    accepted: int
    duplicate: int
    late: int
    quarantined: int
    rejected: int
    codes: dict[str, int]
    devices: tuple[DeviceReceipt, ...]


@final
class GatewayIngest:
    """Takes a body apart and has each piece stored as if its device had sent it."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    async def answer(self, stream: Stream, gateway: UUID, sent: Sent, allowed: Allowed) -> bytes:
        """A GatewayReceipt as JSON, once everything is durable; with an idempotency key the one given first, octet by octet.

        Raises what `Ingest.answer` raises: some devices' rows may be stored then, and sending the body again finds them.
        """

        async def work() -> bytes:
            return encode(await self._store(stream, gateway, sent, allowed))

        return await self._ingest.once(gateway, f"gateway_{stream.name}", sent, work)

    async def _store(self, stream: Stream, gateway: UUID, sent: Sent, allowed: Allowed) -> GatewayReceipt:
        ndjson = is_ndjson(sent.content_type)
        plain = self._ingest.unpack(sent)
        pieces = taken_apart(plain, stream, ndjson=ndjson, most=self._ingest.limits.reports)
        granted = await allowed({piece.uuid for piece in pieces if piece.uuid is not None})
        answers = await asyncio.gather(
            *(
                self._piece(stream, gateway, replace(sent, body=piece.body, content_encoding=None), piece)
                if piece.uuid in granted
                else _refused(piece)
                for piece in pieces
            ),
            return_exceptions=True,
        )
        receipts: list[DeviceReceipt] = []
        for piece, answer in zip(pieces, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            receipts.append(DeviceReceipt(device=piece.device, receipt=answer))
        self._ingest.hear(gateway)
        return _summed(receipts)

    async def _piece(self, stream: Stream, gateway: UUID, sent: Sent, piece: Piece) -> Receipt:
        if piece.uuid is None:
            return await _refused(piece)
        # A key of the gateway is none of the device's: the two together are their own sender.
        sender = uuid5(gateway, str(piece.uuid))
        receipt = decode(await self._ingest.answer(stream, piece.uuid, sent, sender=sender), type=Receipt)
        return replace(receipt, reasons=tuple(_placed(reason, piece) for reason in receipt.reasons))


def _placed(reason: Reason, piece: Piece) -> Reason:
    return replace(reason, index=piece.indexes[reason.index])


async def _refused(piece: Piece) -> Receipt:
    count = len(piece.indexes)
    message = (
        f"{piece.device[:40]!r} is no uuid of a device."
        if piece.uuid is None
        else "An operator has not let this gateway send for this device."
    )
    reasons = [Reason(index=piece.indexes[0], code=_NOT_GRANTED, message=message)] if count else []
    return Receipt(
        accepted=0,
        duplicate=0,
        late=0,
        quarantined=0,
        rejected=count,
        codes={_NOT_GRANTED: count} if count else {},
        reasons=tuple(reasons),
    )


def _summed(devices: Sequence[DeviceReceipt]) -> GatewayReceipt:
    receipts = [one.receipt for one in devices]
    codes: Counter[str] = Counter()
    for receipt in receipts:
        codes.update(receipt.codes)
    return GatewayReceipt(
        accepted=sum(one.accepted for one in receipts),
        duplicate=sum(one.duplicate for one in receipts),
        late=sum(one.late for one in receipts),
        quarantined=sum(one.quarantined for one in receipts),
        rejected=sum(one.rejected for one in receipts),
        codes=dict(codes),
        devices=tuple(devices),
    )
