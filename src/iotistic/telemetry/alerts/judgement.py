"""When lines that match become an alert: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What matching lines amount to."""

    counted: Sequence[datetime] = ()
    """The lines that are now part of an alert, in order; none: there is no alert."""
    waiting: Sequence[datetime] = ()
    """The lines to remember, in order: too few so far."""


def judge(
    fresh: Sequence[datetime],
    waiting: Sequence[datetime],
    *,
    threshold: int,
    window: timedelta,
    is_open: bool,
) -> Verdict:
    """`fresh` are the new lines of one rule and device in any order, `waiting` those remembered of before.

    An open alert takes all that is new. Otherwise one opens when `threshold` lines lie within `window`, both ends included, wherever
    late lines fall; it takes the lines from the first such window on. Twice the threshold is remembered: what comes in order
    needs one less than the threshold, the rest is for lines that come late.
    """
    if is_open:
        return Verdict(counted=sorted(fresh))
    lines = sorted([*waiting, *fresh])
    for first, last in zip(lines, lines[threshold - 1 :], strict=False):
        if last - first <= window:
            return Verdict(counted=lines[lines.index(first) :])
    return Verdict(waiting=lines[-2 * threshold :])
