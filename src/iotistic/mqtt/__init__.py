"""Who may connect to MQTT brokers and do what there, and what brokers say of themselves."""

from iotistic.mqtt.errors import MqttAclNotFound, MqttInvalid, MqttUserExists, MqttUserNotFound
from iotistic.mqtt.model import (
    Access,
    BrokerStats,
    MqttAcl,
    MqttUser,
    MqttUserKind,
    TopicMetrics,
    Verdict,
)
from iotistic.mqtt.service import MqttService

__all__ = [
    "Access",
    "BrokerStats",
    "MqttAcl",
    "MqttAclNotFound",
    "MqttInvalid",
    "MqttService",
    "MqttUser",
    "MqttUserExists",
    "MqttUserKind",
    "MqttUserNotFound",
    "TopicMetrics",
    "Verdict",
]
