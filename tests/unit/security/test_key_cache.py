"""What the memory of keys keeps, and for how long; how it hears of changes is tested on a real server."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security import KeyCache, Principal


class Asked:
    """Answers every key with a principal of its own, and counts."""

    def __init__(self, good_for: timedelta | None = None) -> None:
        self.keys: list[str] = []
        self._good_for = good_for

    async def __call__(self, text: Secret) -> Principal:
        self.keys.append(text.reveal())
        return Principal(key_id=text.reveal(), good_for=self._good_for)


async def unreachable() -> Connection:
    raise NotImplementedError


def listening(*, size: int = 100, now: Callable[[], float] = lambda: 0.0) -> KeyCache:
    cache = KeyCache(unreachable, now=now, size=size)
    cache._forget(listening=True)
    return cache


async def ask(cache: KeyCache, asked: Asked, *keys: str) -> None:
    for key in keys:
        await cache.authenticate(Secret(key), asked)


async def test_the_key_longest_unused_makes_room() -> None:
    cache, asked = listening(size=2), Asked()
    await ask(cache, asked, "a", "b", "a", "c")
    await ask(cache, asked, "a", "c")
    assert asked.keys == ["a", "b", "c"]
    await ask(cache, asked, "b")
    assert asked.keys[-1] == "b"
    assert len(cache._kept) == len(cache._digests) == 2


async def test_a_key_is_remembered_until_it_expires_and_not_at_that_moment() -> None:
    now = [1000.0]
    cache, asked = listening(now=lambda: now[0]), Asked(good_for=timedelta(seconds=1))
    await ask(cache, asked, "a")
    now[0] = 1000.999
    await ask(cache, asked, "a")
    assert asked.keys == ["a"]
    now[0] = 1001.0
    await ask(cache, asked, "a")
    assert asked.keys == ["a", "a"]


async def test_news_of_one_key_leaves_the_others_in_memory() -> None:
    cache, asked = listening(), Asked()
    await ask(cache, asked, "a", "b")
    cache._forget_key("a")
    cache._forget_key("nobody's")
    await ask(cache, asked, "a", "b")
    assert asked.keys == ["a", "b", "a"]


async def test_news_of_anybody_forgets_everybody() -> None:
    cache, asked = listening(), Asked()
    await ask(cache, asked, "a", "b")
    cache._forget_key("")
    assert not cache._kept
    assert not cache._digests


async def test_news_of_ten_thousand_keys_is_taken_in_without_holding_up_the_others() -> None:
    cache, asked = listening(size=20_000), Asked()
    await ask(cache, asked, *(str(number) for number in range(10_000)))
    started = time.process_time()
    for number in range(10_000):
        cache._forget_key(str(number))
    assert time.process_time() - started < 5  # 0.02; a search through all per key would take a minute
    assert not cache._kept


async def test_the_memory_holds_no_key() -> None:
    cache, asked = listening(), Asked()
    key = Secret("iot_dev_the_key_itself")

    async def look_up(text: Secret) -> Principal:
        return replace(await asked(text), key_id="an id")

    await cache.authenticate(key, look_up)
    assert key.reveal() not in str(vars(cache))


async def test_a_listener_that_fails_for_good_leaves_nothing_in_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache, asked = KeyCache(unreachable), Asked()
    await cache.start()
    cache._forget(listening=True)
    await ask(cache, asked, "a")
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(10):
            while "key_cache_stopped_listening" not in caplog.messages:
                await asyncio.sleep(0)
    await ask(cache, asked, "a", "a")
    assert asked.keys == ["a", "a", "a"]
    await cache.stop()
