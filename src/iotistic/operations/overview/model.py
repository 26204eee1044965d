"""The numbers of the overview."""

from dataclasses import dataclass

__all__ = ["DatabaseSize", "DeviceCounts", "Overview", "TableSize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSize:
    """One database on disk."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """One table with its indexes; a partitioned one with all its leaves."""

    name: str
    bytes: int
    partitions: int
    """How many leaves it has; 0 for a plain table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCounts:
    """The fleet in two numbers."""

    registered: int
    online: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at one moment."""

    devices: DeviceCounts
    databases: list[DatabaseSize]
    tables: list[TableSize]
