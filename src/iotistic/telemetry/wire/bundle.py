"""A gateway's body: reports or lines of many devices, taken apart into one body for each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final
from uuid import UUID

import msgspec

from iotistic.telemetry.errors import BodyInvalid, BodyTooLarge
from iotistic.telemetry.ingest.streams import METRICS, Stream

__all__ = ["Piece", "taken_apart"]

_MOST_DEVICES = 1_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a body holds of one device."""

    device: str
    """As it was named."""
    uuid: UUID | None
    """None when the name is no uuid."""
    body: bytes = field(repr=False)
    """What the device itself would have sent."""
    indexes: Sequence[int]
    """Where each of its reports or lines stands: in the body when that is lines, else among the device's own."""


class _Part(msgspec.Struct, gc=False):
    device: str
    reports: list[msgspec.Raw] = []
    lines: list[msgspec.Raw] = []
    units: msgspec.Raw = msgspec.Raw()


class _Body(msgspec.Struct, gc=False):
    devices: list[_Part]


class _Who(msgspec.Struct, gc=False):
    device: str


_body = msgspec.json.Decoder(_Body)
_who = msgspec.json.Decoder(_Who)


def taken_apart(body: bytes, stream: Stream, *, ndjson: bool, most: int) -> list[Piece]:
    """A piece for each device, in the order of their first mention.

    `body` is {"devices": [{"device": uuid, "reports": [...], "units": {...}}, ...]} (for logs "lines"), or a report or line with
    a field "device" per line. Raises BodyInvalid, or BodyTooLarge for more than `most` reports or 1,000 devices.
    """
    try:
        pieces = _by_line(body) if ndjson else _by_part(_body.decode(body).devices, stream)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyInvalid(f"The body is no list of devices: {error}.", hint=_EXAMPLE) from error
    if len(pieces) > _MOST_DEVICES:
        raise BodyTooLarge.of(_MOST_DEVICES, "devices")
    if sum(len(piece.indexes) for piece in pieces) > most:
        raise BodyTooLarge.of(most, "reports or lines")
    return pieces


_EXAMPLE = 'Send {"devices": [{"device": "<uuid>", "reports": [...]}]}, or lines that each name their device.'


def _by_part(parts: list[_Part], stream: Stream) -> list[Piece]:
    noun = "reports" if stream is METRICS else "lines"
    merged: dict[str, list[_Part]] = {}
    for part in parts:
        merged.setdefault(part.device.lower(), []).append(part)
    if any(len(same) > 1 for same in merged.values()):
        raise BodyInvalid("A device is named twice.", hint="Put all its reports under one entry.")
    return [_piece(part, noun, getattr(part, noun)) for part in parts]


def _piece(part: _Part, noun: str, items: list[msgspec.Raw]) -> Piece:
    inner: dict[str, Any] = {noun: items}
    if bytes(part.units):
        inner["units"] = part.units
    return Piece(
        device=part.device,
        uuid=_uuid(part.device),
        body=msgspec.json.encode(inner),
        indexes=range(len(items)),
    )


def _by_line(body: bytes) -> list[Piece]:
    lines: dict[str, list[tuple[int, bytes]]] = {}
    for index, line in enumerate(one for one in body.splitlines() if one.strip()):
        lines.setdefault(_who.decode(line).device, []).append((index, line))
    return [
        Piece(
            device=device,
            uuid=_uuid(device),
            body=b"\n".join(line for _, line in of_device),
            indexes=[index for index, _ in of_device],
        )
        for device, of_device in lines.items()
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
