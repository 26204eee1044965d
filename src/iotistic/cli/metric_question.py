"""What the options of `iotistic metrics` ask for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from iotistic.bootstrap.platform import Work
from iotistic.cli.device_options import device_filter
from iotistic.cli.named_device import get_named_device
from iotistic.cli.time_range import time_range, width_of
from iotistic.telemetry.reading import MOST_DEVICES, Filling, Method, Question, zone_named

__all__ = ["MOST_OF_A_FLEET", "Asked", "meant_devices"]

MOST_OF_A_FLEET = 100_000


class Asked:
    """What the options say to read; times and widths are understood when they are used."""

    def __init__(
        self,
        devices: Sequence[str] | None,
        where: str | None,
        fleet: str | None,
        *,
        names: Sequence[str] | None,
        since: str = "1h",
        start: str | None = None,
        end: str | None = None,
        bucket: str | None = None,
        zone: str = "UTC",
        fill: Filling = "none",
    ) -> None:
        self.devices = devices or ()
        self.which = device_filter(where=where, fleet=fleet)
        self.names = names or ()
        self._time = since, start, end
        self._bucket = bucket
        self._zone = zone
        self._fill: Filling = fill

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        return time_range(now, *self._time)

    def question(
        self,
        devices: Sequence[UUID] | None,
        now: datetime,
        points: int | None = None,
        method: Method = "lttb",
    ) -> Question:
        start, end = self.span(now)
        return Question(
            devices=devices,
            names=self.names,
            start=start,
            end=end,
            bucket=None if self._bucket is None else width_of(self._bucket),
            zone=zone_named(self._zone),
            filling=self._fill,
            points=points,
            method=method,
        )


async def meant_devices(work: Work, asked: Asked, most: int = MOST_DEVICES) -> dict[UUID, str]:
    """Name by uuid, of those named or those that the filter means."""
    which = asked.which
    if asked.devices:
        named = [await get_named_device(work, name) for name in asked.devices]
        return {device.uuid: device.name for device in named}
    if most > MOST_DEVICES:
        return {uuid: str(uuid) for uuid in await work.devices.match_devices(which, limit=most)}
    return {device.uuid: device.name for device in await work.devices.list_devices(which, limit=most)}
