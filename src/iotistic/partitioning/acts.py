"""The DDL of partition work, in the forms that stop nobody.

`CREATE TABLE ... PARTITION OF`, plain `DETACH` and `DROP` of an attached partition need a lock on the parent that waits for
every open reader and blocks every insert meanwhile (9.6 s were measured behind one report). `ATTACH` and `DETACH
CONCURRENTLY` do not.
"""

from typing import LiteralString

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.identifiers import identifier, timestamp_literal
from iotistic.partitioning.errors import RowsOutside
from iotistic.partitioning.grain import Period
from iotistic.partitioning.patience import Patience

__all__ = ["RETIRING", "attach", "detach", "drop", "finalise", "mark_retiring"]

RETIRING = "Retiring: "
"""What the comment of a partition begins with from the moment its end is decided until it is dropped."""

_BOUNDS = "partition_bounds_check"


async def attach(
    patience: Patience, *, parent: str, leaf: str, period: Period, key: str, make: bool = False
) -> None:
    """Attaches a table, made first with `make`. In one transaction, so that a kill leaves either nothing or a partition.

    The CHECK spares ATTACH its own scan of the table under the lock; it goes again in the transaction that already has the
    leaf to itself, because every row inserted later would pay for it. Raises RowsOutside when rows do not fit.
    """
    names = {
        "parent": identifier(parent),
        "leaf": identifier(leaf),
        "check": identifier(_BOUNDS),  # a CHECK's name is unique within its table only
        "key": identifier(key),
        "start": timestamp_literal(period.lower),
        "end": timestamp_literal(period.upper),
        "comment": sql.Literal(f"Rows of {parent} of {period}, UTC."),
    }
    statements: list[LiteralString] = [
        "ALTER TABLE {leaf} ADD CONSTRAINT {check} CHECK ({key} >= {start} AND {key} < {end})",
        "ALTER TABLE {parent} ATTACH PARTITION {leaf} FOR VALUES FROM ({start}) TO ({end})",
        "ALTER TABLE {leaf} DROP CONSTRAINT {check}",
        "COMMENT ON TABLE {leaf} IS {comment}",
    ]
    if make:
        statements.insert(0, "CREATE TABLE {leaf} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY)")

    async def act() -> None:
        async with patience.connection.transaction():
            for statement in statements:
                await patience.connection.execute(sql.SQL(statement).format(**names))

    with translated({_BOUNDS: lambda _: RowsOutside.of(leaf, period)}):
        await patience.patiently(act)


async def mark_retiring(patience: Patience, leaf: str, why: str) -> None:
    """Says on the table itself that it is to go, for whoever goes on after a crash."""
    mark = sql.SQL("COMMENT ON TABLE {} IS {}").format(identifier(leaf), sql.Literal(RETIRING + why))
    await patience.patiently(lambda: patience.connection.execute(mark))


async def detach(patience: Patience, *, parent: str, leaf: str) -> None:
    """Waits for every transaction that uses the parent, and holds nothing meanwhile that an insert or a query needs.

    If the wait runs out the detach stays pending, until it is finalised.
    """
    statement = sql.SQL("ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY").format(
        identifier(parent), identifier(leaf)
    )
    async with patience.bounded(patience.detach_timeout):
        await patience.connection.execute(statement)


async def finalise(patience: Patience, *, parent: str, leaf: str) -> None:
    """Ends an interrupted concurrent detach; the table is unattached then."""
    statement = sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE").format(
        identifier(parent), identifier(leaf)
    )
    async with patience.bounded(patience.detach_timeout):
        await patience.connection.execute(statement)


async def drop(patience: Patience, leaf: str) -> None:
    """Drops an unattached table."""
    statement = sql.SQL("DROP TABLE {}").format(identifier(leaf))
    await patience.patiently(lambda: patience.connection.execute(statement))
