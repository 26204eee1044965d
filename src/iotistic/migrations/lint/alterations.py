"""ALTER TABLE: what each of its actions does to a table that is in use."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from iotistic.migrations.lexer import Statement
from iotistic.migrations.lint.columns import check_new_column
from iotistic.migrations.lint.constraints import check_new_constraint, is_constraint
from iotistic.migrations.lint.known import Known
from iotistic.migrations.lint.model import Hit, Lock
from iotistic.migrations.lint.reader import Name, Reader, split_commas

__all__ = ["check_alterations"]


def check_alterations(statement: Statement, known: Known) -> Iterator[Hit]:
    """Findings of every action of an ALTER TABLE; nothing for other statements."""
    reader = Reader(statement.tokens())
    if not reader.take("ALTER", "TABLE") or reader.at("ALL", "IN"):
        return
    reader.take("IF", "EXISTS")
    reader.take("ONLY")
    table = reader.name()
    reader.take("*")
    if table is None:
        return
    for action in split_commas(reader.left):
        offset = action.offset
        yield from (replace(hit, offset=offset) for hit in _check_action(table, action, known))


def _check_action(table: Name, action: Reader, known: Known) -> Iterator[Hit]:
    for words, check in _ACTIONS:
        if action.take(*words):
            yield from check(table, action, known)
            return


def _add(table: Name, action: Reader, _known: Known) -> Iterator[Hit]:
    if is_constraint(action):
        yield from check_new_constraint(table, action)
    else:
        yield from check_new_column(table, action)


def _alter_column(table: Name, action: Reader, known: Known) -> Iterator[Hit]:
    action.take("COLUMN")
    column = action.name()
    if column is None:
        return
    if action.take("TYPE") or action.take("SET", "DATA", "TYPE"):
        yield _column_type(table, column.name)
    elif action.take("SET", "NOT", "NULL") and (known.full(table), column.name) not in known.not_null:
        yield _set_not_null(table, column.name)
    elif action.take("SET", "EXPRESSION"):
        yield _rewrite(table, f"Changing the expression of {column.name}")


def _column_type(table: Name, column: str) -> Hit:
    return Hit(
        rule="column-type",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Rewrites {table} and its indexes while nobody can read or write it (a few widenings, such as varchar to text, do not).",
        rewrite=f"Expand and contract: ALTER TABLE {table} ADD COLUMN {column}_new ...; write both, fill in batches, switch the "
        f"readers, then drop {column} in a contract file. If the old type needs no rewrite, say so in a waiver.",
    )


def _set_not_null(table: Name, column: str) -> Hit:
    check = f"{table.name}_{column}_check"
    return Hit(
        rule="set-not-null",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Scans all of {table} while nobody can read or write it.",
        rewrite=f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID; in the next file: "
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}; and in a third: ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL, "
        f"DROP CONSTRAINT {check}; (the valid check spares the scan).",
    )


def _drop(table: Name, action: Reader, known: Known) -> Iterator[Hit]:
    constraint = action.take("CONSTRAINT")
    if not constraint:
        action.take("COLUMN")
    action.take("IF", "EXISTS")
    name = action.name()
    if name is None:
        return
    if action.take("CASCADE"):
        yield _cascade(table, name.name)
    if not constraint and not known.contract:
        yield Hit(
            rule="drop-column",
            lock=Lock.ACCESS_EXCLUSIVE,
            table=table,
            why=f"Code that is still running fails as soon as it names {table}.{name.name}; the data is gone.",
            rewrite="First release code that does not name it, then drop it in a file that begins with: -- migrate: phase contract",
        )


def _cascade(table: Name, what: str) -> Hit:
    return Hit(
        rule="drop-cascade",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Whatever depends on {what} goes with it: views, keys, defaults that nobody named here.",
        rewrite="Leave CASCADE out, and drop each dependent object by its name before.",
    )


def _rename(table: Name, action: Reader, _known: Known) -> Iterator[Hit]:
    if action.take("CONSTRAINT"):
        return
    if action.take("TO"):
        yield _renamed_table(table, "renamed", f"keep a view {table} on the new name")
        return
    action.take("COLUMN")
    column = action.name()
    if column is not None:
        yield Hit(
            rule="rename-column",
            lock=Lock.ACCESS_EXCLUSIVE,
            table=table,
            why=f"Code that is still running fails as soon as it names {table}.{column.name}.",
            rewrite="Add the new column, write both, fill it in batches, switch the readers, then drop the old one in a contract file.",
        )


def _renamed_table(table: Name, verb: str, remedy: str) -> Hit:
    return Hit(
        rule="rename-table",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Code that is still running does not find {table} once it is {verb}.",
        rewrite=f"In the same file {remedy} until no code uses the old name, and waive this rule with that reason.",
    )


def _set_schema(table: Name, _action: Reader, _known: Known) -> Iterator[Hit]:
    yield _renamed_table(table, "in another schema", f"leave a view {table} in the old schema")


def _set_storage(table: Name, action: Reader, _known: Known) -> Iterator[Hit]:
    before = action.words[action.position - 1].upper
    yield _rewrite(table, f"SET {before}")


def _rewrite(table: Name, what: str) -> Hit:
    return Hit(
        rule="table-rewrite",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"{what} rewrites {table} and its indexes while nobody can read or write it.",
        rewrite="Do it in a maintenance window, or make a new table and move the rows in batches.",
    )


def _validate(table: Name, action: Reader, known: Known) -> Iterator[Hit]:
    name = action.name()
    if name is None or not known.transaction or (known.full(table), name.name) not in known.unvalidated:
        return
    yield Hit(
        rule="validate-apart",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"The lock of ADD CONSTRAINT {name.name} in this transaction is kept during the scan that NOT VALID was to spare.",
        rewrite=f"Put ALTER TABLE {table} VALIDATE CONSTRAINT {name.name}; into the next file.",
    )


def _detach(table: Name, action: Reader, _known: Known) -> Iterator[Hit]:
    partition = action.name()
    if partition is None or action.take("CONCURRENTLY") or action.take("FINALIZE"):
        return
    yield Hit(
        rule="detach-not-concurrent",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"Waits for every reader of {table} to finish, and everybody after it waits behind it.",
        rewrite=f"ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY; in a file of its own with: -- migrate: no-transaction",
    )


_ACTIONS: tuple[tuple[tuple[str, ...], Callable[[Name, Reader, Known], Iterator[Hit]]], ...] = (
    (("ADD",), _add),
    (("ALTER",), _alter_column),
    (("DETACH", "PARTITION"), _detach),
    (("DROP",), _drop),
    (("RENAME",), _rename),
    (("SET", "SCHEMA"), _set_schema),
    (("SET", "TABLESPACE"), _set_storage),
    (("SET", "LOGGED"), _set_storage),
    (("SET", "UNLOGGED"), _set_storage),
    (("SET", "ACCESS", "METHOD"), _set_storage),
    (("VALIDATE", "CONSTRAINT"), _validate),
)
