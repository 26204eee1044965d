"""`iotistic tags ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.tagging import IncompleteDevice, TagDefinition, TagDefinitionDraft

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Rules of tags, and who breaks them.")

Key = Annotated[str, typer.Argument(help="The key of a tag: site, hardware, ...")]


@app.command("list")
def list_definitions(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List the rules by key (with --json: one object a line)."""
    rows = [asdict(rule) for rule in run_async(_list(settings_from(data_dir, url)))]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["allowed_values"] = "any" if row["allowed_values"] is None else ", ".join(row["allowed_values"])
    print_table(rows, ["key", "is_required", "allowed_values", "description"], empty="No tag has rules yet.")


@app.command()
def show(key: Key, data_dir: DataDir = None, url: Url = None) -> None:
    """Show the rules of one tag, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), key))))


@app.command()
def define(
    key: Key,
    *,
    value: Annotated[
        list[str] | None,
        typer.Option("--value", help="An allowed value; may be repeated. Any when left out."),
    ] = None,
    required: Annotated[bool, typer.Option("--required", help="Report devices without it.")] = False,
    description: Annotated[str | None, typer.Option("--description", help="What it says.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Settle what holds for a tag; refused while devices have other values."""
    draft = TagDefinitionDraft(description=description, allowed_values=value, is_required=required)
    run_async(_define(settings_from(data_dir, url), key, draft))
    narrate(f"That holds for {key} from now on.")


@app.command()
def undefine(key: Key, data_dir: DataDir = None, url: Url = None) -> None:
    """Lift the rules of a tag."""
    run_async(_undefine(settings_from(data_dir, url), key))
    narrate(f"{key} may have any value.")


@app.command()
def missing(
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
) -> None:
    """List devices that lack a required tag (with --json: one object a line)."""
    rows = [asdict(device) for device in run_async(_missing(settings_from(data_dir, url), limit))]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["missing"] = ", ".join(row["missing"])
    print_table(rows, ["name", "missing", "uuid"], empty="Every device has the required tags.")


async def _list(settings: Settings) -> Sequence[TagDefinition]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.tagging.list_definitions(limit=1000)


async def _get(settings: Settings, key: str) -> TagDefinition:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.tagging.get_definition(key)


async def _define(settings: Settings, key: str, draft: TagDefinitionDraft) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.tagging.define(key, draft)


async def _undefine(settings: Settings, key: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.tagging.undefine(key)


async def _missing(settings: Settings, limit: int) -> Sequence[IncompleteDevice]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.tagging.list_incomplete(limit=limit)
