"""Settings of the running platform, kept in the database: `system_config`."""

from iotistic.configuration.model import Setting
from iotistic.configuration.service import ConfigurationService

__all__ = ["ConfigurationService", "Setting"]
