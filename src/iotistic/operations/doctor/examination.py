"""Looking at everything: each check for itself, so that one that fails or takes too long hides no other."""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from datetime import timedelta

import psycopg

from iotistic.database.errors import translate
from iotistic.errors import Invalid, IotisticError
from iotistic.operations.doctor.model import Finding, State, Verdict, skipped
from iotistic.operations.doctor.patient import Patient
from iotistic.operations.doctor.registry import CHECKS, Check

__all__ = ["CHECK_LIMIT", "CheckUnknown", "choose_checks", "examine", "exit_code"]

CHECK_LIMIT = timedelta(seconds=5)
"""The statement timeout of the doctor's session: a server in trouble is not to be troubled more."""


class CheckUnknown(Invalid):
    """No check has this id."""

    code = "check_unknown"


def choose_checks(ids: Collection[str]) -> Sequence[Check]:
    """The checks with these ids, or all for none. Raises CheckUnknown."""
    unknown = sorted(set(ids) - {check.id for check in CHECKS})
    if unknown:
        raise CheckUnknown(
            f"There is no check {unknown[0]!r}.",
            hint=f"Known are: {', '.join(check.id for check in CHECKS)}.",
        )
    return [check for check in CHECKS if not ids or check.id in ids]


async def examine(
    patient: Patient, checks: Sequence[Check], *, monotonic: Callable[[], float] = time.monotonic
) -> AsyncGenerator[Finding]:
    """One finding per check, as they come. The connection is in autocommit: a refused question spoils no other."""
    for check in checks:
        begun = monotonic()
        verdict = await _look(check, patient)
        yield Finding(
            id=check.id,
            title=check.title,
            why=check.why,
            state=verdict.state,
            observed=verdict.observed,
            fix=verdict.fix,
            lock=verdict.lock,
            figures=verdict.figures,
            milliseconds=round(1000 * (monotonic() - begun), 1),
        )


async def _look(check: Check, patient: Patient) -> Verdict:
    if check.of_platform and not patient.is_platform:
        return skipped("asked of the platform database only")
    try:
        return await check.look(patient)
    except IotisticError as error:
        return skipped(f"could not look: {error.message}")
    except psycopg.Error as error:
        ours = translate(error)
        return skipped(f"could not look: {ours.message if ours else error}")


def exit_code(findings: Sequence[Finding]) -> int:
    """0 nothing to do, 1 a warning, 2 an alarm, 3 a check could not look (and none of the others found anything)."""
    worst = max((finding.state for finding in findings), default=State.skipped)
    if worst >= State.warn:
        return worst - State.ok
    blind = any(f.state is State.skipped and f.observed.startswith("could not look") for f in findings)
    return 3 if blind or worst is State.skipped else 0
