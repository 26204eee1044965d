"""`iotistic secrets`: what is sealed at rest, and the keys it is sealed under."""

import sys
from collections import Counter
from typing import Annotated

import typer

from iotistic.bootstrap.sealing import (
    add_sealing_key,
    drop_other_keys,
    rewrap_everything,
    sealed_places,
    sealing_keys,
)
from iotistic.cli import signing_keys
from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, run_async
from iotistic.config import Settings
from iotistic.sealing import SealingKeys, new_sealing_key

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Secrets in the database: the keys they are sealed under.",
)


app.add_typer(signing_keys.app, name="signing")


@app.callback()
def secrets() -> None:
    """Secrets in the database: the keys they are sealed under."""


@app.command("new-key")
def print_new_key() -> None:
    """Print a new sealing key, for IOTISTIC_SEALING_KEY or a file of IOTISTIC_SEALING_KEY_FILE. It is kept nowhere."""
    sys.stdout.write(new_sealing_key().reveal() + "\n")


@app.command()
def status(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show which keys there are, and how many secrets are sealed under each. Exit code: 0, or 1 where a key is missing."""
    settings = settings_from(data_dir, url)
    ours = sealing_keys(settings).ids
    counted = run_async(_count(settings))
    rows = [
        {"key": key, "is": _role(key, ours), "secrets": counted[key]}
        for key in [*ours, *sorted(set(counted) - set(ours))]
    ]
    if as_json:
        print_json({"keys": rows})
    else:
        print_table(rows, ["key", "is", "secrets"], empty="There is no key.")
    if set(counted) - set(ours):
        raise typer.Exit(1)


@app.command("rotate-key")
def rotate_key(data_dir: DataDir = None, url: Url = None) -> None:
    """Put a new key in front of the one in the data folder: services on this folder seal with it from now on. Then `iotistic secrets rewrap`.

    A key in IOTISTIC_SEALING_KEY is changed where that comes from: the new one in front, a comma between.
    """
    settings = settings_from(data_dir, url)
    narrate(f"Key {add_sealing_key(settings)} seals from now on. Run `iotistic secrets rewrap --drop` next.")


@app.command()
def rewrap(
    *,
    drop: Annotated[
        bool, typer.Option("--drop", help="Then forget all other keys of the data folder.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Wrap every sealed secret under the first key. No secret is opened for that. Safe to repeat."""
    settings = settings_from(data_dir, url)
    run_async(_rewrap(settings, drop=drop))


def _role(key: str, ours: tuple[str, ...]) -> str:
    if key not in ours:
        return "missing: what it sealed cannot be read"
    return "seals and opens" if key == ours[0] else "opens"


async def _count(settings: Settings) -> Counter[str]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return Counter(SealingKeys.key_id(text) for text in await sealed_places(work, settings))


async def _rewrap(settings: Settings, *, drop: bool) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        changed = await rewrap_everything(work, settings)
    narrate(f"{changed} places changed; everything is under the key {sealing_keys(settings).current}.")
    if drop:
        narrate(f"Forgot {drop_other_keys(settings)} keys.")
