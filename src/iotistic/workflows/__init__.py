"""What spans domains: each workflow is one function over the services of one transaction."""

from iotistic.workflows.deploy_release import Deployment, deploy_release
from iotistic.workflows.enrol_device import (
    Claimed,
    DeviceRetired,
    Enrolment,
    Registrar,
    claim_device,
    permit_enrolment,
    prove_device,
)
from iotistic.workflows.retire_device import Keepers, Retirement, restore_device, retire_device
from iotistic.workflows.start_job import ScheduleRun, admit_devices, run_due_schedule, start_job
from iotistic.workflows.update_agents import update_agents

__all__ = [
    "Claimed",
    "Deployment",
    "DeviceRetired",
    "Enrolment",
    "Keepers",
    "Registrar",
    "Retirement",
    "ScheduleRun",
    "admit_devices",
    "claim_device",
    "deploy_release",
    "permit_enrolment",
    "prove_device",
    "restore_device",
    "retire_device",
    "run_due_schedule",
    "start_job",
    "update_agents",
]
