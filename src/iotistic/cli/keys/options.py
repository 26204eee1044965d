"""What several of the commands about keys are told, and a piece of work to do it in."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from iotistic.bootstrap.platform import Platform, Work
from iotistic.cli.device_options import opened
from iotistic.cli.duration import parse_shift
from iotistic.cli.options import settings_from
from iotistic.errors import Invalid

__all__ = ["Fleet", "KeyAmbiguous", "Named", "Reason", "User", "length_of", "within"]

T = TypeVar("T")

KeyId = Annotated[
    str, typer.Argument(metavar="KEY", help="Its public part, as `iotistic keys list` shows it.")
]
Named = Annotated[str | None, typer.Option("--device", metavar="NAME|UUID", help="Of this device.")]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Of this person or service.")]
Fleet = Annotated[str | None, typer.Option("--fleet", metavar="NAME", help="Of the devices of this fleet.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history of keys.")]


class KeyAmbiguous(Invalid):
    """It is not said, or said twice, which keys are meant."""

    code = "key_ambiguous"


def length_of(text: str) -> timedelta:
    """From now on. Raises KeyAmbiguous, DurationUnreadable."""
    length = parse_shift(text)
    if length < timedelta(0):
        raise KeyAmbiguous(f"{text!r} lies in the past.")
    return length


async def within(data_dir: Path | None, url: str | None, act: Callable[[Work], Awaitable[T]]) -> T:
    """Acts in one transaction."""
    platform: Platform
    async with opened(settings_from(data_dir, url)) as platform, platform.begin() as work:
        return await act(work)
