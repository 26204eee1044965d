"""Which devices a gateway may send telemetry for."""

from iotistic.devices.gateways.errors import GatewayInvalid
from iotistic.devices.gateways.model import GrantedDevice
from iotistic.devices.gateways.service import GatewayService

__all__ = ["GatewayInvalid", "GatewayService", "GrantedDevice"]
