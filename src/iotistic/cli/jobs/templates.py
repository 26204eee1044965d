"""`iotistic jobs templates ...`."""

from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.jobs.words import CREATED_BY, DocumentFile, document_in
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.jobs import JobDocument
from iotistic.jobs.templates import JobTemplate

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="What jobs are made from.")

Name = Annotated[str, typer.Argument(help="The template's name.")]


@app.command("list")
def list_templates(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List templates by name (with --json: one object a line)."""
    found = run_async(_list(settings_from(data_dir, url)))
    if as_json:
        print_json_lines(asdict(one) for one in found)
    else:
        rows = [asdict(one) | {"steps": len(one.document["steps"])} for one in found]
        columns = ["name", "version", "steps", "description", "created_by", "created_at"]
        print_table(rows, columns, empty="There is no template yet.")


@app.command()
def show(
    name: Name,
    *,
    version: Annotated[int | None, typer.Option("--version", min=1, help="As it was at a version.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Show one template, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), name, version))))


@app.command()
def save(
    name: Name,
    file: DocumentFile,
    *,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Make a template, or its next version; the same steps again make none."""
    document = document_in(file)
    found = run_async(_save(settings_from(data_dir, url), name, document, description))
    narrate(f"{found.name} is at version {found.version}.")


@app.command()
def delete(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Delete a template that no schedule uses; its jobs keep their steps."""
    run_async(_delete(settings_from(data_dir, url), name))
    narrate(f"The template {name} is gone.")


async def _list(settings: Settings) -> list[JobTemplate]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return list(await work.job_templates.list_templates(limit=1000))


async def _get(settings: Settings, name: str, version: int | None) -> JobTemplate:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.job_templates.get_template(name, version=version)


async def _save(settings: Settings, name: str, document: JobDocument, description: str | None) -> JobTemplate:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.job_templates.save_template(
            name, document, created_by=CREATED_BY, description=description
        )


async def _delete(settings: Settings, name: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.job_templates.delete_template(name)
