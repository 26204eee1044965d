"""Whether statements that cannot be part of a transaction, and that a dead run had begun, happened after all.

Their outcome and its record are two commits, so a kill between them leaves a statement that is done and not on record. Each
kind is looked up in the catalog; what is harmless to repeat (VACUUM, ALTER SYSTEM, DROP ... IF EXISTS) is repeated.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from iotistic.migrations.history import quoted
from iotistic.migrations.lexer import Kind, Statement
from iotistic.migrations.session import Command, Session
from iotistic.migrations.statement import identifier

__all__ = ["clear_remains", "finish_detaching", "happened"]


async def happened(session: Session, statement: Statement) -> bool:
    """Whether a statement that an earlier run had begun took effect. Only to be asked when that is not known."""
    check = _CHECKS.get(statement.outside_transaction or "")
    return await check(session, statement) if check is not None else False


async def clear_remains(session: Session, statement: Statement) -> tuple[str, ...]:
    """Drops the INVALID twins an interrupted REINDEX CONCURRENTLY left beside an index; answers their names."""
    if statement.outside_transaction != "REINDEX CONCURRENTLY":
        return ()
    rows = await session.rows(Command(_REMAINS, (_last_name(statement),)))
    names = tuple(f"{quoted(schema or '')}.{quoted(name or '')}" for schema, name in rows)
    for name in names:
        await session.pipeline([Command(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")])
    return names


async def finish_detaching(session: Session, statement: Statement) -> bool:
    """Finishes a partition's detaching that was interrupted between its two transactions; False when there is none."""
    if statement.outside_transaction != "DETACH PARTITION ... CONCURRENTLY":
        return False
    parent, child = _detach_names(statement)
    rows = await session.rows(Command(_PENDING, (parent, child)))
    if not rows or rows[0][0] != "t":
        return False
    await session.pipeline([Command(f"ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE")])
    return True


_REMAINS: Final = r"""
SELECT n.nspname, c.relname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)\d*$'
  AND (i.indrelid = to_regclass($1)
       OR i.indrelid = (SELECT own.indrelid FROM pg_catalog.pg_index own WHERE own.indexrelid = to_regclass($1)))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
"""

_PENDING: Final = """
SELECT inhdetachpending FROM pg_catalog.pg_inherits WHERE inhparent = to_regclass($1) AND inhrelid = to_regclass($2)
"""


async def _index_dropped(session: Session, statement: Statement) -> bool:
    return await _count(session, "SELECT 1 WHERE to_regclass($1) IS NOT NULL", _last_name(statement)) == 0


async def _database_made(session: Session, statement: Statement) -> bool:
    return (
        await _count(session, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", _third(statement))
        == 1
    )


async def _database_dropped(session: Session, statement: Statement) -> bool:
    return not await _database_made(session, statement)


async def _tablespace_made(session: Session, statement: Statement) -> bool:
    return (
        await _count(session, "SELECT 1 FROM pg_catalog.pg_tablespace WHERE spcname = $1", _third(statement))
        == 1
    )


async def _tablespace_dropped(session: Session, statement: Statement) -> bool:
    return not await _tablespace_made(session, statement)


async def _detached(session: Session, statement: Statement) -> bool:
    return not await session.rows(Command(_PENDING, _detach_names(statement)))


_CHECKS: Final[dict[str, Callable[[Session, Statement], Awaitable[bool]]]] = {
    "DROP INDEX CONCURRENTLY": _index_dropped,
    "CREATE DATABASE": _database_made,
    "DROP DATABASE": _database_dropped,
    "CREATE TABLESPACE": _tablespace_made,
    "DROP TABLESPACE": _tablespace_dropped,
    "DETACH PARTITION ... CONCURRENTLY": _detached,
}


async def _count(session: Session, query: str, name: str) -> int:
    return len(await session.rows(Command(query, (name,))))


def _third(statement: Statement) -> str:
    """The name in CREATE DATABASE name and its kin, past IF EXISTS."""
    words = [word for word in statement.tokens() if word.kind in {Kind.WORD, Kind.NAME}]
    guarded = [word.upper for word in words[2:4]] == ["IF", "EXISTS"]
    return identifier(words[4 if guarded else 2])


def _last_name(statement: Statement) -> str:
    """The possibly qualified name a statement ends with, before CASCADE or RESTRICT, quoted."""
    words = list(statement.tokens())
    while words[-1].upper in {"CASCADE", "RESTRICT"}:
        words.pop()
    name = quoted(identifier(words[-1]))
    qualified = len(words) > 2 and words[-2].text == "."  # noqa: PLR2004 - schema, dot, name
    return f"{quoted(identifier(words[-3]))}.{name}" if qualified else name


def _detach_names(statement: Statement) -> tuple[str, str]:
    """Parent and child of ALTER TABLE parent DETACH PARTITION child CONCURRENTLY, as written."""
    words = list(statement.tokens())
    at = next(number for number, word in enumerate(words) if word.upper == "DETACH")
    start = 2
    if [word.upper for word in words[2:4]] == ["IF", "EXISTS"]:
        start = 4
    if words[start].upper == "ONLY":
        start += 1
    text = statement.text
    return text[words[start].offset : words[at - 1].end], text[words[at + 2].offset : words[-2].end]
