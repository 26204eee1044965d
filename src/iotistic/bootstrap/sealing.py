"""The keys that secrets in the database are sealed under. Apart from endpoints, so that only who seals loads cryptography (80 ms)."""

from typing import Final

from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.sealing import SealingKeys, new_sealing_key

__all__ = ["SEALING_KEY", "sealing_keys"]

SEALING_KEY: Final = "sealing-key"
"""What the secret is called in the data folder."""


def sealing_keys(settings: Settings) -> SealingKeys:
    """As configured, else from the data folder, where one is made on first use."""
    folder = DataFolder(settings.data_dir)
    return SealingKeys(settings.sealing_key or folder.secret(SEALING_KEY, new_sealing_key))
