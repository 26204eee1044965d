"""One step of a plan."""

from dataclasses import dataclass

from psycopg import sql

__all__ = ["Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement, and why."""

    title: str
    """What is not as it should be, in words."""
    statement: sql.SQL | sql.Composed
    is_drift: bool = True
    """Whether it mends what was there; else it makes what was missing."""

    @property
    def text(self) -> str:
        """The statement as a person would type it."""
        return self.statement.as_string(None)
