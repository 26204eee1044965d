"""The write-ahead log, standbys, the archive, disks, backups: whether what is committed survives the machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.operations.doctor.model import (
    Circumstances,
    State,
    Verdict,
    critical,
    graded,
    ok,
    skipped,
    warn,
    worse_of,
)
from iotistic.operations.physical import StanzaState

__all__ = [
    "Archiving",
    "BackupState",
    "DaySize",
    "LogSize",
    "Slot",
    "Standby",
    "judge_archiving",
    "judge_backups",
    "judge_disk",
    "judge_log_size",
    "judge_slots",
    "judge_standbys",
    "judge_stanza",
]

_MIB = 1 << 20
_GIB = 1 << 30
_HOUR_OR_TWO = 100
"""Minutes; an age beyond is told in hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """One server that follows this one."""

    name: str
    state: str
    bytes_behind: int
    seconds_behind: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One promise to keep write-ahead log for somebody."""

    name: str
    active: bool
    wal_status: str
    bytes_kept: int
    unbounded: bool
    """Whether it may keep so much that the disk is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """How the archive gets its files."""

    mode: str
    archived: int
    failed: int
    last_success: datetime | None
    last_failure: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSize:
    """The write-ahead log on disk."""

    bytes: int
    planned: int
    """max_wal_size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySize:
    """One partitioned table's last whole days."""

    parent: str
    bytes: int | None
    """Of yesterday."""
    rows: int | None
    rows_before: int | None
    """Of the day before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupState:
    """The newest full backup, and the newest that was proved."""

    newest: datetime | None
    proved: datetime | None
    key_id: str | None = None
    """The name of the key the newest is sealed under; None: it is not."""
    unreadable: tuple[str, ...] = ()
    """Ids of those whose manifest is damaged."""


def judge_standbys(standbys: Sequence[Standby], _: Circumstances) -> Verdict:
    """10 s or 50 MiB behind is a warning, 60 s or 500 MiB an alarm."""
    if not standbys:
        return ok("no standby follows this server")
    worst = max(standbys, key=lambda each: (each.seconds_behind, each.bytes_behind))
    state = max(
        worse_of(worst.seconds_behind, warn_at=10, critical_at=60),
        worse_of(worst.bytes_behind, warn_at=50 * _MIB, critical_at=500 * _MIB),
    )
    observed = f"{worst.name} is {worst.seconds_behind:.0f} s and {worst.bytes_behind // _MIB} MiB behind ({worst.state})"
    return graded(
        state,
        observed,
        seconds=worst.seconds_behind,
        fix="Look at the network and at the standby's longest query (pg_stat_activity there)",
    )


def judge_slots(slots: Sequence[Slot], _: Circumstances) -> Verdict:
    """An idle slot keeps log for ever: 1 GiB is a warning, 10 GiB or a lost one an alarm; so is one without a bound."""
    if not slots:
        return ok("there is no replication slot")
    idle = [each for each in slots if not each.active]
    worst = max(idle, key=lambda each: each.bytes_kept, default=None)
    if worst is None:
        return ok(f"all {len(slots)} slots are in use")
    state = worse_of(worst.bytes_kept, warn_at=_GIB, critical_at=10 * _GIB)
    if worst.wal_status in {"lost", "unreserved"}:
        state = State.critical
    observed = f"nobody reads slot {worst.name}, which keeps {worst.bytes_kept // _MIB} MiB of log ({worst.wal_status})"
    fix = f"SELECT pg_drop_replication_slot('{worst.name}');  -- if its reader is gone for good"
    if state is State.critical:
        return critical(observed, fix=fix)
    if state is State.warn or worst.unbounded:
        return warn(
            observed + ("; max_slot_wal_keep_size sets no bound" if worst.unbounded else ""),
            fix=fix
            if state is State.warn
            else "ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf();",
        )
    return ok(observed)


def judge_archiving(facts: Archiving, seen: Circumstances) -> Verdict:
    """A failure newer than the last success is an alarm: log piles up, and the point to recover to stands still."""
    if facts.mode == "off":
        return ok("write-ahead log is not archived: recovery goes back to a backup, not to a moment")
    success, failure = facts.last_success, facts.last_failure
    if failure is not None and (success is None or failure > success):
        return critical(
            f"the last try to archive failed at {failure:%Y-%m-%d %H:%M} UTC ({facts.failed} failures)",
            fix="Run archive_command by hand with a finished file of pg_wal; look at its disk and credentials",
        )
    if success is None:
        return warn(
            "archiving is on and nothing was archived yet", fix="SELECT pg_switch_wal();  -- then look again"
        )
    return ok(f"last archived {(seen.now - success).total_seconds():.0f} s ago")


def judge_log_size(size: LogSize, seen: Circumstances) -> Verdict:
    """40 % of its disk is a warning, 70 % an alarm; where the disk is unknown, 3 and 10 times max_wal_size."""
    observed = f"the write-ahead log takes {size.bytes // _MIB} MiB; {size.planned // _MIB} are planned"
    if seen.data_disk is not None:
        state = worse_of(100 * size.bytes / seen.data_disk[0], warn_at=40, critical_at=70)
    else:
        state = worse_of(size.bytes / size.planned, warn_at=3, critical_at=10)
    return graded(
        state,
        observed,
        bytes=size.bytes,
        fix="See slots and archiving: one of them keeps it from being removed",
    )


def judge_disk(days: Sequence[DaySize], seen: Circumstances) -> Verdict:
    """80 % full, or full within 14 days at yesterday's growth, is a warning; 90 %, or 3 days, an alarm."""
    if seen.data_disk is None:
        return skipped("the server's disk is not of this machine")
    total, free = seen.data_disk
    grown = sum(each.bytes or 0 for each in days)
    left = free / grown if grown else None
    percent = 100 * (total - free) / max(1, total)
    state = worse_of(percent, warn_at=80, critical_at=90)
    observed = f"{percent:.0f} % of the disk is used, {free / _GIB:.1f} GiB are free"
    forever = 3650
    if left is not None and left < forever:
        observed += f"; telemetry took {grown / _GIB:.2f} GiB yesterday, so it lasts {left:.0f} days"
        state = max(state, worse_of(-left, warn_at=-14, critical_at=-3))
    return graded(
        state,
        observed,
        free=free,
        grown=grown,
        fix="Grow the disk, or shorten retention: UPDATE partition_policies SET keep_days = ... (docs/partitions.md)",
    )


def judge_stanza(state: StanzaState | None, problem: str | None, seen: Circumstances) -> Verdict:
    """Its newest backup by the same ages as ours; damaged pages, no archived log, or a word of its own about trouble are an alarm."""
    if state is None:
        return warn(problem, fix="pgbackrest check") if problem else skipped("pgBackRest is not configured")
    check = f"pgbackrest --stanza={state.name} check"
    if state.problem is not None and state.backups:
        return critical(f"pgBackRest says of {state.name}: {state.problem}", fix=check)
    if not state.backups:
        return warn(f"{state.name} has no backup", fix="iotistic backup create --physical")
    newest = state.backups[-1]
    if newest.is_damaged:
        return critical(
            f"{newest.label} holds pages with wrong checksums",
            fix="pg_amcheck --all, and look after the disk",
        )
    if state.archived_to is None:
        return critical(f"{state.name} has no archived log, so its backups cannot be recovered", fix=check)
    hours = (seen.now - newest.finished_at) / timedelta(hours=1)
    return graded(
        worse_of(hours, warn_at=26, critical_at=50),
        f"the newest backup of {state.name} is {hours:.0f} h old, its archive goes to {state.archived_to}",
        hours=hours,
        fix="iotistic backup create --physical",
    )


def _age(age: timedelta) -> str:
    minutes = age // timedelta(minutes=1)
    return f"{minutes} min" if minutes < _HOUR_OR_TWO else f"{age / timedelta(hours=1):.0f} h"


def judge_backups(state: BackupState | None, seen: Circumstances) -> Verdict:
    """A backup older than 26 hours is a warning, 50 an alarm; a proof older than 8 and 31 days likewise; a damaged one is a warning."""
    if state is None:
        return skipped("backups of this server are not kept on this machine")
    if not state.unreadable:
        return _judge_ages(state, seen)
    ages = _judge_ages(state, seen)
    return (critical if ages.state is State.critical else warn)(
        f"the manifest of {', '.join(state.unreadable)} is damaged; {ages.observed}",
        fix="iotistic backup create  # then look after the disk, and move the damaged folder away",
    )


def _judge_ages(state: BackupState, seen: Circumstances) -> Verdict:
    if state.newest is None:
        return warn("there is no backup", fix="iotistic backup create")
    age = seen.now - state.newest
    sealed = f"sealed under {state.key_id}" if state.key_id else "not sealed"
    observed = f"the newest backup is {_age(age)} old and {sealed}"
    verdict = worse_of(age / timedelta(hours=1), warn_at=26, critical_at=50)
    if state.proved is None:
        observed, verdict = f"{observed}; none of those here was ever proved", max(verdict, State.warn)
    else:
        days = (seen.now - state.proved) / timedelta(days=1)
        observed = f"{observed}, the newest proof {days:.0f} days"
        verdict = max(verdict, worse_of(days, warn_at=8, critical_at=31))
    if verdict is State.ok:
        return ok(observed)
    fresh = 26
    fix = "iotistic backup drill" if age / timedelta(hours=1) < fresh else "iotistic backup create"
    return (critical if verdict is State.critical else warn)(observed, fix=fix)
