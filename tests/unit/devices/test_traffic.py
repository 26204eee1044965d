"""Counting requests in memory: what one hour, one device and one kind come to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from iotistic.devices.traffic import Traffic, TrafficKeeper, TrafficMeter
from iotistic.errors import Unavailable
from iotistic.http.traffic import kind_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEVICE = UUID("3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90")


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def count(meter: TrafficMeter, device: UUID = DEVICE, *, refused: bool = False) -> None:
    meter.count(device, "metrics", refused=refused, received=100, sent=7)


def test_requests_of_one_hour_and_kind_are_one_tally() -> None:
    meter = TrafficMeter(clock=Clock(NOON))
    count(meter)
    count(meter, refused=True)
    meter.count(DEVICE, "shadow", refused=False, received=0, sent=50)
    metrics, shadow = meter.take()
    assert metrics == Traffic(
        device_uuid=DEVICE,
        timestamp=NOON,
        kind="metrics",
        requests=2,
        refused=1,
        bytes_received=200,
        bytes_sent=14,
    )
    assert (shadow.kind, shadow.requests, shadow.bytes_sent) == ("shadow", 1, 50)


def test_what_was_taken_is_not_counted_again() -> None:
    meter = TrafficMeter(clock=Clock(NOON))
    count(meter)
    meter.take()
    assert meter.take() == []
    count(meter)
    assert [one.requests for one in meter.take()] == [1]


def test_the_last_moment_of_an_hour_belongs_to_it_and_the_next_does_not() -> None:
    clock = Clock(NOON + timedelta(hours=1) - timedelta.resolution)
    meter = TrafficMeter(clock=clock)
    count(meter)
    clock.now += timedelta.resolution
    count(meter)
    assert [one.timestamp for one in meter.take()] == [NOON, NOON + timedelta(hours=1)]


def test_a_clock_that_is_set_back_by_little_counts_into_the_hour_it_was_in() -> None:
    clock = Clock(NOON)
    meter = TrafficMeter(clock=clock)
    count(meter)
    clock.now -= timedelta(seconds=1)
    count(meter)
    assert [one.requests for one in meter.take()] == [2]


def test_the_order_is_the_same_whoever_came_first() -> None:
    devices = sorted(uuid4() for _ in range(20))
    meter = TrafficMeter(clock=Clock(NOON))
    for device in reversed(devices):
        count(meter, device)
    assert [one.device_uuid for one in meter.take()] == devices


def test_no_more_tallies_are_held_than_may_be_and_what_is_lost_is_told() -> None:
    meter = TrafficMeter(clock=Clock(NOON), most=2)
    for device in (UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=1)):
        count(meter, device)
    assert meter.lost == 1
    assert [(one.device_uuid.int, one.requests) for one in meter.take()] == [(1, 2), (2, 1)]


def test_what_is_put_back_is_added_to_what_came_meanwhile() -> None:
    meter = TrafficMeter(clock=Clock(NOON))
    count(meter)
    taken = meter.take()
    count(meter)
    meter.put_back(taken)
    assert [(one.requests, one.bytes_received) for one in meter.take()] == [(2, 200)]


async def test_what_the_database_does_not_take_is_brought_again() -> None:
    meter, kept, is_away = TrafficMeter(clock=Clock(NOON)), list[Traffic](), True

    async def write(traffic: Sequence[Traffic]) -> None:
        if is_away:
            raise Unavailable("away")
        kept.extend(traffic)

    keeper = TrafficKeeper(meter, write)
    count(meter)
    await keeper.flush()
    assert kept == []
    is_away = False
    await keeper.flush()
    assert [one.requests for one in kept] == [1]


async def test_the_end_of_a_process_brings_what_is_left() -> None:
    meter, kept = TrafficMeter(clock=Clock(NOON)), list[Traffic]()

    async def write(traffic: Sequence[Traffic]) -> None:
        kept.extend(traffic)

    keeper = TrafficKeeper(meter, write, every=timedelta(hours=1))
    await keeper.start()
    count(meter)
    await keeper.stop()
    assert [one.requests for one in kept] == [1]


def test_a_kind_is_known_by_the_path() -> None:
    device = f"/api/v1/devices/{DEVICE}"
    assert kind_of(f"{device}/metrics") == "metrics"
    assert kind_of(f"/api/v1/gateways/{DEVICE}/logs") == "logs"
    assert kind_of(f"{device}/shadow/reported") == "shadow"
    assert kind_of(f"{device}/jobs/next") == "jobs"
    assert kind_of(f"{device}/metricsx") == kind_of(device) == kind_of("/") == kind_of("metrics") == "other"
