"""What is cared for, what is done to it, and how that went."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from iotistic.errors import NotFound

__all__ = ["Act", "BrokenIndex", "Done", "Table", "TableUnknown", "Task"]


class TableUnknown(NotFound):
    """No table has that name."""

    code = "table_unknown"


class Act(StrEnum):
    """One kind of work; its value is what people read."""

    VACUUM = "vacuum"
    ANALYZE = "analyze"
    REINDEX_TABLE = "reindex"
    REINDEX_INDEX = "rebuild index"
    DROP_INDEX = "drop index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, a leaf of one, or a partitioned one without rows of its own."""

    name: str
    """As SQL takes it: with its schema unless that is public, quoted where needed."""
    root: str
    """The partitioned table at the top; its own name where there is none."""
    is_partitioned: bool
    bytes: int
    """With indexes; 0 of a partitioned one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenIndex:
    """An INVALID index that nobody is building."""

    name: str
    table_name: str
    root: str
    is_remains: bool
    """Made by REINDEX CONCURRENTLY beside the real one: to be dropped. Any other is somebody's: to be rebuilt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One statement's worth of work."""

    act: Act
    name: str
    """The table or index, as SQL takes it."""
    bytes: int = 0
    freeze: bool = False
    """Of a vacuum: also marks every row as older than any transaction."""
    analyze: bool = False
    """Of a vacuum: also gathers statistics."""
    only: bool = False
    """Of an analysis: the partitioned table's own statistics, where the server can do that without reading the leaves twice."""

    def __str__(self) -> str:
        return f"{self.act.value} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a task went."""

    task: Task
    took: timedelta
    warnings: tuple[str, ...] = ()
    """What the server said beside its answer: a table it may not touch is skipped with a warning and no error."""
    error: str | None = None

    @property
    def well(self) -> bool:
        """Whether it was done. A warning is a failure: something asked for was left out."""
        return self.error is None and not self.warnings
