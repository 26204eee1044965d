"""The `iotistic` command: finds the module of the command named and hands over.

Only that module is imported, so that `iotistic --help` answers in a fraction of the time psycopg alone takes to load
(0.3 s of CPU).
"""

import os
import sys
from importlib import import_module

from iotistic import __version__

__all__ = ["COMMANDS", "Command", "main"]


class Command:
    """One first word after `iotistic`. No dataclass: importing those takes longer than finding nothing to migrate."""

    __slots__ = ("module", "summary")

    def __init__(self, module: str, summary: str) -> None:
        self.module = module
        """Where its `app` (a Typer) lives."""
        self.summary = summary
        """The line `iotistic --help` shows; a contract test holds it to the command's own help."""


COMMANDS = {
    "up": Command(
        "iotistic.cli.up", "Start everything: PostgreSQL, API, and this computer as the first device."
    ),
    "down": Command("iotistic.cli.down", "Stop what `iotistic up` started."),
    "reset": Command("iotistic.cli.reset", "Delete the local data and begin anew (asks first)."),
    "status": Command("iotistic.cli.status", "Show what runs, where, and how the data grows."),
    "devices": Command(
        "iotistic.cli.devices", "List devices, look at one, register, import and export them."
    ),
    "logs": Command("iotistic.cli.logs", "Search the log lines of devices, and follow them."),
    "alerts": Command("iotistic.cli.alerts", "Watch log lines, and see what was found."),
    "metrics": Command("iotistic.cli.metrics", "Newest values, series, charts and files of metrics."),
    "fleets": Command("iotistic.cli.fleets", "Group devices that are run alike."),
    "gateways": Command("iotistic.cli.gateways", "Say which devices a gateway may send telemetry for."),
    "telemetry": Command("iotistic.cli.telemetry", "Look after what devices reported and was set aside."),
    "tags": Command("iotistic.cli.tags", "Rules of tags, and who breaks them."),
    "users": Command("iotistic.cli.users", "Make and list accounts, and say who may do what."),
    "keys": Command("iotistic.cli.keys", "List, make, replace and revoke keys of devices and accounts."),
    "shadow": Command("iotistic.cli.shadow", "Show and change what devices are to be, and compare."),
    "dashboards": Command("iotistic.cli.dashboards", "Dashboards: own ones of people, and those all share."),
    "events": Command("iotistic.cli.events", "Show what happened, and follow it as it comes."),
    "audit": Command("iotistic.cli.audit", "Show who changed what."),
    "partitions": Command(
        "iotistic.cli.partitions", "See how long partitions last, make and retire them, mend them."
    ),
    "applications": Command(
        "iotistic.cli.applications", "What devices run: applications, releases, deployments."
    ),
    "jobs": Command("iotistic.cli.jobs", "Give devices work, and watch it go through them."),
    "archive": Command("iotistic.cli.archive", "Partitions as Parquet files: make, check and query them."),
    "housekeeper": Command(
        "iotistic.cli.housekeeper", "See what the periodic work did, pause it, ask for it now."
    ),
    "db": Command("iotistic.cli.db", "What the databases do and hold, and ways into them."),
    "maintenance": Command(
        "iotistic.cli.maintenance", "Vacuum, analyse and reindex tables, see their sizes, and clean up."
    ),
    "backup": Command("iotistic.cli.backup", "Take backups, prove them by restoring, and let old ones go."),
    "restore": Command(
        "iotistic.cli.restore",
        "Restore a backup: into a new database, compared with its manifest, then swapped in by name.",
    ),
    "doctor": Command(
        "iotistic.cli.doctor",
        "Look at the database server, and say what is wrong, what comes of it, and what to type.",
    ),
    "migrate": Command(
        "iotistic.cli.migrate", "Bring databases to the newest schema, and see what is pending."
    ),
    "config": Command("iotistic.cli.config", "Show and check the settings."),
    "system-config": Command(
        "iotistic.cli.system_config", "Show and change how the platform runs: settings in the database."
    ),
    "secrets": Command(
        "iotistic.cli.sealed_secrets", "Secrets in the database: the keys they are sealed under."
    ),
    "certificates": Command(
        "iotistic.cli.certificates",
        "Certificates for TLS to the database: make them, renew them, see when they end.",
    ),
    "mqtt": Command("iotistic.cli.mqtt", "Accounts of the MQTT brokers, their rules, and how brokers do."),
    "vpn": Command("iotistic.cli.vpn", "Certificates of the VPN."),
    "twin": Command("iotistic.cli.twin", "The digital twin: what lies in what, and which of it is a device."),
    "serve": Command("iotistic.cli.serve", "Run the HTTP API."),
    "agent": Command("iotistic.cli.agent", "Report this computer as a device."),
}


def main(arguments: list[str] | None = None) -> None:
    """Runs one command line and exits with its code (see `iotistic.cli.output`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in {"-h", "--help", "help"}:
        _print_overview()
        raise SystemExit(0)
    if words[0] in {"-V", "--version"}:
        sys.stdout.write(f"iotistic {__version__}\n")
        raise SystemExit(0)
    name, *rest = words
    if name not in COMMANDS:
        sys.stderr.write(_unknown(name))
        raise SystemExit(1)
    if name == "migrate" and (code := _light_migrate(rest)) is not None:
        if arguments is None:
            sys.stdout.flush()
            os._exit(
                code
            )  # the process is ours and has nothing open: taking it apart would cost a fifth of its time
        raise SystemExit(code)
    module = import_module(COMMANDS[name].module)
    run = import_module("iotistic.cli.output").run
    raise SystemExit(run(module.app, name, rest))


def _light_migrate(words: list[str]) -> int | None:
    from iotistic.cli.light.answer import answer  # noqa: PLC0415 - only this command pays for it

    return answer(words, dict(os.environ))  # noqa: TID251 - iotistic.config is too slow to ask


def _print_overview() -> None:
    width = max(map(len, COMMANDS))
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    lines = [
        "Usage: iotistic COMMAND [OPTIONS]",
        "",
        "The PostgreSQL data platform of an IoT company.",
        "",
        "Commands:",
        *(f"  {bold}{name:<{width}}{plain}  {command.summary}" for name, command in COMMANDS.items()),
        "",
        "`iotistic COMMAND --help` tells more. Data goes to stdout, narration to stderr.",
        "",
    ]
    sys.stdout.write("\n".join(lines))


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only paid for when something is wrong

    near = get_close_matches(name, COMMANDS, n=1)
    guess = f" Did you mean `iotistic {near[0]}`?" if near else ""
    return f"error: there is no command {name!r}.{guess}\nRun `iotistic --help` for the list.\n"
