"""`iotistic status`."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from iotistic import migrations
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.bootstrap.provisioning import histories
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json, print_table, readable_bytes, run_async
from iotistic.cli.stack.state import find_state
from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.database.locks import Holder, LockKey, list_holders
from iotistic.database.pool import connect
from iotistic.errors import IotisticError
from iotistic.operations.access.server_certificate import find_server_certificate
from iotistic.operations.overview import OverviewService
from iotistic.partitioning import runway

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def status(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show what runs, where, and how the data grows."""
    settings = settings_from(data_dir, url)
    seen = run_async(_look(settings))
    if as_json:
        print_json(seen)
    else:
        _render(seen)


async def _look(settings: Settings) -> dict[str, Any]:
    """Everything that is shown, as plain values under stable keys."""
    platform = await open_platform(settings, application_name="iotistic-status", with_ingest=False)
    try:
        names = [database for database, _ in histories(settings.names)]
        async with platform.begin(read_only=True) as work:
            overview = await OverviewService(work.connection).overview(names)
            telemetry = await work.telemetry.summary(platform.clock())
            partitions = await runway(work.connection, platform.clock())
        holders = await _holders(platform)
        return {
            "api": _api(settings),
            "server": await _server(platform),
            "databases": [
                {
                    **asdict(size),
                    **await _schema(platform, size.name),
                    "operation": asdict(holders[size.name]) if size.name in holders else None,
                }
                for size in overview.databases
            ],
            "devices": asdict(overview.devices),
            "telemetry": asdict(telemetry),
            "partitions": [{"parent": ahead.parent, "days_ahead": ahead.days} for ahead in partitions],
            "tables": [asdict(table) for table in overview.tables],
        }
    finally:
        await platform.close()


def _api(settings: Settings) -> dict[str, Any]:
    state = find_state(DataFolder(settings.data_dir).up_state)
    running = state is not None and "api" in state.survivors()
    return {"url": state.api_url if state and running else None, "running": running}


async def _server(platform: Platform) -> dict[str, Any]:
    endpoints = Endpoints(platform.settings)
    endpoint = endpoints.of("app")
    host, port = endpoint.hosts[0]
    certificate = await find_server_certificate(endpoint)
    return {
        "embedded": endpoints.embedded,
        "host": host,
        "port": port,
        "certificate_ends": None if certificate is None else certificate.ends,
        "data_dir": str(endpoints.folder.root),
    }


async def _holders(platform: Platform) -> dict[str, Holder]:
    """Who dumps, restores, migrates or works on partitions now, by database: these exclude one another."""
    endpoint = platform.endpoints.of("monitor")  # which may see what sessions of others are called
    connection = await connect(
        endpoint, platform.settings.names.platform, application_name="iotistic-status", autocommit=True
    )
    try:
        return await list_holders(connection, LockKey.OPERATIONS)
    finally:
        await connection.close()


async def _schema(platform: Platform, database: str) -> dict[str, Any]:
    """The newest migration of one database, or why it cannot be told: one broken database hides no other."""
    history = dict(histories(platform.settings.names))[database]
    try:
        seen = await migrations.inspect(platform.endpoints.of("owner"), database, history)
    except IotisticError as error:
        return {"schema": None, "at_head": False, "problem": error.message}
    return {"schema": seen.head, "at_head": seen.at_head, "problem": None}


def _shown(row: dict[str, Any]) -> str:
    return row["problem"] or ("nothing applied" if row["schema"] is None else f"{row['schema']:03}")


def _tls(ends: datetime | None) -> str:
    return "none" if ends is None else f"the server's certificate ends {ends:%Y-%m-%d}"


def _render(seen: dict[str, Any]) -> None:
    telemetry, devices, server = seen["telemetry"], seen["devices"], seen["server"]
    newest = telemetry["newest"]
    kind = "embedded PostgreSQL" if server["embedded"] else "PostgreSQL"
    lines = {
        "API": seen["api"]["url"] or "not running: start it with `iotistic up`",
        "Server": f"{kind} at {server['host']}:{server['port']}",
        "TLS": _tls(server["certificate_ends"]),
        "Devices": f"{devices['online']} of {devices['registered']} online",
        "Ingest": f"{telemetry['reports_per_second']:.2f} reports/s, {telemetry['points_per_second']:.1f} values/s",
        "Newest": "nothing yet" if newest is None else f"{newest:%Y-%m-%d %H:%M:%S} UTC",
    }
    for label, text in lines.items():
        sys.stdout.write(f"{label:<9}{text}\n")
    sys.stdout.write("\n")
    databases = [
        {
            **row,
            "size": readable_bytes(row["bytes"]),
            "schema": _shown(row),
            "operation": Holder(**row["operation"]) if row["operation"] else "none",
        }
        for row in seen["databases"]
    ]
    print_table(databases, ["name", "size", "schema", "at_head", "operation"], empty="There is no database.")
    sys.stdout.write("\n")
    print_table(seen["partitions"], ["parent", "days_ahead"], empty="Nothing is partitioned.")
    sys.stdout.write("\n")
    tables = [{**row, "table": row["name"], "size": readable_bytes(row["bytes"])} for row in seen["tables"]]
    print_table(tables, ["table", "size", "partitions"], empty="There is no table.")
