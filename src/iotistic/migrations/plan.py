"""Files and history compared, and what follows: the steps of a run, or a refusal. Pure: nothing here touches a database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from iotistic.migrations.entry import Entry, EntryKind, EntryState
from iotistic.migrations.errors import HistoryRefused, Problem, ProblemKind
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import command_line
from iotistic.migrations.script import ALGORITHM, Script, digest, normalised_checksum, read_scripts

__all__ = ["Comparison", "LintPolicy", "Plan", "RunOptions", "Step", "compare", "make_plan"]


LintPolicy = Literal["off", "warn", "refuse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """What a run may do beyond the usual."""

    target: int | None = None
    """Stop after this number; repeatable files are then left alone."""
    out_of_order: bool = False
    """Run late files instead of refusing."""
    allow_missing: bool = False
    """Go on although applied files are gone from the folder."""
    lint: LintPolicy = "warn"
    """What to do about dangers in pending files, on a database that is in use: tell them, refuse them, or not look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Where the files of a folder and the entries of a history stand to each other."""

    applied: tuple[Entry, ...] = ()
    """Done and on record, oldest number first."""
    pending: tuple[MigrationFile, ...] = ()
    """To be run, in order: new files, changed repeatable ones, interrupted ones."""
    late: tuple[MigrationFile, ...] = ()
    """Those of `pending` whose number is below the highest applied one."""
    unfinished: tuple[Entry, ...] = ()
    """Interrupted or failed no-transaction files; their files are in `pending`."""
    edited: tuple[MigrationFile, ...] = ()
    """Changed after they were applied, in what they say."""
    cosmetic: tuple[MigrationFile, ...] = ()
    """Changed after they were applied, in comments, blanks or line endings only."""
    renamed: tuple[tuple[Entry, MigrationFile], ...] = ()
    """Applied under another name with the same number."""
    missing: tuple[Entry, ...] = ()
    """Applied, and no longer in the folder."""
    head: int | None = None
    """The highest number in the folder."""

    @property
    def current(self) -> bool:
        """Whether nothing is pending."""
        return not self.pending

    @property
    def drifted(self) -> bool:
        """Whether files and history contradict each other."""
        return bool(self.edited or self.renamed or self.missing)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One file to run."""

    script: Script
    """What to run."""
    start: int = 0
    """Index of the first statement that is not done yet."""
    resumed: bool = False
    """Whether an earlier run began this file: it has a row already."""
    unsure: bool = False
    """Whether that run vanished without a word: the statement at `start` may have happened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run does, in order."""

    steps: tuple[Step, ...]
    """The files."""
    left: tuple[str, ...] = ()
    """Pending files beyond the target."""
    notices: tuple[str, ...] = ()
    """What people should know beforehand."""


def compare(files: tuple[MigrationFile, ...], entries: Iterable[Entry]) -> Comparison:
    """How `files` and `entries` stand to each other."""
    recorded = sorted(entries, key=lambda entry: (entry.number is None, entry.number or 0, entry.filename))
    by_name = {entry.filename: entry for entry in recorded}
    on_disk = {file.filename for file in files}
    by_number = {e.number: e for e in recorded if e.number is not None and e.filename not in on_disk}
    highest = max((e.number for e in recorded if e.number is not None and e.done), default=None)
    pending: list[MigrationFile] = []
    edited: list[MigrationFile] = []
    cosmetic: list[MigrationFile] = []
    renamed: list[tuple[Entry, MigrationFile]] = []
    for file in files:
        entry = by_name.get(file.filename)
        if entry is None and file.number in by_number:
            renamed.append((by_number[file.number], file))
        elif entry is None or not entry.done:
            pending.append(file)
        elif entry.checksum is not None and entry.checksum != file.checksum:
            if _says_the_same(file, entry):
                cosmetic.append(file)
            else:
                (pending if file.repeatable else edited).append(file)
    gone = {entry.filename for entry, _ in renamed} | on_disk
    return Comparison(
        applied=tuple(entry for entry in recorded if entry.done),
        pending=tuple(pending),
        late=tuple(
            file
            for file in pending
            if file.number is not None
            and highest is not None
            and file.number < highest
            and file.filename not in by_name
        ),
        unfinished=tuple(entry for entry in recorded if not entry.done),
        edited=tuple(edited),
        cosmetic=tuple(cosmetic),
        renamed=tuple(renamed),
        missing=tuple(entry for entry in recorded if entry.filename not in gone and _must_exist(entry)),
        head=max((file.number for file in files if file.number is not None), default=None),
    )


def make_plan(
    service: str,
    files: tuple[MigrationFile, ...],
    entries: Iterable[Entry],
    options: RunOptions | None = None,
) -> Plan:
    """The steps that bring the database to the state of `files`.

    Raises HistoryRefused when files and history contradict each other in a way `options` does not allow, FilesRefused when
    a pending file cannot be run. Both list everything that is wrong.
    """
    options = options or RunOptions()
    entries = tuple(entries)
    comparison = compare(files, entries)
    pending = _up_to(comparison.pending, options.target)
    chosen = {file.filename for file in pending}
    problems = [
        *_refused_target(files, options.target),
        *(_edited(service, file) for file in comparison.edited),
        *(_renamed(service, entry, file) for entry, file in comparison.renamed),
        *(() if options.allow_missing else (_missing(entry) for entry in comparison.missing)),
        *(
            ()
            if options.out_of_order
            else (_late(service, file, comparison) for file in comparison.late if file.filename in chosen)
        ),
    ]
    if problems:
        raise HistoryRefused(service, tuple(problems))
    scripts = read_scripts(service, pending)
    by_name = {entry.filename: entry for entry in comparison.unfinished}
    steps = tuple(_step(service, script, by_name.get(script.file.filename)) for script in scripts)
    notices = [
        f"{file.filename} differs from the applied one in comments or blanks only."
        for file in comparison.cosmetic
    ]
    if options.allow_missing:
        notices += [
            f"{entry.filename} is applied and no longer in the folder." for entry in comparison.missing
        ]
    return Plan(
        steps=steps,
        left=tuple(file.filename for file in comparison.pending if file.filename not in chosen),
        notices=(*notices, *(notice for script in scripts for notice in script.notices)),
    )


def _says_the_same(file: MigrationFile, entry: Entry) -> bool:
    if entry.normalised_checksum is None or entry.algorithm != ALGORITHM:
        return False
    return normalised_checksum(file) == entry.normalised_checksum


def _must_exist(entry: Entry) -> bool:
    # A view's file goes with its view; what a baseline stands for may have been squashed away.
    return entry.kind not in {EntryKind.REPEATABLE, EntryKind.BASELINE} and entry.number is not None


def _up_to(pending: tuple[MigrationFile, ...], target: int | None) -> tuple[MigrationFile, ...]:
    if target is None:
        return pending
    return tuple(file for file in pending if file.number is not None and file.number <= target)


def _step(service: str, script: Script, entry: Entry | None) -> Step:
    if entry is None:
        return Step(script=script)
    unsure = entry.state is EntryState.RUNNING
    if entry.statements_done == 0:
        return Step(script=script, resumed=True, unsure=unsure)
    done = tuple(digest(statement) for statement in script.statements[: entry.statements_done])
    if script.file.repeatable and done != entry.digests:
        return Step(script=script, resumed=True)  # made to be run again from its first statement
    if script.directives.transaction or done != entry.digests:
        raise HistoryRefused(service, (_unfinished(service, entry),))
    return Step(script=script, start=entry.statements_done, resumed=True, unsure=unsure)


def _refused_target(files: tuple[MigrationFile, ...], target: int | None) -> tuple[Problem, ...]:
    if target is None or any(file.number == target for file in files):
        return ()
    last = max((file.number for file in files if file.number is not None), default=None)
    problem = Problem(
        kind=ProblemKind.TARGET,
        filenames=(),
        message=f"No file has the number {target}.",
        hint=f"The highest is {last}." if last is not None else "The folder holds no numbered file.",
    )
    return (problem,)


def _edited(service: str, file: MigrationFile) -> Problem:
    return Problem(
        kind=ProblemKind.EDITED,
        filenames=(file.filename,),
        message=f"{file.filename} was changed after it was applied.",
        hint="Undo the change and put it into a new file. If the database already is as the file now says: "
        + command_line(service, "repair", "--accept", file.filename, '--reason "why"'),
    )


def _renamed(service: str, entry: Entry, file: MigrationFile) -> Problem:
    return Problem(
        kind=ProblemKind.RENAMED,
        filenames=(entry.filename, file.filename),
        message=f"Number {entry.number} was applied as {entry.filename} and is now {file.filename}.",
        hint="Give a new file a new number. If it is the same file under a new name: "
        + command_line(service, "repair", "--accept", file.filename, '--reason "renamed"'),
    )


def _missing(entry: Entry) -> Problem:
    return Problem(
        kind=ProblemKind.MISSING,
        filenames=(entry.filename,),
        message=f"{entry.filename} is applied and no longer in the folder.",
        hint="This program may be older than the database, or the file was deleted: bring it back. "
        "To go on without it: --allow-missing",
    )


def _late(service: str, file: MigrationFile, comparison: Comparison) -> Problem:
    last = _last(comparison, lambda entry: entry.number is not None)
    return Problem(
        kind=ProblemKind.LATE,
        filenames=(file.filename,),
        message=f"{file.filename} is not applied, and {last} after it is.",
        hint="Give it the next free number, or run it late on purpose: "
        + command_line(service, "run", "--out-of-order"),
    )


def _last(comparison: Comparison, wanted: Callable[[Entry], bool]) -> str:
    found = [entry.filename for entry in comparison.applied if wanted(entry)]
    return found[-1] if found else "another file"


def _unfinished(service: str, entry: Entry) -> Problem:
    return Problem(
        kind=ProblemKind.UNFINISHED,
        filenames=(entry.filename,),
        message=f"{entry.filename} stopped after statement {entry.statements_done} of {entry.statements_total}, "
        "and the part that is done was changed since.",
        hint="Bring the done part back as it was and correct only what comes after it. If the whole is done by hand: "
        + command_line(service, "mark-applied", entry.filename),
    )
