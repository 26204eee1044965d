"""UPDATE and DELETE of tables that have rows."""

from collections.abc import Iterator

from iotistic.migrations.lexer import Statement
from iotistic.migrations.lint.known import Known
from iotistic.migrations.lint.model import Hit, Lock
from iotistic.migrations.lint.reader import Reader

__all__ = ["check_rows"]


def check_rows(statement: Statement, _known: Known) -> Iterator[Hit]:
    """Findings of UPDATE and DELETE, also behind WITH."""
    reader = Reader(statement.tokens())
    if reader.take("WITH"):
        _skip_to_command(reader)
    verb = reader.take_any("UPDATE", "DELETE")
    if verb is None:
        return
    reader.take("FROM")
    reader.take("ONLY")
    table = reader.name()
    in_batches = any(token.upper in {"LIMIT", "FETCH"} for token in statement.tokens())
    if table is None or in_batches:
        return
    some = reader.has("WHERE")
    yield Hit(
        rule="unbatched-write",
        lock=Lock.ROW_EXCLUSIVE,
        table=table,
        only_if_big=some,
        why=f"{verb} of {'many rows' if some else 'every row'} of {table} in one transaction: whoever wants one of them waits until "
        "its end, and the table grows by as much again.",
        rewrite=f"From a job instead, in batches of some thousands, each a transaction of its own: {verb} ... WHERE id IN "
        f"(the next 5000 ids of {table} that still need it).",
    )


def _skip_to_command(reader: Reader) -> None:
    for verb in ("UPDATE", "DELETE", "INSERT", "SELECT", "MERGE"):
        place = reader.find(verb)
        if place is not None and verb in {"UPDATE", "DELETE"}:
            reader.position += place
            return
