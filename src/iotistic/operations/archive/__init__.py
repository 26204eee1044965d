"""Partitions as Parquet files: written and proved before they are dropped, and queried afterwards."""

from iotistic.operations.archive.archivist import Archivist
from iotistic.operations.archive.catalogue import Catalogue
from iotistic.operations.archive.errors import (
    ArchiveDamaged,
    ArchiveDiffers,
    ArchivedTableNotFound,
    ArchiveSupportMissing,
    QueryRefused,
)
from iotistic.operations.archive.model import Check, Column, Manifest, differences
from iotistic.operations.archive.parquet import Answer
from iotistic.operations.archive.reading import ArchiveReader
from iotistic.operations.archive.storage import Folder, Storage

__all__ = [
    "Answer",
    "ArchiveDamaged",
    "ArchiveDiffers",
    "ArchiveReader",
    "ArchiveSupportMissing",
    "ArchivedTableNotFound",
    "Archivist",
    "Catalogue",
    "Check",
    "Column",
    "Folder",
    "Manifest",
    "QueryRefused",
    "Storage",
    "differences",
]
