"""The peppers of an installation: those that the settings give, and those that lie in its data folder."""

from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.security import Peppers

__all__ = ["find_peppers"]


def find_peppers(settings: Settings, folder: DataFolder) -> Peppers:
    """The newest, made in the folder if it is given nowhere, and all older ones that are known."""
    current = settings.pepper_version
    kept = {version: folder.find_secret(_name(version)) for version in range(1, current)}
    older = {version: pepper for version, pepper in kept.items() if pepper is not None}
    newest = settings.pepper or folder.secret(_name(current))
    return Peppers({**older, **settings.old_peppers, current: newest}, current)


def _name(version: int) -> str:
    return "pepper" if version == 1 else f"pepper-{version}"
