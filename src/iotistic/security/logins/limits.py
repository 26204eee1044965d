"""How long whoever tries to log in has to wait. Pure: what happened before and now -> a pause.

It is by account and source, so that nobody keeps others out: who guesses from one place waits there. All places together pause
the account too, far more softly, against guessing from many; not for those who come from where the account has come in before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iotistic.security.backoff import Backoff

__all__ = ["EVERYWHERE", "KNOWN_FOR", "LoginSource", "Pause", "find_pause"]

EVERYWHERE: Final = ""
"""The source of what is counted for all sources together."""
_HERE: Final = Backoff(free=5, first=timedelta(seconds=1), longest=timedelta(minutes=5))
_ALL_TOGETHER: Final = Backoff(free=50, first=timedelta(seconds=1), longest=timedelta(seconds=30))
KNOWN_FOR: Final = timedelta(days=90)
"""How long a place stays one from which the account has come in."""


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
        return self.succeeded_at is not None and self.seen_at < self.succeeded_at + KNOWN_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """How long it is until the next login is looked at; at least one of the two holds."""

    here: timedelta | None
    """For what failed in the place that it comes from."""
    together: timedelta | None
    """For what failed in all places together; it holds all but those from which the account has come in."""

    @property
    def left(self) -> timedelta:
        return max(wait for wait in (self.here, self.together) if wait is not None)


def find_pause(sources: Iterable[LoginSource], *, is_known: bool = False) -> Pause | None:
    """What holds the next login back; None: nothing does. `is_known`: it comes from somebody who is logged in."""
    found = {one.source: one for one in sources}
    everywhere = found.pop(EVERYWHERE, None)
    here = next(iter(found.values()), None)
    spared = is_known or (here is not None and here.is_known)
    pause = Pause(here=_left(_HERE, here), together=None if spared else _left(_ALL_TOGETHER, everywhere))
    return None if pause.here is None and pause.together is None else pause


def _left(backoff: Backoff, source: LoginSource | None) -> timedelta | None:
    return None if source is None else backoff.left(source.failures, source.failed_at, source.seen_at)
