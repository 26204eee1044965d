"""Documents as text, to PostgreSQL and back without a change.

`jsonb` keeps numbers as decimals and writes 1e300 out in 301 digits: what does not fit into 64 bits is read as the double it was.
"""

import json
from typing import cast

from iotistic.devices.shadow.document import Document

__all__ = ["decode", "encode"]

_INTEGERS = range(-(2**63), 2**64)


def encode(document: Document) -> str:
    """Compact JSON. Raises ValueError for a number that JSON does not have."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode(text: str) -> Document:
    """The document in a text of PostgreSQL's."""
    return cast("Document", json.loads(text, parse_int=_integer))


def _integer(digits: str) -> float:
    number = int(digits)
    return number if number in _INTEGERS else float(digits)
