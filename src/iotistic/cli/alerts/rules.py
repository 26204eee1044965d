"""`iotistic alerts rules ...`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Annotated, Any
from uuid import UUID

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.duration import parse_shift
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.telemetry import LogLevel
from iotistic.telemetry.alerts import PatternType, Rule, RuleDraft, Severity

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="What log lines are watched for.")

Name = Annotated[str, typer.Argument(help="The rule's name.")]
Pattern = Annotated[str, typer.Argument(help="What a message must hold.")]
Type = Annotated[
    PatternType | None,
    typer.Option(
        "--type", help="keyword: in any case, anywhere. exact: the whole message. regex: RE2 syntax."
    ),
]
Device = Annotated[str | None, typer.Option("--device", help="Only lines of this device.")]
Fleet = Annotated[str | None, typer.Option("--fleet", help="Only lines of the devices of this fleet.")]
Service = Annotated[str | None, typer.Option("--service", help="Only lines of this program.")]
Level = Annotated[LogLevel | None, typer.Option("--level", help="Only lines of this level or worse.")]
Threshold = Annotated[
    int | None,
    typer.Option("--threshold", min=1, max=1000, help="So many lines within the window. [default: 1]"),
]
Window = Annotated[str | None, typer.Option("--window", help="Such as 90s or 5m. [default: 5m]")]
ResolveAfter = Annotated[
    str | None, typer.Option("--resolve-after", help="Resolved after so long without a line. [default: 15m]")
]
Severe = Annotated[Severity | None, typer.Option("--severity", help="How bad it is. [default: warning]")]


@app.command("list")
def list_rules(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List rules by name (with --json: one object a line)."""
    rules, names = run_async(_list(settings_from(data_dir, url)))
    if as_json:
        print_json_lines(asdict(rule) for rule in rules)
        return
    rows = [{**asdict(rule), "lines_of": _lines_of(rule, names)} for rule in rules]
    columns = [
        "name",
        "pattern",
        "pattern_type",
        "lines_of",
        "threshold",
        "time_window",
        "severity",
        "is_enabled",
    ]
    print_table(rows, columns, empty="There is no rule yet.")


@app.command()
def show(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Show one rule, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), name))))


@app.command()
def create(
    name: Name,
    pattern: Pattern,
    *,
    kind: Type = None,
    device: Device = None,
    fleet: Fleet = None,
    service: Service = None,
    level: Level = None,
    threshold: Threshold = None,
    window: Window = None,
    resolve_after: ResolveAfter = None,
    severity: Severe = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Make a rule: of all devices unless an option says of which."""
    said = _said(
        pattern_type=kind,
        fleet=fleet,
        service=service,
        minimum_level=level,
        threshold=threshold,
        time_window=None if window is None else parse_shift(window),
        resolve_after=None if resolve_after is None else parse_shift(resolve_after),
        severity=severity,
    )
    draft = replace(RuleDraft(pattern=pattern), **said)
    run_async(_create(settings_from(data_dir, url), name, draft, device))
    narrate(f"The rule {name} watches lines from now on. `iotistic alerts list` shows what it finds.")


@app.command()
def enable(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Let a rule watch again."""
    run_async(_switch(settings_from(data_dir, url), name, is_enabled=True))
    narrate(f"The rule {name} watches lines from now on.")


@app.command()
def disable(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Stop a rule from watching; its alerts stay."""
    run_async(_switch(settings_from(data_dir, url), name, is_enabled=False))
    narrate(f"The rule {name} watches nothing.")


@app.command()
def delete(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Delete a rule with all its alerts."""
    run_async(_delete(settings_from(data_dir, url), name))
    narrate(f"The rule {name} and its alerts are gone.")


def _said(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _lines_of(rule: Rule, names: Mapping[UUID, str]) -> str:
    """Whose lines a rule watches, and which of them."""
    whose = "every device"
    if rule.fleet is not None:
        whose = f"fleet {rule.fleet}"
    elif rule.device_uuid is not None:
        whose = names.get(rule.device_uuid, str(rule.device_uuid))
    level = rule.minimum_level and f"{rule.minimum_level} or worse"
    return ", ".join(one for one in (whose, rule.service, level) if one)


async def _list(settings: Settings) -> tuple[Sequence[Rule], dict[UUID, str]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        rules = await work.alert_rules.list_rules(limit=1000)
        return rules, await work.devices.list_names({rule.device_uuid for rule in rules if rule.device_uuid})


async def _get(settings: Settings, name: str) -> Rule:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.alert_rules.get_rule(name)


async def _create(settings: Settings, name: str, draft: RuleDraft, device: str | None) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        if device is not None:
            draft = replace(draft, device_uuid=(await get_named_device(work, device)).uuid)
        await work.alert_rules.create_rule(name, draft, created_by="iotistic alerts")


async def _switch(settings: Settings, name: str, *, is_enabled: bool) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        rule = await work.alert_rules.get_rule(name)
        kept: dict[str, Any] = {field.name: getattr(rule, field.name) for field in fields(RuleDraft)}
        await work.alert_rules.replace_rule(name, replace(RuleDraft(**kept), is_enabled=is_enabled))


async def _delete(settings: Settings, name: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.alert_rules.delete_rule(name)
