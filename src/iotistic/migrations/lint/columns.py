"""ADD COLUMN: cheap with a constant default, a rewrite of the table otherwise."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from iotistic.migrations.lexer import Kind, Token
from iotistic.migrations.lint.constraints import built_under_lock, scanned_under_lock
from iotistic.migrations.lint.model import Hit, Lock
from iotistic.migrations.lint.reader import Name, Reader

__all__ = ["check_new_column"]

# Not volatile, so PostgreSQL computes them once for the column instead of once for each row (pg_proc.provolatile).
_ONCE: Final = frozenset(
    [
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "current_timestamp",
        "current_date",
        "current_time",
        "localtime",
        "localtimestamp",
        "current_setting",
        "current_schema",
        "current_database",
        "lower",
        "upper",
        "length",
        "substr",
        "replace",
        "concat",
        "format",
        "md5",
        "sha256",
        "encode",
        "decode",
        "date_trunc",
        "make_date",
        "make_interval",
        "make_timestamptz",
        "to_timestamp",
        "to_jsonb",
        "jsonb_build_object",
        "jsonb_build_array",
        "json_build_object",
        "array_fill",
        "coalesce",
        "nullif",
        "greatest",
        "least",
        "row",
        "array",
        "int4range",
        "int8range",
        "numrange",
        "tsrange",
        "tstzrange",
        "daterange",
        "varchar",
        "char",
        "character",
        "bit",
        "varying",
        "numeric",
        "decimal",
        "timestamp",
        "timestamptz",
        "time",
        "interval",
        "float",
        "cast",
        "extract",
    ]
)
_SERIAL: Final = {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8"}
_CLAUSES: Final = {
    "NOT",
    "NULL",
    "CHECK",
    "CONSTRAINT",
    "REFERENCES",
    "UNIQUE",
    "PRIMARY",
    "GENERATED",
    "COLLATE",
}


def check_new_column(table: Name, action: Reader) -> Iterator[Hit]:
    """Findings of ADD [COLUMN] ..., read from there."""
    action.take("COLUMN")
    action.take("IF", "NOT", "EXISTS")
    name = action.name()
    if name is None:
        return
    column = name.name
    default = _default(action)
    computed = _why_computed(action, default)
    if computed is not None:
        yield _computed(table, column, computed)
    elif action.has("NOT", "NULL") and not default:
        yield _required(table, column)
    if action.has("CHECK") and not action.has("NOT", "VALID"):
        yield scanned_under_lock(table, f"{table.name}_{column}_check", lock=Lock.ACCESS_EXCLUSIVE)
    if action.has("REFERENCES") and default:
        yield scanned_under_lock(table, f"{table.name}_{column}_fkey", lock=Lock.SHARE_ROW_EXCLUSIVE)
    if action.has("UNIQUE") or action.has("PRIMARY", "KEY"):
        yield built_under_lock(table, column, unique="PRIMARY KEY" if action.has("PRIMARY") else "UNIQUE")


def _default(action: Reader) -> tuple[Token, ...]:
    """The words of the default's expression; none when there is no default, or DEFAULT NULL."""
    words, depth = action.left, 0
    for index, token in enumerate(words):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        # ON DELETE SET DEFAULT is no default.
        if token.upper == "DEFAULT" and depth == 0 and (index == 0 or words[index - 1].upper != "SET"):
            return _expression(words[index + 1 :])
    return ()


def _expression(words: Sequence[Token]) -> tuple[Token, ...]:
    depth = 0
    for index, token in enumerate(words):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.kind is Kind.WORD and token.upper in _CLAUSES:
            return tuple(words[:index])
    return tuple(words)


def _why_computed(action: Reader, default: Sequence[Token]) -> str | None:
    """What makes PostgreSQL write a value into every row, if anything does."""
    if any(token.upper in _SERIAL for token in action.left[:1]):
        return "a serial number"
    if action.has("AS", "IDENTITY"):
        return "an identity number"
    if action.has("GENERATED") and action.has("STORED"):
        return "a stored expression"
    for token, following in pairwise(default):
        is_call = following.text == "(" and token.kind in {Kind.WORD, Kind.NAME}
        if is_call and token.text.lower() not in _ONCE:
            return f"{token.text}()"
    return None


def _computed(table: Name, column: str, what: str) -> Hit:
    return Hit(
        rule="volatile-default",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Writes {what} into every row: {table} and its indexes are rewritten while nobody can read or write them.",
        rewrite=f"ALTER TABLE {table} ADD COLUMN {column} ...; without default, then ALTER COLUMN {column} SET DEFAULT ...; for new "
        "rows, and fill the old rows in batches. If the function is not volatile, say so in a waiver.",
    )


def _required(table: Name, column: str) -> Hit:
    return Hit(
        rule="required-column",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Fails as soon as {table} has a row, which then has no value for {column}.",
        rewrite="Give it a constant DEFAULT (no row is touched), or add it nullable, fill it in batches and prove it by a CHECK.",
    )
