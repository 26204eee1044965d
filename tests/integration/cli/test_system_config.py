"""`iotistic system-config` as its operator types it."""

import json
import subprocess
from pathlib import Path

import pytest

from iotistic.database.conninfo import url
from tests.support.databases import TestDatabase
from tests.support.terminal import typed


@pytest.fixture
def run(database: TestDatabase, tmp_path: Path):  # noqa: ANN201 - a function
    """Runs one command in a folder of its own."""

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        there = url(database.endpoint("app"), database.name)
        return typed("system-config", *words, folder=tmp_path, stdin=stdin, DATABASE_URL=there)

    return run


def test_a_broker_is_set_and_its_history_told(run) -> None:  # noqa: ANN001 - the fixture above
    value = json.loads(run("get", "mqtt.brokers.1").stdout)
    assert (value["host"], value["isActive"]) == ("localhost", False)
    set_ = run("set", "mqtt.brokers.1", "-", stdin=json.dumps({**value, "isActive": True}))
    assert (set_.returncode, set_.stdout) == (0, ""), set_.stderr
    assert "so already" in run("set", "mqtt.brokers.1", json.dumps({**value, "isActive": True})).stderr
    history = [json.loads(line) for line in run("history", "mqtt.brokers.1", "--json").stdout.splitlines()]
    assert [change["action"] for change in history] == ["changed", "added"]
    assert history[0]["actor"].startswith("command line, ")
    assert "mqtt.brokerIds" in run("list", "mqtt.").stdout


def test_a_mistake_is_told_with_what_to_do(run) -> None:  # noqa: ANN001 - the fixture above
    for words, code, said in (
        (("set", "mqtt.broker.1", "{}"), 1, "mqtt.brokers.<id>"),
        (("set", "custom.x", "red"), 1, "both quotes"),
        (("set", "mqtt.brokers.1", '{"id":1,"name":"a","host":"b","password":"c"}'), 1, "env:NAME"),
        (("remove", "mqtt.brokers.1"), 3, "mqtt.brokerIds"),
        (("get", "vpn.configs.1"), 1, "vpn.configs.1"),
    ):
        done = run(*words)
        assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_the_keys_are_listed_without_a_database(run) -> None:  # noqa: ANN001 - the fixture above
    assert "vpn.configs.<id>" in run("keys").stdout
