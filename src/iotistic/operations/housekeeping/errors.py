"""What the housekeeper's desk refuses."""

from collections.abc import Sequence

from iotistic.errors import Conflict, NotFound, Unavailable

__all__ = ["JobNotFound", "JobPaused", "NobodyLeads", "RunTakesLong"]


class JobNotFound(NotFound):
    """No leader has ever known a job of this name."""

    code = "housekeeping_job_not_found"

    @classmethod
    def of(cls, job: str, known: Sequence[str]) -> "JobNotFound":
        listed = ", ".join(known) or "none is known yet: start a service"
        return cls(f"There is no job {job!r}.", hint=f"Jobs: {listed}.", job=job)


class JobPaused(Conflict):
    """A job that is paused is asked to run."""

    code = "housekeeping_job_paused"


class NobodyLeads(Conflict):
    """No process does periodic work now."""

    code = "housekeeping_without_leader"


class RunTakesLong(Unavailable):
    """The leader has not told of a run in time."""

    code = "housekeeping_run_pending"
