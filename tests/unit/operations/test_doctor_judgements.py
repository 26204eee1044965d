"""What the doctor makes of the facts, on both sides of each bound."""

from datetime import UTC, datetime, timedelta

import pytest

from iotistic.operations.access import RuleFinding
from iotistic.operations.doctor import Circumstances, State
from iotistic.operations.doctor.access import judge_findings, judge_roles
from iotistic.operations.doctor.backlog import Backlog, judge_backlog
from iotistic.operations.doctor.checkpoints import Checkpoints, judge_checkpoints
from iotistic.operations.doctor.durability import (
    Archiving,
    BackupState,
    DaySize,
    LogSize,
    Slot,
    Standby,
    judge_archiving,
    judge_backups,
    judge_disk,
    judge_log_size,
    judge_slots,
    judge_standbys,
)
from iotistic.operations.doctor.fleet import (
    IngestAge,
    Kept,
    LeafBounds,
    Quarantined,
    judge_gaps,
    judge_horizon,
    judge_ingest,
    judge_migrations,
    judge_quarantine,
    judge_rates,
    judge_retention,
    judge_silence,
)
from iotistic.operations.doctor.server_state import (
    FileError,
    OddSetting,
    judge_binaries,
    judge_settings,
)
from iotistic.operations.doctor.sessions import (
    BlockedSession,
    ConnectionUse,
    OpenTransaction,
    ServiceSession,
    Statement,
    judge_blocking,
    judge_connections,
    judge_idle_transactions,
    judge_long_transactions,
    judge_rights,
    judge_statements,
    judge_transport,
)
from iotistic.operations.doctor.structure import IndexUse, SequenceUse, judge_sequences, judge_unused_indexes
from iotistic.operations.doctor.upkeep import (
    DeadRows,
    FreezeAge,
    UnanalyzedParent,
    judge_dead_rows,
    judge_freezing,
    judge_parents,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)
DAY = timedelta(days=1)
SEEN = Circumstances(now=NOW, server_version=180006, stats_age=timedelta(days=40))


def leaf(days: float, *, parent: str = "device_metrics", detach_pending: bool = False) -> LeafBounds:
    start = MIDNIGHT + days * DAY
    return LeafBounds(
        parent=parent, lower_bound=start, upper_bound=start + DAY, detach_pending=detach_pending
    )


KEPT = [Kept(parent="device_metrics", keep_days=90)]


@pytest.mark.parametrize(
    ("used", "state"),
    [(74, State.ok), (75, State.warn), (89, State.warn), (90, State.critical)],
)
def test_connections_are_judged_by_the_share_that_is_taken(used: int, state: State) -> None:
    assert judge_connections(ConnectionUse(used=used, available=100, top=None), SEEN).state is state


@pytest.mark.parametrize(("days", "state"), [(3, State.ok), (2, State.warn), (0, State.critical)])
def test_the_horizon_is_judged_by_what_follows_without_a_gap(days: int, state: State) -> None:
    """Noon of today: `days` more leaves reach half a day further."""
    leaves = [leaf(n) for n in range(-3, days + 1)]
    assert judge_horizon(leaves, KEPT, SEEN).state is state


def test_a_leaf_far_ahead_does_not_hide_that_tomorrow_is_missing() -> None:
    verdict = judge_horizon([leaf(0), leaf(1500)], KEPT, SEEN)
    assert verdict.state is State.critical
    assert "inserts fail from 2026-11-29 00:00" in verdict.observed


def test_a_table_without_a_single_leaf_is_an_alarm() -> None:
    assert judge_horizon([], KEPT, SEEN).state is State.critical


def test_a_half_detached_leaf_takes_no_rows() -> None:
    assert judge_horizon([leaf(0, detach_pending=True)], KEPT, SEEN).state is State.critical


def test_a_gap_is_named_with_its_first_day() -> None:
    assert judge_gaps([leaf(0), leaf(1)], SEEN).state is State.ok
    verdict = judge_gaps([leaf(0), leaf(2)], SEEN)
    assert (verdict.state, "2026-11-29" in verdict.observed) == (State.warn, True)


def test_leaves_of_two_tables_are_no_gap() -> None:
    assert judge_gaps([leaf(0), leaf(5, parent="device_logs")], SEEN).state is State.ok


@pytest.mark.parametrize(
    ("oldest", "state"),
    [(-91, State.ok), (-92, State.warn), (-93, State.warn), (-94, State.critical)],
)
def test_retention_may_lag_by_less_than_an_interval(oldest: int, state: State) -> None:
    assert judge_retention([leaf(oldest), leaf(0)], KEPT, SEEN).state is state


@pytest.mark.parametrize(("seconds", "state"), [(59, State.ok), (60, State.warn), (300, State.critical)])
def test_an_idle_transaction_gets_worse_with_time(seconds: float, state: State) -> None:
    verdict = judge_idle_transactions([transaction(state="idle in transaction", idle=seconds)], SEEN)
    assert verdict.state is state
    assert (verdict.fix is None) is (state is State.ok)


@pytest.mark.parametrize(("seconds", "state"), [(299, State.ok), (300, State.warn), (1800, State.critical)])
def test_a_long_transaction_gets_worse_with_time(seconds: float, state: State) -> None:
    assert judge_long_transactions([transaction(seconds=seconds)], SEEN).state is state


def test_a_dump_may_be_long() -> None:
    dump = transaction(seconds=9999, application="iotistic-dump-20261128")
    assert judge_long_transactions([dump], SEEN).state is State.ok


def transaction(
    *, seconds: float = 0, idle: float = 0, state: str = "active", application: str = "psql"
) -> OpenTransaction:
    return OpenTransaction(
        pid=7,
        role="iotistic_app",
        application=application,
        state=state,
        seconds=seconds,
        idle_seconds=idle,
        xmin_age=0,
    )


def test_the_root_is_named_and_not_those_who_wait() -> None:
    chain = [wait(2, 1), wait(3, 2), wait(4, 2)]
    assert "pg_cancel_backend(1)" in (
        judge_blocking([*chain[:0], wait(2, 1, seconds=31), *chain], SEEN).fix or ""
    )


@pytest.mark.parametrize(("seconds", "state"), [(4, State.ok), (5, State.warn), (30, State.critical)])
def test_a_wait_gets_worse_with_time(seconds: float, state: State) -> None:
    assert judge_blocking([wait(2, 1, seconds=seconds)], SEEN).state is state


def test_five_sessions_behind_one_are_an_alarm_at_once() -> None:
    assert judge_blocking([wait(n, 1) for n in range(2, 6)], SEEN).state is State.ok
    assert judge_blocking([wait(n, 1) for n in range(2, 7)], SEEN).state is State.critical


def wait(pid: int, behind: int, *, seconds: float = 1) -> BlockedSession:
    return BlockedSession(pid=pid, blocked_by=behind, seconds=seconds)


def test_without_statement_statistics_nothing_is_called_fast() -> None:
    assert judge_statements(None, SEEN).state is State.skipped
    slow = Statement(query="SELECT 1", calls=101, mean_ms=51, percent=9)
    assert judge_statements([slow], SEEN).state is State.warn


def test_a_service_that_works_as_superuser_is_an_alarm() -> None:
    assert judge_rights([session("iotistic-api", is_superuser=True)], SEEN).state is State.critical
    assert judge_rights([session("psql", is_superuser=True)], SEEN).state is State.ok


def test_a_session_from_elsewhere_without_encryption_is_an_alarm() -> None:
    assert judge_transport([session("iotistic-api", is_bare=True)], SEEN).state is State.critical
    assert judge_transport([session("iotistic-api")], SEEN).state is State.ok


def session(application: str, *, is_superuser: bool = False, is_bare: bool = False) -> ServiceSession:
    return ServiceSession(role="r", application=application, is_superuser=is_superuser, is_bare=is_bare)


def test_young_statistics_call_no_index_unused() -> None:
    unused = [IndexUse(name="i", scans=0, bytes=11 << 20)]
    young = Circumstances(now=NOW, server_version=180006, stats_age=timedelta(days=29))
    assert judge_unused_indexes(unused, young).state is State.skipped
    assert judge_unused_indexes(unused, SEEN).state is State.warn
    assert judge_unused_indexes([IndexUse(name="i", scans=1, bytes=11 << 20)], SEEN).state is State.ok
    assert judge_unused_indexes([IndexUse(name="i", scans=0, bytes=10 << 20)], SEEN).state is State.ok


@pytest.mark.parametrize(
    ("value", "state"), [(69, State.ok), (70, State.warn), (89, State.warn), (90, State.critical)]
)
def test_a_column_is_judged_by_what_its_type_can_count(value: float, state: State) -> None:
    assert (
        judge_sequences([SequenceUse(name="t.id", kind="smallint", last_value=value, most=100)], SEEN).state
        is state
    )


@pytest.mark.parametrize(("dead", "state"), [(199, State.ok), (200, State.warn), (500, State.critical)])
def test_dead_rows_are_judged_by_the_tables_own_trigger(dead: int, state: State) -> None:
    assert (
        judge_dead_rows([DeadRows(name="t", dead=dead, live=0, bytes=0, trigger_at=100)], SEEN).state is state
    )


@pytest.mark.parametrize(
    ("transactions", "multixacts", "state"),
    [
        (499_999_999, 0, State.ok),
        (500_000_000, 0, State.warn),
        (0, 500_000_000, State.warn),
        (1_000_000_000, 0, State.critical),
    ],
)
def test_wraparound_is_judged_by_the_older_of_both_counters(
    transactions: int, multixacts: int, state: State
) -> None:
    assert (
        judge_freezing([FreezeAge(name="d", transactions=transactions, multixacts=multixacts)], SEEN).state
        is state
    )


def test_a_parent_never_analyzed_is_a_warning() -> None:
    assert judge_parents([UnanalyzedParent(name="p", analyzed_at=None)], SEEN).state is State.warn
    assert judge_parents([UnanalyzedParent(name="p", analyzed_at=NOW - 7 * DAY)], SEEN).state is State.ok


@pytest.mark.parametrize(
    ("seconds", "mib", "state"),
    [
        (9, 49, State.ok),
        (10, 0, State.warn),
        (0, 50, State.warn),
        (60, 0, State.critical),
        (0, 500, State.critical),
    ],
)
def test_a_standby_is_judged_by_time_and_by_bytes(seconds: float, mib: int, state: State) -> None:
    standby = Standby(name="s", state="streaming", bytes_behind=mib << 20, seconds_behind=seconds)
    assert judge_standbys([standby], SEEN).state is state


def test_an_idle_slot_without_bound_is_a_warning_and_a_lost_one_an_alarm() -> None:
    assert judge_slots([slot()], SEEN).state is State.ok
    assert judge_slots([slot(unbounded=True)], SEEN).state is State.warn
    assert judge_slots([slot(kept=1 << 30)], SEEN).state is State.warn
    assert judge_slots([slot(kept=10 << 30)], SEEN).state is State.critical
    assert judge_slots([slot(status="lost")], SEEN).state is State.critical


def slot(*, kept: int = 0, unbounded: bool = False, status: str = "reserved") -> Slot:
    return Slot(name="s", active=False, wal_status=status, bytes_kept=kept, unbounded=unbounded)


def test_a_failed_archive_is_an_alarm_until_it_works_again() -> None:
    assert judge_archiving(archive(success=NOW - DAY, failure=NOW), SEEN).state is State.critical
    assert judge_archiving(archive(success=NOW, failure=NOW - DAY), SEEN).state is State.ok
    assert judge_archiving(archive(), SEEN).state is State.warn


def archive(*, success: datetime | None = None, failure: datetime | None = None) -> Archiving:
    return Archiving(mode="on", archived=0, failed=0, last_success=success, last_failure=failure)


def test_without_the_disk_the_log_is_judged_by_its_plan() -> None:
    assert judge_log_size(LogSize(bytes=299, planned=100), SEEN).state is State.ok
    assert judge_log_size(LogSize(bytes=300, planned=100), SEEN).state is State.warn
    assert judge_log_size(LogSize(bytes=1000, planned=100), SEEN).state is State.critical


@pytest.mark.parametrize(
    ("free", "grown", "state"),
    [
        (21, 0, State.ok),
        (20, 0, State.warn),
        (10, 0, State.critical),
        (30, 2, State.ok),
        (28, 2, State.warn),
        (30, 10, State.critical),
    ],
)
def test_the_disk_is_judged_by_what_is_free_and_how_long_that_lasts(
    free: int, grown: int, state: State
) -> None:
    seen = Circumstances(now=NOW, server_version=180006, stats_age=None, data_disk=(100 << 30, free << 30))
    days = [DaySize(parent="device_metrics", bytes=grown << 30, rows=None, rows_before=None)]
    assert judge_disk(days, seen).state is state


def test_a_disk_elsewhere_is_never_called_fine() -> None:
    assert judge_disk([], SEEN).state is State.skipped


@pytest.mark.parametrize(
    ("hours", "proof_days", "state"),
    [
        (25, 7, State.ok),
        (26, 7, State.warn),
        (50, 7, State.critical),
        (1, 8, State.warn),
        (1, 31, State.critical),
        (1, None, State.warn),
    ],
)
def test_a_backup_is_judged_by_its_age_and_by_the_age_of_its_proof(
    hours: int, proof_days: int | None, state: State
) -> None:
    proved = None if proof_days is None else NOW - proof_days * DAY
    assert judge_backups(BackupState(newest=NOW - timedelta(hours=hours), proved=proved), SEEN).state is state


def test_no_backup_at_all_is_a_warning_and_unknown_ones_are_not_called_fine() -> None:
    assert judge_backups(BackupState(newest=None, proved=None), SEEN).state is State.warn
    assert judge_backups(None, SEEN).state is State.skipped


def test_a_damaged_backup_is_told_although_a_newer_one_is_fine() -> None:
    verdict = judge_backups(BackupState(newest=NOW, proved=NOW, unreadable=("20261128T",)), SEEN)
    assert verdict.state is State.warn
    assert verdict.observed.startswith("the manifest of 20261128T is damaged; the newest backup is 0 min old")


def test_a_damaged_backup_makes_no_alarm_less() -> None:
    old = BackupState(newest=NOW - timedelta(hours=50), proved=NOW, unreadable=("20261128T",))
    assert judge_backups(old, SEEN).state is State.critical


@pytest.mark.parametrize(("minutes", "told"), [(0, "0 min old"), (99, "99 min old"), (100, "2 h old")])
def test_a_young_backup_is_told_in_minutes(minutes: int, told: str) -> None:
    state = BackupState(newest=NOW - timedelta(minutes=minutes), proved=NOW)
    assert told in judge_backups(state, SEEN).observed


def test_settings_that_lose_data_come_before_all_else() -> None:
    fsync = OddSetting(name="fsync", value="off", pending_restart=False)
    waiting = OddSetting(name="shared_buffers", value="1", pending_restart=True)
    error = FileError(place="postgresql.conf line 3", error="unrecognized")
    assert judge_settings([waiting, fsync], [error], SEEN).state is State.critical
    assert "line 3" in judge_settings([waiting], [error], SEEN).observed
    assert judge_settings([waiting], [], SEEN).state is State.warn
    assert judge_settings([], [], SEEN).state is State.ok


def test_trust_over_the_network_is_an_alarm_and_an_open_address_a_warning() -> None:
    assert judge_findings([finding(is_alarm=False), finding(is_alarm=True)], SEEN).state is State.critical
    assert judge_findings([finding(is_alarm=False)], SEEN).state is State.warn
    assert judge_findings([], SEEN).state is State.ok


def test_an_upgrade_under_a_running_server_is_told() -> None:
    assert judge_binaries(SEEN).state is State.skipped
    same = Circumstances(now=NOW, server_version=180006, stats_age=None, installed_version=(18, 6))
    newer = Circumstances(now=NOW, server_version=180006, stats_age=None, installed_version=(18, 7))
    assert (judge_binaries(same).state, judge_binaries(newer).state) == (State.ok, State.warn)


@pytest.mark.parametrize(
    ("count", "state"), [(0, State.ok), (1, State.warn), (10_000, State.warn), (10_001, State.critical)]
)
def test_quarantine_is_judged_by_its_size(count: int, state: State) -> None:
    assert judge_quarantine([Quarantined(reason="future", reports=count)], SEEN).state is state


@pytest.mark.parametrize(
    ("waiting", "state"),
    [
        (0, State.ok),
        (99_999, State.ok),
        (100_000, State.warn),
        (999_999, State.warn),
        (1_000_000, State.critical),
    ],
)
def test_work_that_waits_is_judged_by_the_longer_queue(waiting: int, state: State) -> None:
    assert judge_backlog(Backlog(log_lines=waiting, late_buckets=0), SEEN).state is state
    assert judge_backlog(Backlog(log_lines=7, late_buckets=waiting), SEEN).state is state


@pytest.mark.parametrize(("seconds", "state"), [(119, State.ok), (120, State.warn), (600, State.critical)])
def test_ingest_is_judged_by_the_newest_report(seconds: int, state: State) -> None:
    age = IngestAge(newest=NOW - timedelta(seconds=seconds), online=3, offline=0)
    assert judge_ingest(age, SEEN).state is state


def test_silence_of_everybody_is_no_lag() -> None:
    assert judge_ingest(IngestAge(newest=NOW - DAY, online=0, offline=9), SEEN).state is State.ok


@pytest.mark.parametrize(("offline", "state"), [(4, State.ok), (5, State.warn), (20, State.critical)])
def test_the_fleet_is_judged_by_the_share_that_is_offline(offline: int, state: State) -> None:
    assert judge_silence(IngestAge(newest=None, online=100 - offline, offline=offline), SEEN).state is state


def test_a_handful_of_devices_is_no_fleet() -> None:
    assert judge_silence(IngestAge(newest=None, online=1, offline=3), SEEN).state is State.ok


@pytest.mark.parametrize(
    ("rows", "state"), [(59_999, State.ok), (60_000, State.warn), (200_000, State.critical)]
)
def test_rates_are_compared_with_the_day_before(rows: int, state: State) -> None:
    days = [DaySize(parent="device_metrics", bytes=0, rows=rows, rows_before=20_000)]
    assert judge_rates(days, SEEN).state is state


def test_a_changed_migration_is_an_alarm_and_a_pending_one_a_warning() -> None:
    assert judge_migrations([], ["iotistic: 003 was edited"], SEEN).state is State.critical
    assert judge_migrations(["billing"], [], SEEN).state is State.warn
    assert judge_migrations([], [], SEEN).state is State.ok


def test_forced_checkpoints_count_once_there_are_ten() -> None:
    assert judge_checkpoints(Checkpoints(timed=0, requested=9), SEEN).state is State.ok
    assert judge_checkpoints(Checkpoints(timed=5, requested=5), SEEN).state is State.ok
    assert judge_checkpoints(Checkpoints(timed=5, requested=6), SEEN).state is State.warn


def finding(*, is_alarm: bool) -> RuleFinding:
    return RuleFinding(line_number=1, is_alarm=is_alarm, text="is wrong")


@pytest.mark.parametrize(("version", "has_owners_rights"), [(169999, True), (170000, False)])
def test_whether_maintenance_has_the_owners_rights_is_told(version: int, has_owners_rights: bool) -> None:
    seen = Circumstances(now=NOW, server_version=version, stats_age=None)
    verdict = judge_roles(["iotistic_app"], [], seen)
    assert verdict.state is State.ok
    assert ("iotistic_maintenance has the owner's rights" in verdict.observed) is has_owners_rights
