"""What devices run: applications, and their releases, which never change."""

from iotistic.releases.errors import (
    ApplicationInvalid,
    ApplicationNameTaken,
    ApplicationNotFound,
    ReleaseInvalid,
    ReleaseNotFound,
)
from iotistic.releases.model import Application, Release, require_services
from iotistic.releases.service import ReleaseService

__all__ = [
    "Application",
    "ApplicationInvalid",
    "ApplicationNameTaken",
    "ApplicationNotFound",
    "Release",
    "ReleaseInvalid",
    "ReleaseNotFound",
    "ReleaseService",
    "require_services",
]
