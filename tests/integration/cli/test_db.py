"""`iotistic db ...` as it is typed, on a database of anybody's."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from iotistic.cli.main import main
from iotistic.database.conninfo import url
from iotistic.database.server import RunningServer
from tests.support.histories import Place

SLEEP = "import psycopg, sys; c = psycopg.connect(sys.argv[1], autocommit=True); print(c.info.backend_pid, flush=True); {}"


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


Db = Callable[..., Outcome]


@pytest.fixture
def place(server: RunningServer) -> Place:
    return Place(endpoint=server.endpoint, name="postgres")


@pytest.fixture
def db(place: Place, capsys: pytest.CaptureFixture[str]) -> Db:
    def call(*words: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(["db", *words, "--url", url(place.endpoint, place.name)])
        captured = capsys.readouterr()
        return Outcome(int(caught.value.code or 0), captured.out, captured.err)

    return call


@contextmanager
def a_session(place: Place, work: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Another program that is connected and does `work`; its process on the server."""
    arguments = [sys.executable, "-c", SLEEP.format(work), url(place.endpoint, place.name)]
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process
        finally:
            process.kill()


def test_status_sizes_and_indexes_are_tables_and_json(db: Db) -> None:
    status = db("status", "--json").json
    assert (status["database"], status["is_standby"]) == ("postgres", False)
    assert status["connections"][0]["sessions"] >= 1
    plain = db("status")
    assert (plain.code, "PostgreSQL" in plain.out, "of " in plain.out) == (0, True, True)
    assert isinstance(db("sizes", "--json").json["tables"], list)
    assert isinstance(db("indexes", "--json", "--unused").json["indexes"], list)
    assert db("sizes").code == db("indexes").code == 0


def test_without_counted_statements_it_is_said_what_to_do(db: Db) -> None:
    missing = db("queries")
    assert (missing.code, missing.out) == (1, "")
    assert "pg_stat_statements" in missing.err


def test_activity_is_one_plain_picture_where_no_terminal_is(db: Db, place: Place) -> None:
    with a_session(place, "c.execute('BEGIN; SELECT 7'); sys.stdin.read()") as (pid, _):

        def state() -> str | None:
            rows = {one["pid"]: one for one in db("activity", "--json").json["sessions"]}
            return rows[pid]["state"] if pid in rows else None

        for _ in range(2000):
            if state() == "idle in transaction":
                break
        plain = db("activity")
        assert plain.out.startswith("PID")
        assert f"\n{pid} " in plain.out
        assert len(db("activity", "--all").out.splitlines()) > len(plain.out.splitlines())


def test_activity_is_live_on_a_terminal_until_ctrl_c(place: Place) -> None:
    leader, follower = pty.openpty()
    words = ["db", "activity", "--interval", "0.2", "--url", url(place.endpoint, place.name)]
    process = subprocess.Popen(
        [sys.executable, "-m", "iotistic", *words],
        stdin=follower,
        stdout=follower,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    )
    os.close(follower)
    seen = b""
    while seen.count(b"Ctrl-C ends") < 2:  # drawn, and drawn again
        seen += os.read(leader, 65536)
    process.send_signal(signal.SIGINT)
    while True:
        try:
            if not os.read(leader, 65536):
                break
        except OSError:  # the terminal's other side is closed
            break
    _, errors = process.communicate(timeout=60)
    os.close(leader)
    assert (process.returncode, errors) == (0, b"")


def test_kill_shows_whom_and_asks_unless_told_not_to(db: Db, place: Place) -> None:
    with a_session(place, "c.execute('SELECT pg_sleep(300)')") as (pid, process):
        while db("kill", str(pid)).code == 3:  # it begins to sleep in a moment
            pass
        asked = db("kill", str(pid))
        assert (asked.code, "--yes" in asked.err, "pg_sleep" in asked.err) == (1, True, True)
        done = db("kill", str(pid), "--yes", "--json")
        assert (done.code, done.json) == (0, {"pid": pid, "action": "cancel", "ended": True})
        assert process.wait(60) != 0


def test_kill_terminates_a_session(db: Db, place: Place) -> None:
    with a_session(place, "sys.stdin.read(); c.execute('SELECT 1')") as (pid, process):
        ended = db("kill", str(pid), "--terminate", "--yes")
        assert (ended.code, "the session has ended" in ended.err) == (0, True)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) != 0
    gone = db("kill", str(pid), "--terminate", "--yes")
    assert (gone.code, f"no process {pid}" in gone.err) == (1, True)


def test_locks_show_the_root_first(db: Db, place: Place) -> None:
    lock = "c.execute('SELECT pg_advisory_lock(77001)'); print('held', flush=True); sys.stdin.read()"
    with a_session(place, lock) as (root, process):
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with a_session(place, "c.execute('SELECT pg_advisory_lock(77001)')") as (waiter, _):
            trees: list[dict[str, Any]] = []
            while not any(tree["pid"] == root for tree in trees):
                trees = db("locks", "--json").json["trees"]
            [tree] = [tree for tree in trees if tree["pid"] == root]
            assert [one["pid"] for one in tree["waiters"]] == [waiter]
            lines = db("locks").out.splitlines()
            at = next(number for number, line in enumerate(lines) if line.startswith(f"{root} "))
            assert "[holds up 1]" in lines[at]
            assert lines[at + 1].startswith(f"└─ {waiter} ")
            assert "ExclusiveLock on advisory" in lines[at + 1]
