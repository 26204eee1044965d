"""`iotistic config`: what is set, whether it is right, and the documents made from the catalogue."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table
from iotistic.config import Problem, SettingRow, Settings, SettingsInvalid
from iotistic.config.catalogue import SETTINGS
from iotistic.config.reference import env_template, reference_page

__all__ = ["app"]

app = typer.Typer(help="Show and check the settings.", no_args_is_help=True, add_completion=False)

_COLUMNS = ("variable", "value", "source")


@app.command("show")
def show(
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the defaults.")] = False,
) -> None:
    """Print every setting, where its value comes from, secrets masked. Exits with 1 when something is wrong with them."""
    try:
        settings = settings_from(data_dir, url)
    except SettingsInvalid as invalid:
        _print_rows(invalid.rows, as_json=as_json, changed=changed)
        raise
    _print_rows(settings.describe(), as_json=as_json, changed=changed)


@app.command("check")
def check(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Say everything that is wrong with the settings, and what looks like a mistake. Exits with 1 when something is wrong."""
    try:
        settings = settings_from(data_dir, url)
    except SettingsInvalid as invalid:
        if not as_json:
            raise
        print_json(
            {"valid": False, "problems": [_plain(problem) for problem in invalid.problems], "warnings": []}
        )
        raise typer.Exit(1) from invalid
    warnings = settings.warnings
    if as_json:
        print_json({"valid": True, "problems": [], "warnings": [_plain(warning) for warning in warnings]})
        return
    for warning in warnings:
        narrate(f"warning: {warning}")
    narrate(f"The settings can be used. PostgreSQL: {_server(settings)}.")


@app.command("reference")
def reference() -> None:
    """Print the reference page of all settings (Markdown)."""
    sys.stdout.write(reference_page())


@app.command("example")
def example() -> None:
    """Print a .env file to start from."""
    sys.stdout.write(env_template())


def _print_rows(rows: tuple[SettingRow, ...], *, as_json: bool, changed: bool) -> None:
    chosen = [row for row in rows if not changed or row.source != "default"]
    if as_json:
        print_json([{column: getattr(row, column) for column in _COLUMNS} for row in chosen])
        return
    unset = {setting.variable: f"({setting.unset})" for setting in SETTINGS}
    shown = [
        {"variable": row.variable, "value": row.value or unset[row.variable], "source": row.source}
        for row in chosen
    ]
    print_table(shown, _COLUMNS, empty="Nothing is set: all defaults.")


def _plain(problem: Problem) -> dict[str, str | None]:
    return {
        "variable": problem.variable,
        "value": problem.value,
        "reason": problem.reason,
        "suggestion": problem.suggestion,
    }


def _server(settings: Settings) -> str:
    if settings.database is None:
        return f"the embedded server in {Path(settings.data_dir)}"
    hosts = ", ".join(f"{host}:{port}" for host, port in settings.database.hosts)
    return f"{hosts} as {settings.database.user}, TLS {settings.database.sslmode}"
