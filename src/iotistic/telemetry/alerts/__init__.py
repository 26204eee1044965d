"""Alerts about log lines: rules that people make, and what was found of them."""

from iotistic.telemetry.alerts.alerts import AlertService
from iotistic.telemetry.alerts.errors import (
    AlertNotFound,
    AlertResolved,
    PatternInvalid,
    RuleInvalid,
    RuleNameTaken,
    RuleNotFound,
    TooManyRules,
)
from iotistic.telemetry.alerts.evaluation import AlertEvaluator, Counted
from iotistic.telemetry.alerts.model import (
    Alert,
    AlertQuestion,
    AlertStatus,
    PatternType,
    Rule,
    RuleDraft,
    Sample,
    Severity,
)
from iotistic.telemetry.alerts.rules import MOST_RULES, RuleService

__all__ = [
    "MOST_RULES",
    "Alert",
    "AlertEvaluator",
    "AlertNotFound",
    "AlertQuestion",
    "AlertResolved",
    "AlertService",
    "AlertStatus",
    "Counted",
    "PatternInvalid",
    "PatternType",
    "Rule",
    "RuleDraft",
    "RuleInvalid",
    "RuleNameTaken",
    "RuleNotFound",
    "RuleService",
    "Sample",
    "Severity",
    "TooManyRules",
]
