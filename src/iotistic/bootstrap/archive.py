"""Where partitions are kept as files before they are dropped."""

from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.operations.archive import Archivist, Folder

__all__ = ["archivist_of"]


def archivist_of(settings: Settings) -> Archivist:
    """The archive of this installation: a folder beside its other data."""
    return Archivist(Folder(DataFolder(settings.data_dir).archive))
