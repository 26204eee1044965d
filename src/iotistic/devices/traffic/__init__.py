"""What each device costs the API: requests, refusals and bytes by the hour."""

from iotistic.devices.traffic.keeper import TrafficKeeper
from iotistic.devices.traffic.meter import TrafficMeter
from iotistic.devices.traffic.model import Traffic, TrafficKind, TrafficPosition
from iotistic.devices.traffic.service import TrafficService

__all__ = ["Traffic", "TrafficKeeper", "TrafficKind", "TrafficMeter", "TrafficPosition", "TrafficService"]
