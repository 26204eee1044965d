"""`iotistic applications ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.jobs.starting import Device, ForFleet, ForWhere, TargetWords
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.shadow import Actor
from iotistic.errors import Invalid
from iotistic.releases import Application, Release
from iotistic.workflows import Deployment, deploy_release

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="What devices run: applications, releases, deployments."
)

_PROGRAM = "iotistic applications"

Name = Annotated[str, typer.Argument(help="The name of the application.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most of them.")]
Services = Annotated[
    list[str],
    typer.Option(
        "--service", metavar="NAME=IMAGE", help="web=registry/name@sha256:<digest>; may be repeated."
    ),
]
Environment = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="SERVICE.KEY=VALUE", help="web.LOG_LEVEL=info; may be repeated."),
]


class ServiceUnreadable(Invalid):
    """Words that do not say a service or something of its environment."""

    code = "service_unreadable"


@app.command("list")
def list_applications(
    *,
    after: Annotated[str | None, typer.Option("--after", help="Only those behind this name.")] = None,
    limit: Limit = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List applications by name, with their newest releases (with --json: one object a line)."""
    rows = [asdict(one) for one in run_async(_list(settings_from(data_dir, url), after, limit))]
    if as_json:
        print_json_lines(rows)
        return
    print_table(rows, ["name", "newest_release", "description"], empty="There is no application yet.")
    if len(rows) == limit:
        narrate(f"There may be more: --after {rows[-1]['name']} goes on.")


@app.command()
def create(
    name: Name,
    *,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Make an application without releases."""

    async def make(settings: Settings) -> None:
        async with opened(settings) as platform, platform.begin() as work:
            await work.releases.create_application(name, description=description)

    run_async(make(settings_from(data_dir, url)))
    narrate(f"The application {name} is there. `iotistic applications release {name} --service ...` goes on.")


@app.command()
def releases(
    name: Name,
    *,
    before: Annotated[int | None, typer.Option("--before", help="Only those before this number.")] = None,
    limit: Limit = 20,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List releases, the newest first (with --json: one object a line, with their services)."""
    rows = [asdict(one) for one in run_async(_releases(settings_from(data_dir, url), name, before, limit))]
    if as_json:
        print_json_lines(rows)
        return
    shown = [row | {"services": ", ".join(one["name"] for one in row["services"])} for row in rows]
    columns = ["number", "services", "notes", "created_by", "created_at"]
    print_table(shown, columns, empty=f"{name} has no release.")
    if len(rows) == limit:
        narrate(f"There may be more: --before {rows[-1]['number']} goes on.")


@app.command()
def release(
    name: Name,
    service: Services,
    *,
    env: Environment = None,
    notes: Annotated[str | None, typer.Option("--notes", help="What is new.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make the next release; it never changes, and no device runs it before it is deployed."""
    services = parse_services(service, env or ())

    async def make(settings: Settings) -> Release:
        async with opened(settings) as platform, platform.begin() as work:
            return await work.releases.create_release(name, services, notes=notes, created_by=_PROGRAM)

    made = run_async(make(settings_from(data_dir, url)))
    if as_json:
        print_json(asdict(made))
    else:
        narrate(f"{name} has release {made.number}: `iotistic applications deploy {name} {made.number} ...`")


@app.command()
def deploy(
    name: Name,
    number: Annotated[int, typer.Argument(help="The release; an earlier one is a rollback.", min=1)],
    *,
    device: Device = None,
    fleet: ForFleet = None,
    where: ForWhere = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Desire a release of up to 1,000 devices, all or none."""
    meant = TargetWords(devices=tuple(device or ()), fleet=fleet, where=where)
    done = run_async(_deploy(settings_from(data_dir, url), name, number, meant))
    if as_json:
        print_json(asdict(done))
    else:
        narrate(
            f"{done.devices} devices are to run {name} {done.release}; {done.changed} were to run another."
        )


def parse_services(services: Sequence[str], environment: Sequence[str]) -> list[dict[str, Any]]:
    """NAME=IMAGE and SERVICE.KEY=VALUE as the services of a release. Raises ServiceUnreadable."""
    found: list[dict[str, Any]] = []
    for text in services:
        name, sign, image = text.partition("=")
        if not sign:
            raise ServiceUnreadable(f"{text!r} says no service.", hint="Write --service NAME=IMAGE.")
        found.append({"name": name, "image": image, "environment": {}})
    by_name = {one["name"]: one["environment"] for one in found}
    for text in environment:
        place, sign, value = text.partition("=")
        service, dot, key = place.partition(".")
        if not sign or not dot or service not in by_name:
            raise ServiceUnreadable(
                f"{text!r} says nothing of the environment of a service that is named.",
                hint="Write --env SERVICE.KEY=VALUE.",
            )
        by_name[service][key] = value
    return found


async def _list(settings: Settings, after: str | None, limit: int) -> Sequence[Application]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.releases.list_applications(after=after, limit=limit)


async def _releases(settings: Settings, name: str, before: int | None, limit: int) -> Sequence[Release]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.releases.list_releases(name, before=before, limit=limit)


async def _deploy(settings: Settings, name: str, number: int, meant: TargetWords) -> Deployment:
    async with opened(settings) as platform, platform.begin() as work:
        return await deploy_release(
            work.devices,
            work.shadow,
            work.releases,
            application=name,
            release=number,
            target=await meant.target(work),
            actor=Actor(kind="system", name=_PROGRAM),
        )
