"""`iotistic mqtt ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.mqtt_accounts import (
    add,
    add_device,
    allow,
    disable,
    disallow,
    enable,
    new_password,
    remove,
)
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.mqtt import Access, MqttAcl, MqttUser, MqttUserKind, Verdict

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Accounts of the MQTT brokers, their rules, and how brokers do.",
)

for _command in (add, add_device, new_password, enable, disable, remove, allow, disallow):
    app.command()(_command)

Username = Annotated[str | None, typer.Argument(help="Only of this account; that of a device is its uuid.")]
After = Annotated[str | None, typer.Option("--after", help="Only those behind this one.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most of them.")]


@app.command()
def users(
    *,
    kind: Annotated[
        MqttUserKind | None, typer.Option("--kind", help="Only these.", metavar="device|service|person")
    ] = None,
    after: After = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the accounts by name (with --json: one object a line)."""
    rows = [asdict(user) for user in run_async(_users(settings_from(data_dir, url), kind, after, limit))]
    if as_json:
        print_json_lines(rows)
        return
    columns = ["username", "kind", "is_active", "is_superuser", "expires_at"]
    print_table(rows, columns, empty="There is no MQTT account.")
    if len(rows) == limit:
        narrate(f"There may be more: --after {rows[-1]['username']} goes on.")


@app.command()
def acls(
    username: Username = None,
    *,
    limit: Limit = 1000,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the rules (with --json: one object a line). They only allow: what no rule allows is refused."""
    rows = [asdict(rule) for rule in run_async(_acls(settings_from(data_dir, url), username, limit))]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["may"] = _words(row["access"])
        row["username"] = row["username"] or "(everybody)"
    print_table(rows, ["id", "username", "client_id", "topic", "may", "origin"], empty="There is no rule.")


@app.command()
def check(
    username: Annotated[str, typer.Argument(help="The account.")],
    topic: Annotated[str, typer.Argument(help="A topic, or a filter that is subscribed to.")],
    *,
    access: Annotated[str, typer.Option("--access", metavar="receive|publish|subscribe")] = "publish",
    client_id: Annotated[
        str | None, typer.Option("--client-id", help="By default the name of the account.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an account may do something, and why. Exits with 1 when it may not."""
    if access.upper() not in Access.__members__:
        raise typer.BadParameter("it is receive, publish or subscribe", param_hint="--access")
    verdict = run_async(
        _check(settings_from(data_dir, url), username, topic, Access[access.upper()], client_id or username)
    )
    if as_json:
        print_json(asdict(verdict))
    else:
        rule = f": rule {verdict.rule.id}, {verdict.rule.topic}" if verdict.rule else ""
        narrate(f"{'allowed' if verdict.allowed else 'refused'} ({verdict.reason}){rule}")
    if not verdict.allowed:
        raise typer.Exit(1)


def _words(access: int) -> str:
    return ", ".join(str(one.name).lower() for one in Access if one & access)


async def _users(
    settings: Settings, kind: MqttUserKind | None, after: str | None, limit: int
) -> Sequence[MqttUser]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.mqtt.list_users(kind=kind, after=after, limit=limit)


async def _acls(settings: Settings, username: str | None, limit: int) -> Sequence[MqttAcl]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.mqtt.list_acls(username=username, limit=limit)


async def _check(settings: Settings, username: str, topic: str, access: Access, client_id: str) -> Verdict:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.mqtt.judge(username, client_id=client_id, topic=topic, access=access)
