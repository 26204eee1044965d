"""Starting, adopting, finding and stopping a server."""

import asyncio
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.config import Endpoint
from iotistic.data_folder import DataFolder
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import connect
from iotistic.database.server import find_running, start, stop
from iotistic.database.server.errors import PortTaken, ServerBinariesMissing, ServerStartFailed
from iotistic.database.server.processes import is_alive
from iotistic.secret import Secret
from tests.support.installation import Installation, ask, keep, kept, one_version, superuser

START = """
import asyncio, sys
from pathlib import Path
from iotistic.data_folder import DataFolder
from iotistic.database.server import find_binaries, start
server = asyncio.run(start(DataFolder(Path(sys.argv[1])), binaries=find_binaries(sys.argv[2]), durable=False))
print(server.pid, server.adopted)
"""


async def test_a_running_server_is_found_until_it_is_stopped(installation: Installation) -> None:
    assert find_running(installation.folder) is None
    server = await installation.start()
    found = find_running(installation.folder)
    assert found is not None
    assert (found.pid, found.port, found.endpoint) == (server.pid, server.port, server.endpoint)
    assert (found.version, found.binaries, found.account) == (server.version, server.binaries, server.account)
    assert (server.adopted, found.adopted) == (False, True)
    stopped = await stop(installation.folder)
    assert stopped is not None
    assert stopped.pid == server.pid
    assert find_running(installation.folder) is None
    assert not is_alive(server.pid)
    assert await stop(installation.folder) is None


async def test_the_same_data_and_the_same_port_after_a_restart(installation: Installation) -> None:
    server = await installation.start()
    await keep(server, "forty-two")
    await stop(installation.folder)
    again = await installation.start()
    assert again.port == server.port
    assert await kept(again) == "forty-two"


@one_version
async def test_a_second_start_adopts_the_running_server(installation: Installation) -> None:
    server = await installation.start()
    second = await installation.start()
    assert (second.pid, second.adopted) == (server.pid, True)


@one_version
async def test_many_starts_at_once_make_one_server(installation: Installation) -> None:
    servers = await asyncio.gather(*(installation.start() for _ in range(4)))
    assert len({server.pid for server in servers}) == 1
    assert sorted(server.adopted for server in servers) == [False, True, True, True]


@one_version
async def test_starts_of_several_processes_on_an_empty_folder_make_one_server(
    empty: DataFolder, installation: Installation
) -> None:
    command = [sys.executable, "-c", START, str(empty.root), installation.binaries.source]
    runs = [asyncio.to_thread(subprocess.check_output, command, text=True) for _ in range(3)]
    answers = [answer.split() for answer in await asyncio.gather(*runs)]
    assert len({pid for pid, _ in answers}) == 1
    assert sorted(adopted for _, adopted in answers) == ["False", "True", "True"]


@one_version
async def test_the_server_outlives_the_process_that_started_it(
    empty: DataFolder, installation: Installation
) -> None:
    command = [sys.executable, "-c", START, str(empty.root), installation.binaries.source]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    found = find_running(empty)
    assert found is not None
    assert await ask(found, "SELECT 1") == 1


@one_version
async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(installation: Installation) -> None:
    server = await installation.start()
    assert os.getsid(server.pid) == server.pid
    assert os.getpgid(server.pid) != os.getpgid(0)


async def test_only_the_right_password_opens_tcp_and_socket(installation: Installation) -> None:
    server = await installation.start()
    assert server.endpoint.hosts == (("127.0.0.1", server.port),)
    assert server.socket_dir is not None
    places = [server.endpoint.hosts, ((str(server.socket_dir), server.port),)]
    for hosts in places:
        right = Endpoint(hosts=hosts, user="postgres", password=server.endpoint.password)
        await (await connect(right, "postgres", application_name="test")).close()
        wrong = Endpoint(hosts=hosts, user="postgres", password=Secret("guess"))
        with pytest.raises(DatabaseUnavailable):
            await connect(wrong, "postgres", application_name="test")


@one_version
async def test_a_path_too_long_for_a_socket_gets_a_short_one(spare: Installation) -> None:
    deep = spare.folder.root.joinpath("a" * 100)
    deep.mkdir(mode=0o711)
    for name in ("postgres", "secrets"):
        (spare.folder.root / name).rename(deep / name)
    folder = DataFolder(deep)
    server = await start(folder, binaries=spare.binaries, durable=False)
    assert server.socket_dir is not None
    assert len(str(server.socket_dir)) < 60
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    socket_endpoint = Endpoint(
        hosts=((str(server.socket_dir), server.port),), user="postgres", password=server.endpoint.password
    )
    await (await connect(socket_endpoint, "postgres", application_name="test")).close()
    await stop(folder)
    server.socket_dir.rmdir()


async def test_a_path_with_blanks_quotes_and_commas_is_no_trouble(spare: Installation) -> None:
    odd = spare.folder.root / 'it\'s, my "data" \\ ü'
    odd.mkdir(mode=0o711)
    for name in ("postgres", "secrets"):
        (spare.folder.root / name).rename(odd / name)
    folder = DataFolder(odd)
    server = await start(folder, binaries=spare.binaries, durable=False)
    assert server.socket_dir == odd / "run"
    assert await ask(server, "SHOW log_directory") == str(odd / "log" / "postgres")
    found = find_running(folder)
    assert found is not None
    assert found.binaries == spare.binaries
    await stop(folder)


@one_version
async def test_a_relative_data_folder_is_taken_as_seen_from_here(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(installation.folder.root)
    folder = DataFolder(Path())
    server = await start(folder, binaries=installation.binaries, durable=False)
    assert find_running(folder) is not None
    assert server.folder.root == installation.folder.root
    await stop(folder)


@one_version
async def test_settings_of_the_environment_do_not_reach_the_server(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c nonsense=1")
    server = await installation.start()
    assert server.port != 1


@one_version
async def test_a_port_taken_meanwhile_is_replaced_and_told(installation: Installation) -> None:
    server = await installation.start()
    await stop(installation.folder)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", server.port))
        other.listen()
        again = await installation.start()
    assert again.port != server.port
    assert any(str(server.port) in event and str(again.port) in event for event in installation.told)
    assert await ask(again, "SELECT 1") == 1


@one_version
async def test_a_configured_port_is_taken_or_refused(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port: int = other.getsockname()[1]
        with pytest.raises(PortTaken, match=str(port)):
            await installation.start(port=port)
    server = await installation.start(port=port)
    assert server.port == port


@one_version
async def test_data_of_another_major_version_is_not_touched(spare: Installation) -> None:
    version = spare.folder.postgres / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(ServerBinariesMissing, match="14"):
        await spare.start(binaries=None)
    with pytest.raises(ServerBinariesMissing, match="14"):
        await spare.start()


async def test_existing_data_decides_which_binaries_run(installation: Installation) -> None:
    server = await installation.start(binaries=None)
    assert server.version[0] == installation.binaries.major


async def test_a_server_that_dies_at_start_shows_its_last_words(spare: Installation) -> None:
    with (spare.folder.postgres / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(ServerStartFailed, match="no_such_setting") as refusal:
        await spare.start()
    assert str(spare.folder.log) in (refusal.value.hint or "")


async def test_a_server_that_dies_after_its_log_collector_runs_shows_its_last_words(
    spare: Installation,
) -> None:
    (spare.folder.postgres / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(ServerStartFailed, match=r"(?i)control"):
        await spare.start()


@one_version
async def test_stopping_cuts_the_connections(installation: Installation) -> None:
    server = await installation.start()
    connection = await superuser(server)
    stopped = await stop(installation.folder)
    assert stopped is not None
    assert stopped.took < timedelta(seconds=60)  # who waits for sessions to leave gives up after five minutes
    await connection.close()


async def test_an_operator_may_switch_tcp_off(spare: Installation) -> None:
    with (spare.folder.postgres / "postgresql.conf").open("a") as file:
        file.write("listen_addresses = ''\n")
    server = await spare.start()
    assert server.endpoint.hosts == ((str(server.socket_dir), server.port),)
    assert await ask(server, "SELECT 1") == 1


async def test_an_installation_that_never_ran_has_no_server(tmp_path: Path) -> None:
    assert find_running(DataFolder(tmp_path / "missing")) is None
    assert await stop(DataFolder(tmp_path / "missing")) is None
