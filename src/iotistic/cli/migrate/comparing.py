"""`iotistic migrate verify` and `iotistic migrate dump`: what the database is, and what its files make."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli.migrate.telling import carry_out
from iotistic.cli.migrate.where import Database, Dir, Place, Schema, Service, Table, Which, is_ours, places
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json
from iotistic.config import Endpoint
from iotistic.database.roles import grant_defaults
from iotistic.migrations.catalog import Catalog, Difference, dump
from iotistic.migrations.scratch import Prepare
from iotistic.migrations.verification import Verification, live_catalog, replayed_catalog, verify

__all__ = ["dump_schema", "verify_schema"]

DIFFERENT = 3
_SNAPSHOTS = Path(__file__).parents[2] / "migrations" / "snapshot"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Replay:
    """How to replay the files of one place."""

    place: Place
    maintenance: Endpoint | None
    """Who makes the scratch database, when the owner may not."""
    prepare: Prepare | None
    """What the platform's own databases get before their first migration."""
    grants: bool
    """Whether rights are part of the schema: they are in ours."""


def verify_schema(
    *,
    database: Which = Database.platform,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Replay the applied files beside the database, compare both ways, and drop the replay. Exit 3 when they differ."""
    found = [
        carry_out(_verify(replay), as_json=as_json)
        for replay in _replays(
            database, folder=folder, service=service, schema=schema, table=table, data_dir=data_dir, url=url
        )
    ]
    if as_json:
        print_json({"verifications": [_fields(one) for one in found]})
    else:
        for one in found:
            _show(one)
    if not all(one.same for one in found):
        raise typer.Exit(DIFFERENT)


def dump_schema(
    *,
    database: Which = Database.platform,
    replay: Annotated[
        bool, typer.Option("--replay", help="What the files make, instead of what the database is.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Replay, and write the snapshot that ships beside the migrations.")
    ] = False,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Write the schema as text: sorted, without versions, dates or keys, the same on every supported server."""
    if write and folder is not None:
        raise typer.BadParameter("only the migrations that ship have a snapshot", param_hint="--write")
    dumped: list[dict[str, object]] = []
    for one in _replays(
        database, folder=folder, service=service, schema=schema, table=table, data_dir=data_dir, url=url
    ):
        text = dump(carry_out(_catalog(one, replay=replay or write), as_json=as_json))
        dumped.append(_dump_fields(one.place, text, replayed=replay or write))
        if write:
            _write_snapshot(one.place, text)
        elif not as_json:
            sys.stdout.write(text)
    if as_json:
        print_json({"dumps": dumped})


def _write_snapshot(place: Place, text: str) -> None:
    path = _SNAPSHOTS / f"{place.history.service}.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    narrate(f"{path}: {len(text.splitlines())} lines")


def _replays(
    database: Database,
    *,
    folder: Path | None,
    service: str | None,
    schema: str,
    table: str,
    data_dir: Path | None,
    url: str | None,
) -> list[_Replay]:
    chosen = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    endpoints = Endpoints(settings_from(data_dir, None)) if url is None else None
    maintenance = endpoints.superuser() if endpoints is not None and endpoints.embedded else None
    return [
        _Replay(
            place=place,
            maintenance=maintenance,
            prepare=grant_defaults if maintenance is not None and is_ours(place.history) else None,
            grants=is_ours(place.history),
        )
        for place in chosen
    ]


async def _verify(replay: _Replay) -> Verification:
    place = replay.place
    return await verify(
        place.endpoint,
        place.database,
        place.history,
        maintenance=replay.maintenance,
        prepare=replay.prepare,
        grants=replay.grants,
    )


async def _catalog(one: _Replay, *, replay: bool) -> Catalog:
    place = one.place
    if not replay:
        return await live_catalog(place.endpoint, place.database, without=place.history, grants=one.grants)
    catalog, _ = await replayed_catalog(
        place.endpoint,
        place.history,
        beside=place.database,
        maintenance=one.maintenance,
        prepare=one.prepare,
        grants=one.grants,
    )
    return catalog


def _show(found: Verification) -> None:
    for difference in found.differences:
        sys.stdout.write(f"{difference}\n")
    for filename in found.missing_files:
        narrate(f"{filename} is applied and not in the folder: what it made counts as unexpected")
    if found.pending:
        narrate(f"{len(found.pending)} pending files were not replayed")
    verdict = "is what its files make" if found.same else f"differs at {len(found.differences)} objects"
    narrate(f"{found.service}: {found.database} {verdict} ({len(found.replayed)} files replayed)")


def _fields(found: Verification) -> dict[str, object]:
    return {
        "service": found.service,
        "database": found.database,
        "same": found.same,
        "replayed": list(found.replayed),
        "missing_files": list(found.missing_files),
        "pending": list(found.pending),
        "differences": [_difference_fields(difference) for difference in found.differences],
    }


def _dump_fields(place: Place, text: str, *, replayed: bool) -> dict[str, object]:
    return {
        "service": place.history.service,
        "database": place.database,
        "replayed": replayed,
        "schema": text,
    }


def _difference_fields(difference: Difference) -> dict[str, object]:
    return {
        "kind": difference.kind.value,
        "object": difference.object_kind,
        "name": difference.name,
        "facts": [
            {"fact": fact.fact, "expected": fact.expected, "found": fact.found} for fact in difference.facts
        ],
    }
