"""Metrics of many devices over HTTP: newest values, series, fleets and files."""

import io
import json
from csv import DictReader
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio

from iotistic.http.schemas.metrics import DeviceNewest, MetricAnswer
from iotistic.telemetry.export import formats
from tests.integration.http.conftest import EnrolledDevice

START = (datetime.now(UTC) - timedelta(minutes=40)).replace(second=0, microsecond=0)
SPAN = {"from": START.isoformat(), "to": (START + timedelta(minutes=30)).isoformat()}


@pytest_asyncio.fixture
async def pair(device: EnrolledDevice, other_device: EnrolledDevice) -> str:
    """Two devices with a report a minute for 20 minutes; their uuids as a parameter."""
    for one, factor in ((device, 1.0), (other_device, 10.0)):
        reports = [
            {
                "timestamp": (START + timedelta(minutes=n)).isoformat(),
                "metrics": {"speed, max": n * factor, "rpm": 1.0},
            }
            for n in range(20)
            if n not in {7, 8}
        ]
        sent = await one.client.post(
            f"{one.path}/metrics", json={"reports": reports, "units": {"speed, max": "m/s"}}
        )
        assert sent.json()["accepted"] == 18
    return f"{device.uuid},{other_device.uuid}"


async def get(client: httpx.AsyncClient, path: str, **query: str) -> Any:  # noqa: ANN401
    response = await client.get(f"/api/v1/metrics/{path}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_newest_values_of_many_devices_come_in_one_answer(
    viewer: httpx.AsyncClient, pair: str
) -> None:
    found = await get(viewer, "latest", devices=pair, names="rpm")
    for one in found:
        DeviceNewest.model_validate(one)
    assert {one["device_uuid"] for one in found} == set(pair.split(","))
    assert [[value["metric"] for value in one["values"]] for one in found] == [["rpm"], ["rpm"]]


async def test_series_of_many_devices_say_what_was_read(viewer: httpx.AsyncClient, pair: str) -> None:
    found = await get(viewer, "series", devices=pair, names="rpm", bucket="10m", zone="Europe/Berlin", **SPAN)
    MetricAnswer.model_validate(found)
    assert sum(point["count"] for one in found["series"] for point in one["points"]) == 36
    assert [part["source"] for part in found["sources"]] == ["raw"]


async def test_a_fleet_is_one_series_a_metric(viewer: httpx.AsyncClient, pair: str) -> None:
    found = await get(viewer, "fleet", devices=pair, bucket="1m", fill="linear", **SPAN)
    rpm, speed = found["series"]
    assert (rpm["device_uuid"], speed["unit"]) == (None, "m/s")
    first = START + timedelta(minutes=7)
    gap = {point["timestamp"]: point for point in speed["points"]}[first.isoformat().replace("+00:00", "Z")]
    assert (gap["count"], gap["average"]) == (0, pytest.approx(7 * 11 / 2))


async def test_a_chart_has_as_many_points_as_asked(viewer: httpx.AsyncClient, pair: str) -> None:
    found = await get(viewer, "series", devices=pair, points="5", method="minmax", **SPAN)
    assert {len(one["points"]) for one in found["series"]} <= {3, 4, 5}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("series", {"devices": "pump"}, "query.devices"),
        ("series", {"zone": "Mars/Olympus"}, "query.zone"),
        ("series", {"fill": "guess"}, "query.fill"),
        ("series", {"points": "3"}, "query.points"),
        ("series", {"method": "magic"}, "query.method"),
        ("fleet", {}, "query.bucket"),
        ("latest", {"devices": ",".join(str(uuid4()) for _ in range(1001))}, "query.devices"),
        ("export", {"format": "xlsx"}, "query.format"),
    ],
)
async def test_an_impossible_question_names_its_field(
    viewer: httpx.AsyncClient, path: str, query: dict[str, str], field: str
) -> None:
    response = await viewer.get(f"/api/v1/metrics/{path}", params=query)
    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_range_that_reads_too_much_is_refused_with_a_way_out(
    viewer: httpx.AsyncClient, pair: str
) -> None:
    response = await viewer.get(
        "/api/v1/metrics/series",
        params={"devices": pair, "from": "2015-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    )
    assert (response.status_code, response.json()["code"]) == (413, "range_too_long")
    assert "buckets" in response.json()["hint"]


@pytest.mark.parametrize("path", ["latest", "series", "fleet", "export"])
async def test_it_is_for_people_with_an_account(
    stranger: httpx.AsyncClient, device: EnrolledDevice, path: str
) -> None:
    assert (await stranger.get(f"/api/v1/metrics/{path}")).status_code == 401
    assert (await device.client.get(f"/api/v1/metrics/{path}")).status_code == 403


async def export(viewer: httpx.AsyncClient, pair: str, form: str) -> list[tuple[Any, ...]]:
    response = await viewer.get("/api/v1/metrics/export", params={"devices": pair, "format": form, **SPAN})
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]]
    match form:
        case "csv":
            rows = [{**row, "unit": row["unit"] or None} for row in DictReader(io.StringIO(response.text))]
        case "ndjson":
            rows = [json.loads(line) for line in response.text.splitlines()]
        case "parquet":
            rows = pq.read_table(io.BytesIO(response.content)).to_pylist()
        case _:
            rows = pa.ipc.open_stream(response.content).read_all().to_pylist()
    return [
        (
            row["device_uuid"],
            datetime.fromisoformat(row["timestamp"])
            if isinstance(row["timestamp"], str)
            else row["timestamp"],
            row["metric"],
            row["unit"],
            float(row["value"]),
        )
        for row in rows
    ]


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "'="])
async def test_a_spreadsheet_computes_no_metric_and_no_unit(
    viewer: httpx.AsyncClient, device: EnrolledDevice, beginning: str
) -> None:
    name = f"{beginning}cmd|'/c calc'!A1"
    report = {"timestamp": START.isoformat(), "metrics": {name: -1}}
    body = {"reports": [report], "units": {name: f"{beginning}1"}}
    assert (await device.client.post(f"{device.path}/metrics", json=body)).json()["accepted"] == 1
    ((_, _, metric, unit, value),) = await export(viewer, str(device.uuid), "csv")
    assert (metric, unit, value) == (f"'{name}", f"'{beginning}1", -1.0)
    ((_, _, metric, unit, value),) = await export(viewer, str(device.uuid), "ndjson")
    assert (metric, unit, value) == (name, f"{beginning}1", -1.0)


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow"])
async def test_a_file_holds_every_value_once(viewer: httpx.AsyncClient, pair: str, form: str) -> None:
    rows = await export(viewer, pair, form)
    wanted = [
        (device, START + timedelta(minutes=n), metric, unit, value)
        for device, factor in zip(pair.split(","), (1.0, 10.0), strict=True)
        for n in range(20)
        if n not in {7, 8}
        for metric, unit, value in (("rpm", None, 1.0), ("speed, max", "m/s", n * factor))
    ]
    assert rows == wanted


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow"])
async def test_a_file_about_nobody_is_whole_and_empty(viewer: httpx.AsyncClient, form: str) -> None:
    assert await export(viewer, str(uuid4()), form) == []


async def test_without_pyarrow_columns_are_refused_and_text_is_not(
    viewer: httpx.AsyncClient, pair: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(formats, "import_module", missing)
    for form in ("parquet", "arrow"):
        response = await viewer.get(
            "/api/v1/metrics/export", params={"devices": pair, "format": form, **SPAN}
        )
        assert (response.status_code, response.json()["code"]) == (501, "export_unavailable")
        assert "iotistic[export]" in response.json()["hint"]
    assert len(await export(viewer, pair, "csv")) == 72
