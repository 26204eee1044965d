import asyncio
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import pytest

from iotistic.config import Endpoint
from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import KeyCache, Principal, Refusal
from tests.support.databases import TestDatabase
from tests.support.proxy import proxied
from tests.support.services import security_service


class Scene:
    """A device with a key, and a cache whose look-ups are counted."""

    def __init__(self, database: TestDatabase, connection: Connection, listens_at: Endpoint) -> None:
        self.database = database
        self.listens_at = listens_at
        self.now: Callable[[], float] = monotonic
        self.connection = connection
        self.listeners: list[Connection] = []
        self.look_ups = 0
        self.cache = KeyCache(self._listen, now=self.time)
        self.key = Secret("")
        self.key_id = ""

    def time(self) -> float:
        """As the test says it is."""
        return self.now()

    @classmethod
    async def open(cls, database: TestDatabase, listens_at: Endpoint | None = None) -> "Scene":
        connection = await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )
        scene = cls(database, connection, listens_at or database.endpoint("app"))
        device = await DeviceService(connection).create_device(name="pump", kind="sensor")
        issued = await security_service(connection).issue_device_key(device.uuid, reason="test")
        scene.key, scene.key_id = issued.text, issued.key_id
        await scene.cache.start()
        await scene.until(lambda: scene.cache._listening)
        return scene

    async def _listen(self) -> Connection:
        found = await connect(self.listens_at, self.database.name, application_name="cache", autocommit=True)
        self.listeners.append(found)
        return found

    async def ask(self) -> Principal | Refusal:
        async def look_up(text: Secret) -> Principal | Refusal:
            self.look_ups += 1
            return await security_service(self.connection).authenticate(text)

        return await self.cache.authenticate(self.key, look_up)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        await self.cache.stop()
        await self.connection.close()


async def test_a_key_is_looked_up_once(database: TestDatabase) -> None:
    scene = await Scene.open(database)
    assert await scene.ask() == await scene.ask()
    assert scene.look_ups == 1
    await scene.close()


async def test_a_revoked_key_is_refused_as_soon_as_the_news_arrives(database: TestDatabase) -> None:
    scene = await Scene.open(database)
    assert isinstance(await scene.ask(), Principal)
    await security_service(scene.connection).revoke_key(scene.key_id, reason="test")
    await scene.until(lambda: not scene.cache._kept)
    assert await scene.ask() == Refusal(reason="revoked")
    await scene.close()


async def test_nothing_is_remembered_while_nobody_listens(database: TestDatabase) -> None:
    scene = await Scene.open(database)
    await scene.ask()
    await scene.cache.stop()
    await scene.ask()
    await scene.ask()
    assert scene.look_ups == 3
    await scene.close()


async def test_a_lost_session_forgets_and_a_new_one_remembers_again(database: TestDatabase) -> None:
    scene = await Scene.open(database)
    await scene.ask()
    killer = await connect(database.superuser, database.name, application_name="killer", autocommit=True)
    await killer.execute("SELECT pg_terminate_backend(%s, 5000)", (scene.listeners[0].info.backend_pid,))
    await killer.close()
    await scene.until(lambda: len(scene.listeners) > 1 and scene.cache._listening)
    await scene.ask()
    await scene.ask()
    assert scene.look_ups == 2
    await scene.close()


async def test_what_is_remembered_counts_for_nothing_once_the_server_is_silent_for_half_a_second(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.database.listener._LONGEST_ANSWER", 600)
    async with proxied(database.endpoint("app")) as proxy:
        scene = await Scene.open(database, proxy.endpoint)
        await scene.ask()
        proxy.pull()
        await security_service(scene.connection).revoke_key(scene.key_id, reason="test")
        await scene.until(lambda: scene.cache._asked_at is not None)
        asked_at = scene.cache._asked_at or 0.0
        scene.now = lambda: asked_at + 0.499
        assert scene.cache.find(scene.key) is not None
        scene.now = lambda: asked_at + 0.5
        assert scene.cache.find(scene.key) is None
        assert await scene.ask() == Refusal(reason="revoked")
        await scene.close()


async def test_a_session_that_went_silent_is_given_up_and_another_takes_its_place(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.database.listener._LONGEST_ANSWER", 0.2)
    async with proxied(database.endpoint("app")) as proxy:
        scene = await Scene.open(database, proxy.endpoint)
        proxy.pull()
        await scene.until(lambda: len(scene.listeners) > 1)
        monkeypatch.setattr("iotistic.database.listener._LONGEST_ANSWER", 600)
        await scene.until(lambda: scene.cache._listening)
        await scene.close()


async def test_news_that_arrives_while_the_server_is_asked_is_heard(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.security.key_cache._PULSE", timedelta(0))
    scene = await Scene.open(database)
    for _ in range(50):  # some of them in the middle of a question
        changes = scene.cache._changes
        await scene.connection.execute("SELECT pg_notify('access_changed', 'nobody')")
        await scene.until(lambda changes=changes: scene.cache._changes > changes)  # type: ignore[misc]
    await scene.close()


async def test_a_refusal_is_not_remembered(database: TestDatabase) -> None:
    scene = await Scene.open(database)
    scene.key = Secret("nonsense")
    await scene.ask()
    await scene.ask()
    assert scene.look_ups == 2
    await scene.close()


async def test_a_change_during_a_look_up_keeps_its_answer_out_of_memory(database: TestDatabase) -> None:
    scene = await Scene.open(database)

    async def slow(text: Secret) -> Principal | Refusal:
        found = await security_service(scene.connection).authenticate(text)
        changes = scene.cache._changes
        await security_service(scene.connection).revoke_key(scene.key_id, reason="meanwhile")
        await scene.until(lambda: scene.cache._changes > changes)
        return found

    before = scene.cache._changes
    assert isinstance(await scene.cache.authenticate(scene.key, slow), Principal)
    assert scene.cache._changes > before
    assert scene.cache._kept == {}
    await scene.close()
