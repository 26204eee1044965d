"""Rules about tags, and tags of many devices at once."""

from iotistic.devices.tagging.errors import (
    TagDefinitionInvalid,
    TagDefinitionNotFound,
    TagValuesInUse,
    TooManyDevices,
)
from iotistic.devices.tagging.model import IncompleteDevice, TagDefinition, TagDefinitionDraft
from iotistic.devices.tagging.service import TaggingService

__all__ = [
    "IncompleteDevice",
    "TagDefinition",
    "TagDefinitionDraft",
    "TagDefinitionInvalid",
    "TagDefinitionNotFound",
    "TagValuesInUse",
    "TaggingService",
    "TooManyDevices",
]
