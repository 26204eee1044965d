"""What a service does about migrations when it starts: run them, wait until somebody else has, or nothing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from iotistic.config import Endpoint
from iotistic.migrations.history import History
from iotistic.migrations.looking import wait_until_current
from iotistic.migrations.plan import LintPolicy, RunOptions
from iotistic.migrations.report import Observer, Report, RunLimits, Status, unobserved
from iotistic.migrations.runner import apply

__all__ = ["Policy", "Started", "bring_up"]

Policy = Literal["run", "check", "off"]
"""run: apply what is pending. check: wait until it is applied, for roles that may not change the schema. off: do not look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """What was done, or seen, at a start."""

    policy: Policy
    """What was asked for."""
    report: Report | None = None
    """The run, with policy run."""
    status: Status | None = None
    """What was seen, with policy check."""


async def bring_up(
    policy: Policy,
    endpoint: Endpoint,
    database: str,
    history: History,
    *,
    application: str,
    wait: timedelta = timedelta(minutes=5),
    role: str | None = None,
    lint: LintPolicy = "warn",
    observe: Observer = unobserved,
) -> Started:
    """Returns when the service may serve. A service keeps its readiness false until then.

    `wait` bounds the waiting for another runner (run) or for the schema (check). `lint` says what a run does about dangers in
    pending files. Cancelling, as on SIGTERM, stops the running
    statement on the server, rolls back and gives the lock back. Raises what `apply` and `wait_until_current` raise.
    """
    if policy == "run":
        limits = RunLimits(lock_wait=wait)
        report = await apply(
            endpoint,
            database,
            history,
            application=application,
            options=RunOptions(lint=lint),
            limits=limits,
            role=role,
            observe=observe,
        )
        return Started(policy=policy, report=report)
    if policy == "check":
        status = await wait_until_current(endpoint, database, history, wait=wait, observe=observe)
        return Started(policy=policy, status=status)
    return Started(policy=policy)
