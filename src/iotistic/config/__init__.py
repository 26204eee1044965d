"""Settings: read once at the edge from environment, .env and options, then handed around as a frozen value."""

from iotistic.config.load import default_data_dir, load_settings
from iotistic.config.location import Surroundings, misplaced_host, surroundings
from iotistic.config.model import (
    ApiSettings,
    BackupSettings,
    DatabaseNames,
    Endpoint,
    LogSettings,
    PoolSettings,
    RateSettings,
    SessionLimits,
    Settings,
    StartupMigrations,
)
from iotistic.config.problems import Problem, SettingsInvalid
from iotistic.config.rows import SettingRow
from iotistic.config.sources import environment

__all__ = [
    "ApiSettings",
    "BackupSettings",
    "DatabaseNames",
    "Endpoint",
    "LogSettings",
    "PoolSettings",
    "Problem",
    "RateSettings",
    "SessionLimits",
    "SettingRow",
    "Settings",
    "SettingsInvalid",
    "StartupMigrations",
    "Surroundings",
    "default_data_dir",
    "environment",
    "load_settings",
    "misplaced_host",
    "surroundings",
]
