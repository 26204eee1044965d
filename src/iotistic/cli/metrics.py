"""`iotistic metrics ...`."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import typer

from iotistic.bootstrap.exporting import export_metrics
from iotistic.bootstrap.platform import Platform
from iotistic.cli.device_options import Fleet, Where, opened
from iotistic.cli.export_file import format_of, opened_output
from iotistic.cli.metric_question import MOST_OF_A_FLEET, Asked, meant_devices
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.cli.sparkline import sparkline
from iotistic.cli.time_range import Bucket, From, Since, To
from iotistic.config import Settings
from iotistic.telemetry.export import ExportFormat
from iotistic.telemetry.reading import (
    Answer,
    DeviceLatest,
    Filling,
    Method,
)
from iotistic.telemetry.rollups import LEVELS, RollupState

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Newest values, series, charts and files of metrics."
)

Devices = Annotated[
    list[str] | None,
    typer.Argument(help="Names or uuids of devices; all when none is named.", metavar="[DEVICE...]"),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--metric", "-m", metavar="NAME", help="Only this metric; may be repeated."),
]
Zone = Annotated[
    str, typer.Option("--zone", metavar="NAME", help="The time zone whose midnight buckets are counted from.")
]
Fill = Annotated[Filling, typer.Option("--fill", help="What stands in buckets without a report.")]

_SPARKS = 60


@app.command()
def latest(
    devices: Devices = None,
    *,
    metric: Names = None,
    where: Where = None,
    fleet: Fleet = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest values of devices (with --json: one object a device and line)."""
    asked = Asked(devices, where, fleet, names=metric)
    found, names = run_async(_latest(settings_from(data_dir, url), asked))
    if as_json:
        print_json_lines(asdict(one) for one in found)
        return
    rows = [{"device": names[one.device_uuid], **asdict(value)} for one in found for value in one.values]
    print_table(rows, ["device", "metric", "value", "unit", "timestamp"], empty="Nothing was reported.")


@app.command()
def series(
    devices: Devices = None,
    *,
    metric: Names = None,
    where: Where = None,
    fleet: Fleet = None,
    since: Since = "1h",
    start: From = None,
    end: To = None,
    bucket: Bucket = None,
    zone: Zone = "UTC",
    fill: Fill = "none",
    points: Annotated[
        int | None,
        typer.Option("--points", min=4, help="A chart of at most so many points, instead of buckets."),
    ] = None,
    method: Annotated[Method, typer.Option("--method", help="How a chart is drawn.")] = "lttb",
    table: Annotated[bool, typer.Option("--table", help="Every point, instead of a line of blocks.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show metrics of devices over a range of time."""
    asked = Asked(
        devices, where, fleet, names=metric, since=since, start=start, end=end, bucket=bucket, zone=zone, fill=fill
    )  # fmt: skip
    answer, names = run_async(_series(settings_from(data_dir, url), asked, points, method))
    _show(answer, names, table=table, as_json=as_json)


@app.command("fleet")
def whole_fleet(
    devices: Devices = None,
    *,
    metric: Names = None,
    where: Where = None,
    fleet: Fleet = None,
    since: Since = "24h",
    start: From = None,
    end: To = None,
    bucket: Bucket = "1h",
    zone: Zone = "UTC",
    fill: Fill = "none",
    table: Annotated[bool, typer.Option("--table", help="Every point, instead of a line of blocks.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show metrics of all devices together, by bucket."""
    asked = Asked(
        devices, where, fleet, names=metric, since=since, start=start, end=end, bucket=bucket, zone=zone, fill=fill
    )  # fmt: skip
    answer = run_async(_fleet(settings_from(data_dir, url), asked))
    _show(answer, {None: "(all)"}, table=table, as_json=as_json)


@app.command()
def export(
    devices: Devices = None,
    *,
    metric: Names = None,
    where: Where = None,
    fleet: Fleet = None,
    since: Since = "24h",
    start: From = None,
    end: To = None,
    form: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="By the ending of the file when left out, else csv."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; stdout when left out.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Write every report of a range into a file, a value a line; parquet and arrow need the extra `export`."""
    asked = Asked(devices, where, fleet, names=metric, since=since, start=start, end=end)
    settings = settings_from(data_dir, url)
    kind = format_of(output, form, terminal=sys.stdout.isatty())
    if output is None:
        run_async(_export(settings, asked, kind, sys.stdout.buffer))
        return
    with opened_output(output) as file:
        size = run_async(_export(settings, asked, kind, file))
    narrate(f"{output}: {size} bytes.")


@app.command()
def rollups(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show how far metrics are summed up by quarter of an hour, hour and day."""
    state = run_async(_rollups(settings_from(data_dir, url)))
    if as_json:
        print_json(asdict(state))
        return
    made = state.complete_until
    rows = [
        {"rollup": level.name, "complete_until": made[level.name]} for level in LEVELS if level.name in made
    ]
    print_table(
        rows, ["rollup", "complete_until"], empty="No rollup ran yet: a service does it, in the background."
    )
    narrate(f"{state.marks} late buckets wait to be made again.")


def _show(answer: Answer, names: dict[Any, str], *, table: bool, as_json: bool) -> None:
    if as_json:
        print_json(asdict(answer))
        return
    if table:
        rows = [
            {"device": names.get(one.device_uuid, one.device_uuid), "metric": one.metric, **asdict(point)}
            for one in answer.series
            for point in one.points
        ]
        columns = ["device", "metric", "timestamp", "count", "minimum", "average", "maximum", "last"]
        print_table(rows, columns, empty="Nothing was reported.")
    else:
        lines = [
            {
                "device": names.get(one.device_uuid, one.device_uuid),
                "metric": one.metric,
                "unit": one.unit,
                "": sparkline(_thinned([point.average for point in one.points])),
                "least": _least(point.minimum for point in one.points),
                "most": _most(point.maximum for point in one.points),
            }
            for one in answer.series
        ]
        print_table(lines, ["device", "metric", "unit", "", "least", "most"], empty="Nothing was reported.")
    narrate("Read from " + ", ".join(dict.fromkeys(part.source for part in answer.sources)) + ".")


def _thinned(values: Sequence[float | None]) -> list[float | None]:
    step = max(1, -(-len(values) // _SPARKS))
    return [values[number] for number in range(0, len(values), step)]


def _least(values: Any) -> float | None:  # noqa: ANN401 - an iterable of numbers and None
    return min((one for one in values if one is not None), default=None)


def _most(values: Any) -> float | None:  # noqa: ANN401
    return max((one for one in values if one is not None), default=None)


async def _latest(settings: Settings, asked: Asked) -> tuple[list[DeviceLatest], dict[UUID, str]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        meant = await meant_devices(work, asked)
        return await work.telemetry.metrics.latest(list(meant), asked.names), meant


async def _series(
    settings: Settings,
    asked: Asked,
    points: int | None,
    method: Method,
) -> tuple[Answer, dict[UUID, str]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        meant = await meant_devices(work, asked)
        question = asked.question(list(meant), platform.clock(), points, method)
        return await work.telemetry.metrics.series(question), meant


async def _fleet(settings: Settings, asked: Asked) -> Answer:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        everybody = not asked.devices and asked.which.is_everything
        meant = None if everybody else list(await meant_devices(work, asked, MOST_OF_A_FLEET))
        return await work.telemetry.metrics.fleet(asked.question(meant, platform.clock()))


async def _export(
    settings: Settings,
    asked: Asked,
    form: ExportFormat,
    file: BinaryIO,
) -> int:
    async with opened(settings) as platform:
        return await _write(platform, asked, form, file)


async def _write(
    platform: Platform,
    asked: Asked,
    form: ExportFormat,
    file: BinaryIO,
) -> int:
    async with platform.begin(read_only=True) as work:
        meant = await meant_devices(work, asked, MOST_OF_A_FLEET)
    start, end = asked.span(platform.clock())
    size = 0
    async for part in export_metrics(platform, list(meant), asked.names, start, end, form=form):
        size += file.write(part)
    return size


async def _rollups(settings: Settings) -> RollupState:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.rollups.state()
