"""`iotistic db hba`: the server's access rules, made and checked."""

import sys
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.db.which import Database, opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.config import Settings
from iotistic.operations.access import (
    AccessRepository,
    Layout,
    RuleFinding,
    Target,
    config_map,
    judge_rules,
    render,
)
from iotistic.operations.access.files import Network

__all__ = ["app"]

WARNING, ALARM = 1, 2
_PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="pg_hba.conf and what belongs to it: make the files, and check what the server read.",
)


@app.command("check")
def check(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Check pg_hba.conf as the server reads it: lines without proof or TLS, open to everywhere, never reached, unreadable.

    Exit code: 0 nothing is wrong, 1 a warning, 2 an alarm.
    """
    lines, findings = run_async(_look(settings_from(data_dir, url)))
    if as_json:
        print_json({"lines": lines, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            sys.stdout.write(
                f"{'alarm  ' if finding.is_alarm else 'warning'}  line {finding.line_number}: {finding.text}\n"
            )
        narrate(f"{lines} lines, {len(findings)} findings.")
    if findings:
        raise typer.Exit(ALARM if any(finding.is_alarm for finding in findings) else WARNING)


@app.command("render")
def write_files(
    *,
    target: Annotated[Target, typer.Option("--target", help="What runs the container.")] = Target.compose,
    networks: Annotated[
        list[str] | None,
        typer.Option(
            "--network",
            metavar="CIDR",
            help="Where clients come from; may be repeated. Private networks by default.",
        ),
    ] = None,
    tls: Annotated[bool, typer.Option("--tls/--no-tls", help="TLS for everything but the socket.")] = True,
    roles: Annotated[
        str,
        typer.Option(
            "--roles", help="each: only our roles from other machines; all: anybody with a password."
        ),
    ] = "each",
    folder: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", help="Write the files there, instead of printing them."),
    ] = None,
) -> None:
    """Make postgresql.conf, pg_hba.conf and pg_ident.conf; for Kubernetes a ConfigMap. Asks no server."""
    if roles not in {"each", "all"}:
        raise typer.BadParameter("each or all", param_hint="--roles")
    layout = Layout(
        target=target,
        networks=[_network(text) for text in networks or _PRIVATE],
        tls=tls,
        own_roles=roles == "each",
    )
    files = render(layout)
    if target is Target.kubernetes and folder is None:
        sys.stdout.write(config_map(files, "iotistic-postgres"))
        return
    for name, text in files.items():
        if folder is None:
            sys.stdout.write(f"# ======== {name}\n{text}\n")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            narrate(f"wrote {folder / name}")


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no network: {error}", param_hint="--network") from error


async def _look(settings: Settings) -> tuple[int, list[RuleFinding]]:
    async with opened(settings, Database.platform, role="superuser") as connection:
        rules = await AccessRepository(connection).rules()
    return len(rules), judge_rules(rules)
