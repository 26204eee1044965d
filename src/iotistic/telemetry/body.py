"""From the bytes of a request to Python values: decompressed within bounds, decoded as JSON or NDJSON."""

import zlib
from typing import Any

from iotistic.telemetry.errors import BodyInvalid, BodyTooLarge, EncodingUnsupported

__all__ = ["is_ndjson", "size_checked", "unpacked"]

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_MOST_MEMBERS = 64
"""gzip streams in one body: each costs a copy of the rest, so thousands of tiny ones would be an attack."""
_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_JSON = {"application/json", "text/json", "application/octet-stream", ""}


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
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise EncodingUnsupported(
            f"A body packed as {encoding} is not understood here.",
            hint="Send it as gzip, or not packed.",
            content_encoding=encoding,
        )
    return _inflated(body, limit)


def _inflated(body: bytes, limit: int) -> bytes:
    packed: Any = body
    chunks: list[bytes] = []
    room = limit
    try:
        while packed:  # a gzip file may be several in a row
            machine = zlib.decompressobj(_GZIP_OR_ZLIB)
            chunk = machine.decompress(packed, room + 1)
            room -= len(chunk)
            if room < 0:
                raise _too_large("The unpacked body", limit)
            if not machine.eof:
                raise BodyInvalid("The body is cut off: its gzip stream has no end.", hint="Send it again.")
            chunks.append(chunk)
            packed = machine.unused_data
            if len(chunks) > _MOST_MEMBERS:
                raise BodyInvalid(f"The body is more than {_MOST_MEMBERS} gzip streams in a row.")
    except zlib.error as error:
        raise BodyInvalid(
            "The body is no gzip stream, though its Content-Encoding says so.",
            hint="Pack it with gzip, or leave the header out.",
        ) from error
    return b"".join(chunks)


def _too_large(what: str, limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"{what} is larger than {limit} bytes.", hint="Send it as several smaller ones.", limit=limit
    )
