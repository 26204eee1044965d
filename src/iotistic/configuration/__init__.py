"""Settings of the running platform, kept in the database: `system_config`."""

from iotistic.configuration.brokers import default_broker
from iotistic.configuration.cache import SettingCache
from iotistic.configuration.catalogue import CATALOGUE, KeyKind
from iotistic.configuration.documents import Broker, VpnConfig
from iotistic.configuration.errors import SettingInUse, SettingInvalid, SettingNotFound, SettingUnknown
from iotistic.configuration.model import Setting, SettingChange
from iotistic.configuration.secret_reference import SecretMissing, place_of, reveal_reference
from iotistic.configuration.service import ConfigurationService

__all__ = [
    "CATALOGUE",
    "Broker",
    "ConfigurationService",
    "KeyKind",
    "SecretMissing",
    "Setting",
    "SettingCache",
    "SettingChange",
    "SettingInUse",
    "SettingInvalid",
    "SettingNotFound",
    "SettingUnknown",
    "VpnConfig",
    "default_broker",
    "place_of",
    "reveal_reference",
]
