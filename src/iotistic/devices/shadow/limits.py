"""What a document may be: how large, how deep, and of which values. Pure.

The rules on values keep a document the same on its way through Python, PostgreSQL and a device: a number is one that a double or
a 64-bit integer holds (RFC 7493), a text is one that PostgreSQL can store.
"""

import math
from typing import Any, NoReturn

from iotistic.devices.shadow.codec import encode
from iotistic.devices.shadow.document import Document, is_array, is_object
from iotistic.devices.shadow.errors import DocumentInvalid, DocumentTooLarge

__all__ = ["DEEPEST", "LARGEST", "admitted", "sized"]

LARGEST = 32 * 1024
"""Bytes of one half as compact JSON in UTF-8."""
DEEPEST = 8
"""Objects and arrays inside one another, the document itself among them."""

_INTEGERS = range(-(2**63), 2**64)


def admitted(document: Document) -> Document:
    """The document with each number in its shortest form (1.0 is 1). Raises DocumentInvalid for what cannot be kept."""
    return {_text(name, "/"): _value(value, DEEPEST - 1, f"/{name}") for name, value in document.items()}


def sized(document: Document) -> Document:
    """The document itself. Raises DocumentTooLarge past 32 KiB."""
    size = len(encode(document).encode())
    if size > LARGEST:
        raise DocumentTooLarge(
            f"The document would have {size} bytes; a half of a shadow holds {LARGEST}.",
            hint="Take something out (null removes a member), or keep large things elsewhere and their address here.",
            size=size,
            limit=LARGEST,
        )
    return document


def _value(value: Any, levels: int, path: str) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, float):
        return _number(value, path)
    if isinstance(value, int) and value not in _INTEGERS:
        _refuse("A whole number does not fit into 64 bits; send it as a text, or with an exponent", path)
    if is_object(value):
        inner = _deeper(levels, path)
        return {_text(name, path): _value(part, inner, f"{path}/{name}") for name, part in value.items()}
    if is_array(value):
        inner = _deeper(levels, path)
        return [_value(part, inner, f"{path}/{index}") for index, part in enumerate(value)]
    return value


def _deeper(levels: int, path: str) -> int:
    if levels == 0:
        _refuse(f"The document is nested deeper than {DEEPEST} levels", path)
    return levels - 1


def _number(value: float, path: str) -> float:
    if not math.isfinite(value):
        _refuse("A number is none, or infinite", path)
    whole = int(value)
    return whole if whole == value and whole in _INTEGERS else value


def _text(text: str, path: str) -> str:
    if "\0" in text or not _encodable(text):
        _refuse("A text holds a NUL character or half of a surrogate pair", path)
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(what: str, path: str) -> NoReturn:
    place = path.encode("utf-8", "replace").decode().replace("\0", "?")[:100]
    raise DocumentInvalid(f"{what}, at {place}.", path=place)
