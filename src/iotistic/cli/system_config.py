"""`iotistic system-config ...`: what the table system_config holds. What a process is started with is `iotistic config`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.configuration import CATALOGUE, Setting, SettingChange
from iotistic.errors import Invalid
from iotistic.secret import Secret

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Show and change how the platform runs: settings in the database.\n\nWhat a process is started with is `iotistic config`.",
)

Key = Annotated[str, typer.Argument(help="mqtt.brokers.1, vpn.configs.1, ...: `keys` lists them.")]
_WIDEST = 80


class ValueUnreadable(Invalid):
    """A value that is no JSON."""

    code = "value_unreadable"


@app.command("list")
def list_settings(
    prefix: Annotated[str, typer.Argument(help="Only keys that begin so.")] = "",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the settings by key (with --json: one object a line)."""
    rows = [asdict(setting) for setting in run_async(_list(settings_from(data_dir, url), prefix))]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["value"] = _short(row["value"])
    print_table(rows, ["key", "value", "updated_at"], empty="Nothing is set.")


@app.command()
def get(key: Key, data_dir: DataDir = None, url: Url = None) -> None:
    """Print the value of one setting, as JSON."""
    print_json(run_async(_get(settings_from(data_dir, url), key)).value)


@app.command("set")
def set_setting(
    key: Key,
    value: Annotated[str, typer.Argument(help="JSON, or - to read it from stdin.")],
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Add or replace a setting; every process hears of it at once. Secrets stay out: env:NAME or file:/path says where one lies."""
    changed = run_async(_set(settings_from(data_dir, url), key, _json(value)))
    narrate(f"{key} is set." if changed else f"{key} was so already.")


@app.command()
def seal(
    key: Key,
    member: Annotated[str, typer.Argument(help="password, clientKey, ...")],
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Put a secret into a setting, sealed under IOTISTIC_SEALING_KEY. Read from stdin, or asked for; never an argument, which all can see."""
    text = (
        typer.prompt("Secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read().strip()
    )
    if not text:
        raise ValueUnreadable(
            "The secret is empty.", hint="Send it on stdin: iotistic system-config seal KEY MEMBER < file"
        )
    run_async(_seal(settings_from(data_dir, url), key, member, Secret(text)))
    narrate(f"{member} of {key} is sealed.")


@app.command()
def remove(key: Key, data_dir: DataDir = None, url: Url = None) -> None:
    """Remove a setting; refused while another one names it."""
    run_async(_remove(settings_from(data_dir, url), key))
    narrate(f"{key} is gone.")


@app.command()
def history(
    key: Annotated[str | None, typer.Argument(help="Only of this setting.")] = None,
    *,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", help="Only changes older than this one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most changes.")] = 50,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List who changed which setting, newest first (with --json: one object a line, with both values)."""
    changes = run_async(_history(settings_from(data_dir, url), key, before, limit))
    rows = [asdict(change) for change in changes]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["value"] = _short(row["new_value"])
    print_table(
        rows, ["id", "changed_at", "actor", "action", "key", "value"], empty="Nothing was changed yet."
    )
    if len(rows) == limit:
        narrate(f"There may be more: --before {rows[-1]['id']} goes on.")


@app.command()
def keys(as_json: AsJson = False) -> None:
    """List which settings there are. Needs no database."""
    rows = [{"key": kind.key, "what": kind.summary} for kind in CATALOGUE]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(rows, ["key", "what"], empty="None.")


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise ValueUnreadable(
            f"The value is no JSON: {error}.", hint="""A text is written '"like this"', with both quotes."""
        ) from error


def _short(value: object) -> str:
    text = "-" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


async def _list(settings: Settings, prefix: str) -> Sequence[Setting]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.configuration.list_settings(prefix)


async def _get(settings: Settings, key: str) -> Setting:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.configuration.get_setting(key)


async def _set(settings: Settings, key: str, value: object) -> bool:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.configuration.set_setting(key, value)


async def _seal(settings: Settings, key: str, member: str, secret: Secret) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.configuration.seal_member(key, member, secret, platform.sealing)


async def _remove(settings: Settings, key: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.configuration.remove_setting(key)


async def _history(
    settings: Settings, key: str | None, before: int | None, limit: int
) -> Sequence[SettingChange]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.configuration.list_changes(key, before=before, limit=limit)
