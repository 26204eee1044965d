"""`iotistic devices import` and `iotistic devices export`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.exporting import export_devices as exported
from iotistic.cli.device_options import Fleet, Kind, NamePart, Status, Where, device_filter, opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, run_async
from iotistic.config import Settings
from iotistic.devices import DeviceFilter
from iotistic.devices.bulk import FileFormat, ImportReport, read_devices
from iotistic.errors import Invalid

__all__ = ["export_devices", "import_devices"]

Format = Annotated[
    FileFormat | None,
    typer.Option("--format", help="By the file's ending when left out.", metavar="csv|ndjson"),
]
OutputFormat = Annotated[
    FileFormat,
    typer.Option("--format", help="What stdout gets.", metavar="csv|ndjson"),
]
_ENDINGS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
_SOME_REJECTED = 3


class FileUnreadable(Invalid):
    """A file that cannot be read, or of a kind that cannot be told."""

    code = "file_unreadable"


def import_devices(
    file: Annotated[Path, typer.Argument(help="A CSV or NDJSON file; - reads stdin.", metavar="FILE")],
    form: Format = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Import devices from a file: all good lines are stored, the others told by number. Exit 3 when there are such."""
    content = _content(file)
    report = run_async(_import(settings_from(data_dir, url), content, form or _form_of(file)))
    if as_json:
        print_json(asdict(report))
    else:
        if report.problems:
            rows = [asdict(problem) for problem in report.problems]
            print_table(rows, ["line", "code", "message"], empty="No line was rejected.")
        narrate(
            f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged, {report.rejected} rejected"
        )
    if report.rejected:
        raise typer.Exit(_SOME_REJECTED)


def export_devices(
    *,
    form: OutputFormat = "ndjson",
    where: Where = None,
    fleet: Fleet = None,
    kind: Kind = None,
    name: NamePart = None,
    status: Status = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Write devices in service to stdout, as an import understands them."""
    which = device_filter(where=where, fleet=fleet, kind=kind, name=name, status=status)
    run_async(_export(settings_from(data_dir, url), which, form))


def _form_of(file: Path) -> FileFormat:
    form = _ENDINGS.get(file.suffix.lower())
    if form is None:
        raise FileUnreadable(
            f"The ending of {file.name!r} does not say what is in it.",
            hint="Add --format csv or --format ndjson.",
        )
    return form


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise FileUnreadable(
            f"There is no file {file}.", hint="Name a CSV or NDJSON file, or - to read what is piped in."
        ) from error
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}.") from error


async def _import(settings: Settings, content: bytes, form: FileFormat) -> ImportReport:
    lines = read_devices(content, form)
    async with opened(settings) as platform, platform.begin() as work:
        return await work.bulk.import_devices(lines)


async def _export(settings: Settings, which: DeviceFilter, form: FileFormat) -> None:
    async with opened(settings) as platform:
        async for part in exported(platform, which, form):
            sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
