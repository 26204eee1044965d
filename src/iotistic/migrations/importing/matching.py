"""Which of our files another tool's records stand for. Pure: what it answers is shown before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iotistic.errors import Invalid
from iotistic.migrations.entry import Entry
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import History
from iotistic.migrations.importing.foreign import ForeignHistory, ForeignRecord, ForeignTable, Tool, slug_of

__all__ = ["ImportPlan", "ImportRefused", "Match", "Unmatched", "plan_import"]


class ImportRefused(Invalid):
    """The request to take a history over does not fit the files."""

    code = "migration_import_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A file that the other tool has applied."""

    filename: str
    record: ForeignRecord
    """The record that says so: its own, or the one that stands for all before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmatched:
    """A record that no file was found for."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportPlan:
    """What taking a history over would do."""

    source: ForeignTable
    matches: tuple[Match, ...]
    """Files that will be recorded as applied."""
    unmatched: tuple[Unmatched, ...]
    """Records that will be left behind."""
    recorded: tuple[str, ...]
    """Files that are on record already, left as they are."""
    pending: tuple[str, ...]
    """Files that stay to be run."""
    rename_source: str | None
    """The other tool's table stands where ours belongs; it gets this name."""
    notices: tuple[str, ...]
    """What people should know beforehand."""


def plan_import(
    foreign: ForeignHistory,
    history: History,
    files: Sequence[MigrationFile],
    entries: Iterable[Entry],
    *,
    mapping: Mapping[str, str] | None = None,
    through: int | None = None,
) -> ImportPlan:
    """Records of `foreign` matched with `files`.

    A record is a file's when the filenames are equal, when number and name are equal, when the name is equal and nobody else
    has it, or when the numbers are equal and the tool keeps no names. `mapping` (record -> filename) decides what that does
    not; `through` says that every file up to this number is applied. Raises ImportRefused when either names what is not
    there.
    """
    numbered = [file for file in files if file.number is not None]
    given = _checked(mapping or {}, foreign, numbered)
    done = {entry.filename for entry in entries if entry.done}
    matches, unmatched = _match(foreign, numbered, given, through)
    fresh = tuple(match for match in matches if match.filename not in done)
    left = {file.filename for file in files} - {match.filename for match in matches} - done
    source = foreign.table
    collides = (source.schema, source.table) == (history.schema, history.table)
    in_place = collides and source.tool is Tool.UPSTREAM
    return ImportPlan(
        source=source,
        matches=() if in_place else fresh,
        unmatched=tuple(unmatched),
        recorded=tuple(match.filename for match in matches if match.filename in done),
        pending=tuple(file.filename for file in files if file.filename in left),
        rename_source=f"{source.table}_{source.tool.replace('-', '_')}"
        if collides and not in_place
        else None,
        notices=_notices(numbered, matches, left, in_place=in_place),
    )


def _match(
    foreign: ForeignHistory,
    files: Sequence[MigrationFile],
    given: Mapping[str, str],
    through: int | None,
) -> tuple[list[Match], list[Unmatched]]:
    if through is not None or foreign.head_only:
        return _up_to(foreign, files, given, through)
    found: dict[str, ForeignRecord] = {}
    unmatched: list[Unmatched] = []
    for record in foreign.records:
        filename = given.get(record.name)
        verdict = filename or _find(record, files)
        if isinstance(verdict, Unmatched):
            unmatched.append(verdict)
        else:
            found[verdict] = record
    return [
        Match(filename=f.filename, record=found[f.filename]) for f in files if f.filename in found
    ], unmatched


def _up_to(
    foreign: ForeignHistory,
    files: Sequence[MigrationFile],
    given: Mapping[str, str],
    through: int | None,
) -> tuple[list[Match], list[Unmatched]]:
    """One record that stands for all before it."""
    if not foreign.records:
        return [], []
    last = foreign.records[-1]
    numbers = {file.filename: file.number for file in files}
    limit = through if through is not None else numbers.get(given.get(last.name, ""), last.number)
    if limit is None or limit not in numbers.values():
        why = f"{foreign.table.tool} keeps only where it stands, and no file here has that number; give --through N"
        return [], [Unmatched(name=last.name, why=why)]
    return [
        Match(filename=f.filename, record=last) for f in files if f.number is not None and f.number <= limit
    ], []


def _find(record: ForeignRecord, files: Sequence[MigrationFile]) -> str | Unmatched:
    for file in files:
        if file.filename == record.name:
            return file.filename
    same_number = [file for file in files if file.number == record.number and record.number is not None]
    same_name = [file for file in files if record.slug and slug_of(file.filename) == record.slug]
    both = [file for file in same_number if file in same_name]
    certain = both or (same_name if len(same_name) == 1 else []) or ([] if record.slug else same_number)
    if certain:
        return certain[0].filename
    if same_number:
        why = f"number {record.number} is {same_number[0].filename} here, which says something else"
    elif same_name:
        why = f"several files are called that: {', '.join(file.filename for file in same_name)}"
    else:
        why = "no file here has its number or its name"
    return Unmatched(name=record.name, why=why)


def _checked(
    mapping: Mapping[str, str], foreign: ForeignHistory, files: Sequence[MigrationFile]
) -> Mapping[str, str]:
    records, filenames = {record.name for record in foreign.records}, {file.filename for file in files}
    for name, filename in mapping.items():
        if name not in records:
            raise ImportRefused(
                f"{foreign.table.tool} has no record {name!r}.",
                hint="`--map` takes RECORD=FILE; run without it to see the records.",
            )
        if filename not in filenames:
            raise ImportRefused(f"There is no numbered file {filename!r}.", hint="`--map` takes RECORD=FILE.")
    return mapping


def _notices(
    files: Sequence[MigrationFile], matches: Sequence[Match], left: set[str], *, in_place: bool
) -> tuple[str, ...]:
    notices: list[str] = []
    if in_place:
        notices.append(
            "This table is read as it is: the next run adds the columns it lacks. There is nothing to import."
        )
    last = max(
        (file.number or 0 for file in files if any(m.filename == file.filename for m in matches)), default=-1
    )
    late = [file.filename for file in files if file.filename in left and (file.number or 0) < last]
    if late:
        notices.append(
            f"Not applied by the other tool, though later files were: {', '.join(late)}. A run will refuse them as late."
        )
    return tuple(notices)
