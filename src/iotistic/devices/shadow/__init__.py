"""The shadow of a device: what people want of it, what it says of itself, and how both came to be."""

from iotistic.devices.shadow.difference import Change, Difference
from iotistic.devices.shadow.errors import (
    DocumentInvalid,
    DocumentTooLarge,
    HalfNotYours,
    ShadowFrozen,
    VersionConflict,
    VersionNotFound,
)
from iotistic.devices.shadow.model import (
    CHANNEL,
    Actor,
    Cause,
    EffectiveSettings,
    Half,
    InheritedVersions,
    Revision,
    Shadow,
    State,
    Versions,
)
from iotistic.devices.shadow.service import ShadowService

__all__ = [
    "CHANNEL",
    "Actor",
    "Cause",
    "Change",
    "Difference",
    "DocumentInvalid",
    "DocumentTooLarge",
    "EffectiveSettings",
    "Half",
    "HalfNotYours",
    "InheritedVersions",
    "Revision",
    "Shadow",
    "ShadowFrozen",
    "ShadowService",
    "State",
    "VersionConflict",
    "VersionNotFound",
    "Versions",
]
