"""The way to a database in steps, and what became of each."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Problem", "Step", "StepName"]

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
