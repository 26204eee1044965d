"""Indexes, constraints, identity columns: what the schema has too much, too little or half of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from iotistic.operations.doctor.model import Circumstances, Verdict, critical, ok, skipped, warn

__all__ = [
    "BareForeignKey",
    "DuplicateIndex",
    "IndexUse",
    "InvalidObject",
    "OutdatedExtension",
    "ScannedTable",
    "SequenceUse",
    "judge_duplicates",
    "judge_extensions",
    "judge_foreign_keys",
    "judge_invalid",
    "judge_scans",
    "judge_sequences",
    "judge_unused_indexes",
]

_MEGABYTE = 1 << 20
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUse:
    """One index, with its leaves."""

    name: str
    scans: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateIndex:
    """Two indexes that do the same."""

    kept: str
    extra: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidObject:
    """Something half made."""

    kind: str
    """index or constraint."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BareForeignKey:
    """A foreign key without an index of its child."""

    name: str
    child: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedTable:
    """A large table that is read whole."""

    name: str
    scans: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceUse:
    """A column that counts up."""

    name: str
    kind: str
    last_value: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedExtension:
    """An extension older than its files."""

    name: str
    version: str
    newest: str


def judge_unused_indexes(indexes: Sequence[IndexUse], seen: Circumstances) -> Verdict:
    """No scan in 30 days and over 10 MiB; before statistics are that old nobody can tell."""
    if seen.stats_age is None or seen.stats_age < _MONTH:
        days = 0 if seen.stats_age is None else seen.stats_age.days
        return skipped(
            f"the server counts scans since {days} days only; 30 are needed to call an index unused"
        )
    unused = [each for each in indexes if not each.scans and each.bytes > 10 * _MEGABYTE]
    if not unused:
        return ok("every index over 10 MiB was used in the last 30 days")
    names = ", ".join(f"{each.name} ({each.bytes // _MEGABYTE} MiB)" for each in unused[:3])
    return warn(
        f"{len(unused)} indexes were not used since the statistics began: {names}",
        fix=f"DROP INDEX CONCURRENTLY {unused[0].name};  -- after a look at the standbys, which count for themselves",
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )


def judge_duplicates(pairs: Sequence[DuplicateIndex], _: Circumstances) -> Verdict:
    """Two indexes of the same columns, order and condition; over 1 MiB together."""
    large = [each for each in pairs if each.bytes > _MEGABYTE]
    if not large:
        return ok("no index over 1 MiB repeats another")
    first = large[0]
    return warn(
        f"{len(large)} indexes repeat another; {first.extra} is the same as {first.kept}",
        fix=f"DROP INDEX CONCURRENTLY {first.extra};  -- keep the one a constraint needs",
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )


def judge_invalid(objects: Sequence[InvalidObject], _: Circumstances) -> Verdict:
    """A dead index costs every write and helps no read; an unvalidated constraint promises nothing about old rows."""
    if not objects:
        return ok("every index is valid and every constraint validated")
    first = objects[0]
    table, _dot, constraint = first.name.rpartition(".")
    fix = (
        f"REINDEX INDEX CONCURRENTLY {first.name};"
        if first.kind == "index"
        else f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};"
    )
    return warn(
        f"{len(objects)} are half made: {', '.join(f'{each.kind} {each.name}' for each in objects[:3])}",
        fix=fix,
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )


def judge_foreign_keys(keys: Sequence[BareForeignKey], _: Circumstances) -> Verdict:
    """Deleting a parent reads the whole child, under lock."""
    if not keys:
        return ok("every foreign key of a large table has an index")
    first = keys[0]
    return warn(
        f"{len(keys)} foreign keys have none; {first.name} on {first.child} with {first.rows} rows",
        fix=f"CREATE INDEX CONCURRENTLY ON {first.child} (...);",
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )


def judge_scans(tables: Sequence[ScannedTable], seen: Circumstances) -> Verdict:
    """More than ten reads a minute of a table over 100 MiB from end to end."""
    if seen.stats_age is None or seen.stats_age < timedelta(hours=1):
        return skipped("the server counts since less than an hour")
    minutes = seen.stats_age / timedelta(minutes=1)
    often = 10
    bad = [each for each in tables if each.scans / minutes > often]
    if not bad:
        return ok("no table over 100 MiB is often read from end to end")
    first = bad[0]
    return warn(
        f"{first.name} ({first.bytes // _MEGABYTE} MiB) is read whole {first.scans / minutes:.0f} times a minute",
        fix="`iotistic db queries` shows the statement; add an index, or bounds of time so that partitions are left out",
    )


def _percent(value: float) -> str:
    return "less than 0.1 %" if value < 0.1 else f"{value:.2g} %"  # noqa: PLR2004 - the number it prints


def judge_sequences(columns: Sequence[SequenceUse], _: Circumstances) -> Verdict:
    """70 % of what the column's type can count is a warning, 90 % an alarm: afterwards every insert fails."""
    worst = max(columns, key=lambda each: each.last_value / each.most, default=None)
    if worst is None:
        return ok("no column counts up")
    percent = 100 * worst.last_value / worst.most
    observed = f"{worst.name} ({worst.kind}) has used {_percent(percent)} of its numbers, more than any other"
    fix = "Migrate the column to bigint: add one beside it, fill it in batches, swap (docs/migrations.md)"
    most, many = 90, 70
    if percent >= most:
        return critical(observed, fix=fix)
    return warn(observed, fix=fix) if percent >= many else ok(observed, percent=percent)


def judge_extensions(extensions: Sequence[OutdatedExtension], _: Circumstances) -> Verdict:
    """A package upgrade brings new files; the database uses the old definitions until it is told."""
    if not extensions:
        return ok("every extension is of the version that is installed")
    first = extensions[0]
    return warn(
        f"{len(extensions)} are older than their files; {first.name} {first.version} instead of {first.newest}",
        fix=f"ALTER EXTENSION {first.name} UPDATE;",
        lock="as its script needs; most take none that matters",
    )
