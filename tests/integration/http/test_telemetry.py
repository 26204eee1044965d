"""Reading metrics and logs over HTTP."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from iotistic.http.schemas.telemetry import LatestMetric, LogEntry, MetricSeries
from tests.integration.http.conftest import EnrolledDevice

# In the recent past, on a full minute, and on one UTC day whenever the tests run.
NOW = datetime.now(UTC)
START = (NOW - timedelta(minutes=30)).replace(second=0, microsecond=0)
REPORTS = 6


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest_asyncio.fixture
async def reporting(device: EnrolledDevice) -> EnrolledDevice:
    """A device with a report every 10 s for a minute, and as many log lines."""
    moments = [START + timedelta(seconds=10 * n) for n in range(REPORTS)]
    reports = [
        {"timestamp": text(moment), "metrics": {"cpu_usage": float(n), "load_1m": 0.5}}
        for n, moment in enumerate(moments)
    ]
    levels = ["debug", "info", "warning", "error", "critical", "info"]
    lines = [
        {
            "timestamp": text(moment),
            "sequence": n,
            "level": levels[n],
            "service": "a" if n % 2 else "b",
            "message": f"m{n}",
        }
        for n, moment in enumerate(moments)
    ]
    units = {"cpu_usage": "percent"}
    answers = [
        await device.client.post(f"{device.path}/metrics", json={"reports": reports, "units": units}),
        await device.client.post(f"{device.path}/logs", json={"lines": lines}),
    ]
    assert [answer.json()["accepted"] for answer in answers] == [REPORTS, REPORTS]
    return device


async def series(viewer: httpx.AsyncClient, device: EnrolledDevice, **query: str) -> list[dict[str, Any]]:
    response = await viewer.get(f"{device.path}/metrics", params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()
    for one in found:
        MetricSeries.model_validate(one)
    return found


async def test_a_range_holds_its_beginning_and_not_its_end(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice
) -> None:
    ends = {"from": text(START), "to": text(START + timedelta(seconds=30))}
    [found] = await series(viewer, reporting, names="cpu_usage", **ends)
    assert (found["metric"], found["unit"], found["bucket"]) == ("cpu_usage", "percent", None)
    assert [(point["timestamp"], point["average"]) for point in found["points"]] == [
        (text(START), 0.0),
        (text(START + timedelta(seconds=10)), 1.0),
        (text(START + timedelta(seconds=20)), 2.0),
    ]


async def test_without_a_range_it_is_the_last_hour(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice
) -> None:
    [found] = await series(viewer, reporting, names="cpu_usage")
    assert len(found["points"]) == REPORTS


async def test_without_names_it_is_every_metric(viewer: httpx.AsyncClient, reporting: EnrolledDevice) -> None:
    assert [found["metric"] for found in await series(viewer, reporting)] == ["cpu_usage", "load_1m"]


async def test_names_may_be_listed_or_repeated(viewer: httpx.AsyncClient, reporting: EnrolledDevice) -> None:
    listed = await series(viewer, reporting, names="load_1m,cpu_usage")
    response = await viewer.get(f"{reporting.path}/metrics?names=cpu_usage&names=load_1m")
    assert {found["metric"] for found in listed} == {found["metric"] for found in response.json()}
    assert len(listed) == 2


@pytest.mark.parametrize("bucket", ["1m", "60s", "PT1M", "PT60S"])
async def test_a_bucket_tells_least_mean_and_most(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice, bucket: str
) -> None:
    [found] = await series(viewer, reporting, names="cpu_usage", bucket=bucket, **{"from": text(START)})
    assert found["bucket"] == "PT60S"
    assert found["points"] == [
        {"timestamp": text(START), "count": 6, "minimum": 0.0, "average": 2.5, "maximum": 5.0, "last": 5.0}
    ]


async def test_an_offset_may_be_written_with_a_bare_plus(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice
) -> None:
    there = START.astimezone().isoformat() if START.astimezone().utcoffset() else START.isoformat()
    response = await viewer.get(f"{reporting.path}/metrics?names=cpu_usage&from={there}")
    assert [len(found["points"]) for found in response.json()] == [REPORTS]


async def test_another_devices_reports_are_not_there(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    assert reporting.uuid != other_device.uuid
    assert all(not found["points"] for found in await series(viewer, other_device))
    assert (await viewer.get(f"{other_device.path}/logs")).json() == {"items": [], "next": None}
    assert (await viewer.get(f"{other_device.path}/latest")).json() == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "query.from"),
        ({"from": "2026-11-23T20:00:00"}, "query.from"),
        ({"from": "0001-01-01T00:00:00Z"}, "query.from"),
        ({"to": "9999-12-31T23:59:59Z"}, "query.to"),
        ({"to": "never"}, "query.to"),
        ({"from": text(START), "to": text(START)}, "query.from"),
        ({"from": text(NOW + timedelta(days=1))}, "query.from"),
        ({"bucket": "0s"}, "query.bucket"),
        ({"bucket": "five minutes"}, "query.bucket"),
        ({"bucket": "400d"}, "query.bucket"),
        ({"names": "x" * 201}, "query.names"),
        ({"names": "a\0b"}, "query.names"),
        ({"names": ",".join(f"m{n}" for n in range(101))}, "query.names"),
    ],
)
async def test_an_impossible_question_names_its_field(
    viewer: httpx.AsyncClient, device: EnrolledDevice, query: dict[str, str], field: str
) -> None:
    response = await viewer.get(f"{device.path}/metrics", params=query)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_more_points_than_one_answer_holds_are_refused_with_a_way_out(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice
) -> None:
    moments = [START - timedelta(milliseconds=n) for n in range(1, 10_001)]
    metrics = {f"m{n}": 1.0 for n in range(6)}
    reports = [{"timestamp": text(moment), "metrics": metrics} for moment in moments]
    body = gzip.compress(json.dumps({"reports": reports}).encode())
    sent = await reporting.client.post(
        f"{reporting.path}/metrics", content=body, headers={"Content-Encoding": "gzip"}
    )
    assert sent.json()["accepted"] == len(reports)
    response = await viewer.get(f"{reporting.path}/metrics")
    assert (response.status_code, response.json()["code"]) == (413, "too_many_points")
    assert response.json()["hint"]


async def test_the_newest_of_each_metric_is_told_with_its_unit(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice
) -> None:
    response = await viewer.get(f"{reporting.path}/latest")
    for one in response.json():
        LatestMetric.model_validate(one)
    newest = text(START + timedelta(seconds=50))
    assert response.json() == [
        {"metric": "cpu_usage", "unit": "percent", "value": 5.0, "timestamp": newest},
        {"metric": "load_1m", "unit": None, "value": 0.5, "timestamp": newest},
    ]


async def lines(viewer: httpx.AsyncClient, device: EnrolledDevice, **query: str) -> dict[str, Any]:
    response = await viewer.get(f"{device.path}/logs", params=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    for item in page["items"]:
        LogEntry.model_validate(item)
    return page


async def test_log_lines_come_newest_first(viewer: httpx.AsyncClient, reporting: EnrolledDevice) -> None:
    page = await lines(viewer, reporting)
    assert [item["message"] for item in page["items"]] == ["m5", "m4", "m3", "m2", "m1", "m0"]
    assert page["next"] is None
    assert page["items"][-1] == {
        "device_uuid": str(reporting.uuid),
        "timestamp": text(START),
        "sequence": 0,
        "level": "debug",
        "service": "b",
        "message": "m0",
    }


async def test_log_lines_can_be_sifted(viewer: httpx.AsyncClient, reporting: EnrolledDevice) -> None:
    worse = await lines(viewer, reporting, level="warning")
    assert [item["message"] for item in worse["items"]] == ["m4", "m3", "m2"]
    of_one = await lines(viewer, reporting, service="a", level="info")
    assert [item["message"] for item in of_one["items"]] == ["m5", "m3", "m1"]


async def test_pages_of_log_lines_follow_without_gap_or_repeat(
    viewer: httpx.AsyncClient, reporting: EnrolledDevice
) -> None:
    seen: list[str] = []
    query: dict[str, str] = {"limit": "4"}
    while True:
        page = await lines(viewer, reporting, **query)
        seen += [item["message"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == ["m5", "m4", "m3", "m2", "m1", "m0"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"level": "loud"}, "query.level"),
        ({"service": ""}, "query.service"),
        ({"service": "a\0b"}, "query.service"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "1001"}, "query.limit"),
        ({"after": "x"}, "query.after"),
        ({"after": "WyIyMDI2LTExLTIzVDIwOjAwOjAwIiwxXQ"}, "query.after"),  # a time without its offset
        ({"after": "WyIyMDI2LTExLTIzVDIwOjAwOjAwWiIsOTk5OTk5OTk5OTk5OTk5OTk5OTldIA"}, "query.after"),
        ({"from": "x"}, "query.from"),
    ],
)
async def test_an_impossible_question_about_logs_names_its_field(
    viewer: httpx.AsyncClient, device: EnrolledDevice, query: dict[str, str], field: str
) -> None:
    response = await viewer.get(f"{device.path}/logs", params=query)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("path", ["latest", "metrics", "logs"])
async def test_a_device_that_does_not_exist_is_not_found(viewer: httpx.AsyncClient, path: str) -> None:
    response = await viewer.get(f"/api/v1/devices/{uuid4()}/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "device_not_found")
