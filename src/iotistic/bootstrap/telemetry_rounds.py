"""What the housekeeper does about telemetry: rollups of metrics, and log lines held against the rules of alerts."""

from datetime import timedelta
from typing import Final

from iotistic.bootstrap.platform import Platform
from iotistic.telemetry.alerts import Counted

__all__ = ["count_log_lines", "forget_alerts", "make_rollups"]

_ROLLUP_BUDGET: Final = timedelta(seconds=20)
"""How long one run goes on: what is left is done by the next, after the other jobs."""
_ALERT_BUDGET: Final = timedelta(seconds=10)
"""The same."""
_ALERTS_KEPT: Final = timedelta(days=90)
"""After they were resolved."""
_COUNTS_KEPT: Final = timedelta(days=2)
"""Longer than the longest window of a rule."""


async def make_rollups(platform: Platform) -> str | None:
    """All that is over, a transaction for each piece."""
    marks = buckets = 0
    end = platform.clock() + _ROLLUP_BUDGET
    while platform.clock() < end:
        async with platform.begin() as work:
            step = await work.rollups.step(platform.clock())
        if not step:
            break
        marks, buckets = marks + step.marks, buckets + step.buckets
    return f"{buckets} buckets rolled up, {marks} again" if marks or buckets else None


async def count_log_lines(platform: Platform) -> str | None:
    """Holds all new lines against the rules, a transaction for each batch; resolves what is quiet."""
    done = Counted()
    end = platform.clock() + _ALERT_BUDGET
    while platform.clock() < end:
        async with platform.begin() as work:
            step = await work.alert_evaluator.step(platform.clock())
        done += step
        if not step:
            break
    told = (
        f"{done.opened} alerts opened, {done.extended} extended, {done.resolved} resolved; {done.lines} lines"
    )
    return told if done.opened or done.extended or done.resolved else None


async def forget_alerts(platform: Platform) -> str | None:
    """A bounded number in a run."""
    now = platform.clock()
    async with platform.begin() as work:
        gone = await work.alerts.forget_old(
            resolved_before=now - _ALERTS_KEPT, counted_before=now - _COUNTS_KEPT
        )
    return f"{gone} alerts and counts forgotten" if gone else None
