"""`iotistic twin ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.twin import Part

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The digital twin: what lies in what, and which of it is a device.",
)


@app.command()
def models(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List the models (with --json: one object a line)."""
    found = run_async(_models(settings_from(data_dir, url)))
    rows = [{"model": name, "things": things, "devices": devices} for name, things, devices in found]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(rows, ["model", "things", "devices"], empty="There is no model.")


@app.command()
def tree(
    model: Annotated[str, typer.Argument(help="The name of a model.")],
    global_id: Annotated[str, typer.Argument(help="The GlobalId of the thing at the top.")],
    *,
    depth: Annotated[int, typer.Option("--depth", min=0, max=50, help="How deep.")] = 50,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what lies in a thing (with --json: one object a line, nearest first)."""
    parts = run_async(_parts(settings_from(data_dir, url), model, global_id, depth))
    if as_json:
        print_json_lines([asdict(part) for part in parts])
        return
    rows = [
        {
            "thing": "  " * part.depth + (part.name or part.global_id),
            "class": part.ifc_class,
            "global_id": part.global_id,
            "device": part.device_uuid,
        }
        for part in _in_order(parts)
    ]
    print_table(rows, ["thing", "class", "global_id", "device"], empty="Nothing.")


def _in_order(parts: Sequence[Part]) -> list[Part]:
    """Each thing followed by what lies in it."""
    inside: dict[str | None, list[Part]] = {}
    for part in parts:
        inside.setdefault(part.parent_global_id, []).append(part)
    ordered: list[Part] = []
    waiting = list(inside.get(None, []))
    while waiting:
        part = waiting.pop()
        ordered.append(part)
        waiting.extend(reversed(inside.get(part.global_id, [])))
    return ordered


async def _models(settings: Settings) -> Sequence[tuple[str, int, int]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.twin.list_models()


async def _parts(settings: Settings, model: str, global_id: str, depth: int) -> Sequence[Part]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.twin.list_parts(model, global_id, depth=depth, limit=10_000)
