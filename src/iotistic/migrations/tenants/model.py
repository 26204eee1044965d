"""Many databases with one history: what each is called, how it went, and what all of them add up to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from iotistic.config import Endpoint
from iotistic.errors import Invalid

__all__ = [
    "FleetReport",
    "Progress",
    "ProgressObserver",
    "State",
    "Tenant",
    "TenantResult",
    "TenantsInvalid",
    "Wave",
]


class TenantsInvalid(Invalid):
    """The list of databases, or what is asked of it, cannot be meant."""

    code = "migration_tenants_invalid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """One database to migrate."""

    name: str
    """What people and the journal call it; unique in a run."""
    endpoint: Endpoint
    """Its server, as the owner of the schema."""
    database: str
    """Its name there."""


class State(StrEnum):
    """How it went for one tenant."""

    APPLIED = "applied"
    """Files were run."""
    CURRENT = "current"
    """There was nothing to do."""
    FAILED = "failed"
    """See its error; a transactional file left nothing behind."""
    INTERRUPTED = "interrupted"
    """The run was stopped, or died, in the middle of it."""
    UNREACHED = "unreached"
    """The run stopped before its turn."""

    @property
    def done(self) -> bool:
        """Whether a resumed run has nothing more to do here."""
        return self in {State.APPLIED, State.CURRENT}


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantResult:
    """What happened to one tenant."""

    name: str
    database: str
    state: State
    applied: tuple[str, ...] = ()
    """The files that were run."""
    took: timedelta = timedelta(0)
    error: str | None = None
    """What went wrong, in a sentence."""
    code: str | None = None
    """The error's stable code."""
    filename: str | None = None
    """The file that failed, if one did."""


class Wave(StrEnum):
    """Part of a run."""

    CANARY = "canary"
    """A few, one after the other; the first failure ends the run."""
    REST = "rest"
    """All others, several at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A moment of a run, for whoever watches."""

    wave: Wave
    total: int
    """How many tenants this run has."""
    counts: dict[State, int]
    """How many of them ended how, so far."""
    running: tuple[str, ...]
    """Who is being worked on."""
    finished: TenantResult | None = None
    """Who just ended; None: somebody just began."""


ProgressObserver = Callable[[Progress], None]
"""Hears of every beginning and end; must not block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetReport:
    """What a run over many databases did."""

    run: str
    """Its id: the name of its journal."""
    service: str
    """Whose history."""
    started_at: datetime
    results: tuple[TenantResult, ...]
    """One for each tenant of the run, also for those an earlier part of it was done with, by name."""
    took: timedelta = timedelta(0)
    stopped: str | None = None
    """Why the run ended before everybody's turn."""
    notices: tuple[str, ...] = field(default=())
    """What people should know."""

    @property
    def complete(self) -> bool:
        """Whether every tenant is at the newest schema."""
        return all(result.state.done for result in self.results)

    @property
    def counts(self) -> dict[State, int]:
        """How many ended how; states that nobody is in are left out."""
        return count_states(self.results)

    def slowest(self, count: int = 5) -> tuple[TenantResult, ...]:
        """Those that took longest, the longest first."""
        worked = [result for result in self.results if result.state is not State.UNREACHED]
        return tuple(sorted(worked, key=lambda result: result.took, reverse=True)[:count])


def count_states(results: Sequence[TenantResult]) -> dict[State, int]:
    """How many results are in each state that somebody is in."""
    counts = {state: sum(result.state is state for result in results) for state in State}
    return {state: count for state, count in counts.items() if count}
