"""What is known of a device's clock, and what is done about one that is not trusted."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from iotistic.telemetry import ClockService, IngestLimits
from tests.integration.telemetry.conftest import Station, until


@pytest.fixture
def limits() -> IngestLimits:
    return IngestLimits(window_every=timedelta(milliseconds=50), latest_every=timedelta(milliseconds=20))


async def register(station: Station) -> None:
    await station.owner.execute(
        "INSERT INTO devices (uuid, name, kind) VALUES (%s, %s, 'sensor')",
        (station.device, f"clock-{station.device}"),
    )


@pytest.mark.parametrize("hours", [-3, 0, 2])
async def test_the_lead_of_a_clock_is_found_out_also_from_reports_that_are_set_aside(
    station: Station, hours: int
) -> None:
    clocks = ClockService(station.owner)
    for number in range(5):
        await station.send(station.reports(hours * 3600 - 60, hours * 3600 + number * 0.001, a=number))

    async def is_known() -> bool:
        await station.send(
            station.reports(hours * 3600, a=9), device=uuid4()
        )  # the writer looks when something comes
        return (await clocks.find_clock(station.device)).skew is not None

    await until(is_known)
    clock = await clocks.find_clock(station.device)
    assert clock.skew is not None
    # The reports are dated from the moment the test began; how long ago that is counts as delay.
    assert timedelta(hours=hours, seconds=-20) < clock.skew <= timedelta(hours=hours, seconds=1)
    assert not clock.stamped_on_receipt


async def test_a_device_that_was_never_heard_has_no_known_clock(station: Station) -> None:
    clock = await ClockService(station.owner).find_clock(uuid4())
    assert (clock.skew, clock.measured_at, clock.stamped_on_receipt) == (None, None, False)


async def test_reports_of_a_device_that_is_not_trusted_are_dated_by_their_receipt(station: Station) -> None:
    await register(station)
    clocks = ClockService(station.owner)
    await clocks.stamp_on_receipt(station.device, on=True)
    await until(lambda: station.device in station.ingest._stamped)
    body = {
        "reports": [
            {"timestamp": 10, "metrics": {"a": 1}},
            {"timestamp": "never", "metrics": {"a": 1}},
            {"timestamp": 25, "metrics": {"a": 2}},
        ]
    }
    receipt = await station.ingest.submit_metrics(station.device, msgspec.json.encode(body))
    assert (receipt.accepted, receipt.rejected, receipt.quarantined) == (2, 1, 0)
    (first, second) = await station.rows("SELECT timestamp FROM device_metrics ORDER BY timestamp")
    assert second[0] - first[0] == timedelta(seconds=15)
    assert timedelta(0) <= second[0] - station.now < timedelta(minutes=1)
    line = {"timestamp": 5, "sequence": 1, "message": "x"}
    logs = msgspec.json.encode({"lines": [line, {**line, "timestamp": 4, "sequence": 0}]})
    assert (await station.ingest.submit_logs(station.device, logs)).accepted == 2
    await clocks.stamp_on_receipt(station.device, on=False)
    await until(lambda: station.device not in station.ingest._stamped)
    assert (await station.send([{"timestamp": 10, "metrics": {"a": 1}}])).quarantined == 1


async def test_other_devices_keep_their_own_times(station: Station) -> None:
    await register(station)
    await ClockService(station.owner).stamp_on_receipt(station.device, on=True)
    await until(lambda: station.device in station.ingest._stamped)
    assert (await station.send([{"timestamp": 10, "metrics": {"a": 1}}], device=uuid4())).quarantined == 1
