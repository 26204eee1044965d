"""Whether devices are heard of: since when, how often they should be, and when they came and went."""

from iotistic.devices.connectivity.errors import ExpectationInvalid
from iotistic.devices.connectivity.model import Connectivity, Transition
from iotistic.devices.connectivity.service import ConnectivityService

__all__ = ["Connectivity", "ConnectivityService", "ExpectationInvalid", "Transition"]
