"""A device that sends the same metrics again and again gets a decoder of its own; nothing else may be different for it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from iotistic.telemetry import BodyTooLarge, IngestLimits
from tests.integration.telemetry.conftest import Station

NAMES = {"cpu_usage": 1.5, "with space & <tag>": 2, "ünïcödé": True}


@pytest.fixture
def limits() -> IngestLimits:
    return IngestLimits(reports=10)


def bodies(station: Station) -> Iterator[dict[str, Any]]:
    """What may come from a device that sent nothing but NAMES for a while."""

    def reports(*seconds: float, **changes: object) -> list[dict[str, Any]]:
        metrics = {**NAMES, **changes}
        return [
            {"timestamp": (station.now + timedelta(seconds=one)).isoformat(), "metrics": metrics}
            for one in seconds
        ]

    backwards = dict(reversed(NAMES.items()))
    number = station.now.timestamp()
    yield {"reports": reports(100, 101, 102)}
    yield {"reports": reports(100, 101, 103)}
    yield {"reports": [{"timestamp": number + 110, "metrics": backwards}]}
    yield {"reports": [{"timestamp": int(number + 111) * 1000, "metrics": NAMES, "extra": 5}]}
    yield {"reports": reports(122, 121, 120, 121)}
    yield {"reports": reports(130, cpu_usage=None) + reports(131)}
    yield {"reports": reports(140, cpu_usage="hot") + reports(141)}
    yield {"reports": reports(150, cpu_usage=False) + reports(151, more=1)}
    yield {"reports": [{"timestamp": number + 160, "metrics": {"cpu_usage": 1}}, *reports(161)]}
    yield {"reports": reports(100_000, 170, -(10**9), 171, -7200, 172)}
    yield {"reports": [{"timestamp": "never", "metrics": NAMES}, *reports(181)]}
    yield {"reports": reports(190, 191), "units": {"cpu_usage": "percent"}}
    yield {"reports": reports(200), "units": {"cpu_usage": None}}
    yield {"reports": []}
    yield {"reports": reports(210, 211)}


async def stored(station: Station, device: UUID) -> list[tuple[Any, ...]]:
    rows = await station.rows(
        "SELECT timestamp, metric, unit, value FROM device_metric_values WHERE device_uuid = %s ORDER BY 1, 2, 3",
        device,
    )
    aside = await station.rows(
        "SELECT reason, device_time, payload FROM ingest_quarantine WHERE device_uuid = %s ORDER BY device_time",
        device,
    )
    return rows + aside


async def test_bodies_are_stored_and_answered_alike_with_and_without_it(station: Station) -> None:
    often, seldom = uuid4(), uuid4()
    for number in range(40):
        await station.ingest.submit_metrics(
            often,
            msgspec.json.encode(
                {"reports": [{"timestamp": station.now.timestamp() - number, "metrics": NAMES}]}
            ),
        )
    assert station.ingest._reports._favourites.find(often)
    history = await stored(station, often)
    assert len(history) == 40 * len(NAMES)
    for body in bodies(station):
        octets = msgspec.json.encode(body)
        first = await station.ingest.submit_metrics(often, octets)
        second = await station.ingest.submit_metrics(seldom, octets)
        assert first == second, body
        # So that the device is tried with its own decoder again, whatever this body was.
        for again in range(2):
            repeat = {"timestamp": station.now.timestamp() - again, "metrics": NAMES}
            await station.ingest.submit_metrics(often, msgspec.json.encode({"reports": [repeat]}))
    assert [row for row in await stored(station, often) if row not in history] == await stored(
        station, seldom
    )


async def test_names_that_json_escapes_are_stored_like_others(station: Station) -> None:
    name = 'quote " and \\ in it'
    for number in range(20):
        await station.send(station.reports(-number, **{name: number}))
    assert await station.rows("SELECT metric, count(*) FROM device_metric_values GROUP BY metric") == [
        (name, 20)
    ]


async def test_the_limit_of_reports_holds_for_it_too(station: Station) -> None:
    for number in range(20):
        await station.send(station.reports(-number, a=1))
    assert (await station.send(station.reports(*range(1, 11), a=1))).accepted == 10
    with pytest.raises(BodyTooLarge):
        await station.send(station.reports(*range(20, 31), a=1))
