"""Names in SQL, and the names of the two tables of a history. Nothing is imported: the light path reads this too."""

__all__ = ["LedgerNames", "quoted"]


def quoted(name: str) -> str:
    """`name` as a quoted SQL identifier. Names of schemas and tables come from the operator, so any name is possible."""
    return '"' + name.replace('"', '""') + '"'


class LedgerNames:
    """Where a history is kept."""

    __slots__ = ()

    schema: str
    """The schema of the tables."""
    table: str
    """The table of applied files; the events lie beside it, under this name plus `_events`."""

    @property
    def ledger(self) -> str:
        """The qualified, quoted name of the table of applied files."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def events(self) -> str:
        """The qualified, quoted name of the append-only table of events."""
        return f"{quoted(self.schema)}.{quoted(self.table + '_events')}"
