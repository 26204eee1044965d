from pathlib import Path

import pytest

from iotistic.database.server.pidfile import parse_pid_file, read_pid_file

READY = "4711\n/srv/postgres\n1795464000\n15432\n/srv/run\n127.0.0.1\n  1234567   98304\nready   \n"


def test_a_ready_server_tells_where_it_listens() -> None:
    found = parse_pid_file(READY)
    assert found is not None
    assert (found.pid, found.port, found.socket_dir, found.address) == (
        4711,
        15432,
        Path("/srv/run"),
        "127.0.0.1",
    )
    assert found.takes_connections
    assert not found.single_user


@pytest.mark.parametrize("lines", range(1, 8))
def test_a_file_that_is_still_being_written_is_not_ready(lines: int) -> None:
    found = parse_pid_file("\n".join(READY.split("\n")[:lines]))
    assert found is not None
    assert found.pid == 4711
    assert not found.takes_connections


@pytest.mark.parametrize(
    ("status", "takes"), [("starting", False), ("stopping", False), ("ready   ", True), ("standby ", True)]
)
def test_only_ready_and_standby_take_connections(status: str, *, takes: bool) -> None:
    found = parse_pid_file(READY.replace("ready   ", status))
    assert found is not None
    assert found.takes_connections is takes


def test_a_single_user_server_writes_its_pid_negated() -> None:
    found = parse_pid_file("-4711\n/srv/postgres\n")
    assert found is not None
    assert (found.pid, found.single_user) == (4711, True)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("*", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - what the file may say
        ("::", "::1"),
        ("", None),
    ],
)
def test_a_client_on_this_machine_knows_where_to_connect(address: str, host: str | None) -> None:
    found = parse_pid_file(READY.replace("127.0.0.1", address))
    assert found is not None
    assert found.host == host


def test_a_server_without_tcp_has_an_empty_address() -> None:
    found = parse_pid_file(READY.replace("127.0.0.1", ""))
    assert found is not None
    assert found.address is None


@pytest.mark.parametrize("text", ["", "\n", "0\n", "what\n"])
def test_a_file_without_a_pid_names_no_server(text: str) -> None:
    assert parse_pid_file(text) is None


def test_a_folder_without_the_file_names_no_server(tmp_path: Path) -> None:
    assert read_pid_file(tmp_path) is None
    assert read_pid_file(tmp_path / "missing") is None
