"""A platform on a database of the benchmark's own: partitions for today, a pool of a fixed size, no limits of rates."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.config import DatabaseNames, PoolSettings, RateSettings, Settings
from iotistic.database.pool import connect
from iotistic.partitioning import Maintainer
from iotistic.secret import Secret
from tests.support.databases import TestDatabase

__all__ = ["PEPPER", "opened"]

PEPPER = "the pepper of this benchmark"


@asynccontextmanager
async def opened(
    database: TestDatabase, folder: Path, *, pool: int, with_ingest: bool = True
) -> AsyncGenerator[Platform]:
    owner = await connect(
        database.endpoint("owner"), database.name, application_name="bench", autocommit=True
    )
    await Maintainer(owner).run()
    await owner.close()
    platform = await open_platform(
        Settings(
            data_dir=folder,
            database=database.endpoint("app"),
            names=DatabaseNames(platform=database.name),
            pool=PoolSettings(min_size=pool, max_size=pool, timeout=timedelta(minutes=1)),
            pepper=Secret(PEPPER),
            rates=RateSettings(per_key=0, per_account=0, per_address=0),
        ),
        application_name="bench",
        with_ingest=with_ingest,
    )
    try:
        yield platform
    finally:
        await platform.close()
