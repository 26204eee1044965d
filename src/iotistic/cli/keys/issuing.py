"""Making keys, and revoking them."""

from ipaddress import ip_network
from typing import Annotated

import typer

from iotistic.bootstrap.platform import Work
from iotistic.cli.keys.options import KeyAmbiguous, Named, Reason, User, length_of, within
from iotistic.cli.keys.rows import hand_out, plain
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.security import IssuedKey
from iotistic.security.keyring import Key, KeyDraft
from iotistic.security.model import Network

__all__ = ["issue", "revoke"]

KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="Its public part, as `iotistic keys list` shows it.")
]


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
        lasts=None if lasts is None else length_of(lasts),
    )

    async def make(work: Work) -> IssuedKey:
        if device is not None:
            uuid = (await get_named_device(work, device)).uuid
            return await work.keyring.issue_device_key(uuid, draft, reason=reason)
        return await work.keyring.issue_account_key(user or "", draft, reason=reason)

    hand_out(run_async(within(data_dir, url, make)), as_json=as_json)


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

    key = run_async(within(data_dir, url, take))
    if as_json:
        print_json(plain(key))
    else:
        narrate(f"The key {key_id} opens nothing any more.")


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise KeyAmbiguous(
            f"{text!r} is no network.", hint="Write it as 192.0.2.0/24 or 2001:db8::/32."
        ) from error
