"""How many requests one key, one account, or one address without a key, may send: a minute's worth at once, then evenly.

The generic cell rate algorithm: one number a caller, the moment at which its allowance would be whole again. What devices ingest is
bounded where it queues (`iotistic.telemetry.ingest.limits`) and not counted here. Each process counts for itself.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import final

from iotistic.config import RateSettings
from iotistic.errors import Exhausted

__all__ = ["Allowance", "CallerLimits", "RateLimit", "TooManyRequests", "is_counted"]

_WINDOW = 60.0
_UNCOUNTED = re.compile(r"/health|/ready|/metrics|/api/v1/(devices|gateways)/[^/]+/(metrics|logs)")


class TooManyRequests(Exhausted):
    """More requests of one caller than it may send."""

    code = "too_many_requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a caller has left, as the headers RateLimit and RateLimit-Policy tell it (draft-ietf-httpapi-ratelimit-headers)."""

    quota: int
    """Requests a minute."""
    left: int
    """Requests that may come at once now."""
    whole_in: int
    """Seconds until it is the whole quota again."""

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"ratelimit-policy", b'"minute";q=%d;w=60' % self.quota),
            (b"ratelimit", b'"minute";r=%d;t=%d' % (self.left, self.whole_in)),
        ]


@final
class RateLimit:
    """Of one kind of callers. Remembers at most `callers`; of more, those not seen for longest begin anew."""

    def __init__(
        self, per_minute: int, *, callers: int = 50_000, now: Callable[[], float] = monotonic
    ) -> None:
        """0 a minute: no limit."""
        self._quota = per_minute
        self._cost = _WINDOW / per_minute if per_minute else 0.0
        self._callers = callers
        self._now = now
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: str) -> Allowance | None:
        """Counts one request; None where there is no limit. Raises TooManyRequests, which is not counted."""
        if not self._quota:
            return None
        now = self._now()
        whole_at = max(self._whole_at.pop(caller, now), now) + self._cost
        over = whole_at - now - _WINDOW
        # What a float loses in adding must not cost the last request of a quota.
        if over > self._cost * 1e-6:
            self._whole_at[caller] = whole_at - self._cost
            raise TooManyRequests(
                f"More than {self._quota} requests a minute.",
                hint="Retry-After says when the next may come; RateLimit in every answer says how many are left.",
                retry_after=timedelta(seconds=over),
            )
        self._whole_at[caller] = whole_at
        if len(self._whole_at) > self._callers:
            self._whole_at.popitem(last=False)
        waiting = whole_at - now
        return Allowance(
            quota=self._quota,
            left=max(0, int((_WINDOW - waiting) / self._cost + 1e-6)),
            whole_in=math.ceil(waiting),
        )


@final
class CallerLimits:
    """Those of keys, of accounts, which may have many keys, and of addresses without any."""

    def __init__(self, rates: RateSettings) -> None:
        self._keys = RateLimit(rates.per_key)
        self._accounts = RateLimit(rates.per_account)
        self._strangers = RateLimit(rates.per_address)

    def take(self, key_id: str, user_id: int | None) -> Allowance | None:
        """Counts one request of a key, and of the account behind it; tells what is tighter. Raises TooManyRequests."""
        of_account = None if user_id is None else self._accounts.take(str(user_id))
        known = [allowance for allowance in (self._keys.take(key_id), of_account) if allowance is not None]
        return min(known, key=lambda allowance: allowance.left, default=None)

    def take_stranger(self, address: str) -> Allowance | None:
        """Counts one request of an address without a good key. Raises TooManyRequests."""
        return self._strangers.take(address)


def is_counted(path: str) -> bool:
    """Whether requests to this path count."""
    return _UNCOUNTED.fullmatch(path) is None
