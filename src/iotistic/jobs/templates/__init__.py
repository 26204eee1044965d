"""Documents of steps under a name, each version kept as it was."""

from iotistic.jobs.templates.errors import TemplateInUse, TemplateInvalid, TemplateNotFound
from iotistic.jobs.templates.model import JobTemplate, TemplateVersion
from iotistic.jobs.templates.service import TemplateService

__all__ = [
    "JobTemplate",
    "TemplateInUse",
    "TemplateInvalid",
    "TemplateNotFound",
    "TemplateService",
    "TemplateVersion",
]
