"""`iotistic shadow ...`."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

import typer

from iotistic.bootstrap.platform import Work, open_platform
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.shadow import Actor, Half, Shadow, State
from iotistic.errors import Invalid

__all__ = ["app"]

T = TypeVar("T")

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Show and change what devices are to be, and compare."
)

_ACTOR = Actor(kind="system", name="iotistic shadow")


class HalfName(StrEnum):
    """One half, as an option."""

    desired = "desired"
    reported = "reported"


Name = Annotated[str, typer.Argument(help="The device's name or uuid.", metavar="DEVICE")]
OfHalf = Annotated[HalfName, typer.Option("--half", help="What people want, or what the device says.")]
BuiltOn = Annotated[
    int | None,
    typer.Option("--version", min=0, help="Change only if this is the version now; else exit 3."),
]


class NotADocument(Invalid):
    """What was given is no JSON object."""

    code = "shadow_document_invalid"


class MomentInvalid(Invalid):
    """What was given is no moment."""

    code = "moment_invalid"


@app.command()
def show(
    name: Name,
    *,
    half: Annotated[HalfName | None, typer.Option("--half", help="Only this half.")] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=0, help="As that half was at a version.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As it was at a moment: 2026-11-23T20:00:00Z.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what is desired, what is reported, and what is still to do."""
    if version is not None and (half is None or at is not None):
        raise typer.BadParameter("--version needs --half, and does not go with --at")
    moment = None if at is None else _moment(at)

    async def look(work: Work, uuid: UUID) -> Shadow | State:
        if half is None:
            return await work.shadow.get_shadow(uuid, at=moment)
        return await work.shadow.get_state(uuid, _half(half), version=version, at=moment)

    found = _carry_out(settings_from(data_dir, url), name, look, read_only=True)
    if isinstance(found, State):
        _tell_state(found, as_json=as_json)
    else:
        _tell_shadow(found, as_json=as_json)


@app.command("set")
def set_desired(
    name: Name,
    document: Annotated[
        str, typer.Argument(help="A JSON object, or - to read it from stdin.", metavar="JSON")
    ],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make it all that is desired, instead of merging it in.")
    ] = False,
    version: BuiltOn = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Change what is desired: members are merged in, null takes one out (RFC 7396)."""
    content = _document(sys.stdin.read() if document == "-" else document)

    async def write(work: Work, uuid: UUID) -> State:
        act = work.shadow.replace if replace else work.shadow.patch
        return await act(uuid, "desired", content, actor=_ACTOR, expected=_expected(version))

    state = _carry_out(settings_from(data_dir, url), name, write)
    _tell_state(state, as_json=as_json)


@app.command()
def history(
    name: Name,
    *,
    half: OfHalf = HalfName.desired,
    before: Annotated[int | None, typer.Option("--before", min=1, help="Only versions before this.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of a half and who made them, newest first (with --json: one object a line)."""

    async def look(work: Work, uuid: UUID) -> list[dict[str, Any]]:
        found = await work.shadow.list_revisions(uuid, _half(half), before=before, limit=limit)
        return [asdict(one) for one in found]

    rows = _carry_out(settings_from(data_dir, url), name, look, read_only=True)
    if as_json:
        print_json_lines(rows)
    else:
        columns = ["version", "recorded_at", "actor_kind", "actor", "cause", "restored_version"]
        print_table(rows, columns, empty=f"Nothing was ever {half.value}.")


@app.command()
def diff(
    name: Name,
    older: Annotated[int, typer.Argument(help="The version to begin with.", min=0, metavar="FROM")],
    newer: Annotated[
        int | None, typer.Argument(help="The version to end with; the present one by default.", metavar="TO")
    ] = None,
    *,
    half: OfHalf = HalfName.desired,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions member by member; --json also gives the merge patch between them."""

    async def look(work: Work, uuid: UUID) -> dict[str, Any]:
        last = (await work.shadow.get_versions(uuid)).of(_half(half)) if newer is None else newer
        found = await work.shadow.compare(uuid, _half(half), older, last)
        return {"from_version": older, "to_version": last, **asdict(found)}

    found = _carry_out(settings_from(data_dir, url), name, look, read_only=True)
    if as_json:
        print_json(found)
        return
    rows = [
        {**change, "before": _shown(change, "before"), "after": _shown(change, "after")}
        for change in found["changes"]
    ]
    print_table(rows, ["path", "kind", "before", "after"], empty="The two versions are the same.")


@app.command()
def rollback(
    name: Name,
    to: Annotated[int, typer.Argument(help="The version to go back to; 0 is the empty document.", min=0)],
    *,
    version: BuiltOn = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Desire an older version again, as a new version."""

    async def write(work: Work, uuid: UUID) -> State:
        return await work.shadow.roll_back(uuid, to=to, actor=_ACTOR, expected=_expected(version))

    state = _carry_out(settings_from(data_dir, url), name, write)
    _tell_state(state, as_json=as_json)


def _carry_out(
    settings: Settings, name: str, act: Callable[[Work, UUID], Awaitable[T]], *, read_only: bool = False
) -> T:
    async def work_once() -> T:
        platform = await open_platform(settings, application_name="iotistic-shadow", with_ingest=False)
        try:
            async with platform.begin(read_only=read_only) as work:
                device = await get_named_device(work, name)
                return await act(work, device.uuid)
        finally:
            await platform.close()

    return run_async(work_once())


def _half(name: HalfName) -> Half:
    return "desired" if name is HalfName.desired else "reported"


def _expected(version: int | None) -> set[int] | None:
    return None if version is None else {version}


def _document(text: str) -> dict[str, Any]:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotADocument(f"This is no JSON: {error}.", hint="""Write '{"interval": 30}'.""") from error
    if not isinstance(value, dict):
        raise NotADocument("A shadow is a JSON object.", hint="""Write '{"interval": 30}'.""")
    return cast("dict[str, Any]", value)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MomentInvalid(f"{text!r} is no moment.", hint="Write 2026-11-23T20:00:00Z.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _tell_state(state: State, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(state))
        return
    narrate(_heading("version", state))
    sys.stdout.write(_pretty(state.document))


def _tell_shadow(shadow: Shadow, *, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(shadow), "delta": shadow.delta})
        return
    for title, state in (("desired", shadow.desired), ("reported", shadow.reported)):
        sys.stdout.write(f"{_heading(title, state)}\n{_pretty(state.document)}\n")
    sys.stdout.write("still to do\n" + _pretty(shadow.delta))


def _heading(title: str, state: State) -> str:
    when = "never written" if state.changed_at is None else f"{state.changed_at:%Y-%m-%d %H:%M:%S}"
    return f"{title} {state.version}  {when}"


def _pretty(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _shown(change: Mapping[str, Any], side: str) -> str:
    absent = {"before": "added", "after": "removed"}[side]
    return "-" if change["kind"] == absent else json.dumps(change[side], ensure_ascii=False)
