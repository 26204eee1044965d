"""The framing of spooled records: how a torn tail is told from a whole record. Pure.

    frame   := length:u32 checksum:u32 body            (little endian)
    body    := mark_length:u16 mark payload            (length = len(body))
    checksum = CRC-32 of the length's four bytes and the body

The payload is what will be sent. The mark is the agent's own note that must become true together with the payload, such as
how far a log file was read.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Frame", "pack", "scan"]

_HEAD = struct.Struct("<II")
_LENGTH = struct.Struct("<I")
_MARK = struct.Struct("<H")
# A longer length is no length but garbage.
_LARGEST_BODY = 16 * 2**20
_LARGEST_MARK = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole record."""

    mark: bytes
    payload: bytes
    end: int
    """Offset behind it."""


def pack(payload: bytes, mark: bytes = b"") -> bytes:
    """The frame of one record. Raises ValueError when it is larger than any reader accepts."""
    if len(mark) > _LARGEST_MARK or len(mark) + len(payload) > _LARGEST_BODY - _MARK.size:
        raise ValueError(f"a record of {len(payload)} bytes with a mark of {len(mark)} is too large")
    body = _MARK.pack(len(mark)) + mark + payload
    length = _LENGTH.pack(len(body))
    return _HEAD.pack(len(body), zlib.crc32(body, zlib.crc32(length))) + body


def scan(data: bytes, start: int = 0) -> Iterator[Frame]:
    """The whole frames of `data` from `start` on, up to the first that is torn or damaged."""
    view = memoryview(data)
    while (body_start := start + _HEAD.size) <= len(data):
        length, checksum = _HEAD.unpack_from(data, start)
        end = body_start + length
        # File systems may leave a tail of zeros after a loss of power; zero is no valid length, so it never passes.
        if not _MARK.size <= length <= _LARGEST_BODY or end > len(data):
            return
        body = view[body_start:end]
        if zlib.crc32(body, zlib.crc32(view[start : start + _LENGTH.size])) != checksum:
            return
        mark_end = _MARK.size + _MARK.unpack_from(body)[0]
        if mark_end > length:
            return
        yield Frame(bytes(body[_MARK.size : mark_end]), bytes(body[mark_end:]), end)
        start = end
