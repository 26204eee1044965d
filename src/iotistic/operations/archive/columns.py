"""How a column travels from PostgreSQL through CSV into Parquet, and what is compared on both sides: pure."""

from dataclasses import dataclass
from typing import LiteralString

from iotistic.operations.archive.model import Column

__all__ = ["Travel", "column_of", "travel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """Templates with {c} for the column's quoted name. The two sides of each pair answer the same for the same rows."""

    sent: LiteralString
    """In PostgreSQL: what goes into the CSV."""
    stored_as: LiteralString
    restored: LiteralString
    """In DuckDB: what becomes of the CSV's text."""
    values: tuple[LiteralString, LiteralString]
    total: tuple[LiteralString, LiteralString]
    sum: tuple[LiteralString, LiteralString] = ("0", "0")
    sizes: tuple[LiteralString, LiteralString] = ("0", "0")

    @property
    def postgres_side(self) -> tuple[LiteralString, ...]:
        """What a check is made of, in its order."""
        return self.values[0], self.total[0], self.sum[0], self.sizes[0]

    @property
    def duckdb_side(self) -> tuple[LiteralString, ...]:
        """The same of the file."""
        return self.values[1], self.total[1], self.sum[1], self.sizes[1]


_COUNT: tuple[LiteralString, LiteralString] = ("count({c})", "count({c})")
_ZERO: tuple[LiteralString, LiteralString] = ("0", "0")

# The first 32 bits of the MD5 of each value, added up: the order of rows does not matter, a changed letter does.
_TEXT = Travel(
    sent="{c}::text",
    stored_as="VARCHAR",
    restored="{c}",
    values=_COUNT,
    total=(
        "coalesce(sum(('x' || left(md5({c}::text), 8))::bit(32)::bigint), 0)",
        "coalesce(sum(('0x' || md5({c}::VARCHAR)[1:8])::BIGINT), 0)",
    ),
)
_WHOLE = Travel(
    sent="{c}",
    stored_as="BIGINT",
    restored="{c}::BIGINT",
    values=_COUNT,
    total=("coalesce(sum({c}::numeric), 0)", "coalesce(sum({c}::HUGEINT), 0)"),
)
_FLOAT = Travel(
    sent="{c}::double precision",
    stored_as="DOUBLE",
    restored="{c}::DOUBLE",
    values=_COUNT,
    total=_ZERO,
    sum=(
        "coalesce(sum({c}) FILTER (WHERE abs({c}) < 'Infinity'), 0)",
        "coalesce(sum({c}) FILTER (WHERE isfinite({c})), 0)",
    ),
    sizes=(
        "coalesce(sum(abs({c})) FILTER (WHERE abs({c}) < 'Infinity'), 0)",
        "coalesce(sum(abs({c})) FILTER (WHERE isfinite({c})), 0)",
    ),
)
_FLOATS = Travel(
    sent="'[' || array_to_string({c}, ',', 'NULL') || ']'",
    stored_as="DOUBLE[]",
    restored="{c}::DOUBLE[]",
    values=(
        "coalesce(sum((SELECT count(v) FROM unnest({c}) AS v)), 0)",
        "coalesce(sum(list_count({c})), 0)",
    ),
    total=("coalesce(sum(cardinality({c})), 0)", "coalesce(sum(len({c})), 0)"),
    sum=(
        "coalesce(sum((SELECT sum(v) FROM unnest({c}) AS v WHERE abs(v) < 'Infinity')), 0)",
        "coalesce(sum(list_sum(list_filter({c}, lambda v: isfinite(v)))), 0)",
    ),
    sizes=(
        "coalesce(sum((SELECT sum(abs(v)) FROM unnest({c}) AS v WHERE abs(v) < 'Infinity')), 0)",
        "coalesce(sum(list_sum(list_transform(list_filter({c}, lambda v: isfinite(v)), lambda v: abs(v)))), 0)",
    ),
)
# As whole microseconds: exact, and no side has a say about time zones.
_TIME = Travel(
    sent="(extract(EPOCH FROM {c}) * 1000000)::bigint",
    stored_as="TIMESTAMP WITH TIME ZONE",
    restored="make_timestamptz({c}::BIGINT)",
    values=_COUNT,
    total=(
        "coalesce(sum((extract(EPOCH FROM {c}) * 1000000)::bigint::numeric), 0)",
        "coalesce(sum(epoch_us({c})::HUGEINT), 0)",
    ),
)
_UUID = Travel(
    sent=_TEXT.sent,
    stored_as="UUID",
    restored="{c}::UUID",
    values=_TEXT.values,
    total=_TEXT.total,
)
_TRUTH = Travel(
    sent="{c}::int",
    stored_as="BOOLEAN",
    restored="{c}::INTEGER::BOOLEAN",
    values=_COUNT,
    total=("coalesce(sum({c}::int), 0)", "coalesce(sum({c}::INTEGER), 0)"),
)

_BY_TYPE: dict[str, Travel] = {
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "real": _FLOAT,
    "double precision": _FLOAT,
    "double precision[]": _FLOATS,
    "real[]": _FLOATS,
    "timestamp with time zone": _TIME,
    "uuid": _UUID,
    "boolean": _TRUTH,
}


def travel(type_name: str) -> Travel:
    """How a type of PostgreSQL travels; one that is not known travels as its text."""
    return _BY_TYPE.get(type_name, _TEXT)


def column_of(name: str, type_name: str) -> Column:
    """The column as the manifest tells of it."""
    return Column(name=name, type=type_name, stored_as=travel(type_name).stored_as)
