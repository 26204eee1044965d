"""What spans domains: each workflow is one function over the services of one transaction."""

from iotistic.workflows.enrol_device import Enrolment, enrol_device
from iotistic.workflows.retire_device import Retirement, restore_device, retire_device

__all__ = ["Enrolment", "Retirement", "enrol_device", "restore_device", "retire_device"]
