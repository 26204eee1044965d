"""The primary dies and its standby takes over: everything acknowledged is there, once, for processes that were given both hosts.

Where the primary acknowledges a commit only when its standby has applied it; without that, what the standby had not got is gone.
"""

from dataclasses import replace

from iotistic.config import PoolSettings, SessionLimits
from iotistic.database.pool import Connection, Pool, connect, open_pool
from iotistic.database.server import RunningServer
from iotistic.errors import Unavailable
from iotistic.telemetry import Ingest
from tests.integration.telemetry.conftest import make_partitions, owner_of, until
from tests.integration.telemetry.senders import Senders, stored
from tests.support.databases import TEMPLATE, Databases, TestDatabase
from tests.support.standby import standing_by


async def counted(pool: Pool) -> int:
    async with pool.connection(read_only=True) as connection:
        cursor = await connection.execute("SELECT count(*) FROM device_metrics")
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_after_a_failover_the_standby_has_everything_acknowledged_once(server: RunningServer) -> None:
    async with standing_by(server.binaries.source) as pair:
        await Databases.prepare(pair.primary)
        database = TestDatabase(superuser=pair.endpoint, name=TEMPLATE)
        async with owner_of(database) as owner:
            await make_partitions(owner)
        await pair.wait_for_each_other()

        async def direct() -> Connection:
            return await connect(
                database.endpoint("app"), database.name, application_name="test-ingest", autocommit=True
            )

        pool = await open_pool(
            database.endpoint("app"),
            database.name,
            settings=PoolSettings(),
            limits=SessionLimits(),
            application_name="test-pool",
        )
        processes = [Ingest(direct), Ingest(direct)]
        senders = [Senders(process) for process in processes]
        try:
            for process in processes:
                await process.start()
            async with senders[0].sending(), senders[1].sending():
                for one in senders:
                    await one.more()
                assert await counted(pool) > 0
                await pair.kill_primary()
                await pair.promote()
                for one in senders:
                    await one.more()
            await until(lambda: answers(pool), seconds=60)
        finally:
            for process in processes:
                await process.stop()
            await pool.close()
        survivor = replace(database, superuser=replace(database.superuser, hosts=pair.standby.endpoint.hosts))
        found = await stored(survivor)
    acknowledged = senders[0].acknowledged | senders[1].acknowledged
    assert acknowledged <= set(found)
    assert len(found) == len(set(found)), "no report is there twice"
    assert set(found) == acknowledged, "and every sender got its acknowledgement in the end"


async def answers(pool: Pool) -> bool:
    """Whether the pool has replaced the connections of the server that died."""
    try:
        return await counted(pool) > 0
    except Unavailable:
        return False
