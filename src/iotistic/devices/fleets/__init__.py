"""Groups of devices that are run alike, and what they give their devices by default."""

from iotistic.devices.fleets.errors import FleetInvalid, FleetNameTaken, FleetNotEmpty, FleetNotFound
from iotistic.devices.fleets.model import Fleet, FleetDraft
from iotistic.devices.fleets.service import FleetService

__all__ = [
    "Fleet",
    "FleetDraft",
    "FleetInvalid",
    "FleetNameTaken",
    "FleetNotEmpty",
    "FleetNotFound",
    "FleetService",
]
