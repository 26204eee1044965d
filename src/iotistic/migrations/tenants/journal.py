"""What a run over many databases has done so far, on disk: a line for each step, written before the next one.

A run that was killed is resumed from here. Lines are not forced onto the disk one by one: when the machine itself goes down, a
tenant more is looked at again, and its own history says that nothing is to be done. The journal knows tenants by name and
holds no address and no secret.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, final

from iotistic.errors import NotFound
from iotistic.migrations.tenants.model import State, TenantResult
from iotistic.migrations.tenants.sources import Source, SourceKind

__all__ = ["Header", "Journal", "Record", "RunMissing", "last_run", "list_runs", "merged", "read_journal"]

_ENDING = ".jsonl"


class RunMissing(NotFound):
    """There is no journal of that run."""

    code = "migration_run_missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a run set out to do."""

    run: str
    """Its id."""
    service: str
    """Whose history."""
    source: Source | None
    """Where its tenants were listed; None: handed over by a program."""
    tenants: tuple[tuple[str, str], ...]
    """Name and database of each, in order."""
    fingerprint: str
    """Of the files, to notice that a resumed run has others."""
    started_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A journal, read."""

    header: Header
    results: dict[str, TenantResult] = field(default_factory=dict[str, TenantResult])
    """The last word about each tenant that was begun; one without an end is interrupted."""

    def unfinished(self) -> tuple[str, ...]:
        """The tenants a resumed run has to work on, in order."""
        names = [name for name, _ in self.header.tenants]
        return tuple(name for name in names if name not in self.results or not self.results[name].state.done)

    def all_results(self) -> tuple[TenantResult, ...]:
        """One for each tenant; those nobody got to are unreached."""
        return tuple(
            self.results.get(name, TenantResult(name=name, database=database, state=State.UNREACHED))
            for name, database in self.header.tenants
        )


@final
class Journal:
    """An open journal. Every line is handed to the system before a method returns."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def begin(cls, folder: Path, header: Header) -> Self:
        """A new journal in `folder`. Raises FileExistsError when the run has one."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{header.run}{_ENDING}"
        journal = cls(path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600))
        journal.write({"begin": _header_fields(header)})
        return journal

    @classmethod
    def go_on(cls, folder: Path, run: str) -> Self:
        """The journal of an earlier run, opened at its end. A line that was cut by a crash is ended first."""
        path = folder / f"{run}{_ENDING}"
        journal = cls(path, os.open(path, os.O_RDWR | os.O_APPEND))
        size = os.fstat(journal._descriptor).st_size
        if size and os.pread(journal._descriptor, 1, size - 1) != b"\n":
            os.write(journal._descriptor, b"\n")
        return journal

    @classmethod
    def take_over(cls, folder: Path, record: Record) -> Self:
        """The journal of a run that may have begun on another machine: what `record` knows of it, then what comes."""
        if (folder / f"{record.header.run}{_ENDING}").exists():
            return cls.go_on(folder, record.header.run)
        journal = cls.begin(folder, record.header)
        for result in record.results.values():
            journal.write({"tenant": result.name, **_result_fields(result)})
        return journal

    def started(self, name: str, moment: datetime) -> None:
        """A tenant's turn begins."""
        self.write({"tenant": name, "state": "started", "at": moment.isoformat()})

    def ended(self, result: TenantResult, moment: datetime) -> None:
        """A tenant's turn ended."""
        self.write({"tenant": result.name, **_result_fields(result), "at": moment.isoformat()})

    def close(self) -> None:
        """Forces everything onto the disk and gives the file back."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def write(self, fields: dict[str, Any]) -> None:
        """One line."""
        os.write(self._descriptor, json.dumps(fields, ensure_ascii=False).encode() + b"\n")


def list_runs(folder: Path) -> tuple[str, ...]:
    """The ids of the runs with a journal here, the oldest first."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.stem for path in folder.glob(f"*{_ENDING}")))


def last_run(folder: Path) -> str:
    """The id of the newest run. Raises RunMissing."""
    runs = list_runs(folder)
    if not runs:
        raise RunMissing(
            f"There is no journal in {folder}.", hint="Start a run: `iotistic migrate tenants run ...`."
        )
    return runs[-1]


def read_journal(folder: Path, run: str) -> Record:
    """What a journal says. Lines that a crash has cut are left out. Raises RunMissing."""
    path = folder / f"{run}{_ENDING}"
    try:
        lines = list(_lines(path))
        header = _header_of(lines[0]["begin"])
    except (OSError, IndexError, KeyError) as error:
        known = ", ".join(list_runs(folder)[-5:]) or "none"
        raise RunMissing(
            f"There is no journal of run {run} in {folder}.", hint=f"The last ones are: {known}."
        ) from error
    databases = dict(header.tenants)
    results: dict[str, TenantResult] = {}
    for line in lines[1:]:
        name = line.get("tenant", "")
        if name in databases:
            results[name] = _result_of(name, databases[name], line)
    return Record(header=header, results=results)


def merged(one: Record, other: Record) -> Record:
    """What two records of a run know together: who is done by either is done."""
    results = {
        **one.results,
        **{
            name: result
            for name, result in other.results.items()
            if result.state.done or name not in one.results
        },
    }
    return Record(header=one.header, results=results)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if isinstance(fields, dict):
            yield fields


def _header_fields(header: Header) -> dict[str, Any]:
    source = header.source
    return {
        "run": header.run,
        "service": header.service,
        "source": {"kind": source.kind.value, "text": source.text} if source is not None else None,
        "tenants": [list(pair) for pair in header.tenants],
        "fingerprint": header.fingerprint,
        "started_at": header.started_at.isoformat(),
    }


def _header_of(fields: dict[str, Any]) -> Header:
    source = fields["source"]
    return Header(
        run=fields["run"],
        service=fields["service"],
        source=Source(kind=SourceKind(source["kind"]), text=source["text"]) if source else None,
        tenants=tuple((name, database) for name, database in fields["tenants"]),
        fingerprint=fields["fingerprint"],
        started_at=datetime.fromisoformat(fields["started_at"]),
    )


def _result_fields(result: TenantResult) -> dict[str, Any]:
    fields = {
        "state": result.state.value,
        "applied": list(result.applied),
        "seconds": round(result.took.total_seconds(), 3),
        "error": result.error,
        "code": result.code,
        "file": result.filename,
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _result_of(name: str, database: str, line: dict[str, Any]) -> TenantResult:
    state: str = line.get("state", "")
    return TenantResult(
        name=name,
        database=database,
        state=State.INTERRUPTED if state == "started" else State(state),
        applied=tuple(line.get("applied", ())),
        took=timedelta(seconds=line.get("seconds", 0)),
        error=line.get("error"),
        code=line.get("code"),
        filename=line.get("file"),
    )
