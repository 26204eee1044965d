"""Having keys replaced."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.key_rounds import finish_rotation
from iotistic.bootstrap.platform import Work
from iotistic.cli.device_options import opened
from iotistic.cli.duration import readable_time
from iotistic.cli.keys.options import Fleet, KeyAmbiguous, Named, Reason, length_of, within
from iotistic.cli.keys.rows import hand_out, moment, plain, rotation_row
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.security import IssuedKey
from iotistic.security.keyring import GRACE, Key, KeyRotation

__all__ = ["rotate"]

Grace = Annotated[
    str, typer.Option("--grace", metavar="DURATION", help="How long the old key stays good, at the most.")
]


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
        told = run_async(_rotate_many(data_dir, url, fleet, length_of(grace), reason))
        _tell_rotation(told, as_json=as_json)
        return

    async def replace(work: Work) -> tuple[Key, IssuedKey | None]:
        key = await _one_key(work, key_id, device)
        issued = await work.keyring.rotate(
            key.key_id,
            grace=length_of(grace),
            hand_out=print_key or key.kind != "device",
            reason=reason,
        )
        return await work.keyring.get_key(key.key_id), issued

    old, issued = run_async(within(data_dir, url, replace))
    narrate(f"The key {old.key_id} ends when the next one is first used, at the latest {_end(old)}.")
    if issued is not None:
        hand_out(issued, as_json=as_json)
    elif as_json:
        print_json(plain(old))
    else:
        narrate(f"{old.device_name} fetches its next key when it next talks to the API.")


def _tell_rotation(rotation: KeyRotation, *, as_json: bool) -> None:
    if as_json:
        print_json(rotation_row(rotation))
        return
    whose = f"of the fleet {rotation.fleet}" if rotation.fleet else "of all devices"
    narrate(
        f"Rotation {rotation.id}: {rotation.marked} keys {whose} end within {readable_time(rotation.grace)}. "
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


def _end(key: Key) -> str:
    return "at once" if key.retires_at is None else moment(key.retires_at)
