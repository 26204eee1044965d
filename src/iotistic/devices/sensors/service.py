"""What can be done with sensors."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.errors import DeviceNotFound
from iotistic.devices.sensors.errors import SensorChanged, SensorNotFound, TooManySensors
from iotistic.devices.sensors.model import Report, Sensor, SensorDraft
from iotistic.devices.sensors.repository import SensorRepository

__all__ = ["MOST_SENSORS", "SensorService"]

MOST_SENSORS = 250
"""Of one device: it reads its list whole, at most 20 MiB of documents."""


@final
class SensorService:
    """Sensors on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._sensors = SensorRepository(connection)

    async def create_sensor(self, uuid: UUID, name: str, draft: SensorDraft) -> Sensor:
        """Gives the device a sensor. Raises DeviceNotFound, SensorNameTaken, SensorInvalid or TooManySensors."""
        if not await self._sensors.lock_device(uuid):
            raise _unknown_device(uuid)
        present = await self._sensors.count(uuid)
        if present >= MOST_SENSORS:
            raise TooManySensors(
                f"The device has {present} sensors, as many as one can have.",
                hint="Put more data points into one sensor.",
            )
        await self._sensors.insert(uuid, name, draft)
        return await self.get_sensor(uuid, name)

    async def replace_sensor(self, uuid: UUID, name: str, draft: SensorDraft) -> Sensor:
        """Says anew what the sensor is: pending from now on, unless it is as before. Raises SensorNotFound or SensorInvalid."""
        await self._sensors.replace(uuid, name, draft)
        return await self.get_sensor(uuid, name)

    async def delete_sensor(self, uuid: UUID, name: str) -> None:
        """Takes the sensor from the device. Raises SensorNotFound."""
        if not await self._sensors.delete(uuid, name):
            raise _unknown(name)

    async def find_sensor(self, uuid: UUID, name: str) -> Sensor | None:
        """The sensor of this name."""
        return await self._sensors.find(uuid, name)

    async def get_sensor(self, uuid: UUID, name: str) -> Sensor:
        """The same; raises SensorNotFound."""
        sensor = await self._sensors.find(uuid, name)
        if sensor is None:
            raise _unknown(name)
        return sensor

    async def list_sensors(self, uuid: UUID) -> Sequence[Sensor]:
        """All sensors of the device by name, at most 250."""
        return await self._sensors.list(uuid, limit=MOST_SENSORS)

    async def get_state(self, uuid: UUID) -> str:
        """A word that is another whenever the list is another; reads no document. Raises DeviceNotFound."""
        state = await self._sensors.find_state(uuid)
        if state is None:
            raise _unknown_device(uuid)
        return state

    async def record_deployment(
        self, uuid: UUID, name: str, *, revision: int, deployment: Report, error: str | None = None
    ) -> Sensor:
        """What the device says about a revision of its sensor. Raises SensorNotFound, SensorInvalid, or SensorChanged once another holds."""
        await self._sensors.record_deployment(uuid, name, revision, deployment, error)
        sensor = await self.get_sensor(uuid, name)
        if sensor.revision != revision:
            raise SensorChanged(
                f"The sensor {name!r} is at revision {sensor.revision} now.",
                hint="Read the list again and deploy that.",
                current_version=sensor.revision,
            )
        return sensor


def _unknown(name: str) -> SensorNotFound:
    return SensorNotFound(
        f"The device has no sensor {name!r}.",
        hint="`iotistic devices sensors list DEVICE` shows them all.",
        name=name,
    )


def _unknown_device(uuid: UUID) -> DeviceNotFound:
    return DeviceNotFound(f"There is no device {uuid}.", uuid=str(uuid))
