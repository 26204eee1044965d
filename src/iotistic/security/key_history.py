"""The history of keys as a chain: whether it is still what was written."""

from typing import final

from iotistic.database.pool import Connection
from iotistic.errors import Invalid
from iotistic.security.errors import KeyHistoryMissing
from iotistic.security.model import Anchor, ChainReport
from iotistic.security.repository import SecurityRepository

__all__ = ["AnchorUnreadable", "KeyHistory", "parse_anchor"]

_HASH_OCTETS = 32


class AnchorUnreadable(Invalid):
    """A text that names no place in the history."""

    code = "anchor_unreadable"


def parse_anchor(text: str) -> Anchor:
    """An end of the history, as `iotistic audit verify` printed it. Raises AnchorUnreadable."""
    number, _, digits = text.strip().partition(":")
    try:
        anchor = Anchor(sequence=int(number), hash=bytes.fromhex(digits))
    except ValueError:
        anchor = Anchor(sequence=-1, hash=b"")
    if anchor.sequence < 0 or len(anchor.hash) != _HASH_OCTETS:
        raise AnchorUnreadable(
            f"{text!r} is no end of the history.", hint="It looks like 4711:<64 hexadecimal digits>."
        )
    return anchor


@final
class KeyHistory:
    """Reads on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._keys = SecurityRepository(connection)

    async def verify(self, anchor: Anchor | None = None) -> ChainReport:
        """Reads the whole chain, and compares it with where it ended once, if that is given. Raises KeyHistoryMissing."""
        head = await self._keys.find_head()
        if head is None:
            raise KeyHistoryMissing("Where the history of keys ends is not noted any more: its row is gone.")
        broken = [
            f"row {number} is not what was written, or does not follow what stands before it"
            for number in await self._keys.find_broken_links()
        ]
        if (head.sequence, head.hash) != (head.noted_sequence, head.noted_hash):
            broken.append(f"it ends with row {head.sequence}; row {head.noted_sequence} was written last")
        if (
            anchor is not None
            and anchor.sequence
            and await self._keys.find_link(anchor.sequence) != anchor.hash
        ):
            broken.append(f"row {anchor.sequence} is not the one that was kept")
        return ChainReport(head=Anchor(sequence=head.sequence, hash=head.hash), broken=broken)
