"""The snapshots of the schemas are what the migrations make: a review sees the effect of a migration, not only its text."""

from difflib import unified_diff
from pathlib import Path

import pytest

import iotistic
from iotistic.database.pool import Connection
from iotistic.database.roles import grant_defaults
from iotistic.migrations import SERVICES, History
from iotistic.migrations.catalog import dump
from iotistic.migrations.verification import replayed_catalog
from tests.support.databases import Databases

SNAPSHOTS = Path(iotistic.__file__).parent / "migrations" / "snapshot"


async def prepare(connection: Connection) -> None:
    await grant_defaults(connection)


@pytest.mark.parametrize("history", SERVICES.values(), ids=SERVICES)
async def test_a_snapshot_is_what_the_migrations_make(databases: Databases, history: History) -> None:
    async with databases.empty() as database:
        catalog, _ = await replayed_catalog(
            database.endpoint("owner"),
            history,
            beside=database.name,
            maintenance=database.superuser,
            prepare=prepare,
            grants=True,
        )
    path = SNAPSHOTS / f"{history.service}.sql"
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    changes = list(
        unified_diff(
            kept.splitlines(), dump(catalog).splitlines(), "snapshot", "migrations", lineterm="", n=1
        )
    )
    assert not changes, (
        "run `iotistic migrate dump --database all --write`, look at the change, and commit it:\n"
        + "\n".join(changes[:60])
    )
