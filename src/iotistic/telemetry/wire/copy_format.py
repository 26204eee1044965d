"""Rows in the format of COPY (FORMAT BINARY), packed without a Python object per field.

https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; the array form is that of array_send: dimensions,
null flag, element type, then length and lower bound of each dimension, then the elements, each with its size.
"""

from struct import Struct
from typing import Any, Final, final

__all__ = ["HEADER", "TRAILER", "LogPacker", "MetricPacker"]

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"

_FLOAT8 = 701  # pg_type.oid of float8
_HEAD: Final = "!hi16siqiiiiiiii"
# h fields, i length + 16s uuid, i length + q timestamp, i length + i series, i length + i metric set, then the array: i octets,
# i dimensions, i null flag, i element type; its length and lower bound follow with the elements
_LENGTH: Final = Struct("!i")


@final
class MetricPacker:
    """Packs reports of one metric set: (device_uuid, timestamp, series_id, metric_set_id, values).

    Only device, time, series and values differ between rows, and every row has the same size. So rows are packed with zeroes
    where the constants go, and each octet of these that is not zero (24 with 12 values) is set in all rows of a block by one
    strided assignment: a third of the time of handing 40 arguments to `struct`.
    """

    def __init__(self, metric_set_id: int, size: int) -> None:
        array = 20 + 12 * size
        constant = Struct(_HEAD + "ii" + "id" * size).pack(
            *(5, 16, bytes(16), 8, 0, 4, 0, 4, metric_set_id),
            *(array, 1, 0, _FLOAT8, size, 1),
            *(8, 0.0) * size,
        )
        self.stride: Final = len(constant)
        """Octets of a row."""
        self.pack: Final = Struct("!6x16s4xq4xi32x" + "4xd" * size).pack
        """(uuid octets, stamp, series, *values) -> a row without its constants; raises struct.error on a value that is no number."""
        self._constant = int.from_bytes(constant, "big")
        self._octets = [(place, bytes((octet,))) for place, octet in enumerate(constant) if octet]
        self._values = Struct("!" + "4xd" * size)

    def block(self, rows: list[bytes]) -> bytes:
        """The rows one after the other, complete."""
        number, stride = len(rows), self.stride
        if number == 1:
            return (int.from_bytes(rows[0], "big") | self._constant).to_bytes(stride, "big")
        block = bytearray().join(rows)
        for place, octet in self._octets:
            block[place::stride] = octet * number
        return bytes(block)

    def cuts(self, number: int) -> range:
        """Where each of so many rows begins in a block, and where the last ends."""
        return range(0, self.stride * number + 1, self.stride)

    def values(self, row: bytes) -> tuple[float, ...]:
        """What was packed into a row."""
        return self._values.unpack(row[self.stride - self._values.size :])


@final
class LogPacker:
    """Packs log lines of one device: (device_uuid, timestamp, sequence, level, service, message)."""

    _head: Final = Struct("!hi16siqiq")

    def __init__(self, device: bytes) -> None:
        self._device = device

    def pack(self, stamp: int, sequence: int, level: str, service: str, message: str) -> bytes:
        """A complete row."""
        head = self._head.pack(6, 16, self._device, 8, stamp, 8, sequence)
        return head + _text(level) + _text(service) + _text(message)

    @classmethod
    def explain(cls, row: bytes) -> dict[str, Any]:
        """A packed row's fields, but for the timestamp, as a device could have sent them."""
        *_, sequence = cls._head.unpack_from(row)
        texts: list[str] = []
        at = cls._head.size
        while at < len(row):
            (length,) = _LENGTH.unpack_from(row, at)
            at += _LENGTH.size + length
            texts.append(row[at - length : at].decode())
        return {"sequence": sequence, **dict(zip(("level", "service", "message"), texts, strict=True))}


def _text(text: str) -> bytes:
    """A text with its length before it. PostgreSQL's text cannot hold U+0000, so it becomes U+FFFD."""
    octets = text.replace("\0", "\ufffd").encode()
    return _LENGTH.pack(len(octets)) + octets
