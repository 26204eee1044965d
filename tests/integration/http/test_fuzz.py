"""Nothing that can be typed into a query or sent as a body breaks the server: it answers or refuses, and never with a 5xx."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.http.conftest import EnrolledDevice

# A function-scoped device for all examples is what is wanted here.
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

moments = st.one_of(
    st.text(max_size=30),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.floats().map(str),
    st.integers().map(str),
)
numbers = st.one_of(st.integers().map(str), st.text(max_size=10))
texts = st.text(max_size=50)
# With halves of characters, which JSON can write and UTF-8 cannot.
words = st.text(st.characters(codec=None, categories=None) | st.sampled_from("\0\ud800"), max_size=20)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=20,
)


def encodable(query: dict[str, str]) -> dict[str, str]:
    """What a client could put into a URL at all."""
    return {name: value.encode(errors="replace").decode() for name, value in query.items()}


async def answered(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> None:  # noqa: ANN401 - of httpx
    response = await client.request(method, path, **options)
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"


@EXAMPLES
@given(
    query=st.fixed_dictionaries(
        {},
        optional={
            "from": moments,
            "to": moments,
            "names": texts,
            "bucket": st.one_of(texts, st.from_regex(r"[0-9]{1,12}[smhd]", fullmatch=True)),
        },
    )
)
async def test_questions_about_metrics(
    viewer: httpx.AsyncClient, device: EnrolledDevice, query: dict[str, str]
) -> None:
    await answered(viewer, "GET", f"{device.path}/metrics", params=encodable(query))


@EXAMPLES
@given(
    query=st.fixed_dictionaries(
        {},
        optional={
            "from": moments,
            "to": moments,
            "level": texts,
            "service": texts,
            "limit": numbers,
            "after": texts,
        },
    )
)
async def test_questions_about_logs(
    viewer: httpx.AsyncClient, device: EnrolledDevice, query: dict[str, str]
) -> None:
    await answered(viewer, "GET", f"{device.path}/logs", params=encodable(query))


@EXAMPLES
@given(query=st.fixed_dictionaries({}, optional={"limit": numbers, "after": texts}))
async def test_questions_about_devices(viewer: httpx.AsyncClient, query: dict[str, str]) -> None:
    await answered(viewer, "GET", "/api/v1/devices", params=encodable(query))


@EXAMPLES
@given(body=documents, field=st.sampled_from(["name", "value", "facts", "interfaces"]))
@pytest.mark.parametrize("path", ["interfaces", "host"])
async def test_statements_of_devices(device: EnrolledDevice, path: str, body: object, field: str) -> None:
    for content in (body, {field: body}, {field: [body]}, {field: {"name": body}}):
        await answered(device.client, "PUT", f"{device.path}/{path}", content=_json(content), headers=_JSON)


@EXAMPLES
@given(body=documents)
async def test_changes_by_people(operator: httpx.AsyncClient, device: EnrolledDevice, body: object) -> None:
    await answered(operator, "PATCH", device.path, content=_json({"name": body}), headers=_JSON)
    await answered(operator, "PUT", f"{device.path}/tags/site", content=_json({"value": body}), headers=_JSON)


@EXAMPLES
@given(body=documents)
async def test_batches(device: EnrolledDevice, body: object) -> None:
    report = {"timestamp": body, "metrics": body}
    for path, content in (
        ("metrics", body),
        ("metrics", {"reports": body, "units": body}),
        ("metrics", {"reports": [body, report, {"timestamp": 1_790_000_000, "metrics": {"x": body}}]}),
        (
            "logs",
            {
                "lines": [
                    body,
                    {"timestamp": body, "sequence": body, "level": body, "service": body, "message": body},
                ]
            },
        ),
    ):
        await answered(device.client, "POST", f"{device.path}/{path}", content=_json(content), headers=_JSON)


@EXAMPLES
@given(raw=st.binary(max_size=200))
async def test_bytes(device: EnrolledDevice, raw: bytes) -> None:
    for path in ("metrics", "logs"):
        await answered(device.client, "POST", f"{device.path}/{path}", content=raw, headers=_JSON)
    await answered(device.client, "PUT", f"{device.path}/host", content=raw, headers=_JSON)


_JSON = {"Content-Type": "application/json"}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
