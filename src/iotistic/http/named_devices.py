"""Which devices a question about telemetry means: those named by uuid, or those of a filter."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from iotistic.bootstrap.platform import Work
from iotistic.devices import DeviceFilter
from iotistic.http.parameters import ParameterInvalid
from iotistic.http.permissions import require_devices_inside
from iotistic.telemetry.reading import MOST_DEVICES

__all__ = ["MOST_OF_A_FLEET", "Named", "meant_devices"]

MOST_OF_A_FLEET = 100_000
"""Devices that are put together, or read one after the other."""

_UUIDS = (
    "Devices by uuid, separated by commas or given several times; those that the filter means when left out."
)


async def _uuids(
    devices: Annotated[
        list[str] | None, Query(description=_UUIDS, examples=[["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"]])
    ] = None,
) -> tuple[UUID, ...] | None:
    if devices is None:
        return None
    texts = [text.strip() for group in devices for text in group.split(",") if text.strip()]
    if len(texts) > MOST_DEVICES:
        raise ParameterInvalid(f"More than {MOST_DEVICES} devices are named.", field="query.devices")
    try:
        return tuple(dict.fromkeys(UUID(text) for text in texts))
    except ValueError as error:
        raise ParameterInvalid(
            "Devices are named by uuid.", hint="GET /api/v1/devices lists them.", field="query.devices"
        ) from error


Named = Annotated[tuple[UUID, ...] | None, Depends(_uuids)]


async def meant_devices(
    work: Work, named: Sequence[UUID] | None, which: DeviceFilter, *, most: int = MOST_DEVICES
) -> Sequence[UUID]:
    """Those named, or those that the filter means: one more than `most` is enough to be refused."""
    if named is not None:
        await require_devices_inside(work, named, which.bounds)
        return named
    found = await work.devices.match_devices(which, limit=most + 1)
    if len(found) > most:
        raise ParameterInvalid(
            f"More than {most} devices are meant.",
            hint="Name some, or narrow the filter.",
            field="query.devices",
        )
    return found
