"""What can be wrong about alerts on log lines."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = [
    "CONSTRAINTS",
    "AlertNotFound",
    "AlertResolved",
    "PatternInvalid",
    "RuleInvalid",
    "RuleNameTaken",
    "RuleNotFound",
    "TooManyRules",
]


class RuleNotFound(NotFound):
    """There is no rule of this name."""

    code = "log_alert_rule_not_found"


class RuleNameTaken(Conflict):
    """There is a rule of this name."""

    code = "log_alert_rule_name_taken"


class TooManyRules(Conflict):
    """Each line is held against each rule, so there is a limit."""

    code = "too_many_log_alert_rules"


class RuleInvalid(Invalid):
    """A name, filter or bound that no rule can have."""

    code = "log_alert_rule_invalid"


class PatternInvalid(Invalid):
    """A pattern that cannot be matched, or not in bounded time and memory."""

    code = "log_alert_pattern_invalid"


class AlertNotFound(NotFound):
    """There is no alert of this number."""

    code = "log_alert_not_found"


class AlertResolved(Conflict):
    """The alert is over."""

    code = "log_alert_resolved"


def _invalid(message: str) -> RuleInvalid:
    return RuleInvalid(message)


def _name_taken(_: psycopg.Error) -> IotisticError:
    return RuleNameTaken("There is a rule of this name.", hint="Choose another, or change that one.")


CONSTRAINTS: ConstraintErrors = {
    "log_alert_rules_name_key": _name_taken,
    "log_alert_rules_name_check": lambda _: _invalid(
        "The name of a rule has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends "
        "with a letter or digit."
    ),
    "log_alert_rules_device_uuid_fkey": lambda _: RuleInvalid(
        "There is no such device.", hint="`iotistic devices list` shows them all."
    ),
    "log_alert_rules_fleet_fkey": lambda _: RuleInvalid(
        "There is no such fleet.", hint="`iotistic fleets list` shows them all."
    ),
    "log_alert_rules_device_uuid_check": lambda _: _invalid(
        "A rule is about one device, or a fleet, or all devices: not both of the first."
    ),
    "log_alert_rules_service_check": lambda _: _invalid("A service has 1 to 255 characters."),
    "log_alert_rules_threshold_check": lambda _: _invalid("The threshold is 1 to 1000 lines."),
    "log_alert_rules_time_window_check": lambda _: _invalid("The window is 1 second to 1 day."),
    "log_alert_rules_resolve_after_check": lambda _: _invalid(
        "An alert is resolved after 1 minute to 30 days of quiet."
    ),
}
