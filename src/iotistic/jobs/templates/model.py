"""The nouns about templates."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["JobTemplate", "TemplateVersion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTemplate:
    """What jobs are made from."""

    id: int
    name: str
    """A lower-case word, as in paths."""
    description: str | None
    version: int
    """The one that is shown; the newest unless another was asked for."""
    newest_version: int
    document: dict[str, Any]
    created_by: str
    """Who wrote this version."""
    created_at: datetime
    """When this version was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersion:
    """One version of a template, without its document."""

    version: int
    created_by: str
    created_at: datetime
