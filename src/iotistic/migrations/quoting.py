"""Names in SQL, and the names of the two tables of a history."""

from typing import Protocol

__all__ = ["LedgerNames", "quoted"]


def quoted(name: str) -> str:
    """`name` as a quoted SQL identifier. Names of schemas and tables come from the operator, so any name is possible."""
    return '"' + name.replace('"', '""') + '"'


class LedgerNames(Protocol):
    """Where a history is kept; `iotistic.migrations.history.History` knows it, and the light path without loading that."""

    @property
    def schema(self) -> str:
        """The schema of the tables."""
        ...

    @property
    def table(self) -> str:
        """The table of applied files."""
        ...

    @property
    def ledger(self) -> str:
        """The qualified, quoted name of the table of applied files."""
        ...

    @property
    def events(self) -> str:
        """The qualified, quoted name of the table of events."""
        ...
