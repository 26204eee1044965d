"""`iotistic devices sensors ...`: what devices read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.duration import parse_shift
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.sensors import Protocol, Sensor, SensorDraft, SensorInvalid
from iotistic.errors import Invalid

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Say which sensors a device reads, and see how far it is.",
)

Device = Annotated[str, typer.Argument(help="The device's name or uuid.", metavar="DEVICE")]
Name = Annotated[str, typer.Argument(help="The sensor's name.", metavar="SENSOR")]


class DocumentUnreadable(Invalid):
    """What should be JSON is not, or not of the shape that is needed."""

    code = "document_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the options name; None stays as it is."""

    protocol: Protocol | None
    poll_every: timedelta | None
    is_enabled: bool | None
    description: str | None
    connection: dict[str, Any] | None
    data_points: Sequence[dict[str, Any]] | None


@app.command("list")
def list_sensors(device: Device, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List the sensors of a device by name (with --json: one object a line)."""
    rows = [_row(sensor) for sensor in run_async(_list(settings_from(data_dir, url), device))]
    if as_json:
        print_json_lines(rows)
    else:
        columns = ["name", "protocol", "is_enabled", "poll_every_seconds", "deployment", "deployment_error"]
        print_table(rows, columns, empty="It has no sensor.")


@app.command()
def show(device: Device, name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Show one sensor, as JSON."""
    print_json(_row(run_async(_get(settings_from(data_dir, url), device, name))))


@app.command("set")
def set_sensor(
    device: Device,
    name: Name,
    *,
    protocol: Annotated[
        str | None, typer.Option("--protocol", metavar="WORD", help=", ".join(get_args(Protocol)) + ".")
    ] = None,
    poll: Annotated[
        timedelta | None,
        typer.Option(
            "--poll", parser=parse_shift, metavar="TIME", help="From one reading to the next: 500ms, 10s."
        ),
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Whether the device is to read it.")
    ] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="JSON", help="How to reach it, an object.")
    ] = None,
    data_points: Annotated[
        str | None,
        typer.Option(
            "--data-points", metavar="JSON", help="What is read, an array of objects; @FILE reads a file."
        ),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Give a device a sensor, or change one: what no option names stays, or is 1m, enabled and empty at first."""
    said = _Said(
        protocol=None if protocol is None else _protocol(protocol),
        poll_every=poll,
        is_enabled=enabled,
        description=description,
        connection=None
        if connection is None
        else _object("--connection", _parsed("--connection", connection)),
        data_points=None if data_points is None else _objects(_parsed("--data-points", data_points)),
    )
    sensor = run_async(_set(settings_from(data_dir, url), device, name, said))
    narrate(f"{device} has {name} at revision {sensor.revision}: {sensor.deployment}.")


@app.command()
def delete(device: Device, name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Take a sensor from a device; what it measured stays."""
    run_async(_delete(settings_from(data_dir, url), device, name))
    narrate(f"{device} has no sensor {name} any more.")


def _row(sensor: Sensor) -> dict[str, Any]:
    row = asdict(sensor)
    return row | {"poll_every_seconds": row.pop("poll_every").total_seconds()}


def _protocol(word: str) -> Protocol:
    known: tuple[Protocol, ...] = get_args(Protocol)
    for protocol in known:
        if protocol == word:
            return protocol
    raise SensorInvalid(f"There is no protocol {word!r}.", hint=f"One of {', '.join(known)}.")


def _parsed(option: str, text: str) -> object:
    try:
        text = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        value: object = json.loads(text)
    except OSError as error:
        raise DocumentUnreadable(f"{option}: {error.strerror}: {text[1:]}.") from error
    except ValueError as error:
        raise DocumentUnreadable(f"{option} is no JSON: {error}.") from error
    return value


def _object(option: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentUnreadable(f"{option}: this is no JSON object.", hint='Write {"host": "192.0.2.20"}.')
    return cast("dict[str, Any]", value)


def _objects(value: object) -> Sequence[dict[str, Any]]:
    if not isinstance(value, list):
        raise DocumentUnreadable(
            "--data-points is no JSON array.", hint='Write [{"metric": "flow", "register": 40001}].'
        )
    return [_object("--data-points", one) for one in cast("list[object]", value)]


def _changed(sensor: Sensor | None, said: _Said) -> SensorDraft:
    """What the sensor is from now on. Raises SensorInvalid for a new one without a protocol."""
    if sensor is not None:
        draft = SensorDraft(
            protocol=sensor.protocol,
            poll_every=sensor.poll_every,
            is_enabled=sensor.is_enabled,
            description=sensor.description,
            connection=sensor.connection,
            data_points=sensor.data_points,
        )
    elif said.protocol is not None:
        draft = SensorDraft(protocol=said.protocol, poll_every=timedelta(minutes=1))
    else:
        raise SensorInvalid("A new sensor needs a protocol.", hint="Give --protocol, for example modbus.")
    return replace(draft, **{name: value for name, value in asdict(said).items() if value is not None})


async def _list(settings: Settings, name: str) -> Sequence[Sensor]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.sensors.list_sensors((await get_named_device(work, name)).uuid)


async def _get(settings: Settings, device: str, name: str) -> Sensor:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.sensors.get_sensor((await get_named_device(work, device)).uuid, name)


async def _set(settings: Settings, device: str, name: str, said: _Said) -> Sensor:
    async with opened(settings) as platform, platform.begin() as work:
        uuid = (await get_named_device(work, device)).uuid
        present = await work.sensors.find_sensor(uuid, name)
        if present is None:
            return await work.sensors.create_sensor(uuid, name, _changed(None, said))
        return await work.sensors.replace_sensor(uuid, name, _changed(present, said))


async def _delete(settings: Settings, device: str, name: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.sensors.delete_sensor((await get_named_device(work, device)).uuid, name)
