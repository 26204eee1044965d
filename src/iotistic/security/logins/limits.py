"""How long whoever tries to log in has to wait. Pure: what happened before and now -> a pause.

It is by account and source, so that nobody keeps others out: who guesses from one place waits there. All places together pause
the account too, far more softly, against guessing from many; not for those who come from where the account has come in before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iotistic.security.backoff import Backoff

__all__ = ["EVERYWHERE", "LoginSource", "wait_before"]

EVERYWHERE: Final = ""
"""The source of what is counted for all sources together."""
_HERE: Final = Backoff(free=5, first=timedelta(seconds=1), longest=timedelta(minutes=5))
_ALL_TOGETHER: Final = Backoff(free=50, first=timedelta(seconds=1), longest=timedelta(seconds=30))
_KNOWN_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSource:
    """How logins for one name from one source went, or from everywhere."""

    source: str
    failures: int
    failed_at: datetime | None
    succeeded_at: datetime | None
    seen_at: datetime
    """When it was looked up, by the clock that all its moments are of."""

    @property
    def is_known(self) -> bool:
        """Whether somebody of this name has come in from there lately."""
        return self.succeeded_at is not None and self.seen_at < self.succeeded_at + _KNOWN_FOR


def wait_before(sources: Iterable[LoginSource], *, is_known: bool = False) -> timedelta | None:
    """How long it is until the next login is looked at; None: it is now. `is_known`: it comes from somebody who is logged in."""
    found = {one.source: one for one in sources}
    together = found.pop(EVERYWHERE, None)
    waits = [_HERE.left(one.failures, one.failed_at, one.seen_at) for one in found.values()]
    if together and not is_known and not any(one.is_known for one in found.values()):
        waits.append(_ALL_TOGETHER.left(together.failures, together.failed_at, together.seen_at))
    return max((wait for wait in waits if wait is not None), default=None)
