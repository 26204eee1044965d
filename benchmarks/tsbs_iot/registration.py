"""The trucks as devices: their own uuids, what is known of them as tags, and a gateway that may send for all."""

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from iotistic.database.pool import Connection
from tsbs_iot.trucks import Report, Truck

__all__ = ["BODY", "bodies", "register"]

BODY = 1_000
"""Reports in a body."""
_TAGS = (
    "fleet", "driver", "model", "device_version", "load_capacity", "fuel_capacity", "nominal_fuel_consumption",
)  # fmt: skip


async def register(owner: Connection, fleet: Sequence[Truck], gateway: str) -> None:
    """On an autocommit connection as the owner of the tables; `gateway` is a device that is there already."""
    async with owner.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO devices (uuid, name, kind) VALUES (%s, %s, 'truck')",
            [(one.device, one.name) for one in fleet],
        )
        await cursor.executemany(
            "INSERT INTO device_tags (device_uuid, key, value) VALUES (%s, %s, %s)",
            [(one.device, name, str(getattr(one, name))) for one in fleet for name in _TAGS],
        )
        await cursor.executemany(
            "INSERT INTO gateway_devices (gateway_uuid, device_uuid) VALUES (%s, %s)",
            [(gateway, one.device) for one in fleet],
        )


def bodies(reports: Iterator[Report]) -> Iterator[bytes]:
    """NDJSON, as a gateway sends it."""
    while batch := list(islice(reports, BODY)):
        yield b"\n".join(
            msgspec.json.encode(
                {"device": one.truck.device, "timestamp": one.timestamp, "metrics": one.values}
            )
            for one in batch
        )
