import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import psutil
import pytest

from iotistic.secret import Secret
from iotistic.security.hashing_process import HashingProcess
from iotistic.security.passwords import PasswordHasher

SALT = bcrypt.gensalt(4)
PASSWORD = b"correct horse battery"


@pytest.fixture
def hashing() -> Iterator[HashingProcess]:
    process = HashingProcess()
    yield process
    process.end()


def child_of(hashing: HashingProcess) -> psutil.Process:
    assert hashing._process is not None
    return psutil.Process(hashing._process.pid)


@pytest.mark.parametrize("password", [b"correct horse battery", b"\xff" * 72, b"a b\nc", "schön".encode()])
def test_it_hashes_as_bcrypt_does(hashing: HashingProcess, password: bytes) -> None:
    assert hashing.hashpw(password, SALT) == bcrypt.hashpw(password, SALT)


def test_the_same_process_answers_again(hashing: HashingProcess) -> None:
    hashing.hashpw(PASSWORD, SALT)
    first = child_of(hashing).pid
    hashing.hashpw(PASSWORD, SALT)
    assert child_of(hashing).pid == first


def test_what_is_no_salt_is_refused_and_the_next_one_is_not(hashing: HashingProcess) -> None:
    with pytest.raises(ValueError, match="salt"):
        hashing.hashpw(PASSWORD, b"nonsense")
    assert hashing.hashpw(PASSWORD, SALT) == bcrypt.hashpw(PASSWORD, SALT)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this policy")
def test_it_takes_only_what_the_machine_leaves_over(hashing: HashingProcess) -> None:
    hashing.hashpw(PASSWORD, SALT)
    child = child_of(hashing)
    assert (os.sched_getscheduler(child.pid), child.nice()) == (os.SCHED_IDLE, 19)
    assert os.sched_getscheduler(0) != os.SCHED_IDLE


def test_a_password_is_in_no_list_of_processes(hashing: HashingProcess) -> None:
    hashing.hashpw(PASSWORD, SALT)
    child = child_of(hashing)
    told = " ".join([*child.cmdline(), *child.environ().values()])
    assert PASSWORD.decode() not in told
    assert PASSWORD.hex() not in told


def test_one_that_somebody_ended_is_replaced_unseen(hashing: HashingProcess) -> None:
    hashing.hashpw(PASSWORD, SALT)
    child = child_of(hashing)
    child.kill()
    assert hashing.hashpw(PASSWORD, SALT) == bcrypt.hashpw(PASSWORD, SALT)
    assert not child.is_running()


def test_one_that_gets_no_time_is_replaced_by_one_that_does_not_step_back() -> None:
    hashing = HashingProcess(patience=0.1)
    hashing._ask(b"%s %s\n" % (PASSWORD.hex().encode(), SALT.hex().encode()), 60)
    starving = child_of(hashing)
    starving.send_signal(signal.SIGSTOP)  # as on a machine that is never idle
    assert hashing.hashpw(PASSWORD, SALT) == bcrypt.hashpw(PASSWORD, SALT)
    assert not starving.is_running()
    hashing.end()


def test_it_ends_with_whoever_started_it() -> None:
    program = f"""
import os, signal
from iotistic.security.hashing_process import HashingProcess

hashing = HashingProcess()
hashing.hashpw(b"x", {SALT!r})
print(hashing._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    told = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False)
    assert told.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):  # it may be gone already
        psutil.Process(int(told.stdout)).wait(60)


async def test_a_service_that_stops_leaves_no_process_and_no_one_waiting() -> None:
    hasher = PasswordHasher(cost=14, apart=True)
    assert hasher._process is not None
    waiting = asyncio.create_task(hasher.matches(Secret("correct horse battery"), None))
    async with asyncio.timeout(60):
        while hasher._process._process is None:
            await asyncio.sleep(0.005)
    child = child_of(hasher._process)
    hasher.close()
    with pytest.raises((EOFError, BrokenPipeError)):
        await waiting
    assert not child.is_running()


async def test_hashes_of_either_way_are_the_same() -> None:
    apart, beside = PasswordHasher(cost=4, apart=True), PasswordHasher(cost=4)
    password = Secret("correct horse battery")
    assert await apart.matches(password, await beside.hash(password))
    assert await beside.matches(password, await apart.hash(password))
    assert not await apart.matches(Secret("correct horse batterz"), await beside.hash(password))
    assert not await apart.matches(password, None)
    apart.close()
    beside.close()


def test_the_worker_imports_nothing_of_the_platform() -> None:
    source = Path(sys.modules[HashingProcess.__module__].__file__ or "").with_name("bcrypt_worker.py")
    assert "iotistic" not in source.read_text()
