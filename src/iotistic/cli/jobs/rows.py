"""Jobs as rows of tables and lines of text."""

from dataclasses import asdict
from typing import Any

from iotistic.jobs import Execution, Job, JobTarget, RolloutPolicy, Share, Tally

__all__ = ["execution_row", "job_row", "told_rollout", "told_tally", "told_target"]


def job_row(job: Job) -> dict[str, Any]:
    """For a table."""
    done = job.tally.ended
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "done": f"{done}/{job.tally.total}",
        "failed": job.tally.failures,
        "for": told_target(job.target),
        "created_by": job.created_by,
        "created_at": job.created_at,
    }


def execution_row(execution: Execution) -> dict[str, Any]:
    """For a table."""
    step = None if execution.step is None else f"{execution.step + 1}/{execution.steps}"
    return asdict(execution) | {"step": step, "device": execution.device_name}


def told_target(target: JobTarget) -> str:
    """Whom it is for, in a few words."""
    if target.devices is not None:
        return f"{len(target.devices)} devices"
    return f"fleet {target.fleet}" if target.fleet is not None else str(target.where)


def told_tally(tally: Tally) -> str:
    """The states that there are, the good ones first."""
    states = (
        ("succeeded", tally.succeeded),
        ("in progress", tally.in_progress),
        ("released", tally.released),
        ("queued", tally.queued),
        ("failed", tally.failed),
        ("timed out", tally.timed_out),
        ("rejected", tally.rejected),
        ("cancelled", tally.cancelled),
    )
    return ", ".join(f"{count} {state}" for state, count in states if count) or "no devices yet"


def told_rollout(policy: RolloutPolicy) -> str:
    """The rules, in a sentence."""
    rules = [f"{policy.concurrency} at once" if policy.concurrency else "all at once"]
    if policy.canary is not None:
        rules.append(f"{_share(policy.canary)} first")
    if policy.failure_threshold is not None:
        rules.append(f"halted by {_share(policy.failure_threshold)} failed")
    if policy.attempts > 1:
        rules.append(f"{policy.attempts} attempts")
    if policy.window is not None:
        window = policy.window
        rules.append(f"from {window.start:%H:%M} to {window.end:%H:%M} {window.time_zone}")
    return ", ".join(rules)


def _share(share: Share) -> str:
    return str(share.count) if share.count is not None else f"{share.percent:g}%"
