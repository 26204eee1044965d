"""Alerts about log lines on a real PostgreSQL: lines come in as devices send them, and are counted once each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.database.pool import Connection, connect
from iotistic.database.queries import Queries
from iotistic.telemetry.alerts import (
    Alert,
    AlertEvaluator,
    AlertNotFound,
    AlertQuestion,
    AlertResolved,
    AlertService,
    Counted,
    PatternInvalid,
    RuleDraft,
    RuleInvalid,
    RuleNameTaken,
    RuleNotFound,
    RuleService,
)
from tests.integration.telemetry.conftest import Station, ingest_on, owner_of

DISK = RuleDraft(pattern="disk full")
THREE = RuleDraft(pattern="disk", threshold=3, time_window=timedelta(seconds=60))
EVERYTHING = AlertQuestion(statuses=("active", "acknowledged", "resolved"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Of the platform; devices have clocks of their own."""


@pytest_asyncio.fixture
async def app(station: Station) -> AsyncIterator[Connection]:
    """What the service works on; no rules yet."""
    await station.owner.execute(
        "TRUNCATE log_alert_rules, log_alerts, log_alert_counts, log_alert_marks CASCADE"
    )
    connection = await connect(
        station.database.endpoint("app"), station.database.name, application_name="test"
    )
    yield connection
    await connection.close()
    await station.owner.execute("TRUNCATE log_alert_rules, log_alert_marks CASCADE")


async def watch(app: Connection, draft: RuleDraft = DISK, name: str = "disk") -> None:
    await RuleService(app).create_rule(name, draft, created_by="ada")
    await app.commit()


async def count(app: Connection, now: datetime = NOW) -> Counted:
    """As the housekeeper does."""
    done = Counted()
    while step := await AlertEvaluator(app).step(now):
        await app.commit()
        done += step
    await app.commit()
    return done + step


async def alerts(app: Connection, question: AlertQuestion = EVERYTHING) -> list[Alert]:
    found = list(await AlertService(app).list_alerts(question))
    await app.commit()
    return found


def said(station: Station, *offsets: float, message: str = "disk full", **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Lines of so many seconds from now, each with a sequence of its own."""
    return [
        {
            "timestamp": (station.now + timedelta(seconds=offset)).isoformat(),
            "sequence": int((offset + 100_000) * 1_000),
            "message": message,
            **more,
        }
        for offset in offsets
    ]


async def test_a_line_that_matches_opens_an_alert_and_the_next_extends_it(
    station: Station, app: Connection
) -> None:
    await watch(app, RuleDraft(pattern="DISK FULL", severity="critical"))
    await station.log(*said(station, -20, level="error", service="db"), *said(station, -19, message="fine"))
    assert await count(app) == Counted(marks=1, lines=2, opened=1)
    (alert,) = await alerts(app)
    first = station.now - timedelta(seconds=20)
    assert (alert.rule, alert.device_uuid, alert.severity, alert.status) == (
        "disk", station.device, "critical", "active",
    )  # fmt: skip
    assert (alert.lines, alert.first_seen, alert.last_seen, alert.opened_at) == (1, first, first, NOW)
    assert alert.samples == [
        {"timestamp": first.isoformat(), "level": "error", "service": "db", "message": "disk full"}
    ]
    await station.log(*said(station, -30, -10))
    assert await count(app, NOW + timedelta(seconds=5)) == Counted(marks=1, lines=2, extended=1)
    (alert,) = await alerts(app)
    assert (alert.lines, alert.opened_at, alert.extended_at) == (3, NOW, NOW + timedelta(seconds=5))
    assert (alert.first_seen, alert.last_seen) == (
        station.now - timedelta(seconds=30),
        station.now - timedelta(seconds=10),
    )


async def test_an_alert_tells_when_it_opens_and_changes_and_not_when_it_is_extended(
    station: Station, app: Connection
) -> None:
    await station.owner.execute("TRUNCATE events")
    await watch(app, RuleDraft(pattern="disk", severity="critical"))
    for offset in (-20, -10):
        await station.log(*said(station, offset))
        await count(app)
    (alert,) = await alerts(app)
    await AlertService(app).acknowledge(alert.id, by="ada", now=NOW)
    await app.commit()
    told = await station.rows(
        "SELECT type, aggregate_id, device_uuid, data FROM events ORDER BY recorded_at, type DESC"
    )
    assert told == [
        ("alert.opened", str(alert.id), station.device, {"rule": "disk", "severity": "critical", "lines": 1}),
        (
            "alert.changed",
            str(alert.id),
            station.device,
            {"rule": "disk", "was": "active", "status": "acknowledged"},
        ),
    ]


async def test_samples_are_few_and_short(station: Station, app: Connection) -> None:
    await watch(app)
    for start in (-50, -40):
        await station.log(*said(station, *range(start, start + 4), message="disk full " + "x" * 5_000))
        await count(app)
    (alert,) = await alerts(app)
    assert (alert.lines, len(alert.samples)) == (8, 5)
    assert {len(sample["message"]) for sample in alert.samples} == {500}


async def test_a_pattern_is_held_against_the_first_4096_characters(station: Station, app: Connection) -> None:
    await watch(app, RuleDraft(pattern="end"))
    await station.log(*said(station, -3, message="x" * 4_094 + "end"))
    assert (await count(app)).opened == 0
    await station.log(*said(station, -2, message="x" * 4_093 + "end"))
    assert (await count(app)).opened == 1


async def test_lines_of_before_the_rule_are_not_counted(station: Station, app: Connection) -> None:
    await station.log(*said(station, -3))
    assert await station.count("log_alert_marks") == 0
    await watch(app)
    await count(app)
    assert await alerts(app) == []


async def test_too_few_lines_wait_for_more_across_batches(station: Station, app: Connection) -> None:
    await watch(app, THREE)
    for offset in (-50, -40):
        await station.log(*said(station, offset))
        assert (await count(app)).opened == 0
    await station.log(*said(station, -30))
    assert (await count(app)).opened == 1
    (alert,) = await alerts(app)
    assert (alert.lines, alert.first_seen) == (3, station.now - timedelta(seconds=50))
    assert await station.count("log_alert_counts") == 0


async def test_lines_further_apart_than_the_window_are_no_alert(station: Station, app: Connection) -> None:
    await watch(app, THREE)
    await station.log(*said(station, -200, -150, -139.9, -50))
    await count(app)
    assert await alerts(app) == []


async def test_a_line_that_comes_late_counts_with_those_of_its_time(
    station: Station, app: Connection
) -> None:
    await watch(app, THREE)
    await station.log(*said(station, -3000, -2980))
    await count(app)
    await station.log(*said(station, -10))
    await count(app)
    assert await alerts(app) == []
    await station.log(*said(station, -2990))
    await count(app)
    (alert,) = await alerts(app)
    assert alert.first_seen == station.now - timedelta(seconds=3000)


async def test_devices_are_counted_by_themselves(station: Station, app: Connection) -> None:
    await watch(app, THREE)
    await station.log(*said(station, -5, -4))
    body = msgspec.json.encode({"lines": said(station, -3)})
    await station.ingest.submit_logs(uuid4(), body)
    await count(app)
    assert await alerts(app) == []


async def test_what_a_device_sends_again_is_not_counted_again(station: Station, app: Connection) -> None:
    await watch(app)
    lines = said(station, -5, -4)
    await station.log(*lines)
    await count(app)
    for _ in range(2):
        assert (await station.log(*lines)).duplicate == 2
        await count(app)
    receipt = await station.log(*lines, *said(station, -3))
    assert (receipt.duplicate, receipt.accepted) == (2, 1)
    assert (await count(app)).lines == 1
    assert [alert.lines for alert in await alerts(app)] == [3]


async def test_what_a_new_process_gets_again_is_not_counted_again(station: Station, app: Connection) -> None:
    """One that has no watermarks, so that the keys decide."""
    await watch(app)
    lines = said(station, -5, -4)
    await station.log(*lines)
    async with ingest_on(station.database) as other:
        await other.submit_logs(station.device, msgspec.json.encode({"lines": [*lines, *said(station, -3)]}))
    assert (await count(app)).lines == 3
    assert [alert.lines for alert in await alerts(app)] == [3]


async def test_a_run_that_is_cut_short_skips_nothing_and_counts_nothing_twice(
    station: Station, app: Connection
) -> None:
    await watch(app)
    await station.log(*said(station, -5, -4))
    assert (await AlertEvaluator(app).step(NOW)).lines == 2
    await app.rollback()
    assert (await count(app)).lines == 2
    assert [alert.lines for alert in await alerts(app)] == [2]
    assert not (await count(app)).lines


async def test_a_second_leader_waits_and_finds_nothing(station: Station, app: Connection) -> None:
    await watch(app)
    await station.log(*said(station, -5, -4))
    other = await connect(station.database.endpoint("app"), station.database.name, application_name="other")
    try:
        await AlertEvaluator(app).step(NOW)
        second = asyncio.create_task(AlertEvaluator(other).step(NOW))
        while not await station.rows("SELECT FROM pg_locks WHERE NOT granted"):
            assert not second.done()
        await app.commit()
        assert (await second).lines == 0
        await other.commit()
    finally:
        await other.close()
    assert [alert.lines for alert in await alerts(app)] == [2]


async def test_a_run_takes_a_bounded_number_of_lines(station: Station, app: Connection) -> None:
    await watch(app)
    await station.log(*said(station, *(-3600 + n / 10 for n in range(5_100))))
    taken = []
    while step := await AlertEvaluator(app).step(NOW):
        await app.commit()
        taken.append(step.lines)
    assert max(taken) <= 2_000
    assert sum(taken) == 5_100
    assert [alert.lines for alert in await alerts(app)] == [5_100]


async def test_lines_are_found_through_their_keys(station: Station, app: Connection) -> None:
    """However many lines of the day there are: a run never reads a whole partition."""
    await watch(app)
    await station.owner.execute(
        """
        INSERT INTO device_logs (device_uuid, timestamp, sequence, level, service, message)
        SELECT gen_random_uuid(), now(), n, 'info', '', 'disk full' FROM generate_series(1, 20000) AS n
        """
    )
    await station.owner.execute("ANALYZE device_logs")
    await station.log(*said(station, -5, -4))
    query = Queries("iotistic.telemetry.alerts")["list_watched_lines"]
    marks = [number for (number,) in await station.rows("SELECT id FROM log_alert_marks")]
    cursor = await app.execute("EXPLAIN " + query, {"marks": marks, "length": 10})
    plan = "\n".join(text for (text,) in await cursor.fetchall())
    await app.rollback()
    leaf = f"device_logs_{station.now:%Y%m%d}"
    assert f"Index Scan using {leaf}_pkey" in plan, plan
    assert f"Seq Scan on {leaf}" not in plan, plan
    assert (await count(app)).lines == 2


async def test_an_alert_is_resolved_after_quiet_and_opens_anew(station: Station, app: Connection) -> None:
    await watch(app)
    await station.log(*said(station, -9000))
    await count(app)
    almost = NOW + timedelta(minutes=15) - timedelta(microseconds=1)
    assert (await count(app, almost)).resolved == 0
    assert (await count(app, NOW + timedelta(minutes=15))).resolved == 1
    (alert,) = await alerts(app)
    assert (alert.status, alert.resolved_by, alert.resolved_at) == (
        "resolved",
        None,
        NOW + timedelta(minutes=15),
    )
    await station.log(*said(station, -5))
    assert (await count(app, NOW + timedelta(hours=1))).opened == 1
    assert [one.status for one in await alerts(app)] == ["active", "resolved"]


async def test_nothing_is_resolved_while_lines_wait(station: Station, app: Connection) -> None:
    await watch(app)
    await station.log(*said(station, -9))
    await count(app)
    await station.log(*said(station, -8))
    assert (await count(app, NOW + timedelta(days=1))) == Counted(marks=1, lines=1, extended=1)


async def test_people_acknowledge_and_resolve(station: Station, app: Connection) -> None:
    await watch(app)
    service = AlertService(app)
    await station.log(*said(station, -9))
    await count(app)
    (alert,) = await alerts(app)
    seen = await service.acknowledge(alert.id, by="ada", now=NOW)
    assert (seen.status, seen.acknowledged_by, seen.acknowledged_at) == ("acknowledged", "ada", NOW)
    assert (await service.acknowledge(alert.id, by="bob", now=NOW)).acknowledged_by == "ada"
    await app.commit()
    await station.log(*said(station, -8))
    await count(app)
    assert [(one.status, one.lines) for one in await alerts(app)] == [("acknowledged", 2)]
    over = await service.resolve(alert.id, by="bob", now=NOW)
    assert (over.status, over.resolved_by) == ("resolved", "bob")
    assert (await service.resolve(alert.id, by="ada", now=NOW)).resolved_by == "bob"
    with pytest.raises(AlertResolved, match=str(alert.id)):
        await service.acknowledge(alert.id, by="ada", now=NOW)
    for act in (service.get_alert(9**9), service.resolve(9**9, by="ada", now=NOW)):
        with pytest.raises(AlertNotFound):
            await act


async def test_alerts_are_listed_by_status_rule_and_device_page_by_page(
    station: Station, app: Connection
) -> None:
    await watch(app)
    await watch(app, RuleDraft(pattern="full"), "other")
    await station.log(*said(station, -9))
    await count(app)
    service = AlertService(app)
    newest, oldest = await service.list_alerts(EVERYTHING)
    assert await service.list_alerts(EVERYTHING, limit=1) == [newest]
    assert await service.list_alerts(EVERYTHING, before=newest.id) == [oldest]
    assert [one.rule for one in await service.list_alerts(AlertQuestion(rule="other"))] == ["other"]
    assert await service.list_alerts(AlertQuestion(rule="nothing")) == []
    assert len(await service.list_alerts(AlertQuestion(device_uuid=station.device))) == 2
    assert await service.list_alerts(AlertQuestion(device_uuid=uuid4())) == []
    assert await service.list_alerts(AlertQuestion(statuses=("resolved",))) == []


async def test_a_fleet_is_watched_as_it_is_now(station: Station, app: Connection) -> None:
    device = UUID(int=uuid4().int)
    owner = station.owner
    name = f"fleet-{device.hex[:12]}"
    await owner.execute("INSERT INTO fleets (name) VALUES (%s)", (name,))
    await owner.execute("INSERT INTO devices (uuid, name, kind) VALUES (%s, %s, 'x')", (device, device.hex))
    await watch(app, RuleDraft(pattern="disk", fleet=name))

    async def opened(offset: float) -> int:
        await station.ingest.submit_logs(device, msgspec.json.encode({"lines": said(station, offset)}))
        return (await count(app)).opened

    assert await opened(-9) == 0
    await owner.execute(
        "UPDATE devices SET fleet_id = (SELECT id FROM fleets WHERE name = %s) WHERE uuid = %s",
        (name, device),
    )
    assert await opened(-8) == 1
    await owner.execute("UPDATE devices SET fleet_id = NULL WHERE uuid = %s", (device,))
    await owner.execute("DELETE FROM fleets WHERE name = %s", (name,))
    with pytest.raises(RuleNotFound):
        await RuleService(app).get_rule("disk")


async def test_a_rule_is_made_changed_disabled_and_deleted(station: Station, app: Connection) -> None:
    rules = RuleService(app)
    await watch(app, THREE)
    with pytest.raises(RuleNameTaken):
        await rules.create_rule("disk", DISK, created_by="ada")
    await app.rollback()
    await station.log(*said(station, -9, -8))
    await count(app)
    changed = await rules.replace_rule("disk", RuleDraft(pattern="disk", threshold=2, is_enabled=False))
    assert (changed.threshold, changed.is_enabled, changed.created_by) == (2, False, "ada")
    await app.commit()
    assert await station.count("log_alert_counts") == 0
    await station.log(*said(station, -7, -6))
    assert await station.count("log_alert_marks") == 0
    await rules.replace_rule("disk", DISK)
    await app.commit()
    await station.log(*said(station, -5))
    await count(app)
    assert len(await alerts(app)) == 1
    await rules.delete_rule("disk")
    await app.commit()
    assert await alerts(app) == []
    for act in (rules.get_rule("disk"), rules.delete_rule("disk"), rules.replace_rule("disk", DISK)):
        with pytest.raises(RuleNotFound, match="disk"):
            await act


@pytest.mark.parametrize(
    "draft",
    [
        RuleDraft(pattern="a", fleet="nowhere"),
        RuleDraft(pattern="a", device_uuid=uuid4()),
        RuleDraft(pattern="a", service=""),
        RuleDraft(pattern="a", threshold=0),
        RuleDraft(pattern="a", threshold=1001),
        RuleDraft(pattern="a", time_window=timedelta(milliseconds=999)),
        RuleDraft(pattern="a", time_window=timedelta(days=1, seconds=1)),
        RuleDraft(pattern="a", resolve_after=timedelta(seconds=59)),
        RuleDraft(pattern="a", resolve_after=timedelta(days=30, seconds=1)),
        RuleDraft(pattern="a", device_uuid=uuid4(), fleet="nowhere"),
    ],
)
async def test_what_no_rule_can_be_is_refused(app: Connection, draft: RuleDraft) -> None:
    with pytest.raises(RuleInvalid):
        await RuleService(app).create_rule("r", draft, created_by="ada")


async def test_a_bad_name_or_pattern_is_refused(app: Connection) -> None:
    with pytest.raises(RuleInvalid):
        await RuleService(app).create_rule("Disk", DISK, created_by="ada")
    await app.rollback()
    with pytest.raises(PatternInvalid, match="missing"):
        await RuleService(app).create_rule("r", RuleDraft(pattern="(", pattern_type="regex"), created_by="a")


async def test_what_is_old_is_forgotten(station: Station, app: Connection) -> None:
    await watch(app)
    await watch(app, THREE, "three")
    await station.log(*said(station, -9))
    await count(app)
    (alert,) = await alerts(app)
    service = AlertService(app)
    later = NOW + timedelta(seconds=1)
    assert await service.forget_old(resolved_before=later, counted_before=NOW) == 0
    await service.resolve(alert.id, by="ada", now=NOW)
    assert await service.forget_old(resolved_before=NOW, counted_before=NOW) == 0
    assert await service.forget_old(resolved_before=later, counted_before=later) == 2


async def test_a_change_of_a_rule_is_audited(station: Station, app: Connection) -> None:
    await watch(app, RuleDraft(pattern="secret words"))
    ((action, after),) = await station.rows(
        "SELECT action, after FROM audit_log WHERE resource = 'log_alert_rules' AND resource_id = 'disk'"
        " ORDER BY id DESC LIMIT 1"
    )
    assert (action, after["pattern"], after["threshold"]) == ("created", "secret words", 1)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=6), min_size=1, max_size=6
    ),
    cut=st.sets(st.integers(0, 5)),
)
async def test_however_lines_come_each_is_counted_once(
    station: Station, app: Connection, batches: list[list[tuple[int, bool]]], cut: set[int]
) -> None:
    """Repeats, lines out of order, and runs that are cut short; the rule opens at the first line."""
    await station.owner.execute("TRUNCATE log_alert_rules, log_alert_marks CASCADE")
    await station.owner.execute("DELETE FROM device_logs WHERE device_uuid = %s", (station.device,))
    await watch(app)
    sent: set[int] = set()
    async with ingest_on(station.database) as ingest:
        for number, batch in enumerate(batches):
            lines = {offset: "disk full" if offset % 2 else "fine" for offset, _ in batch}
            body = [one for offset, text in lines.items() for one in said(station, -offset, message=text)]
            await ingest.submit_logs(station.device, msgspec.json.encode({"lines": body}))
            sent |= {offset for offset in lines if offset % 2}
            if number in cut:
                await AlertEvaluator(app).step(NOW)
                await app.rollback()
            elif batch[0][1]:
                await count(app)
    await count(app)
    assert sum(alert.lines for alert in await alerts(app)) == len(sent)


async def test_the_role_that_only_takes_telemetry_in_can_mark_lines(
    station: Station, app: Connection
) -> None:
    await watch(app)
    ((may_add, may_look, may_read),) = await station.rows(
        "SELECT has_table_privilege('iotistic_ingest', 'log_alert_marks', 'INSERT'),"
        " has_column_privilege('iotistic_ingest', 'log_alert_rules', 'is_enabled', 'SELECT'),"
        " has_column_privilege('iotistic_ingest', 'log_alert_rules', 'pattern', 'SELECT')"
    )
    assert (may_add, may_look, may_read) == (True, True, False)


async def test_lines_of_a_day_that_was_dropped_meanwhile_are_nothing(
    station: Station, app: Connection
) -> None:
    await watch(app)
    await station.log(*said(station, -9))
    async with owner_of(station.database) as owner:
        await owner.execute("DELETE FROM device_logs")
    assert await count(app) == Counted(marks=1)
