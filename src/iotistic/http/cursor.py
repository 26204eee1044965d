"""Where a page of a list ended, as an opaque text: a caller hands it back and never looks inside.

Keyset pagination: the cursor holds the sort key of the last row, so a page costs the same wherever it is, and rows added or
removed meanwhile shift nothing.
"""

import base64
import binascii
from typing import TypeVar

import msgspec

from iotistic.errors import Invalid

__all__ = ["CursorInvalid", "decode_cursor", "encode_cursor"]

T = TypeVar("T")

_LONGEST = 1024


class CursorInvalid(Invalid):
    """The cursor did not come from an earlier answer of the same list."""

    code = "cursor_invalid"


def encode_cursor(key: object) -> str:
    """The text for a sort key: a tuple of texts, numbers, times or UUIDs."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(text: str, kind: type[T], *, field: str = "query.after", longest: int = _LONGEST) -> T:
    """The sort key in a cursor of at most so many characters. Raises CursorInvalid unless it is one of `kind`."""
    try:
        return msgspec.json.decode(_unpack(text, longest), type=kind)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise CursorInvalid(
            "The cursor is not one that this list gave out.",
            hint="Take `next` of the page before as it is, or leave the parameter out to begin anew.",
            field=field,
        ) from error


def _unpack(text: str, longest: int) -> bytes:
    if len(text) > longest:
        raise ValueError("longer than any cursor")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
