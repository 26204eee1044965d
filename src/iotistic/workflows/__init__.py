"""What spans domains: each workflow is one function over the services of one transaction."""

from iotistic.workflows.enrol_device import Enrolment, enrol_device

__all__ = ["Enrolment", "enrol_device"]
