"""From a stopped or missing cluster to a server that takes connections."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from iotistic.data_folder import DataFolder
from iotistic.database.server.account import Account
from iotistic.database.server.binaries import Binaries
from iotistic.database.server.cluster import create_cluster, existing_major, sweep_drafts
from iotistic.database.server.errors import PortTaken, ServerStartFailed
from iotistic.database.server.folders import disk_full, filing, log_folder, prepare_run_and_log, socket_folder
from iotistic.database.server.log import LogWatch
from iotistic.database.server.machine import disk_free, measure
from iotistic.database.server.orphans import clear_leftovers, refuse_other_servers
from iotistic.database.server.pidfile import PidFile
from iotistic.database.server.ports import FIRST, LOOPBACK, choose_port, is_free
from iotistic.database.server.process import has_ended, spawn, wait_until_ready
from iotistic.database.server.reachable import make_reachable
from iotistic.database.server.running import RunningServer, running_server
from iotistic.database.server.settings_file import remembered_port, render_settings, write_settings
from iotistic.database.server.superuser import restore_password
from iotistic.database.server.tuning import MB, settings_for

__all__ = ["Launch", "launch"]

_NEEDED = 48 * MB
"""Three WAL segments. A start that failed with less room than this failed for want of room."""

_PORT_ATTEMPTS = 5
_STATEMENTS = "pg_stat_statements"


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """Everything that is decided before the first file is written."""

    folder: DataFolder
    account: Account
    binaries: Binaries
    port: int | None
    """The configured one, None when any free one will do."""
    durable: bool
    on_event: Callable[[str], None]


async def launch(plan: Launch) -> RunningServer:
    """Create the cluster where there is none, clear away what a dead server left, and start. Only under the lock."""
    folder, account, tell = plan.folder, plan.account, plan.on_event
    sweep_drafts(folder)
    prepare_run_and_log(folder, account)
    binaries = await make_reachable(plan.binaries, folder, account, tell)
    if existing_major(folder.postgres) is None:
        await create_cluster(folder, binaries, account, durable=plan.durable, on_event=tell)
    else:
        await clear_leftovers(folder.postgres, socket_folder(folder, account), tell)
        await restore_password(folder, binaries, account, tell)
    if not binaries.has_library(_STATEMENTS):
        tell(f"{binaries.describe()} comes without {_STATEMENTS}: statement statistics are off.")
    found = await _start(plan, binaries)
    return running_server(folder, found, adopted=False, binaries=binaries)


async def _start(plan: Launch, binaries: Binaries) -> PidFile:
    """Start the postmaster; on another port when somebody took the chosen one between our look and the server's own."""
    data, log = plan.folder.postgres, log_folder(plan.folder)
    remembered = remembered_port(data)
    for _ in range(_PORT_ATTEMPTS):
        port, told = choose_port(plan.port, remembered, free=is_free, first=_first_port(plan))
        if told:
            plan.on_event(told)
        with filing(plan.folder.root):
            _write_settings(plan, binaries, port)
            watch = LogWatch.begin(log)
            pid = spawn(binaries, data, log, plan.account)
        try:
            return await wait_until_ready(pid, data, watch, plan.on_event)
        except ServerStartFailed as error:
            if is_free(port) or not has_ended(pid):
                _explain(plan.folder, error)
                raise
            remembered = port
    raise PortTaken(
        f"Other programs took {_PORT_ATTEMPTS} ports in a row.", hint="Name a port in IOTISTIC_SERVER_PORT."
    )


def _first_port(plan: Launch) -> int:
    """Throw-away servers are started many at once: each looks from a place of its own, above those of installations."""
    return FIRST if plan.durable else 20_000 + crc32(str(plan.folder.root).encode()) % 10_000


def _write_settings(plan: Launch, binaries: Binaries, port: int) -> None:
    settings = settings_for(
        measure(plan.folder.root),
        major=binaries.major,
        durable=plan.durable,
        statements=binaries.has_library(_STATEMENTS),
    )
    sockets = str(socket_folder(plan.folder, plan.account)).replace('"', '""')
    places = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": f'"{sockets}"',  # quoted: a comma in the path would begin another folder
        "log_directory": str(log_folder(plan.folder)),
    }
    write_settings(plan.folder.postgres, render_settings(settings | places), plan.account)


def _explain(folder: DataFolder, error: ServerStartFailed) -> None:
    """Raises the better-known cause of a failed start, if there is one."""
    if disk_free(folder.root) < _NEEDED:
        raise disk_full(folder.root, _NEEDED, doing="start the server") from error
    refuse_other_servers(folder.postgres)
