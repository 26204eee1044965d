"""How a job goes through its devices: facts of the present moment -> what to do next. Pure.

At most `concurrency` devices are released or at work. With a canary, no more than that many are begun until so many have
succeeded, and one failure stops it all. Failures that reach the threshold stop it too: those at work by then may still fail, so
the threshold is overshot by less than the concurrency and never by more.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from iotistic.jobs.errors import RolloutInvalid
from iotistic.jobs.states import JobStatus
from iotistic.jobs.window import Window, zone_named

__all__ = [
    "Complete",
    "Facts",
    "Halt",
    "Nothing",
    "Release",
    "RolloutPolicy",
    "Share",
    "Tally",
    "plan_rollout",
    "require_policy",
]

MOST_ATTEMPTS = 10
_HUNDRED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many devices: as a number, or as a part of all. Exactly one of the two."""

    count: int | None = None
    percent: float | None = None

    def of(self, total: int) -> int:
        """How many that is; a part is rounded up, and never none."""
        if self.count is not None:
            return self.count
        return max(1, math.ceil(total * (self.percent or 0) / _HUNDRED))


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPolicy:
    """The rules of one job."""

    concurrency: int | None = None
    """Devices at once; None: all."""
    canary: Share | None = None
    """How many go first, and must succeed."""
    failure_threshold: Share | None = None
    """How many failed devices halt it; None: none do."""
    claim_within: timedelta = timedelta(minutes=10)
    """How long a device that was released may take to come; then others have their turn before it."""
    attempts: int = 1
    """How often a device may try."""
    retry_delay: timedelta = timedelta(minutes=1)
    """From a failed attempt to the next, at least."""
    window: Window | None = None
    """When devices may be released; None: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many devices of a job are in which state."""

    queued: int = 0
    ready: int = 0
    """Of those queued the ones whose turn may come now: no new attempt that has to wait."""
    released: int = 0
    in_progress: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    rejected: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.queued + self.active + self.ended

    @property
    def active(self) -> int:
        """At work, or free to begin."""
        return self.released + self.in_progress

    @property
    def failures(self) -> int:
        """What counts against the rollout."""
        return self.failed + self.timed_out + self.rejected

    @property
    def ended(self) -> int:
        return self.succeeded + self.failures + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a plan is made from."""

    status: JobStatus
    is_continuous: bool
    tally: Tally
    forgiven: int
    """Failures that somebody has seen and resumed the job in spite of."""
    is_canary_passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Let so many more begin."""

    count: int
    passes_canary: bool = False
    """Whether the canary is behind it from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Let nobody begin any more, until somebody has looked."""

    reason: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Every device has come to an end."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Wait for what is under way."""


RolloutStep: TypeAlias = Release | Halt | Complete | Nothing


def plan_rollout(policy: RolloutPolicy, facts: Facts, now: datetime) -> RolloutStep:
    """What to do next with a job."""
    tally = facts.tally
    if facts.status in {"completed", "cancelled"}:
        return Nothing()
    if tally.queued + tally.active == 0 and not facts.is_continuous:
        return Complete()
    if facts.status != "running":
        return Nothing()
    reason = _reason_to_halt(policy, facts)
    if reason is not None:
        return Halt(reason=reason)
    if policy.window is not None and not policy.window.is_open(now):
        return Nothing()
    return _release(policy, facts)


def require_policy(policy: RolloutPolicy) -> RolloutPolicy:
    """The policy itself. Raises RolloutInvalid."""
    if policy.concurrency is not None and policy.concurrency < 1:
        _refuse("`concurrency` is at least 1", "concurrency")
    if not 1 <= policy.attempts <= MOST_ATTEMPTS:
        _refuse(f"`attempts` is 1 to {MOST_ATTEMPTS}", "attempts")
    if not timedelta(seconds=10) <= policy.claim_within <= timedelta(days=7):
        _refuse("Devices have 10 seconds to 7 days to claim", "claim_within_seconds")
    if not timedelta() <= policy.retry_delay <= timedelta(days=1):
        _refuse("A new attempt waits at most a day", "retry_delay_seconds")
    for name, share in (("canary", policy.canary), ("failure_threshold", policy.failure_threshold)):
        if share is not None and not _is_share(share):
            _refuse(f"`{name}` is a count of at least 1, or a percent above 0 up to 100", name)
    if policy.window is not None:
        zone_named(policy.window.time_zone)
        if policy.window.start == policy.window.end:
            _refuse("A window begins and ends at different times", "window")
    return policy


def _reason_to_halt(policy: RolloutPolicy, facts: Facts) -> str | None:
    failures = facts.tally.failures - facts.forgiven
    if failures > 0 and _is_canary(policy, facts):
        return f"{failures} of the first devices failed"
    if policy.failure_threshold is not None:
        limit = policy.failure_threshold.of(facts.tally.total)
        if failures >= limit:
            return f"{failures} devices failed; the threshold is {limit}"
    return None


def _is_canary(policy: RolloutPolicy, facts: Facts) -> bool:
    """Whether the first devices have not all succeeded yet."""
    if policy.canary is None or facts.is_canary_passed:
        return False
    return facts.tally.succeeded < policy.canary.of(facts.tally.total)


def _release(policy: RolloutPolicy, facts: Facts) -> RolloutStep:
    tally = facts.tally
    room = tally.ready
    if policy.concurrency is not None:
        room = min(room, policy.concurrency - tally.active)
    is_canary = _is_canary(policy, facts)
    if is_canary and policy.canary is not None:
        room = min(room, policy.canary.of(tally.total) - tally.succeeded - tally.active)
    passes = policy.canary is not None and not facts.is_canary_passed and not is_canary
    if room <= 0 and not passes:
        return Nothing()
    return Release(count=max(0, room), passes_canary=passes)


def _is_share(share: Share) -> bool:
    if (share.count is None) == (share.percent is None):
        return False
    if share.count is not None:
        return share.count >= 1
    return share.percent is not None and 0 < share.percent <= _HUNDRED


def _refuse(what: str, field: str) -> None:
    raise RolloutInvalid(f"{what}.", field=f"body.rollout.{field}")
