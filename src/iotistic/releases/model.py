"""The nouns about releases, and what a release may consist of. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iotistic.releases.errors import ReleaseInvalid

__all__ = ["Application", "Release", "require_services"]

MOST_SERVICES = 20
_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,254}@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What devices can run."""

    name: str
    description: str | None
    newest_release: int
    """0 before the first."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What an application consists of at a time."""

    application: str
    number: int
    services: list[dict[str, Any]]
    """Each with name, image and environment."""
    notes: str | None
    created_by: str
    created_at: datetime


def require_services(services: Sequence[dict[str, Any]]) -> None:
    """Raises ReleaseInvalid: each service has a name of its own, and an image that is pinned by its digest."""
    if not 1 <= len(services) <= MOST_SERVICES:
        raise ReleaseInvalid(f"A release has 1 to {MOST_SERVICES} services.", field="body.services")
    names = [str(service["name"]) for service in services]
    for number, (name, service) in enumerate(zip(names, services, strict=True)):
        if not _NAME.fullmatch(name) or names.count(name) > 1:
            raise ReleaseInvalid(
                f"The service {name[:100]!r} is named twice, or has no plain lower-case name.",
                field=f"body.services[{number}].name",
            )
        if not _IMAGE.fullmatch(str(service["image"])):
            raise ReleaseInvalid(
                f"The image of {name} is not pinned: a tag can come to mean something else, a release cannot.",
                hint="Write registry/name@sha256:<64 hexadecimal digits>.",
                field=f"body.services[{number}].image",
            )
