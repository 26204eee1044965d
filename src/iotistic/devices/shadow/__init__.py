"""The shadow of a device: what people want of it, what it says of itself, and how both came to be."""

from iotistic.devices.shadow.difference import Change, Difference
from iotistic.devices.shadow.errors import (
    DocumentInvalid,
    DocumentTooLarge,
    HalfNotYours,
    ShadowFrozen,
    TooManyWaiters,
    VersionConflict,
    VersionNotFound,
)
from iotistic.devices.shadow.model import Actor, Cause, Half, Revision, Shadow, State, Versions
from iotistic.devices.shadow.news import ShadowNews, Waiter
from iotistic.devices.shadow.service import ShadowService

__all__ = [
    "Actor",
    "Cause",
    "Change",
    "Difference",
    "DocumentInvalid",
    "DocumentTooLarge",
    "Half",
    "HalfNotYours",
    "Revision",
    "Shadow",
    "ShadowFrozen",
    "ShadowNews",
    "ShadowService",
    "State",
    "TooManyWaiters",
    "VersionConflict",
    "VersionNotFound",
    "Versions",
    "Waiter",
]
