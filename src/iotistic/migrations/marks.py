"""Changing the history without running files: mark, unmark, baseline, repair. Each leaves an event with who and why."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from iotistic.config import Endpoint
from iotistic.migrations.batch import role_commands
from iotistic.migrations.boundary import translated
from iotistic.migrations.connecting import Target, folder_ahead, open_session
from iotistic.migrations.entry import Entry, EntryKind
from iotistic.migrations.errors import MarkRefused
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import History, command_line
from iotistic.migrations.ledger import ensure_tables
from iotistic.migrations.lock import take_lock
from iotistic.migrations.plan import compare
from iotistic.migrations.records import Signature, event_command, mark_record, remove_record, repair_record
from iotistic.migrations.report import Observer, RunLimits, unobserved
from iotistic.migrations.selection import select_entries, select_files
from iotistic.migrations.session import Command, Session

__all__ = ["Ledger", "MarkReport", "Marker"]


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkReport:
    """What was changed in a history, and what was not."""

    action: str
    """mark, unmark, baseline or repair."""
    changed: tuple[str, ...] = ()
    """Files whose record was changed."""
    skipped: dict[str, str] = field(default_factory=dict)
    """What was left as it is, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """A history under its lock."""

    session: Session
    """The session that holds the lock."""
    files: tuple[MigrationFile, ...]
    """The folder."""
    entries: tuple[Entry, ...]
    """What is on record."""

    def entry(self, filename: str) -> Entry | None:
        """What is on record about a file."""
        return next((entry for entry in self.entries if entry.filename == filename), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """Changes one history in one database. Every method takes the lock that runs take."""

    endpoint: Endpoint
    """Which server, as whom."""
    database: str
    """Which database there."""
    history: History
    """Which history."""
    application: str = "iotistic"
    """Which program asks."""
    reason: str | None = None
    """Why, in the words of whoever asks."""
    role: str | None = None
    """The role that owns the history, when it is not the one that logs in."""
    lock_wait: timedelta = timedelta(seconds=30)
    """How long to wait for a run in progress."""
    observe: Observer = unobserved
    """Who hears of waiting."""

    async def mark_applied(self, words: Sequence[str]) -> MarkReport:
        """Records files as applied without running them. Words are numbers, ranges or filenames.

        A file that is applied already is skipped, with when and by whom. Raises MarkRefused when a word means no file.
        """
        async with self._locked() as ledger:
            chosen = select_files(words, ledger.files)
            entries = {file.filename: ledger.entry(file.filename) for file in chosen}
            skipped = {
                name: already_applied(self.history.service, entry)
                for name, entry in entries.items()
                if entry is not None and entry.done
            }
            marked = [file for file in chosen if file.filename not in skipped]
            await self._write(ledger, [self._mark(file, EntryKind.MARKED) for file in marked], "mark", marked)
        return MarkReport(action="mark", changed=tuple(file.filename for file in marked), skipped=skipped)

    async def unmark(self, words: Sequence[str]) -> MarkReport:
        """Forgets that files were applied, so that the next run runs them again. What they did stays done."""
        async with self._locked() as ledger:
            chosen, unknown = select_entries(words, ledger.entries)
            await self._write(
                ledger, [remove_record(self.history, entry.filename) for entry in chosen], "unmark", chosen
            )
        return MarkReport(
            action="unmark",
            changed=tuple(entry.filename for entry in chosen),
            skipped=dict.fromkeys(unknown, "was not marked as applied"),
        )

    async def baseline(self, number: int) -> MarkReport:
        """Begins the history of a database that exists already: every file up to `number` counts as applied.

        Raises MarkRefused when something is on record already, or when no file has that number.
        """
        async with self._locked() as ledger:
            if ledger.entries:
                raise MarkRefused(
                    f"The history is not empty: {len(ledger.entries)} files are on record.",
                    hint="A baseline begins a history. For single files: "
                    + command_line(self.history.service, "mark-applied", "..."),
                )
            select_files([str(number)], ledger.files)
            chosen = [file for file in ledger.files if file.number is not None and file.number <= number]
            await self._write(
                ledger, [self._mark(file, EntryKind.BASELINE) for file in chosen], "baseline", chosen
            )
        return MarkReport(action="baseline", changed=tuple(file.filename for file in chosen))

    async def repair(self, accept: Sequence[str]) -> MarkReport:
        """Takes files as they are now for what was applied: edited, renamed, or deleted ones.

        Raises MarkRefused without a reason, or when a name is none of a file that differs from its record.
        """
        if not self.reason:
            raise MarkRefused("A repair needs a reason.", hint='Say why: --reason "comment corrected"')
        async with self._locked() as ledger:
            comparison = compare(ledger.files, ledger.entries)
            changes = {
                file.filename: (file.filename, file) for file in (*comparison.edited, *comparison.cosmetic)
            }
            changes |= {file.filename: (entry.filename, file) for entry, file in comparison.renamed}
            gone = {entry.filename for entry in comparison.missing}
            unknown = [name for name in accept if name not in changes and name not in gone]
            if unknown:
                raise MarkRefused(
                    f"{', '.join(unknown)} does not differ from the history.",
                    hint=f"What differs is listed by {command_line(self.history.service, 'status')}",
                )
            commands = [
                repair_record(self.history, *changes[name])
                if name in changes
                else repair_record(self.history, name, None)
                for name in accept
            ]
            chosen = [changes[name][1] if name in changes else ledger.entry(name) for name in accept]
            await self._write(ledger, commands, "repair", [file for file in chosen if file is not None])
        return MarkReport(action="repair", changed=tuple(accept))

    @asynccontextmanager
    async def _locked(self) -> AsyncGenerator[Ledger]:
        limits = RunLimits(lock_wait=self.lock_wait)
        target = Target(endpoint=self.endpoint, database=self.database, history=self.history, limits=limits)
        async with folder_ahead(target) as reading:
            session = await open_session(target)
            with translated(target):
                async with session:  # closing it gives the lock back
                    locked = await take_lock(
                        session,
                        self.history,
                        wait=self.lock_wait,
                        observe=self.observe,
                        open_second=lambda: open_session(target, purpose="probe"),
                    )
                    await session.pipeline(role_commands(self.role))
                    entries = await ensure_tables(session, self.history, locked.columns)
                    yield Ledger(session=session, files=(await reading).files(), entries=entries)

    async def _write(
        self, ledger: Ledger, changes: Sequence[Command], action: str, about: Sequence[MigrationFile | Entry]
    ) -> None:
        """The changes and their events in one transaction."""
        if not changes:
            return
        signature = Signature.of(self.application)
        events = [
            event_command(
                self.history,
                action,
                signature=signature,
                filename=item.filename,
                reason=self.reason,
                facts={"number": item.number, "checksum": item.checksum},
            )
            for item in about
        ]
        await ledger.session.pipeline([Command("BEGIN"), *changes, *events, Command("COMMIT")])

    def _mark(self, file: MigrationFile, kind: EntryKind) -> Command:
        return mark_record(self.history, file, kind, Signature.of(self.application))


def already_applied(service: str, entry: Entry) -> str:
    """The sentence for a file that is applied already: when, by whom, and how to run it again."""
    at = f" since {entry.applied_at:%Y-%m-%d %H:%M} UTC" if entry.applied_at is not None else ""
    by = f", by {entry.applied_by}" if entry.applied_by else ""
    again = command_line(service, "unmark", "--", entry.filename)
    return f"already applied{at}{by}; to run it again: {again}"
