"""What is looked at where devices meet the database: their clocks, and the questions a broker asks to let them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from iotistic.operations.doctor.model import Circumstances, Verdict, graded, skipped, worse_of

__all__ = ["BrokerQuestion", "ClockSkews", "judge_broker", "judge_clocks"]

_FEW_CALLS = 20
_P95 = 1.645
"""Standard deviations above the mean, below which 95 of 100 are, were they distributed normally; long tails make it too low."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkews:
    """Clocks of devices that were compared with ours within a day."""

    compared: int
    off: int
    """More than a minute away."""
    worst_device: str | None
    worst: timedelta | None
    """Ahead of ours; behind when negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerQuestion:
    """A statement of the broker's role."""

    query: str
    calls: int
    mean_ms: float
    deviation_ms: float

    @property
    def p95_ms(self) -> float:
        return self.mean_ms + _P95 * self.deviation_ms


def judge_clocks(skews: ClockSkews, _: Circumstances) -> Verdict:
    """A clock more than a minute off is a warning; ten minutes, or as much as a minute ahead of us, an alarm."""
    if not skews.compared or skews.worst is None:
        return skipped("no device told its clock within a day")
    minutes = skews.worst / timedelta(minutes=1)
    side = "ahead" if minutes > 0 else "behind"
    observed = (
        f"{skews.off} of {skews.compared} clocks are more than a minute off; {skews.worst_device} is "
        f"{abs(minutes) * 60:.0f} s {side}"
    )
    # What is measured in the future is set aside, or hides what is newer; what comes late is only late.
    severity = minutes * 10 if minutes > 1 else abs(minutes)
    return graded(
        worse_of(severity, warn_at=1, critical_at=10),
        observed,
        fix="Set the time on the device (NTP): `iotistic devices list`, then the device's own log",
        off=skews.off,
    )


def judge_broker(questions: Sequence[BrokerQuestion] | None, _: Circumstances) -> Verdict:
    """A login or a rule that takes 20 ms is a warning, 100 ms an alarm: after an outage every device asks at once."""
    if questions is None:
        return skipped("pg_stat_statements is not loaded here: nobody counts what a broker asks")
    asked = [question for question in questions if question.calls >= _FEW_CALLS]
    if not asked:
        return skipped(f"no broker asked this database {_FEW_CALLS} times: it does not, or asks elsewhere")
    slowest = max(asked, key=lambda question: question.p95_ms)
    observed = f"95 of 100 answers to a broker come within {slowest.p95_ms:.1f} ms: {slowest.query}"
    return graded(
        worse_of(slowest.p95_ms, warn_at=20, critical_at=100),
        observed,
        fix="EXPLAIN (ANALYZE, BUFFERS) that statement; `iotistic doctor --check blocking --check dead-rows`",
        p95_ms=slowest.p95_ms,
    )
