"""The headers that a connection sent last, as bytes: a device sends the same ones all day, and comparing is cheaper than parsing.

Only the digits of Content-Length may differ. The bytes were taken apart once by the HTTP parser, so what is recognised here
means what the parser would say it means.
"""

import re
from dataclasses import dataclass
from typing import final

from iotistic.http.passage import Acquaintance

__all__ = ["RememberedHead", "remembered"]

_LONGEST = 4096
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,7})(?=\r\n)", re.IGNORECASE)
_MOST_DIGITS = 7


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RememberedHead:
    """A request line with its headers, around the digits of its Content-Length."""

    before: bytes
    after: bytes
    """To the empty line, inclusive."""
    caller: Acquaintance

    def body_in(self, data: bytes) -> tuple[int, int] | None:
        """Where the body begins in what was received and its size; None when other headers come first."""
        before, after = self.before, self.after
        if not data.startswith(before):
            return None
        start = len(before)
        end = data.find(b"\r", start, start + _MOST_DIGITS + 1)
        digits = data[start:end]
        if end < 0 or not digits.isdigit() or not data.startswith(after, end):
            return None
        return end + len(after), int(digits)


def remembered(data: bytes, caller: Acquaintance, size: int) -> RememberedHead | None:
    """The head that `data` begins with, whose body has `size` octets; None for one that is not worth it, or not whole."""
    head, end, _ = data[:_LONGEST].partition(_END)
    found = _LENGTH.findall(head + end)
    place = _LENGTH.search(head + end)
    if not end or place is None or len(found) != 1 or int(place[1]) != size:
        return None
    if caller.idempotency_key is not None:  # another one with each body
        return None
    return RememberedHead(before=head[: place.start(1)], after=head[place.end(1) :] + end, caller=caller)
