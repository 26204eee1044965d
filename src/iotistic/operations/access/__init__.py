"""Who may reach the server, and with which certificate: configuration files, their faults, and certificates."""

from iotistic.operations.access.files import NAMES, Layout, Target, config_map, render
from iotistic.operations.access.repository import AccessRepository
from iotistic.operations.access.rules import Rule, RuleFinding, judge_rules

__all__ = [
    "NAMES",
    "AccessRepository",
    "Layout",
    "Rule",
    "RuleFinding",
    "Target",
    "config_map",
    "judge_rules",
    "render",
]
