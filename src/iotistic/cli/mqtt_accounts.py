"""`iotistic mqtt add`, `add-device`, `new-password`, `enable`, `disable`, `remove`, `allow` and `disallow`."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

import typer

from iotistic.cli.claim_keys import lasting
from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.config import Settings
from iotistic.mqtt import Access, MqttAcl
from iotistic.secret import Secret

__all__ = ["add", "add_device", "allow", "disable", "disallow", "enable", "new_password", "remove"]

Name = Annotated[str, typer.Argument(help="The account; that of a device is called by its uuid.")]
ClientId = Annotated[str | None, typer.Option("--client-id", help="Only with this client id.")]


def add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    *,
    kind: Annotated[
        Literal["service", "person"],
        typer.Option("--kind", help="A program of ours, or somebody with a tool.", metavar="service|person"),
    ] = "service",
    client_id: ClientId = None,
    superuser: Annotated[
        bool, typer.Option("--superuser", help="It may do everything without rules; services only.")
    ] = False,
    lasts: Annotated[
        timedelta | None,
        typer.Option("--for", parser=lasting, metavar="TIME", help="How long it works: 10min, 24h, 30d."),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make an account without rules, and print its password, this once."""

    async def make(settings: Settings) -> Secret:
        async with opened(settings) as platform, platform.begin() as work:
            return await work.mqtt.create_user(
                name, kind=kind, client_id=client_id, is_superuser=superuser, lasts=lasts
            )

    _tell(name, run_async(make(settings_from(data_dir, url))), as_json=as_json)


def add_device(
    device: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    *,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make the account of a device with the rules of a device, and print its password, this once."""

    async def make(settings: Settings) -> tuple[str, Secret]:
        async with opened(settings) as platform, platform.begin() as work:
            uuid = (await get_named_device(work, device)).uuid
            return str(uuid), await work.mqtt.create_device_user(uuid)

    name, secret = run_async(make(settings_from(data_dir, url)))
    _tell(name, secret, as_json=as_json)


def new_password(name: Name, *, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Give an account a new password, and print it, this once; the old one opens nothing from now on."""

    async def renew(settings: Settings) -> Secret:
        async with opened(settings) as platform, platform.begin() as work:
            return await work.mqtt.renew_secret(name)

    _tell(name, run_async(renew(settings_from(data_dir, url))), as_json=as_json)


def enable(name: Name, *, data_dir: DataDir = None, url: Url = None) -> None:
    """Let an account in again."""
    changed = run_async(_set_active(settings_from(data_dir, url), name, is_active=True))
    narrate(f"{name} may connect{'' if changed else ', as before'}.")


def disable(name: Name, *, data_dir: DataDir = None, url: Url = None) -> None:
    """Keep an account out; its rules and password stay."""
    changed = run_async(_set_active(settings_from(data_dir, url), name, is_active=False))
    narrate(f"{name} may not connect{'' if changed else ', as before'}.")


def remove(name: Name, *, data_dir: DataDir = None, url: Url = None) -> None:
    """Take an account away with its rules."""

    async def act(settings: Settings) -> None:
        async with opened(settings) as platform, platform.begin() as work:
            await work.mqtt.remove_user(name)

    run_async(act(settings_from(data_dir, url)))
    narrate(f"The account {name} is gone.")


def allow(
    topic: Annotated[
        str,
        typer.Argument(help="A filter: + is a level, # the last ones; %u the username, %c the client id."),
    ],
    access: Annotated[
        list[str],
        typer.Argument(help="What is allowed: receive, publish, subscribe.", metavar="ACCESS..."),
    ],
    *,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="For this account; everybody by default.")
    ] = None,
    client_id: ClientId = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Add a rule, or say anew what it allows."""
    unknown = [word for word in access if word.upper() not in Access.__members__]
    if unknown:
        raise typer.BadParameter(
            f"{unknown[0]!r} is none of receive, publish, subscribe", param_hint="ACCESS"
        )

    async def act(settings: Settings) -> MqttAcl:
        async with opened(settings) as platform, platform.begin() as work:
            return await work.mqtt.allow(user, topic, Access.of(access), client_id=client_id)

    rule = run_async(act(settings_from(data_dir, url)))
    if as_json:
        print_json(asdict(rule))
    else:
        narrate(f"Rule {rule.id}: {rule.username or 'everybody'} may {', '.join(access)} {rule.topic}.")


def disallow(
    rule: Annotated[int, typer.Argument(help="The number of the rule.", min=1)],
    *,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Take a rule away."""

    async def act(settings: Settings) -> None:
        async with opened(settings) as platform, platform.begin() as work:
            await work.mqtt.disallow(rule)

    run_async(act(settings_from(data_dir, url)))
    narrate(f"Rule {rule} is gone.")


async def _set_active(settings: Settings, name: str, *, is_active: bool) -> bool:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.mqtt.set_active(name, is_active=is_active)


def _tell(name: str, secret: Secret, *, as_json: bool) -> None:
    if as_json:
        print_json({"username": name, "password": secret.reveal()})
    else:
        narrate(f"The password of {name}, shown this once:")
        typer.echo(secret.reveal())
