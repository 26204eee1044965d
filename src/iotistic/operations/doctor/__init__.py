"""Looks at a server and says what is wrong with it, what comes of it, and what to type."""

from iotistic.operations.doctor.examination import CHECK_LIMIT, choose_checks, examine, exit_code
from iotistic.operations.doctor.exposition import prometheus_text
from iotistic.operations.doctor.model import Circumstances, Finding, State
from iotistic.operations.doctor.patient import MigrationLook, Patient
from iotistic.operations.doctor.registry import CHECKS, Check
from iotistic.operations.doctor.repairs import REPAIRS
from iotistic.operations.doctor.repository import DoctorRepository

__all__ = [
    "CHECKS",
    "CHECK_LIMIT",
    "REPAIRS",
    "Check",
    "Circumstances",
    "DoctorRepository",
    "Finding",
    "MigrationLook",
    "Patient",
    "State",
    "choose_checks",
    "examine",
    "exit_code",
    "prometheus_text",
]
