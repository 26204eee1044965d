"""Runs over many databases, written down in a control database too: whoever is at another machine sees them and goes on.

The journal on disk is written first and is what a killed run is resumed from. This one follows it a moment later, many lines in
one statement, so that no tenant waits for it, and a control database that goes away in mid-run ends nothing.
"""

import asyncio
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self, final

import psycopg
from psycopg.rows import dict_row

from iotistic.config import Endpoint
from iotistic.database.errors import translated
from iotistic.database.pool import Connection, connect
from iotistic.errors import IotisticError
from iotistic.migrations.tenants.journal import Header, Record, RunMissing
from iotistic.migrations.tenants.model import State, TenantResult
from iotistic.migrations.tenants.sources import Source, SourceKind

__all__ = ["CONTROL_TABLES", "ControlBook", "ControlPlace", "read_control", "unwritten"]

CONTROL_TABLES: Final = ("schema_migrations_runs", "schema_migrations_run_tenants")
"""Its tables, made by the first run, in the schema public."""

_PATIENCE: Final = 10.0
_MAKE: Final = """
CREATE TABLE public.schema_migrations_runs (
  run text NOT NULL,
  service text NOT NULL,
  source_kind text,
  source text,
  fingerprint text NOT NULL,
  host text NOT NULL,
  started_by text NOT NULL DEFAULT session_user,
  started_at timestamptz NOT NULL,
  CONSTRAINT schema_migrations_runs_pkey PRIMARY KEY (run)
);
COMMENT ON TABLE public.schema_migrations_runs IS 'One row per run of migrations over many databases.';
CREATE TABLE public.schema_migrations_run_tenants (
  run text NOT NULL,
  place integer NOT NULL,
  tenant text NOT NULL,
  database text NOT NULL,
  state text NOT NULL DEFAULT 'unreached',
  applied text[] NOT NULL DEFAULT '{}',
  took interval NOT NULL DEFAULT '0',
  error text,
  code text,
  filename text,
  changed_at timestamptz,
  CONSTRAINT schema_migrations_run_tenants_pkey PRIMARY KEY (run, tenant),
  CONSTRAINT schema_migrations_run_tenants_run_fkey FOREIGN KEY (run)
    REFERENCES public.schema_migrations_runs (run) ON DELETE CASCADE,
  CONSTRAINT schema_migrations_run_tenants_state_check
    CHECK (state IN ('applied', 'current', 'failed', 'interrupted', 'unreached'))
);
COMMENT ON TABLE public.schema_migrations_run_tenants IS 'One row per database of a run of migrations, with how it went.';
"""
# Not to_regclass(): within a transaction it would answer from a cache of before the lock.
_THERE: Final = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename = 'schema_migrations_run_tenants')
"""
# Two first runs at once: the second waits until the tables are there.
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended('iotistic.migrations.runs', 0))"
_BEGIN: Final = """
INSERT INTO public.schema_migrations_runs (run, service, source_kind, source, fingerprint, host, started_at)
VALUES (%(run)s, %(service)s, %(source_kind)s, %(source)s, %(fingerprint)s, %(host)s, %(started_at)s)
ON CONFLICT (run) DO NOTHING
"""
_TENANTS: Final = """
INSERT INTO public.schema_migrations_run_tenants (run, place, tenant, database)
SELECT %(run)s, n.place, n.tenant, n.database
FROM unnest(%(tenants)s::text[], %(databases)s::text[]) WITH ORDINALITY AS n (tenant, database, place)
ON CONFLICT (run, tenant) DO NOTHING
"""
# A year and a month: runs are few, their tenants need not be.
_FORGET: Final = """
DELETE FROM public.schema_migrations_runs
WHERE run IN (
  SELECT run FROM public.schema_migrations_runs WHERE started_at < now() - INTERVAL '13 months' ORDER BY started_at LIMIT 20
)
"""
_CHANGE: Final = """
UPDATE public.schema_migrations_run_tenants AS t
SET state = n.state, applied = coalesce(n.applied, '{}'), took = make_interval(secs => coalesce(n.seconds, 0)), error = n.error,
  code = n.code, filename = n.filename, changed_at = n.changed_at
FROM jsonb_to_recordset(%(changes)s::jsonb) AS n (
  tenant text, state text, applied text[], seconds float8, error text, code text, filename text, changed_at timestamptz
)
WHERE t.run = %(run)s AND t.tenant = n.tenant
"""
_RUN: Final = """
SELECT run, service, source_kind, source, fingerprint, started_at
FROM public.schema_migrations_runs
WHERE run = coalesce(%(run)s, (SELECT max(run) FROM public.schema_migrations_runs))
"""
_RESULTS: Final = """
SELECT tenant, database, state, applied, took, error, code, filename
FROM public.schema_migrations_run_tenants WHERE run = %(run)s ORDER BY place
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlPlace:
    """Where runs are written down besides the disk."""

    endpoint: Endpoint
    """Its server, as a role that may make tables there, or use them."""
    database: str
    """The control database."""
    needed: bool
    """Whether somebody named it: a run that cannot write there is not begun."""

    async def connect(self) -> Connection:
        """A connection to it. Raises DatabaseUnavailable."""
        return await connect(
            self.endpoint, self.database, application_name="migrate:tenants", autocommit=True
        )


@final
class ControlBook:
    """One run being written down in the control database."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._run = run
        self._changes: dict[str, dict[str, Any]] = {}
        self._changed = asyncio.Event()
        self._ended = False
        self._failure: str | None = None
        self._writing = asyncio.create_task(self._write())

    @classmethod
    async def open(cls, place: ControlPlace, record: Record) -> Self:
        """Writes down a run with its tenants and what is known of them; a resumed one stays as it is otherwise.

        Makes the tables where there are none. Raises Unavailable or Denied.
        """
        connection = await place.connect()
        try:
            with translated():
                await _make_tables(connection)
                async with connection.transaction():
                    await connection.execute(_FORGET)
                    await connection.execute(_BEGIN, _header_row(record.header))
                    await connection.execute(_TENANTS, _tenant_arrays(record.header))
        except BaseException:
            await connection.close()
            raise
        book = cls(connection, record.header.run)
        for result in record.results.values():
            book.ended(result, record.header.started_at)
        return book

    def started(self, name: str, moment: datetime) -> None:
        """A tenant's turn begins: interrupted, until more is known."""
        self._note({"tenant": name, "state": State.INTERRUPTED.value, "changed_at": moment.isoformat()})

    def ended(self, result: TenantResult, moment: datetime) -> None:
        """A tenant's turn ended."""
        self._note(
            {
                "tenant": result.name,
                "state": result.state.value,
                "applied": list(result.applied),
                "seconds": result.took.total_seconds(),
                "error": result.error,
                "code": result.code,
                "filename": result.filename,
                "changed_at": moment.isoformat(),
            }
        )

    async def close(self) -> str | None:
        """Writes what is left, for at most ten seconds; answers what went wrong, in a sentence."""
        self._ended = True
        self._changed.set()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._writing
        except TimeoutError:
            self._failure = self._failure or f"it did not answer within {_PATIENCE:.0f} s"
        finally:
            await self._connection.close()
        return self._failure

    def _note(self, change: dict[str, Any]) -> None:
        self._changes[change["tenant"]] = change
        self._changed.set()

    async def _write(self) -> None:
        while not (self._ended and not self._changes):
            await self._changed.wait()
            self._changed.clear()
            changes, self._changes = list(self._changes.values()), {}
            if not changes or self._failure is not None:
                continue
            try:
                await self._connection.execute(_CHANGE, {"run": self._run, "changes": json.dumps(changes)})
            except psycopg.Error as error:
                self._failure = str(error).strip().partition("\n")[0]


async def read_control(place: ControlPlace, run: str | None) -> Record:
    """What the control database knows of a run, or of the newest one. Raises RunMissing, Unavailable, Denied."""
    connection = await place.connect()
    try:
        with translated():
            rows: Sequence[dict[str, Any]] = []
            async with connection.cursor(row_factory=dict_row) as cursor:
                if await _has_tables(connection):
                    await cursor.execute(_RUN, {"run": run})
                    rows = await cursor.fetchall()
                if not rows:
                    raise RunMissing(
                        f"The database {place.database} knows nothing of {f'run {run}' if run else 'any run'}.",
                        hint="Name the control database of the run with --control.",
                    )
                await cursor.execute(_RESULTS, {"run": rows[0]["run"]})
                return _record(rows[0], await cursor.fetchall())
    finally:
        await connection.close()


async def _has_tables(connection: Connection) -> bool:
    return await (await connection.execute(_THERE)).fetchone() == (True,)


async def _make_tables(connection: Connection) -> None:
    if await _has_tables(connection):
        return
    async with connection.transaction():
        await connection.execute(_ALONE)
        if not await _has_tables(connection):
            await connection.execute(_MAKE)


def _header_row(header: Header) -> dict[str, Any]:
    return {
        "run": header.run,
        "service": header.service,
        "source_kind": header.source.kind.value if header.source else None,
        "source": header.source.text if header.source else None,
        "fingerprint": header.fingerprint,
        "host": socket.gethostname(),
        "started_at": header.started_at,
    }


def _tenant_arrays(header: Header) -> dict[str, Any]:
    return {
        "run": header.run,
        "tenants": [name for name, _ in header.tenants],
        "databases": [database for _, database in header.tenants],
    }


def _record(run: dict[str, Any], tenants: Sequence[dict[str, Any]]) -> Record:
    source = Source(kind=SourceKind(run["source_kind"]), text=run["source"]) if run["source_kind"] else None
    header = Header(
        run=run["run"],
        service=run["service"],
        source=source,
        tenants=tuple((row["tenant"], row["database"]) for row in tenants),
        fingerprint=run["fingerprint"],
        started_at=run["started_at"],
    )
    results = [_result(row) for row in tenants]
    return Record(
        header=header,
        results={result.name: result for result in results if result.state is not State.UNREACHED},
    )


def _result(row: dict[str, Any]) -> TenantResult:
    took: timedelta = row["took"]
    return TenantResult(
        name=row["tenant"],
        database=row["database"],
        state=State(row["state"]),
        applied=tuple(row["applied"]),
        took=took,
        error=row["error"],
        code=row["code"],
        filename=row["filename"],
    )


def unwritten(place: ControlPlace, why: IotisticError | str) -> str:
    """The notice for a run that the control database does not know, or not all of."""
    reason = why if isinstance(why, str) else why.message
    return f"The run is written down on this machine only, not in the database {place.database}: {reason}"
