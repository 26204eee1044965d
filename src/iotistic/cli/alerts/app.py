"""What `iotistic alerts` can do."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from iotistic.cli.alerts.rules import app as rules
from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.telemetry.alerts import Alert, AlertQuestion, AlertStatus

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Watch log lines, and see what was found.")
app.add_typer(rules, name="rules")

Number = Annotated[int, typer.Argument(help="The alert's number.", min=1)]

_BY = "iotistic alerts"
_COLUMNS = ["id", "severity", "status", "rule", "device", "lines", "first_seen", "last_seen"]


@app.command("list")
def list_alerts(
    *,
    status: Annotated[
        AlertStatus | None,
        typer.Option("--status", help="Only those that are so. By default those that are open."),
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only those of this rule.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="Only those of this device.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="The newest so many.")] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest first (with --json: one object a line)."""
    alerts, names = run_async(_list(settings_from(data_dir, url), status, rule, device, limit))
    if as_json:
        print_json_lines(asdict(one) for one in alerts)
    else:
        rows = [{**asdict(one), "device": names.get(one.device_uuid, one.device_uuid)} for one in alerts]
        print_table(rows, _COLUMNS, empty="There is no such alert.")


@app.command()
def show(number: Number, data_dir: DataDir = None, url: Url = None) -> None:
    """Show one alert with a few of its lines, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), number))))


@app.command()
def ack(number: Number, data_dir: DataDir = None, url: Url = None) -> None:
    """Say that an alert was seen; it stays open."""
    alert = run_async(_acknowledge(settings_from(data_dir, url), number))
    narrate(f"The alert {number} was acknowledged by {alert.acknowledged_by}.")


@app.command()
def resolve(number: Number, data_dir: DataDir = None, url: Url = None) -> None:
    """Say that an alert is over."""
    alert = run_async(_resolve(settings_from(data_dir, url), number))
    narrate(f"The alert {number} was resolved by {alert.resolved_by or 'quiet'}.")


async def _list(
    settings: Settings,
    status: AlertStatus | None,
    rule: str | None,
    device: str | None,
    limit: int,
) -> tuple[Sequence[Alert], dict[UUID, str]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        if rule is not None:
            await work.alert_rules.get_rule(rule)
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        question = AlertQuestion(
            statuses=AlertQuestion().statuses if status is None else (status,), rule=rule, device_uuid=uuid
        )
        alerts = await work.alerts.list_alerts(question, limit=limit)
        return alerts, await work.devices.list_names({alert.device_uuid for alert in alerts})


async def _get(settings: Settings, number: int) -> Alert:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.alerts.get_alert(number)


async def _acknowledge(settings: Settings, number: int) -> Alert:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.alerts.acknowledge(number, by=_BY, now=platform.clock())


async def _resolve(settings: Settings, number: int) -> Alert:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.alerts.resolve(number, by=_BY, now=platform.clock())
