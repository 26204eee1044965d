import asyncio
from collections.abc import Callable

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import KeyCache, Principal, Refusal
from tests.support.databases import TestDatabase
from tests.support.services import security_service


class Scene:
    """A device with a key, and a cache whose look-ups are counted."""

    def __init__(self, database: TestDatabase, connection: Connection) -> None:
        self.database = database
        self.connection = connection
        self.listeners: list[Connection] = []
        self.look_ups = 0
        self.cache = KeyCache(self._listen)
        self.key = Secret("")
        self.key_id = ""

    @classmethod
    async def open(cls, database: TestDatabase) -> "Scene":
        connection = await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )
        scene = cls(database, connection)
        device = await DeviceService(connection).create_device(name="pump", kind="sensor")
        issued = await security_service(connection).issue_device_key(device.uuid, reason="test")
        scene.key, scene.key_id = issued.text, issued.key_id
        await scene.cache.start()
        await scene.until(lambda: scene.cache._listening)
        return scene

    async def _listen(self) -> Connection:
        found = await connect(
            self.database.endpoint("app"), self.database.name, application_name="cache", autocommit=True
        )
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
