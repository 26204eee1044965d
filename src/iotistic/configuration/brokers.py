"""MQTT brokers as the settings tell them. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from iotistic.configuration.documents import Broker

__all__ = ["default_broker"]


def default_broker(values: Mapping[str, Any]) -> Broker | None:
    """The broker that devices are told about, with the authority that its certificate is checked by; None while none is in use."""
    which = values.get("mqtt.defaultBrokerId")
    if which is None or which not in values.get("mqtt.brokerIds", []):
        return None
    broker = msgspec.convert(values[f"mqtt.brokers.{which}"], Broker)
    if not broker.is_active:
        return None
    if broker.use_tls and broker.ca_cert is None:
        return msgspec.structs.replace(broker, ca_cert=values.get("mqtt.ca_certificate"))
    return broker
