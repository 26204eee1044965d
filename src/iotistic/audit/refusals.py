"""Who was not let in: counted in memory by address, and written down once a minute, so that guessing fills no table.

A flood costs one row a minute for each of at most `most` addresses, and one for all others together.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, final

from iotistic.clock import Clock, system_clock

__all__ = ["OTHERS", "RefusalBook", "Refused", "RefusedKind"]

RefusedKind = Literal["logins", "keys"]
OTHERS: Final = "others"
"""What stands in place of an address once there are too many of them."""
_MOST_ADDRESSES: Final = 100
_MOST_NAMES: Final = 5


@dataclass(slots=True, kw_only=True)
class Refused:
    """What one address was refused since `since`."""

    kind: RefusedKind
    address: str
    since: datetime
    reasons: Counter[str] = field(default_factory=Counter[str])
    names: set[str] = field(default_factory=set[str])
    """Accounts, or the public parts of keys, that were tried: the first few."""


@final
class RefusalBook:
    """One per process."""

    def __init__(self, *, clock: Clock = system_clock, most: int = _MOST_ADDRESSES) -> None:
        self._clock = clock
        self._most = most
        self._refused: dict[tuple[RefusedKind, str], Refused] = {}

    def note(self, kind: RefusedKind, address: str, *, reason: str, name: str | None = None) -> None:
        """One more. `name` is what was tried: a username, or a key's public part; never a secret."""
        key = (kind, address)
        if key not in self._refused and len(self._refused) >= self._most:
            key = (kind, OTHERS)
        told = self._refused.get(key)
        if told is None:
            told = self._refused[key] = Refused(kind=key[0], address=key[1], since=self._clock())
        told.reasons[reason] += 1
        if name is not None and len(told.names) < _MOST_NAMES:
            told.names.add(name)

    def take(self) -> Sequence[Refused]:
        """Everything since the last time."""
        taken, self._refused = [*self._refused.values()], {}
        return taken
