"""Whether a database is what its migrations make: they are replayed beside it, and the two catalogs compared."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from iotistic.config import Endpoint
from iotistic.database.pool import connect
from iotistic.migrations.catalog import Catalog, Difference, compare_catalogs, read_catalog
from iotistic.migrations.files import look_into
from iotistic.migrations.history import History
from iotistic.migrations.looking import inspect
from iotistic.migrations.runner import apply
from iotistic.migrations.scratch import Prepare, scratch_database

__all__ = ["Verification", "live_catalog", "replayed_catalog", "verify"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What a replay found."""

    service: str
    """Whose history."""
    database: str
    """Which database."""
    replayed: tuple[str, ...]
    """The files that were run in the scratch database: those on record here."""
    missing_files: tuple[str, ...]
    """On record here and not in the folder, so not replayed; what they made shows up as unexpected."""
    pending: tuple[str, ...]
    """In the folder and not applied here, so not replayed."""
    differences: tuple[Difference, ...]
    """Where the database is not what its files make."""

    @property
    def same(self) -> bool:
        """Whether the database is exactly what its files make."""
        return not self.differences


async def verify(
    endpoint: Endpoint,
    database: str,
    history: History,
    *,
    maintenance: Endpoint | None = None,
    prepare: Prepare | None = None,
    role: str | None = None,
    grants: bool = False,
) -> Verification:
    """Replays the files that are on record in `database` into a scratch database beside it, and compares both ways.

    The live database is only read. `maintenance`, `prepare` as for `scratch_database`; `role` as for `apply`; with `grants`,
    rights are compared too. Raises ScratchDenied, and what `apply` raises when a file no longer runs on an empty database.
    """
    status = await inspect(endpoint, database, history)
    found = await live_catalog(endpoint, database, without=history, grants=grants)
    recorded = {entry.filename for entry in status.applied}
    expected, replayed = await replayed_catalog(
        endpoint,
        history,
        beside=database,
        maintenance=maintenance,
        prepare=prepare,
        role=role,
        grants=grants,
        only=recorded,
    )
    return Verification(
        service=history.service,
        database=database,
        replayed=replayed,
        missing_files=tuple(sorted(recorded - set(replayed))),
        pending=status.pending,
        differences=compare_catalogs(expected, found),
    )


async def live_catalog(
    endpoint: Endpoint, database: str, *, without: History | None = None, grants: bool = False
) -> Catalog:
    """The catalog of a database as it is. Nothing is written."""
    connection = await connect(endpoint, database, application_name="migrate:catalog")
    try:
        return await read_catalog(connection, without=without, grants=grants)
    finally:
        await connection.close()


async def replayed_catalog(
    endpoint: Endpoint,
    history: History,
    *,
    beside: str,
    maintenance: Endpoint | None = None,
    prepare: Prepare | None = None,
    role: str | None = None,
    grants: bool = False,
    only: Collection[str] | None = None,
) -> tuple[Catalog, tuple[str, ...]]:
    """What the files of `history` make of an empty database, and the names of those files. `only` names the files to run."""
    folder = look_into(history.folder, service=history.service)
    replayed = replace(history, folder=folder if only is None else folder.only(only))
    async with scratch_database(endpoint, beside=beside, maintenance=maintenance, prepare=prepare) as name:
        report = await apply(endpoint, name, replayed, application="migrate:verify", role=role)
        catalog = await live_catalog(endpoint, name, without=history, grants=grants)
    return catalog, tuple(applied.filename for applied in report.applied)
