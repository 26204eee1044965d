"""News of changes: who waits is told, who waits for something else is not, and a lost session loses nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from iotistic.database.news import News, TooManyWaiters, Waiter
from iotistic.database.pool import Connection, connect
from iotistic.devices.shadow import CHANNEL, ShadowService
from tests.integration.devices.shadow.conftest import ANNA, MakeConnection, itself
from tests.support.databases import TestDatabase


class Scene:
    """News, and the sessions they came over."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        self.sessions: list[Connection] = []
        self.news = News(self._listen, (CHANNEL,), most=5, most_of_one=3, spread=timedelta())

    async def _listen(self) -> Connection:
        session = await connect(
            self.database.endpoint("app"), self.database.name, application_name="news", autocommit=True
        )
        self.sessions.append(session)
        return session


@pytest_asyncio.fixture
async def scene(database: TestDatabase) -> AsyncIterator[Scene]:
    """News that have begun to be heard."""
    scene = Scene(database)
    await scene.news.start()
    with scene.news.subscribed(uuid4(), ("desired",)) as waiter:
        await heard(waiter)
    yield scene
    await scene.news.stop()


async def heard(waiter: Waiter) -> None:
    async with asyncio.timeout(20):
        await waiter.changed()


async def is_quiet(scene: Scene, waiter: Waiter, connection: Connection) -> bool:
    """Whether nothing was told to the waiter of all that came before this very moment."""
    marker = uuid4()
    with scene.news.subscribed(marker, ("desired",)) as other:
        await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{marker} desired 1"))
        await connection.commit()
        await heard(other)
    return not waiter._news.is_set()


async def test_a_change_is_told_once_it_is_committed(
    scene: Scene, connecting: MakeConnection, committed_pump: UUID
) -> None:
    writer, other = await connecting(), await connecting()
    with scene.news.subscribed(committed_pump, ("desired",)) as waiter:
        await ShadowService(writer).patch(committed_pump, "desired", {"a": 1}, actor=ANNA)
        assert await is_quiet(scene, waiter, other)
        await writer.commit()
        await heard(waiter)


async def test_nothing_is_told_of_what_is_rolled_back_or_changes_nothing(
    scene: Scene, connecting: MakeConnection, committed_pump: UUID
) -> None:
    writer = await connecting()
    with scene.news.subscribed(committed_pump, ("desired",)) as waiter:
        await ShadowService(writer).patch(committed_pump, "desired", {"a": 1}, actor=ANNA)
        await writer.rollback()
        await ShadowService(writer).patch(committed_pump, "desired", {}, actor=ANNA)
        await writer.commit()
        assert await is_quiet(scene, waiter, writer)


async def test_the_other_half_and_another_device_are_no_news(
    scene: Scene, connecting: MakeConnection, committed_pump: UUID
) -> None:
    writer = await connecting()
    with (
        scene.news.subscribed(committed_pump, ("desired",)) as waiter,
        scene.news.subscribed(uuid4(), ("desired", "reported")) as elsewhere,
        scene.news.subscribed(committed_pump, ("desired", "reported")) as both,
    ):
        await ShadowService(writer).patch(committed_pump, "reported", {"a": 1}, actor=itself(committed_pump))
        await writer.commit()
        await heard(both)
        assert await is_quiet(scene, waiter, writer)
        assert await is_quiet(scene, elsewhere, writer)


async def test_a_message_carries_device_half_and_version_only(
    connecting: MakeConnection, committed_pump: UUID
) -> None:
    listener, writer = await connecting(), await connecting()
    await listener.set_autocommit(True)
    await listener.execute("LISTEN shadow_changed")
    await ShadowService(writer).patch(committed_pump, "desired", {"secret": "x"}, actor=ANNA)
    await writer.commit()
    [notice] = [one async for one in listener.notifies(timeout=20, stop_after=1)]
    assert notice.payload == f"{committed_pump} desired 1"


async def test_a_lost_session_wakes_all_when_it_is_back(
    scene: Scene, connecting: MakeConnection, committed_pump: UUID
) -> None:
    administrator = await connect(
        scene.database.superuser, scene.database.name, application_name="test", autocommit=True
    )
    with scene.news.subscribed(committed_pump, ("desired",)) as waiter:
        await administrator.execute("SELECT pg_terminate_backend(%s)", (scene.sessions[-1].info.backend_pid,))
        await heard(waiter)
        assert len(scene.sessions) == 2
        writer = await connecting()
        await ShadowService(writer).patch(committed_pump, "desired", {"a": 1}, actor=ANNA)
        await writer.commit()
        await heard(waiter)
    await administrator.close()


async def test_there_are_so_many_waiters_and_no_more(database: TestDatabase) -> None:
    news, pump = Scene(database).news, uuid4()
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(news.subscribed(pump, ("desired",)))
        with pytest.raises(TooManyWaiters) as caught, news.subscribed(pump, ("desired",)):
            pass
        assert caught.value.retry_after is not None
        for _ in range(2):
            stack.enter_context(news.subscribed(uuid4(), ("desired",)))
        with pytest.raises(TooManyWaiters), news.subscribed(uuid4(), ("desired",)):
            pass
        assert news.waiting == 5
    assert (news.waiting, dict(news._waiters)) == (0, {})


async def test_the_end_wakes_everybody(database: TestDatabase) -> None:
    scene = Scene(database)
    with scene.news.subscribed(uuid4(), ("desired",)) as waiter:
        scene.news.dismiss()
        await heard(waiter)
    assert scene.news.dismissed
