"""Who gets in: roles and their rights, the lines of pg_hba.conf, the certificate."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from iotistic.database import roles
from iotistic.database.roles import Step
from iotistic.operations.access import AccessRepository, RuleFinding, judge_rules
from iotistic.operations.doctor.model import (
    Circumstances,
    Verdict,
    critical,
    graded,
    ok,
    skipped,
    warn,
    worse_of,
)
from iotistic.operations.doctor.patient import Patient

__all__ = [
    "judge_certificate",
    "judge_findings",
    "judge_roles",
    "look_at_certificate",
    "look_at_roles",
    "look_at_rules",
]

_MANY = 3
_DAY = timedelta(days=1)
_FIX = "`iotistic db roles plan` shows how, `iotistic db roles apply` does it"


def judge_roles(present: Collection[str], steps: Sequence[Step], seen: Circumstances) -> Verdict:
    """A role that gained something is an alarm, anything else that differs a warning."""
    if not present:
        return skipped("the server has none of our roles: everything works as the one that is configured")
    drift = [step.title for step in steps if step.is_drift]
    if not steps:
        return ok(f"{len(present)} roles are as they should be{_as_owner(seen)}")
    shown = "; ".join([step.title for step in steps][:_MANY])
    more = f" and {len(steps) - _MANY} more" if len(steps) > _MANY else ""
    return (critical if drift else warn)(f"{shown}{more}", fix=_FIX, differences=len(steps))


def _as_owner(seen: Circumstances) -> str:
    strong = [
        role.name
        for role in roles.ROLES
        for account in role.accounts(seen.server_version)
        if roles.OWNER.name in account.member_of and role is not roles.OWNER
    ]
    return f"; before PostgreSQL 17 {', '.join(strong)} has the owner's rights" if strong else ""


async def look_at_roles(it: Patient) -> Verdict:
    """The same plan as `iotistic db roles plan`, for the connected database."""
    connection, seen = it.connection, it.seen
    present = await roles.RoleCatalog(connection).accounts(role.name for role in roles.ROLES)
    if not present:
        return judge_roles(present, [], seen)
    steps = [
        *await roles.inspect_roles(connection),
        *await roles.inspect_admission(connection, seen.database),
        *await roles.inspect_rights(connection),
        *await roles.inspect_ownership(connection),
    ]
    return judge_roles(present, steps, seen)


def judge_certificate(seen: Circumstances) -> Verdict:
    """A server certificate that ends within 30 days is a warning, within 7 an alarm."""
    if seen.tls_ends is None:
        return skipped("the server shows no certificate: it offers no TLS here")
    days = (seen.tls_ends - seen.now) / _DAY
    observed = f"the server's certificate ends {seen.tls_ends:%Y-%m-%d %H:%M} UTC, in {days:.0f} days"
    return graded(
        worse_of(-days, warn_at=-30, critical_at=-7),
        observed,
        days=days,
        fix="iotistic certificates create --host NAME --to FOLDER --reload  # or renew it where it came from, then SELECT pg_reload_conf()",
    )


async def look_at_certificate(it: Patient) -> Verdict:
    """What the server showed when the examination began."""
    return judge_certificate(it.seen)


def judge_findings(findings: Sequence[RuleFinding], _: Circumstances) -> Verdict:
    """A line that lets in who should not come, or that cannot be read, is an alarm; anything else that is wrong a warning."""
    if not findings:
        return ok("pg_hba.conf asks everybody for a SCRAM password")
    worst = next((finding for finding in findings if finding.is_alarm), findings[0])
    return (critical if worst.is_alarm else warn)(
        f"pg_hba.conf, line {worst.line_number}: {worst.text}",
        fix="`iotistic db hba check` shows every line to mend; then SELECT pg_reload_conf();",
        findings=len(findings),
    )


async def look_at_rules(it: Patient) -> Verdict:
    """The same judgement as `iotistic db hba check`."""
    return judge_findings(judge_rules(await AccessRepository(it.connection).rules()), it.seen)
