"""`iotistic keys ...`: who has which key, and having keys replaced."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from iotistic.bootstrap.key_rounds import finish_rotation
from iotistic.bootstrap.platform import Platform, Work
from iotistic.cli.device_options import opened
from iotistic.cli.duration import parse_shift
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.errors import Invalid
from iotistic.security import IssuedKey
from iotistic.security.keyring import GRACE, Key, KeyDraft, KeyReport, KeyRotation
from iotistic.security.model import Network

__all__ = ["app"]

T = TypeVar("T")

_COLUMNS = ["key_id", "state", "of", "label", "scopes", "last_used_at", "ends_at", "created_at"]
_PAGE = 1000

KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="Its public part, as `iotistic keys list` shows it.")
]
Named = Annotated[str | None, typer.Option("--device", metavar="NAME|UUID", help="Of this device.")]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Of this person or service.")]
Fleet = Annotated[str | None, typer.Option("--fleet", metavar="NAME", help="Of the devices of this fleet.")]
Grace = Annotated[
    str, typer.Option("--grace", metavar="DURATION", help="How long the old key stays good, at the most.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history of keys.")]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, make, replace and revoke keys of devices and accounts.",
)


class KeyAmbiguous(Invalid):
    """It is not said, or said twice, which keys are meant."""

    code = "key_ambiguous"


@app.command("list")
def list_keys(
    *,
    device: Named = None,
    user: User = None,
    retiring: Annotated[bool, typer.Option("--retiring", help="Only those that are being replaced.")] = False,
    revoked: Annotated[bool, typer.Option("--revoked", help="Those that are revoked too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 1000,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List keys with their last use (with --json: one object a line)."""

    async def look(work: Work) -> list[Key]:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        found: list[Key] = []
        while len(found) < limit:
            page = await work.keyring.list_keys(
                username=user,
                device_uuid=uuid,
                only_retiring=retiring,
                with_revoked=revoked,
                after=found[-1].key_id if found else "",
                limit=min(_PAGE, limit - len(found)),
            )
            found += page
            if len(page) < _PAGE:
                break
        return found

    keys = run_async(_within(data_dir, url, look))
    if as_json:
        print_json_lines(_plain(key) for key in keys)
    else:
        print_table([_row(key) for key in keys], _COLUMNS, empty="There is no such key.")


@app.command()
def issue(
    *,
    device: Named = None,
    user: User = None,
    label: Annotated[str, typer.Option("--label", help="What it is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", metavar="PERMISSION", help="Only this permission; may be repeated. Not for devices."
        ),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(
            "--network", metavar="CIDR", help="Only taken from there: 192.0.2.0/24; may be repeated."
        ),
    ] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Until so long from now: 8h, 90d.")
    ] = None,
    reason: Reason = "made on the command line",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a key for a person, a service, or a device that has none. It is printed once."""
    if (device is None) == (user is None):
        raise KeyAmbiguous("Say whom the key is for: --user NAME or --device NAME.")
    if device is not None and scope:
        raise KeyAmbiguous("The key of a device has no scopes: it is for the device's own things only.")
    draft = KeyDraft(
        label=label,
        scopes=scope or None,
        networks=[_network(text) for text in network] if network else None,
        lasts=None if lasts is None else _length(lasts),
    )

    async def make(work: Work) -> IssuedKey:
        if device is not None:
            uuid = (await get_named_device(work, device)).uuid
            return await work.keyring.issue_device_key(uuid, draft, reason=reason)
        return await work.keyring.issue_account_key(user or "", draft, reason=reason)

    _hand_out(run_async(_within(data_dir, url, make)), as_json=as_json)


@app.command()
def rotate(
    key_id: Annotated[str | None, typer.Argument(metavar="[KEY]", help="The public part of one key.")] = None,
    *,
    device: Named = None,
    fleet: Fleet = None,
    all_devices: Annotated[bool, typer.Option("--all-devices", help="Of every device.")] = False,
    print_key: Annotated[
        bool,
        typer.Option(
            "--print", help="Print a device's next key, instead of leaving it to the device to fetch."
        ),
    ] = False,
    grace: Grace = f"{GRACE.days}d",
    reason: Reason = "replaced on the command line",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Have keys replaced: of a person or service (KEY), of a device, a fleet, or all devices.

    The old key ends when the new one is first used, at the latest after the grace. A device is told so with its next answer and
    fetches its next key; if it sleeps through the grace it may still do so once, for 90 days. Of a fleet this goes on in batches:
    interrupted, it is finished by the housekeeper.
    """
    if [key_id is not None, device is not None, fleet is not None, all_devices].count(True) != 1:
        raise KeyAmbiguous("Say which keys: KEY, --device NAME, --fleet NAME or --all-devices.")
    if fleet is not None or all_devices:
        if print_key:
            raise KeyAmbiguous("The keys of many devices are fetched by them, and not printed.")
        told = run_async(_rotate_many(data_dir, url, fleet, _length(grace), reason))
        _tell_rotation(told, as_json=as_json)
        return

    async def replace(work: Work) -> tuple[Key, IssuedKey | None]:
        key = await _one_key(work, key_id, device)
        issued = await work.keyring.rotate(
            key.key_id,
            grace=_length(grace),
            hand_out=print_key or key.kind != "device",
            reason=reason,
        )
        return await work.keyring.get_key(key.key_id), issued

    old, issued = run_async(_within(data_dir, url, replace))
    narrate(f"The key {old.key_id} ends when the next one is first used, at the latest {old.retires_at}.")
    if issued is not None:
        _hand_out(issued, as_json=as_json)
    elif as_json:
        print_json(_plain(old))
    else:
        narrate(f"{old.device_name} fetches its next key when it next talks to the API.")


@app.command()
def revoke(
    key_id: KeyId,
    reason: Reason = "revoked on the command line",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, with one that was to replace it and was not used yet. Every process refuses it within a second."""

    async def take(work: Work) -> Key:
        return await work.keyring.revoke(key_id, reason=reason)

    key = run_async(_within(data_dir, url, take))
    if as_json:
        print_json(_plain(key))
    else:
        narrate(f"The key {key_id} opens nothing any more.")


@app.command()
def report(fleet: Fleet = None, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Say how many devices are still on an old key, and when they were last seen."""

    async def look(work: Work) -> tuple[KeyReport, Sequence[KeyRotation]]:
        return await work.keyring.report(fleet), await work.key_rotations.list_rotations(only_open=True)

    found, rotations = run_async(_within(data_dir, url, look))
    if as_json:
        print_json(asdict(found) | {"open_rotations": [_rotation(rotation) for rotation in rotations]})
        return
    for line in _lines(found):
        sys.stdout.write(line + "\n")
    for rotation in rotations:
        sys.stdout.write(f"Rotation {rotation.id} goes on: {rotation.marked} keys marked so far.\n")


def _lines(found: KeyReport) -> list[str]:
    seen = f"oldest seen at {found.oldest_seen_at}" if found.oldest_seen_at else "none of them seen yet"
    lines = [
        f"{found.on_old_key} of {found.devices} devices are still on the old key, {seen}."
        if found.on_old_key
        else f"No device of {found.devices} is on an old key."
    ]
    if found.next_end_at is not None:
        lines.append(f"The next grace ends at {found.next_end_at}.")
    if found.never_seen:
        lines.append(f"{found.never_seen} of them never used a key.")
    if found.past_grace:
        lines.append(f"{found.past_grace} are past their grace: they can only fetch their next key.")
    if found.lost:
        lines.append(
            f"{found.lost} are too late for that: `iotistic devices allow-enrolment` lets them in again."
        )
    if found.on_old_pepper:
        lines.append(
            f"{found.on_old_pepper} keys are hashed under an older pepper, until they are next used."
        )
    return lines


def _tell_rotation(rotation: KeyRotation, *, as_json: bool) -> None:
    if as_json:
        print_json(_rotation(rotation))
        return
    whose = f"of the fleet {rotation.fleet}" if rotation.fleet else "of all devices"
    narrate(
        f"Rotation {rotation.id}: {rotation.marked} keys {whose} end within {rotation.grace}. "
        "`iotistic keys report` shows who has not come yet."
    )


async def _rotate_many(
    data_dir: Path | None,
    url: str | None,
    fleet: str | None,
    grace: timedelta,
    reason: str,
) -> KeyRotation:
    async with opened(settings_from(data_dir, url)) as platform:
        async with platform.begin() as work:
            rotation = await work.key_rotations.begin(fleet=fleet, grace=grace, reason=reason)
        return await finish_rotation(platform, rotation)


async def _one_key(work: Work, key_id: str | None, device: str | None) -> Key:
    if key_id is not None:
        return await work.keyring.get_key(key_id)
    found = await get_named_device(work, device or "")
    keys = await work.keyring.list_keys(device_uuid=found.uuid)
    staying = [key for key in keys if key.retires_at is None]
    if not staying:
        raise KeyAmbiguous(
            f"{found.name} has no key to be replaced.", hint=f"iotistic keys list --device {found.name}"
        )
    return staying[0]


def _hand_out(issued: IssuedKey, *, as_json: bool) -> None:
    if as_json:
        print_json({"key_id": issued.key_id, "key": issued.text.reveal()})
        return
    narrate("The key, shown this once:")
    sys.stdout.write(issued.text.reveal() + "\n")


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise KeyAmbiguous(
            f"{text!r} is no network.", hint="Write it as 192.0.2.0/24 or 2001:db8::/32."
        ) from error


def _length(text: str) -> timedelta:
    length = parse_shift(text)
    if length < timedelta(0):
        raise KeyAmbiguous(f"{text!r} lies in the past.")
    return length


def _plain(key: Key) -> dict[str, Any]:
    row = asdict(key)
    row["allowed_networks"] = None if key.allowed_networks is None else [str(n) for n in key.allowed_networks]
    row["last_used_from"] = None if key.last_used_from is None else str(key.last_used_from).partition("/")[0]
    return row


def _row(key: Key) -> dict[str, Any]:
    return {
        **_plain(key),
        "of": key.device_name or key.username,
        "scopes": "all" if key.scopes is None and key.username else ", ".join(key.scopes or ()),
        "ends_at": min((end for end in (key.retires_at, key.expires_at) if end), default=None),
    }


def _rotation(rotation: KeyRotation) -> dict[str, Any]:
    return asdict(rotation) | {"grace": rotation.grace.total_seconds()}


async def _within(data_dir: Path | None, url: str | None, act: Callable[[Work], Awaitable[T]]) -> T:
    platform: Platform
    async with opened(settings_from(data_dir, url)) as platform, platform.begin() as work:
        return await act(work)
