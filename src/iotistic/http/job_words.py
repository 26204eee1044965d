"""What people say about jobs on the wire, in the words of the domain, and back."""

from datetime import timedelta
from typing import Any

from iotistic.http.schemas.jobs import RolloutStated, ShareStated, TargetStated
from iotistic.jobs import Job, JobTarget, RolloutPolicy, Share, Window
from iotistic.jobs.schedules import JobSchedule

__all__ = ["policy_of", "shown_job", "shown_rollout", "shown_schedule", "shown_target", "target_of"]


def target_of(stated: TargetStated) -> JobTarget:
    """Whom it is for."""
    return JobTarget(
        devices=None if stated.devices is None else tuple(stated.devices),
        fleet=stated.fleet,
        where=stated.where,
    )


def policy_of(stated: RolloutStated) -> RolloutPolicy:
    """How it goes through its devices."""
    return RolloutPolicy(
        concurrency=stated.concurrency,
        canary=_share(stated.canary),
        failure_threshold=_share(stated.failure_threshold),
        claim_within=timedelta(seconds=stated.claim_within_seconds),
        attempts=stated.attempts,
        retry_delay=timedelta(seconds=stated.retry_delay_seconds),
        window=None
        if stated.window is None
        else Window(
            start=stated.window.start.replace(tzinfo=None),
            end=stated.window.end.replace(tzinfo=None),
            time_zone=stated.window.time_zone,
        ),
    )


def shown_job(job: Job) -> dict[str, Any]:
    """A job as it is told."""
    tally = job.tally
    return {
        "id": job.id,
        "name": job.name,
        "template": job.template,
        "template_version": job.template_version,
        "schedule": job.schedule,
        "document": job.document,
        "target": shown_target(job.target),
        "retry_of": job.retry_of,
        "is_continuous": job.is_continuous,
        "rollout": shown_rollout(job.rollout),
        "status": job.status,
        "status_reason": job.status_reason,
        "created_by": job.created_by,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "tally": {
            "total": tally.total,
            "queued": tally.queued,
            "released": tally.released,
            "in_progress": tally.in_progress,
            "succeeded": tally.succeeded,
            "failed": tally.failed,
            "timed_out": tally.timed_out,
            "rejected": tally.rejected,
            "cancelled": tally.cancelled,
        },
    }


def shown_schedule(schedule: JobSchedule) -> dict[str, Any]:
    """A schedule as it is told."""
    return {
        "name": schedule.name,
        "template": schedule.template,
        "template_version": schedule.template_version,
        "target": shown_target(schedule.target),
        "rollout": shown_rollout(schedule.rollout),
        "cron": schedule.cron,
        "every_seconds": None if schedule.every is None else schedule.every.total_seconds(),
        "time_zone": schedule.time_zone,
        "catch_up": schedule.catch_up,
        "is_enabled": schedule.is_enabled,
        "next_run_at": schedule.next_run_at,
        "last_run_at": schedule.last_run_at,
        "last_problem": schedule.last_problem,
        "last_job": schedule.last_job,
        "created_by": schedule.created_by,
        "created_at": schedule.created_at,
    }


def shown_target(target: JobTarget) -> dict[str, Any]:
    """The one thing that was said."""
    if target.devices is not None:
        return {"devices": [str(uuid) for uuid in target.devices]}
    return {"fleet": target.fleet} if target.fleet is not None else {"where": target.where}


def shown_rollout(policy: RolloutPolicy) -> dict[str, Any]:
    """In seconds, as it is stated."""
    window = policy.window
    return {
        "concurrency": policy.concurrency,
        "canary": _shown_share(policy.canary),
        "failure_threshold": _shown_share(policy.failure_threshold),
        "claim_within_seconds": round(policy.claim_within.total_seconds()),
        "attempts": policy.attempts,
        "retry_delay_seconds": round(policy.retry_delay.total_seconds()),
        "window": None
        if window is None
        else {"start": str(window.start), "end": str(window.end), "time_zone": window.time_zone},
    }


def _share(stated: ShareStated | None) -> Share | None:
    return None if stated is None else Share(count=stated.count, percent=stated.percent)


def _shown_share(share: Share | None) -> dict[str, float] | None:
    if share is None:
        return None
    return {"count": share.count} if share.count is not None else {"percent": share.percent or 0.0}
