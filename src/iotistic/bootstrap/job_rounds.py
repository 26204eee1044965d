"""What the leader does for jobs: ends what is over time, lets rollouts go on, makes the jobs of schedules, takes in new devices.

Each step is a transaction of its own, bounded in size, and safe to be done twice: by the next round, or by a second process that
thinks it leads.
"""

from iotistic.bootstrap.platform import Platform
from iotistic.workflows import admit_devices, run_due_schedule

__all__ = ["admit_new_devices", "expire_attempts", "run_schedules"]

_BATCH = 500
_MOST_BATCHES = 20
_MOST_SCHEDULES = 100
_PAGE = 100


async def expire_attempts(platform: Platform) -> str | None:
    """Makes timeouts fire, then looks at every job that is not over: no rollout stands still for longer than a round."""
    ended, returned = 0, 0
    for _ in range(_MOST_BATCHES):
        async with platform.begin() as work:
            expiry = await work.job_desk.expire(limit=_BATCH)
        ended, returned = ended + expiry.ended, returned + expiry.returned
        if max(expiry.ended, expiry.returned) < _BATCH:
            break
    for job_id, _ in await _open_jobs(platform):
        await platform.advance_job(job_id)
    told = [f"{ended} attempts timed out"] if ended else []
    told += [f"{returned} devices did not claim in time"] if returned else []
    return "; ".join(told) or None


async def run_schedules(platform: Platform) -> str | None:
    """Makes the jobs of the schedules that are due."""
    told: list[str] = []
    for _ in range(_MOST_SCHEDULES):
        async with platform.begin() as work:
            run = await run_due_schedule(
                work.devices, work.job_templates, work.job_schedules, work.jobs, now=platform.clock()
            )
        if run is None:
            break
        made = ", ".join(f"job {job_id}" for job_id in run.jobs) or "no job"
        told.append(f"{run.schedule}: {made}" + (f" ({run.problem})" if run.problem else ""))
    return "; ".join(told) or None


async def admit_new_devices(platform: Platform) -> str | None:
    """Puts devices that came to be meant into the jobs that take them in."""
    told: list[str] = []
    for job_id, is_continuous in await _open_jobs(platform):
        if is_continuous:
            async with platform.begin() as work:
                added = await admit_devices(work.devices, work.jobs, job_id, now=platform.clock())
            if added:
                told.append(f"job {job_id}: {added} devices more")
    return "; ".join(told) or None


async def _open_jobs(platform: Platform) -> list[tuple[int, bool]]:
    found: list[tuple[int, bool]] = []
    while True:
        async with platform.begin(read_only=True) as work:
            page = await work.jobs.list_open_jobs(after=found[-1][0] if found else 0, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found
