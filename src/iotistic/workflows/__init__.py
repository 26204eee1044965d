"""What spans domains: each workflow is one function over the services of one transaction."""

from iotistic.workflows.enrol_device import Enrolment, enrol_device
from iotistic.workflows.retire_device import Retirement, restore_device, retire_device
from iotistic.workflows.start_job import ScheduleRun, admit_devices, run_due_schedule, start_job

__all__ = [
    "Enrolment",
    "Retirement",
    "ScheduleRun",
    "admit_devices",
    "enrol_device",
    "restore_device",
    "retire_device",
    "run_due_schedule",
    "start_job",
]
