import asyncio
import os
import sys
import threading

import pytest

from iotistic.secret import Secret
from iotistic.security.errors import HasherBusy, PasswordUnusable
from iotistic.security.passwords import PasswordHasher, check_usable

FAST = 4  # bcrypt's least cost


async def test_a_password_matches_its_hash_and_no_other_does() -> None:
    hasher = PasswordHasher(cost=FAST)
    stored = await hasher.hash(Secret("correct horse"))
    assert await hasher.matches(Secret("correct horse"), stored)
    assert not await hasher.matches(Secret("correct horsf"), stored)
    hasher.close()


async def test_nobody_has_no_password() -> None:
    hasher = PasswordHasher(cost=FAST)
    assert not await hasher.matches(Secret("correct horse"), None)
    hasher.close()


@pytest.mark.parametrize("text", ["ten chars.", "x" * 72, "ä" * 36])
async def test_what_bcrypt_reads_whole_is_usable(text: str) -> None:
    hasher = PasswordHasher(cost=FAST)
    assert await hasher.matches(Secret(text), await hasher.hash(Secret(text)))
    hasher.close()


@pytest.mark.parametrize("text", ["qwertyuiop", "QwertyUiop", "1234567890", "basketball"])
def test_what_everybody_guesses_first_is_refused_in_whatever_case(text: str) -> None:
    with pytest.raises(PasswordUnusable, match="guesses first"):
        check_usable(Secret(text))


def test_what_only_contains_a_common_password_is_not_refused_for_that() -> None:
    check_usable(Secret("basketballs and a lamp"))


@pytest.mark.parametrize("text", ["my Iotistic key", "iotistic-2026"])
def test_a_password_does_not_contain_the_name_of_the_product(text: str) -> None:
    with pytest.raises(PasswordUnusable, match="product"):
        check_usable(Secret(text))


@pytest.mark.parametrize("text", ["", "x" * 9, "x" * 73, "ä" * 37, "0123456789\0"])
async def test_what_is_too_short_too_long_or_cut_is_refused(text: str) -> None:
    hasher = PasswordHasher(cost=FAST)
    with pytest.raises(PasswordUnusable):
        await hasher.hash(Secret(text))
    hasher.close()


async def test_what_follows_the_72nd_octet_counts_at_login() -> None:
    hasher = PasswordHasher(cost=FAST)
    stored = await hasher.hash(Secret("x" * 72))
    assert not await hasher.matches(Secret("x" * 73), stored)
    hasher.close()


async def test_more_than_the_waiting_room_holds_are_turned_away() -> None:
    hasher = PasswordHasher(cost=FAST, workers=1, waiting=1)
    stored = await hasher.hash(Secret("correct horse"))
    results = await asyncio.gather(
        *(hasher.matches(Secret("correct horse"), stored) for _ in range(5)), return_exceptions=True
    )
    assert results[:2] == [True, True]
    assert all(isinstance(result, HasherBusy) for result in results[2:])
    assert await hasher.matches(Secret("correct horse"), stored)
    hasher.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows niceness of single threads")
async def test_checks_step_back_behind_everything_else_of_the_process() -> None:
    hasher = PasswordHasher(cost=4)
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    there = hasher._executor.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert there.result() == 19
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own
    hasher.close()
