"""Options that say which devices are meant, and the platform for one command."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.config import Settings
from iotistic.devices import ConnectionStatus, DeviceFilter
from iotistic.devices.tag_expression import parse_tag_expression
from iotistic.errors import Invalid

__all__ = [
    "Fleet",
    "Kind",
    "NamePart",
    "Status",
    "Where",
    "device_filter",
    "opened",
    "parse_tag",
]

Where = Annotated[
    str | None,
    typer.Option(
        "--where", metavar="EXPRESSION", help="Only those whose tags say: site=berlin and hardware!=rpi3"
    ),
]
Fleet = Annotated[str | None, typer.Option("--fleet", metavar="NAME", help="Only those of this fleet.")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only those of this kind.")]
NamePart = Annotated[
    str | None,
    typer.Option("--name", metavar="TEXT", help="Only those with this in their name, in any case."),
]
Status = Annotated[
    ConnectionStatus | None,
    typer.Option("--status", help="Only those that are so.", metavar="online|offline|never"),
]


class TagUnreadable(Invalid):
    """A word that does not say a tag."""

    code = "tag_unreadable"


def device_filter(
    *,
    where: str | None = None,
    fleet: str | None = None,
    kind: str | None = None,
    name: str | None = None,
    status: ConnectionStatus | None = None,
) -> DeviceFilter:
    """What the options mean. Raises TagExpressionInvalid."""
    expression = None if where is None else parse_tag_expression(where)
    return DeviceFilter(where=expression, fleet=fleet, kind=kind, name=name, status=status)


def parse_tag(text: str) -> tuple[str, str]:
    """KEY=VALUE as the two. Raises TagUnreadable."""
    key, sign, value = text.partition("=")
    if not sign:
        raise TagUnreadable(f"{text!r} says no tag.", hint="Write KEY=VALUE, for example site=berlin.")
    return key.strip(), value.strip()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Platform]:
    """The platform for one command."""
    platform = await open_platform(settings, application_name="iotistic-devices", with_ingest=False)
    try:
        yield platform
    finally:
        await platform.close()
