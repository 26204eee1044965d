"""`iotistic devices create`, `retire`, `restore`, `tag` and `clock`."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from iotistic.cli.device_options import Where, device_filter, opened, parse_tag
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.config import Settings
from iotistic.devices import Device
from iotistic.devices.tagging.service import MOST_DEVICES
from iotistic.errors import Invalid
from iotistic.workflows import Retirement, restore_device, retire_device

__all__ = ["clock", "create", "restore", "retire", "tag"]


class TaggingUnclear(Invalid):
    """Which devices, or which tags, is not said."""

    code = "tagging_unclear"


def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="host, gateway, sensor, ...")],
    serial: Annotated[
        str | None, typer.Option("--serial", metavar="TEXT", help="What its hardware calls itself.")
    ] = None,
    *,
    fleet: Annotated[
        str | None, typer.Option("--fleet", metavar="NAME", help="The fleet it belongs to.")
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag; may be repeated.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Register a device before it comes: with a claim key and its serial it enrols as this one."""
    wanted = dict(parse_tag(text) for text in tags or [])
    draft = {"name": name, "kind": kind, "serial": serial, "fleet": fleet}
    device = run_async(_create(settings_from(data_dir, url), draft, wanted))
    if as_json:
        print_json(asdict(device))
    else:
        narrate(f"{device.name} is registered as {device.uuid}.")


def retire(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    data_dir: DataDir = None,
    url: Url = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a device out of service, with its keys (asks first)."""
    settings = settings_from(data_dir, url)
    device = run_async(_find(settings, name))
    if not yes:
        narrate(f"This takes {device.name} ({device.uuid}) out of service: its keys open nothing any more,")
        narrate("its name and serial are free for others. Its history stays, and it can be restored.")
        if typer.prompt("Type the device's name to go on", err=True) != device.name:
            raise typer.Abort
    done = run_async(_retire(settings, device))
    if as_json:
        print_json(asdict(done))
    else:
        narrate(f"{device.name} is out of service; {done.keys_revoked} keys revoked.")
        if done.mqtt_account_removed or done.certificates_revoked or done.twin_unlinked:
            narrate(
                f"Gone with it: {int(done.mqtt_account_removed)} MQTT account, {done.certificates_revoked} VPN certificates,"
                f" {int(done.twin_unlinked)} twin link."
            )


def restore(
    uuid: Annotated[
        str, typer.Argument(help="The device's uuid, as `iotistic devices list --retired` shows it.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="Another name, where its own was given away.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a device back into service; its keys stay revoked, see `allow-enrolment`."""
    device = run_async(_restore(settings_from(data_dir, url), uuid, name))
    if as_json:
        print_json(asdict(device))
    else:
        narrate(
            f"{device.name} is in service, with its tags, fleet and history,"
            " and without its keys, MQTT account, VPN certificates and twin link."
        )
        narrate(f"To let it enrol again: iotistic devices allow-enrolment {device.uuid}")


def clock(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    stamp: Annotated[
        Literal["device", "receipt"],
        typer.Option("--stamp", help="Date reports by the device's clock, or by their receipt."),
    ],
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Trust a device's clock, or date its reports by their receipt."""
    device = run_async(_stamp(settings_from(data_dir, url), name, on_receipt=stamp == "receipt"))
    whose = "their receipt" if stamp == "receipt" else "its own clock"
    narrate(f"Reports of {device.name} are dated by {whose}, within 30 seconds everywhere.")


async def _stamp(settings: Settings, name: str, *, on_receipt: bool) -> Device:
    async with opened(settings) as platform, platform.begin() as work:
        device = await get_named_device(work, name)
        await work.clocks.stamp_on_receipt(device.uuid, on=on_receipt)
        return device


def tag(
    tags: Annotated[
        list[str] | None, typer.Argument(help="KEY=VALUE, any number.", metavar="[TAG]...")
    ] = None,
    *,
    devices: Annotated[
        list[str] | None, typer.Option("--device", help="A device's name or uuid; may be repeated.")
    ] = None,
    where: Where = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY", help="Take this tag away; may be repeated.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Tag devices: those named, or all that an expression means."""
    wanted = dict(parse_tag(text) for text in tags or [])
    if (where is None) == (not devices) or not (wanted or remove):
        raise TaggingUnclear(
            "Name devices by --device or say which by --where, and name at least one tag.",
            hint="For example: iotistic devices tag --where 'site=berlin' rack=r7 --remove spare",
        )
    done = run_async(_tag(settings_from(data_dir, url), devices or [], where, wanted, remove or []))
    if as_json:
        print_json(done)
    else:
        narrate(f"{done['matched']} devices, {done['changed']} of them changed")


async def _create(settings: Settings, draft: dict[str, Any], tags: dict[str, str]) -> Device:
    async with opened(settings) as platform, platform.begin() as work:
        device = await work.devices.create_device(**draft)
        await work.tagging.tag_devices([device.uuid], set_tags=tags)
        return device


async def _find(settings: Settings, name: str) -> Device:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await get_named_device(work, name)


async def _retire(settings: Settings, device: Device) -> Retirement:
    async with opened(settings) as platform, platform.begin() as work:
        return await retire_device(work.keepers, device.uuid, reason="retired on the command line")


async def _restore(settings: Settings, uuid: str, name: str | None) -> Device:
    async with opened(settings) as platform, platform.begin() as work:
        device = await get_named_device(work, uuid)
        return await restore_device(work.devices, device.uuid, name=name)


async def _tag(
    settings: Settings, names: list[str], where: str | None, tags: dict[str, str], remove: list[str]
) -> dict[str, int]:
    which = device_filter(where=where)
    async with opened(settings) as platform, platform.begin() as work:
        if where is None:
            uuids = [(await get_named_device(work, name)).uuid for name in names]
        else:
            uuids = list(await work.devices.match_devices(which, limit=MOST_DEVICES + 1))
        changed = await work.tagging.tag_devices(uuids, set_tags=tags, remove=remove)
    return {"matched": len(uuids), "changed": changed}
