"""From the bytes of a request to Python values: decompressed within bounds, decoded as JSON or NDJSON."""

import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from iotistic.telemetry.errors import BodyInvalid, BodyTooLarge, EncodingUnsupported

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["is_ndjson", "size_checked", "unpacked"]

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_WIDEST_WINDOW = 23
"""Binary logarithm of the octets a zstd stream may make us remember: 8 MiB, what RFC 9659 asks of HTTP. A stream may claim 2 GiB."""
_MOST_MEMBERS = 64
"""Packed streams in one body: each costs a copy of the rest, so thousands of tiny ones would be an attack."""
_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_JSON = {"application/json", "text/json", "application/octet-stream", ""}


class _Machine(Protocol):
    """Unpacks one stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _gzip() -> _Machine:
    return zlib.decompressobj(_GZIP_OR_ZLIB)


def _zstd() -> _Machine:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WIDEST_WINDOW})


_MACHINES: Final[Mapping[str, Callable[[], _Machine]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _gzip,
    "zstd": _zstd,
}


def is_ndjson(content_type: str | None) -> bool:
    """Whether the body is one JSON value a line. Raises EncodingUnsupported for types that are no JSON at all."""
    if content_type is None or content_type == "application/json":
        return False
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _NDJSON:
        return True
    if kind in _JSON or kind.endswith("+json"):
        return False
    raise EncodingUnsupported(
        f"A body of type {kind} is not understood here.",
        hint="Send application/json, or application/x-ndjson with one report a line.",
        content_type=kind,
    )


def size_checked(body: bytes, limit: int) -> bytes:
    """`body` itself. Raises BodyTooLarge past `limit`."""
    if len(body) > limit:
        raise _too_large("The body", limit)
    return body


def unpacked(body: bytes, content_encoding: str | None, limit: int) -> bytes:
    """`body` as it was before its Content-Encoding; never more than `limit` bytes of it are made.

    Raises EncodingUnsupported, BodyTooLarge or BodyInvalid.
    """
    encoding = (content_encoding or "identity").strip().lower()
    if encoding in {"identity", ""}:
        return body
    if encoding not in _MACHINES:
        raise EncodingUnsupported(
            f"A body packed as {encoding} is not understood here.",
            hint="Send it as gzip or zstd, or not packed.",
            content_encoding=encoding,
        )
    try:
        return _unpacked(body, encoding, limit)
    except (zlib.error, zstd.ZstdError) as error:
        raise BodyInvalid(
            f"The body is no {encoding} stream, though its Content-Encoding says so.",
            hint=f"Pack it with {encoding}, or leave the header out.",
        ) from error


def _unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    packed = body
    chunks: list[bytes] = []
    room = limit
    while packed:  # a packed file may be several in a row
        machine = _MACHINES[encoding]()
        chunk = machine.decompress(packed, room + 1)
        room -= len(chunk)
        if room < 0:
            raise _too_large("The unpacked body", limit)
        if not machine.eof:
            raise BodyInvalid(
                f"The body is cut off: its {encoding} stream has no end.", hint="Send it again."
            )
        chunks.append(chunk)
        packed = machine.unused_data
        if len(chunks) > _MOST_MEMBERS:
            raise BodyInvalid(f"The body is more than {_MOST_MEMBERS} {encoding} streams in a row.")
    return b"".join(chunks)


def _too_large(what: str, limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"{what} is larger than {limit} bytes.", hint="Send it as several smaller ones.", limit=limit
    )
