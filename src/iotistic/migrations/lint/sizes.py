"""How big the tables are that a pending file touches."""

from collections.abc import Mapping
from dataclasses import dataclass

from iotistic.migrations.lint.reader import Name

__all__ = ["READ_SIZES", "Sizes", "TableSize", "Threshold", "sizes_of"]

READ_SIZES = """
SELECT n.nspname, c.relname, sum(p.reltuples)::bigint, sum(pg_table_size(p.oid))::bigint
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT l.oid, greatest(l.reltuples, 0) AS reltuples
  FROM pg_catalog.pg_class AS l
  WHERE l.oid = c.oid AND c.relkind <> 'p'
  UNION ALL
  SELECT l.oid, greatest(l.reltuples, 0)
  FROM pg_catalog.pg_partition_tree(c.oid) AS t
  JOIN pg_catalog.pg_class AS l ON l.oid = t.relid
  WHERE c.relkind = 'p' AND t.isleaf AND l.relkind = 'r'
) AS p
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY n.nspname, c.relname
"""
"""Schema, table, rows as the planner last counted them, bytes; a partitioned table is the sum of its leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """How big one table is."""

    rows: int
    """As the planner last counted them; 0 also when it never did, so the bytes decide too."""
    octets: int
    """Without its indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Up to here a table is small: scanned or rewritten in the blink of an eye."""

    rows: int = 10_000
    octets: int = 8 * 1024 * 1024


Sizes = Mapping[Name, TableSize]
"""Size by full name. A table that is not in it does not exist yet: a pending file makes it."""


def sizes_of(rows: list[tuple[str | None, ...]]) -> Sizes:
    """What READ_SIZES answered, in text form."""
    return {
        Name(schema, name or ""): TableSize(rows=int(tuples or 0), octets=int(octets or 0))
        for schema, name, tuples, octets in rows
    }
