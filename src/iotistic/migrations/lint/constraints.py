"""Constraints added to a table that has rows: which of them look at every row under a lock."""

from collections.abc import Iterator

from iotistic.migrations.lint.model import Hit, Lock
from iotistic.migrations.lint.reader import Name, Reader

__all__ = ["built_under_lock", "check_new_constraint", "is_constraint", "scanned_under_lock"]

_BEGINNINGS = ("CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "EXCLUDE", "NOT")


def is_constraint(action: Reader) -> bool:
    """Whether what follows ADD is a constraint rather than a column."""
    return any(action.at(word) for word in _BEGINNINGS)


def check_new_constraint(table: Name, action: Reader) -> Iterator[Hit]:
    """Findings of ADD [CONSTRAINT name] ..., read from there."""
    given = action.name() if action.take("CONSTRAINT") else None
    label = given.name if given else "that constraint"
    kind = action.take_any("CHECK", "FOREIGN", "UNIQUE", "PRIMARY", "EXCLUDE", "NOT")
    if kind in {"CHECK", "FOREIGN", "NOT"} and not action.has("NOT", "VALID"):
        yield scanned_under_lock(table, label, lock=_lock_of(kind))
    elif kind in {"UNIQUE", "PRIMARY"} and not action.has("USING", "INDEX"):
        yield built_under_lock(table, label, unique="PRIMARY KEY" if kind == "PRIMARY" else "UNIQUE")
    elif kind == "EXCLUDE":
        yield Hit(
            rule="unique-using-index",
            lock=Lock.ACCESS_EXCLUSIVE,
            table=table,
            why=f"Builds the index of {label} over all of {table} while nobody can read or write it.",
            rewrite="PostgreSQL cannot add EXCLUDE to a table in use: make a new table that has it and move the rows in batches.",
        )


def _lock_of(kind: str | None) -> Lock:
    return Lock.SHARE_ROW_EXCLUSIVE if kind == "FOREIGN" else Lock.ACCESS_EXCLUSIVE


def scanned_under_lock(table: Name, label: str, *, lock: Lock) -> Hit:
    """The finding that a constraint is checked against every row while `lock` is held."""
    both = (
        f" (and the table it points to: {lock.stops} there too)" if lock is Lock.SHARE_ROW_EXCLUSIVE else ""
    )
    return Hit(
        rule="constraint-not-valid",
        lock=lock,
        table=table,
        why=f"Checks every row of {table} under its lock{both}.",
        rewrite=f"End it with NOT VALID, and in the next file: ALTER TABLE {table} VALIDATE CONSTRAINT {label}; "
        "(new rows are checked at once, the old ones with reads and writes going on).",
    )


def built_under_lock(table: Name, label: str, *, unique: str) -> Hit:
    """The finding that a key's index is built while nobody can use the table."""
    return Hit(
        rule="unique-using-index",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Builds the index of {label} over all of {table} while nobody can read or write it.",
        rewrite=f"CREATE UNIQUE INDEX CONCURRENTLY {table.name}_..._key ON {table} (...); in a no-transaction file, then: "
        f"ALTER TABLE {table} ADD CONSTRAINT {table.name}_..._key {unique} USING INDEX {table.name}_..._key;",
    )
