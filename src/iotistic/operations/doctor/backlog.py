"""What the housekeeper has still to look at: notes that ingest leaves for it, which nothing else takes away."""

from dataclasses import dataclass

from iotistic.operations.doctor.model import Circumstances, Verdict, graded, worse_of

__all__ = ["Backlog", "judge_backlog"]

_MANY, _TOO_MANY = 100_000, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much waits, each counted up to a few millions."""

    log_lines: int
    """That no alert rule has been held against."""
    late_buckets: int
    """Quarters of an hour with reports that came late, to be summed up anew."""


def judge_backlog(waiting: Backlog, _: Circumstances) -> Verdict:
    """100,000 of either is a warning, a million an alarm: the job behind it stands still, or is slower than what comes."""
    most = max(waiting.log_lines, waiting.late_buckets)
    observed = f"{waiting.log_lines} log lines wait for alert rules, {waiting.late_buckets} late quarters for rollups"
    state = worse_of(most, warn_at=_MANY, critical_at=_TOO_MANY)
    return graded(
        state,
        observed,
        fix="iotistic housekeeper  (jobs `log alerts` and `rollups`)",
        log_lines=waiting.log_lines,
        late_buckets=waiting.late_buckets,
    )
