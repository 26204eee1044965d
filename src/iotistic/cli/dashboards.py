"""`iotistic dashboards ...`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from iotistic.bootstrap.platform import Work
from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.dashboards import Layout, LayoutDraft, LayoutSummary, Owner
from iotistic.errors import Invalid, NotFound

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Dashboards: own ones of people, and those all share."
)

User = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="Those of this person; shared ones by default.")
]
Number = Annotated[int, typer.Argument(help="The number of a dashboard.", min=1)]
File = Annotated[
    Path, typer.Argument(help="The document, a JSON object.", exists=True, dir_okay=False, metavar="FILE")
]
Default = Annotated[bool, typer.Option("--default", help="It is shown when nobody says which.")]


class DocumentUnreadable(Invalid):
    """A file that holds no JSON object."""

    code = "document_unreadable"


class PersonUnknown(NotFound):
    """There is no account of this name."""

    code = "user_not_found"


@app.command("list")
def list_dashboards(
    *,
    user: User = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    after: Annotated[int | None, typer.Option(help="Only those behind this number.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List what a person sees, the own ones and the shared ones (with --json: one object a line)."""
    rows = [asdict(one) for one in run_async(_list(settings_from(data_dir, url), user, after, limit))]
    if as_json:
        print_json_lines(rows)
        return
    shown = [row | {"owner": row["owner"] or "(everybody)"} for row in rows]
    columns = ["id", "name", "owner", "device_uuid", "is_default", "updated_at"]
    print_table(shown, columns, empty="There is no dashboard yet.")
    if len(rows) == limit:
        narrate(f"There may be more: --after {rows[-1]['id']} goes on.")


@app.command()
def show(number: Number, *, user: User = None, data_dir: DataDir = None, url: Url = None) -> None:
    """Show one dashboard, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), number, user))))


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The name of the dashboard.")],
    file: File,
    *,
    user: User = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME|UUID", help="The device it shows.")
    ] = None,
    default: Default = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a dashboard of a file."""
    draft = LayoutDraft(name=name, document=_document(file), is_default=default)
    made = run_async(_create(settings_from(data_dir, url), draft, user, device))
    _tell(made, as_json=as_json)


@app.command()
def replace(
    number: Number,
    file: File,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    user: User = None,
    default: Annotated[
        bool | None, typer.Option("--default/--no-default", help="Whether it is the default from now on.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say anew what a dashboard is; what no option names stays."""
    said = (name, default)
    changed = run_async(_replace(settings_from(data_dir, url), number, _document(file), user, said))
    _tell(changed, as_json=as_json)


@app.command()
def delete(number: Number, *, user: User = None, data_dir: DataDir = None, url: Url = None) -> None:
    """Delete a dashboard."""
    run_async(_delete(settings_from(data_dir, url), number, user))
    narrate(f"The dashboard {number} is gone.")


def _tell(layout: Layout, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(layout))
        return
    whose = "everybody" if layout.owner is None else layout.owner
    narrate(f"The dashboard {layout.id}, {layout.name!r}, is there for {whose}.")


def _document(file: Path) -> dict[str, Any]:
    try:
        value: object = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DocumentUnreadable(f"{file} is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise DocumentUnreadable(f"{file} holds no JSON object.", hint='Write {"widgets": []}.')
    return cast("dict[str, Any]", value)


async def _owner(work: Work, user: str | None) -> Owner:
    if user is None:
        return None
    known = await work.security.list_account_ids([user])
    if user not in known:
        raise PersonUnknown(f"There is no account {user!r}.", hint="`iotistic users list` shows them all.")
    return known[user]


async def _list(
    settings: Settings, user: str | None, after: int | None, limit: int
) -> Sequence[LayoutSummary]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        viewer = await _owner(work, user)
        return await work.dashboards.list_layouts(viewer=viewer, after=after, limit=limit)


async def _get(settings: Settings, number: int, user: str | None) -> Layout:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.dashboards.get_layout(number, viewer=await _owner(work, user))


async def _create(settings: Settings, draft: LayoutDraft, user: str | None, device: str | None) -> Layout:
    async with opened(settings) as platform, platform.begin() as work:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        return await work.dashboards.create_layout(draft, owner=await _owner(work, user), device_uuid=uuid)


async def _replace(
    settings: Settings,
    number: int,
    document: dict[str, Any],
    user: str | None,
    said: tuple[str | None, bool | None],
) -> Layout:
    name, default = said
    async with opened(settings) as platform, platform.begin() as work:
        owner = await _owner(work, user)
        present = await work.dashboards.get_layout(number, viewer=owner)
        draft = LayoutDraft(
            name=present.name if name is None else name,
            document=document,
            is_default=present.is_default if default is None else default,
        )
        return await work.dashboards.replace_layout(number, draft, owner=owner)


async def _delete(settings: Settings, number: int, user: str | None) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.dashboards.delete_layout(number, owner=await _owner(work, user))
