"""Taking another tool's history over: looked at without a trace, shown, then written in one transaction under the lock."""

# ruff: noqa: S608 - the only texts put into the SQL are names, quoted

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from iotistic.config import Endpoint
from iotistic.migrations.boundary import translated
from iotistic.migrations.connecting import Target, open_session
from iotistic.migrations.entry import Entry, EntryKind
from iotistic.migrations.files import MigrationFile, read_folder
from iotistic.migrations.history import History, quoted
from iotistic.migrations.importing.foreign import ForeignTable, Tool, find_tables, read_foreign
from iotistic.migrations.importing.matching import ImportPlan, ImportRefused, Match, plan_import
from iotistic.migrations.ledger import ensure_tables, read_history
from iotistic.migrations.lock import take_lock
from iotistic.migrations.records import Signature, event_command, mark_record
from iotistic.migrations.report import Observer, RunLimits, unobserved
from iotistic.migrations.session import Command, Session
from iotistic.migrations.tables import create_events, create_ledger

__all__ = ["Takeover"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Takeover:
    """One history in one database, to be begun with what another tool has recorded there."""

    endpoint: Endpoint
    """Which server, as the owner of the schema."""
    database: str
    """Which database there."""
    history: History
    """Our files and our table."""
    tool: Tool | None = None
    """Whose history; None: whichever is found."""
    source_table: str | None = None
    """The other tool's table, when it has not its usual name."""
    source_schema: str | None = None
    """The schema of that."""
    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    """Record -> filename, where names and numbers do not tell."""
    through: int | None = None
    """Every file up to this number is applied, whatever the records are called."""
    application: str = "iotistic"
    """Which program asks."""
    lock_wait: timedelta = timedelta(seconds=30)
    """How long to wait for a run in progress."""
    observe: Observer = unobserved
    """Who hears of waiting."""

    async def plan(self) -> ImportPlan:
        """What `carry_out` would do. Writes nothing and takes no lock.

        Raises ForeignMissing, ForeignRefused, ImportRefused, and what looking at files and history raises.
        """
        target = self._target()
        with translated(target):
            async with await open_session(target, purpose="import", read_only=True) as session:
                return await self._plan(session)

    async def carry_out(self, plan: ImportPlan, *, partial: bool = False) -> ImportPlan:
        """Does what `plan` says, in one transaction.

        Raises ImportRefused when the plan is no longer what would be made now, and without `partial` when it leaves records
        behind: a record nobody matched may be a change that a file would then make twice.
        """
        if plan.unmatched and not partial:
            raise ImportRefused(
                f"{len(plan.unmatched)} records of {plan.source.tool} match no file, the first is {plan.unmatched[0].name}.",
                hint="Match them with --map RECORD=FILE, or leave them behind with --partial.",
            )
        target = self._target()
        with translated(target):
            async with await open_session(target) as session:
                locked = await take_lock(
                    session,
                    self.history,
                    wait=self.lock_wait,
                    observe=self.observe,
                    open_second=lambda: open_session(target, purpose="probe"),
                )
                if await self._plan(session) != plan:
                    raise ImportRefused(
                        "The histories changed since the plan was made.",
                        hint="Look at the new plan, and import again.",
                    )
                if plan.rename_source is None:
                    await ensure_tables(session, self.history, locked.columns)
                await session.pipeline(await self._commands(session, plan))
        return plan

    async def _plan(self, session: Session) -> ImportPlan:
        tables = await find_tables(
            session, tool=self.tool, table=self.source_table, schema=self.source_schema
        )
        foreign = await read_foreign(session, tables)
        files = read_folder(self.history.folder, service=self.history.service)
        entries = await self._entries(session, foreign.table)
        return plan_import(foreign, self.history, files, entries, mapping=self.mapping, through=self.through)

    async def _entries(self, session: Session, source: ForeignTable) -> tuple[Entry, ...]:
        if (source.schema, source.table) == (self.history.schema, self.history.table):
            return ()  # the other tool's table stands where ours belongs
        return await read_history(session, self.history) or ()

    async def _commands(self, session: Session, plan: ImportPlan) -> list[Command]:
        files = {
            file.filename: file for file in read_folder(self.history.folder, service=self.history.service)
        }
        made = [Command(text) for text in (*create_ledger(self.history), *create_events(self.history))]
        commands = [Command("BEGIN")]
        if plan.rename_source is not None:
            commands += [*await _rename(session, plan.source, plan.rename_source), *made]
        for match in plan.matches:
            commands += self._record(plan, match, files[match.filename])
        return [*commands, Command("COMMIT")]

    def _record(self, plan: ImportPlan, match: Match, file: MigrationFile) -> list[Command]:
        signature = Signature.of(self.application)
        record = match.record
        facts = {
            "tool": plan.source.tool.value,
            "record": record.name,
            "number": file.number,
            "checksum": file.checksum,
        }
        took = None if record.took_ms is None else str(record.took_ms)
        return [
            mark_record(self.history, file, EntryKind.IMPORTED, signature),
            Command(
                f"UPDATE {self.history.ledger} SET applied_at = coalesce($2::timestamptz, applied_at),"
                " applied_by = coalesce($3, applied_by), execution_time_ms = $4::integer WHERE filename = $1",
                (match.filename, record.applied_at, record.applied_by, took),
            ),
            event_command(self.history, "import", signature=signature, filename=match.filename, facts=facts),
        ]

    def _target(self) -> Target:
        limits = RunLimits(lock_wait=self.lock_wait)
        return Target(endpoint=self.endpoint, database=self.database, history=self.history, limits=limits)


_INDEXES = """
SELECT i.relname FROM pg_catalog.pg_index AS x
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
WHERE x.indrelid = to_regclass($1)
"""


async def _rename(session: Session, source: ForeignTable, name: str) -> list[Command]:
    """Moves the other tool's table out of the way, its indexes too: ours want the same names."""
    indexes = await session.rows(Command(_INDEXES, (source.quoted,)))
    commands = [Command(f"ALTER TABLE {source.quoted} RENAME TO {quoted(name)}")]
    for (index,) in indexes:
        new = f"{name}{(index or '').removeprefix(source.table)}"
        commands.append(
            Command(f"ALTER INDEX {quoted(source.schema)}.{quoted(index or '')} RENAME TO {quoted(new)}")
        )
    return commands
