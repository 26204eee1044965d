"""Statements about whole tables, indexes and types: what makes, drops, locks or rewrites them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from iotistic.migrations.lexer import Statement
from iotistic.migrations.lint.known import Known
from iotistic.migrations.lint.model import Hit, Lock
from iotistic.migrations.lint.reader import Name, Reader, split_commas

__all__ = ["check_relations"]

_ALONE = "in a file of its own that begins with: -- migrate: no-transaction"


def check_relations(statement: Statement, known: Known) -> Iterator[Hit]:
    """Findings of CREATE INDEX, CREATE TABLE ... PARTITION OF, DROP, TRUNCATE, LOCK, VACUUM, CLUSTER, REINDEX, ALTER TYPE."""
    reader = Reader(statement.tokens())
    for words, check in _STATEMENTS:
        if reader.take(*words):
            yield from check(reader, known)
            return


def _create_index(reader: Reader, known: Known) -> Iterator[Hit]:
    concurrently = reader.take("CONCURRENTLY")
    guarded = reader.take("IF", "NOT", "EXISTS")
    index = None if reader.at("ON") else reader.name()
    reader.take("ON")
    only = reader.take("ONLY")
    table = reader.name()
    if table is None:
        return
    label = index or "the index"
    if concurrently and guarded:
        yield Hit(
            rule="index-if-not-exists",
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            why=f"When an earlier build broke, {label} exists and is INVALID; IF NOT EXISTS takes it for done.",
            rewrite="Leave IF NOT EXISTS out: the runner looks for the index itself, drops a broken one and builds it again.",
        )
    if concurrently:
        return
    partitioned = known.full(table) in known.partitioned
    if partitioned and only:
        return
    rewrite = f"CREATE INDEX CONCURRENTLY {index or table.name + '_..._idx'} ON {table} ...; {_ALONE}"
    if partitioned:
        rewrite = (
            f"CREATE INDEX {label} ON ONLY {table} ...; then build it on each partition CONCURRENTLY {_ALONE}, "
            f"and ALTER INDEX {label} ATTACH PARTITION ...;"
        )
    yield Hit(
        rule="index-not-concurrent",
        lock=Lock.SHARE,
        table=table,
        why=f"Nobody can write to {table} while {label} is built.",
        rewrite=rewrite,
    )


def _create_table(reader: Reader, _known: Known) -> Iterator[Hit]:
    reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    if name is None or not reader.take("PARTITION", "OF"):
        return
    parent = reader.name()
    if parent is not None:
        yield Hit(
            rule="partition-of",
            lock=Lock.ACCESS_EXCLUSIVE,
            table=parent,
            why=f"Waits for every reader of {parent} to finish, and everybody after it waits behind it.",
            rewrite=f"CREATE TABLE {name} (LIKE {parent} INCLUDING ALL); add its bounds as a CHECK; then "
            f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES ...;",
        )


def _drop_index(reader: Reader, _known: Known) -> Iterator[Hit]:
    concurrently = reader.take("CONCURRENTLY")
    reader.take("IF", "EXISTS")
    names = ", ".join(str(part.name()) for part in split_commas(reader.left))
    yield from _cascade(reader, names)
    if not concurrently:
        yield Hit(
            rule="drop-index-not-concurrent",
            lock=Lock.ACCESS_EXCLUSIVE,
            why=f"Waits for every reader of the table to finish, and everybody after it waits behind it, until {names} is gone.",
            rewrite=f"DROP INDEX CONCURRENTLY {names}; {_ALONE}",
        )


def _drop_relation(reader: Reader, known: Known) -> Iterator[Hit]:
    reader.take("IF", "EXISTS")
    for part in split_commas(reader.left):
        table = part.name()
        if table is None:
            continue
        yield from (replace(hit, table=table) for hit in _cascade(part, str(table)))
        if not known.contract and known.full(table) not in known.remade:
            yield Hit(
                rule="drop-table",
                lock=Lock.ACCESS_EXCLUSIVE,
                table=table,
                why=f"Code that is still running fails as soon as it names {table}; the data is gone.",
                rewrite="First release code that does not name it, then drop it in a file that begins with: -- migrate: phase contract",
            )


def _drop_other(reader: Reader, _known: Known) -> Iterator[Hit]:
    yield from _cascade(reader, "it")


def _cascade(reader: Reader, what: str) -> Iterator[Hit]:
    if reader.has("CASCADE"):
        yield Hit(
            rule="drop-cascade",
            lock=Lock.ACCESS_EXCLUSIVE,
            why=f"Whatever depends on {what} goes with it: views, keys, defaults that nobody named here.",
            rewrite="Leave CASCADE out, and drop each dependent object by its name before.",
        )


def _truncate(reader: Reader, _known: Known) -> Iterator[Hit]:
    reader.take("TABLE")
    for part in split_commas(reader.left):
        part.take("ONLY")
        table = part.name()
        if table is None:
            continue
        yield from (replace(hit, table=table) for hit in _cascade(part, str(table)))
        yield Hit(
            rule="truncate",
            lock=Lock.ACCESS_EXCLUSIVE,
            table=table,
            why=f"Every row of {table} is gone, and nobody can read or write it until the transaction ends.",
            rewrite="Drop the partitions that hold what must go, or DELETE in batches. If the rows can be made again, waive it and say how.",
        )


def _lock_table(reader: Reader, _known: Known) -> Iterator[Hit]:
    reader.take("TABLE")
    reader.take("ONLY")
    table = reader.name()
    mode = " ".join(token.upper for token in reader.left if token.upper not in {"IN", "MODE", "NOWAIT"})
    lock = next((lock for lock in Lock if lock.value == mode), Lock.ACCESS_EXCLUSIVE)
    if table is not None:
        yield Hit(
            rule="lock-table",
            lock=lock,
            table=table,
            why=f"Holds {table} until the end of the file: {lock.stops}.",
            rewrite="Let each statement take the lock it needs; if the order of locks matters, waive it and say why.",
        )


def _vacuum(reader: Reader, _known: Known) -> Iterator[Hit]:
    options = {token.upper for token in reader.group()}
    full = reader.take("FULL") or "FULL" in options
    while reader.take_any("FREEZE", "VERBOSE", "ANALYZE"):
        pass
    if full:
        yield _rewritten("VACUUM FULL", reader.name())


def _cluster(reader: Reader, _known: Known) -> Iterator[Hit]:
    reader.group()
    reader.take("VERBOSE")
    yield _rewritten("CLUSTER", reader.name())


def _rewritten(command: str, table: Name | None) -> Hit:
    return Hit(
        rule="vacuum-full",
        lock=Lock.ACCESS_EXCLUSIVE,
        table=table,
        why=f"{command} rewrites {table or 'every table'} while nobody can read or write it.",
        rewrite="Plain VACUUM makes the room usable again; to give it back to the disk, use pg_repack in a maintenance window.",
    )


def _reindex(reader: Reader, _known: Known) -> Iterator[Hit]:
    options = {token.upper for token in reader.group()}
    what = reader.take_any("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")
    if reader.take("CONCURRENTLY") or "CONCURRENTLY" in options:
        return
    name = reader.name()
    yield Hit(
        rule="reindex-not-concurrent",
        lock=Lock.SHARE,
        table=name if what == "TABLE" else None,
        why="Nobody can write to the table meanwhile, nor read by way of the index.",
        rewrite=f"REINDEX {what or 'TABLE'} CONCURRENTLY {name or '...'}; {_ALONE}",
    )


def _alter_type(reader: Reader, _known: Known) -> Iterator[Hit]:
    name = reader.name()
    if reader.take("RENAME", "VALUE"):
        yield Hit(
            rule="rename-enum-value",
            why=f"Code that is still running writes and expects the old value of {name}.",
            rewrite=f"ALTER TYPE {name} ADD VALUE ...; teach the code both, then UPDATE the rows in batches.",
        )


_STATEMENTS: tuple[tuple[tuple[str, ...], Callable[[Reader, Known], Iterator[Hit]]], ...] = (
    (("CREATE", "INDEX"), _create_index),
    (("CREATE", "UNIQUE", "INDEX"), _create_index),
    (("CREATE", "TABLE"), _create_table),
    (("DROP", "INDEX"), _drop_index),
    (("DROP", "TABLE"), _drop_relation),
    (("DROP", "VIEW"), _drop_relation),
    (("DROP", "MATERIALIZED", "VIEW"), _drop_relation),
    (("DROP",), _drop_other),
    (("TRUNCATE",), _truncate),
    (("LOCK",), _lock_table),
    (("VACUUM",), _vacuum),
    (("CLUSTER",), _cluster),
    (("REINDEX",), _reindex),
    (("ALTER", "TYPE"), _alter_type),
)
