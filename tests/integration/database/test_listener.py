import asyncio

from iotistic.database.listener import Listener, Lost, Reconnected
from iotistic.database.pool import Connection, connect
from tests.support.databases import TestDatabase


async def test_a_notification_arrives_and_a_lost_session_comes_back(database: TestDatabase) -> None:
    pids: list[int] = []

    async def open_session() -> Connection:
        connection = await connect(
            database.endpoint("app"), database.name, application_name="listener", autocommit=True
        )
        pids.append(connection.info.backend_pid)
        return connection

    sender = await connect(database.superuser, database.name, application_name="sender", autocommit=True)
    events = Listener(open_session, ("things",), jitter=lambda: 0.0).events()
    async with asyncio.timeout(20):
        assert isinstance(await anext(events), Reconnected)
        await sender.execute("NOTIFY things, 'one'")
        assert await anext(events) == ("things", "one")
        waiting = asyncio.ensure_future(anext(events))
        await sender.execute("SELECT pg_terminate_backend(%s, 5000)", (pids[0],))
        assert isinstance(await waiting, Lost)
        assert isinstance(await anext(events), Reconnected)
        await sender.execute("NOTIFY things, 'two'")
        assert await anext(events) == ("things", "two")
    await events.aclose()
    await sender.close()
