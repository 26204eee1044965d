"""The sensors that devices read: people say which, devices say how far they are with that."""

from iotistic.devices.sensors.errors import (
    SensorChanged,
    SensorInvalid,
    SensorNameTaken,
    SensorNotFound,
    TooManySensors,
)
from iotistic.devices.sensors.model import Deployment, Protocol, Report, Sensor, SensorDraft
from iotistic.devices.sensors.service import MOST_SENSORS, SensorService

__all__ = [
    "MOST_SENSORS",
    "Deployment",
    "Protocol",
    "Report",
    "Sensor",
    "SensorChanged",
    "SensorDraft",
    "SensorInvalid",
    "SensorNameTaken",
    "SensorNotFound",
    "SensorService",
    "TooManySensors",
]
