"""The way to a database in steps, and what became of each."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Problem", "Step", "StepName", "Stopped", "stopped"]

StepName = Literal["name", "way", "encryption", "rules", "password", "database", "state", "schema"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a step failed."""

    code: str
    """A stable word for it; the SQLSTATE where the server gave one."""
    cause: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step."""

    name: StepName
    observed: str
    """What was seen."""
    problem: Problem | None = None
    """None: it went well."""


class Stopped(Exception):
    """The walk ends at this step."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.observed)
        self.step = step


def stopped(name: StepName, observed: str, problem: Problem) -> Stopped:
    """To be raised where a step fails."""
    return Stopped(Step(name=name, observed=observed, problem=problem))
