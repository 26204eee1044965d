"""CREATE INDEX CONCURRENTLY that can be interrupted anywhere and run again.

An interrupted or failed build leaves an INVALID index under the name, which IF NOT EXISTS would take for the real one. So the
name is looked up before and after: a valid index of the same definition is the work of an earlier run, an INVALID one that
nobody is building is dropped and built again, and only `indisvalid` counts as success.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from iotistic.migrations.answers import CommandFailed, ServerReport
from iotistic.migrations.history import quoted
from iotistic.migrations.lexer import ConcurrentIndex, Statement
from iotistic.migrations.session import Command, Session

__all__ = ["build_index", "on_copy"]

_FIND: Final = """
SELECT n.nspname, i.indisvalid, pg_get_indexdef(i.indexrelid),
       (SELECT string_agg(p.pid::text, ', ') FROM pg_catalog.pg_stat_progress_create_index p
         WHERE p.index_relid = i.indexrelid AND p.datname = current_database() AND p.pid <> pg_backend_pid())
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace AND c.relname = $2
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.oid = to_regclass($1)
"""

_LOCK_NOT_AVAILABLE: Final = "55P03"
_DUPLICATE_TABLE: Final = "42P07"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """An index that is there under the name."""

    name: str
    """Its qualified, quoted name."""
    valid: bool
    """Whether it is complete and in use."""
    definition: str
    """As the server writes it."""
    builders: str | None
    """Processes that are building it right now."""


async def build_index(
    session: Session,
    statement: Statement,
    index: ConcurrentIndex,
    *,
    resumed: bool,
    say: Callable[[str], None],
) -> None:
    """One attempt at the statement; returns only when the index is valid.

    `resumed`: an earlier run tried this very statement. Raises CommandFailed, after dropping what the attempt left behind;
    with the state of a lock failure when another session is building the index.
    """
    found = await _find(session, index)
    if found is not None and found.valid:
        await _require_same(session, statement, index, found, resumed=resumed)
        say(f"index {index.name} is there already, valid and of the same definition")
        return
    if found is not None:
        await _drop(session, found)
        say(f"index {index.name} was INVALID, the remains of a broken build: dropped, building it again")
    try:
        await session.pipeline([Command(statement.text)])
    except CommandFailed:
        await _drop_remains(session, index)
        raise
    found = await _find(session, index)
    if found is None or not found.valid:
        raise CommandFailed(0, ServerReport(message=f"index {index.name} is not valid after it was built"))


async def _find(session: Session, index: ConcurrentIndex) -> _Found | None:
    """The index of that name beside the table, or None."""
    rows = await session.rows(Command(_FIND, (_table(index), index.name)))
    if not rows:
        return None
    schema, valid, definition, builders = rows[0]
    return _Found(
        name=f"{quoted(schema or '')}.{quoted(index.name or '')}",
        valid=valid == "t",
        definition=definition or "",
        builders=builders,
    )


async def _drop(session: Session, found: _Found) -> None:
    if found.builders:
        message = f"index {found.name} is being built by process {found.builders}"
        raise CommandFailed(0, ServerReport(message=message, sqlstate=_LOCK_NOT_AVAILABLE))
    await session.pipeline([Command(f"DROP INDEX CONCURRENTLY IF EXISTS {found.name}")])


async def _drop_remains(session: Session, index: ConcurrentIndex) -> None:
    """What a failed build left. When the drop fails too, the next run finds and drops it: the first error is the one to tell."""
    with contextlib.suppress(CommandFailed):
        found = await _find(session, index)
        if found is not None and not found.valid:
            await _drop(session, found)


async def _require_same(
    session: Session, statement: Statement, index: ConcurrentIndex, found: _Found, *, resumed: bool
) -> None:
    """Compares definitions as the server writes them, made on an empty copy of the table that is rolled back.

    Text against text would find differences where there are none (casts, defaults).
    """
    name = quoted(index.name or "")
    commands = [
        "BEGIN",
        f"CREATE TEMPORARY TABLE {quoted(index.table)} (LIKE {_table(index)})",
        on_copy(statement, index),
        f"SELECT pg_get_indexdef('pg_temp.{name.replace(chr(39), chr(39) * 2)}'::regclass)",
        "ROLLBACK",
    ]
    try:
        wanted = (await session.pipeline([Command(command) for command in commands]))[3][0][0] or ""
    except CommandFailed:
        await session.pipeline([Command("ROLLBACK")])
        if resumed:
            return  # no right to make a temporary table, say; an earlier run was at exactly this statement
        raise
    if _essence(wanted) != _essence(found.definition):
        report = ServerReport(
            message=f"index {index.name} exists with another definition",
            sqlstate=_DUPLICATE_TABLE,
            detail=f"It is: {found.definition}",
            hint=f"Drop it if nobody needs it (DROP INDEX CONCURRENTLY {found.name}), or choose another name.",
        )
        raise CommandFailed(0, report)


def on_copy(statement: Statement, index: ConcurrentIndex) -> str:
    """The statement without CONCURRENTLY and IF NOT EXISTS, for a temporary table of the same name."""
    words = list(statement.tokens())
    place = next(number for number, word in enumerate(words) if word.upper == "ON") + 1
    place += words[place].upper == "ONLY"
    place += 2 if index.schema is not None else 0
    rest = statement.text[words[place].end :]
    unique = "UNIQUE " if index.unique else ""
    return f"CREATE {unique}INDEX {quoted(index.name or '')} ON pg_temp.{quoted(index.table)} {rest}"


def _essence(definition: str) -> tuple[bool, str]:
    """Whether unique, and everything after the table's name."""
    head, _, rest = definition.partition(" USING ")
    return head.startswith("CREATE UNIQUE "), rest


def _table(index: ConcurrentIndex) -> str:
    return (
        f"{quoted(index.schema)}.{quoted(index.table)}" if index.schema is not None else quoted(index.table)
    )
