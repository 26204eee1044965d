"""The description of the API is whole: what a stranger reads there is what the API does."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from iotistic.http import create_platform_app
from iotistic.http.access import OPEN_PATHS
from iotistic.http.idempotency import tells_a_secret

DOCUMENT: dict[str, Any] = create_platform_app().openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    pytest.param(path, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for operation in methods.values()
]


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


async def test_it_is_served_to_anybody(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/openapi.json")).json() == DOCUMENT


def test_no_reference_leads_nowhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    assert {reference.removeprefix("#/components/schemas/") for reference in found} <= set(SCHEMAS)


def test_the_frameworks_own_form_of_refusal_is_not_promised() -> None:
    assert "HTTPValidationError" not in str(DOCUMENT)


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_operation_says_what_it_does_and_how_it_refuses(path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}
    assert "_" not in operation["summary"]
    wanted = set() if path in {"/health", "/ready"} else {"401", "422", "500", "503"}
    assert wanted <= set(operation["responses"])
    for status, response in operation["responses"].items():
        assert response["description"]
        if status[0] in "45" and path != "/ready":
            assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_operation_says_which_key_it_takes(path: str, operation: dict[str, Any]) -> None:
    schemes = {name for requirement in operation.get("security", []) for name in requirement}
    if path in OPEN_PATHS:
        assert schemes <= {"claim_key"}
    else:
        assert schemes
    assert schemes <= set(DOCUMENT["components"]["securitySchemes"])


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_answer_has_a_shape(path: str, operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if status in {"200", "201"}:
            assert response["content"], path
            assert all(media["schema"] for media in response["content"].values()), path


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_shape_is_explained_and_has_examples(name: str) -> None:
    schema = SCHEMAS[name]
    assert schema.get("description"), name
    for field, inner in schema.get("properties", {}).items():
        nested = bool(list(references(inner)))
        told = nested or "examples" in inner or "description" in inner or inner.get("type") == "boolean"
        assert told or inner.get("format") in {"uuid", "date-time"} or "const" in inner, f"{name}.{field}"


def test_every_parameter_is_explained() -> None:
    silent = [
        f"{operation['operationId']}.{parameter['name']}"
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] != "uuid" and not parameter.get("description")
    ]
    assert silent == []


# Creating routes without Idempotency-Key, each with what makes a request that is sent twice do no harm.
WITHOUT_IDEMPOTENCY_KEY = {
    "/api/v1/auth/key/successor": "a key that was fetched and not used is void once another is fetched",
    "/api/v1/auth/refresh": "the same token again, within half a minute, gets the same successor",
    "/api/v1/auth/login": "gives another key each time, and the one that got lost expires",
    "/api/v1/devices/enrol": "a claim takes the place of the claim before it, and uses the claim key up once",
    "/api/v1/devices/enrol/proof": "the same answer again is told the same",
    "/api/v1/devices/{uuid}/jobs/next": "a device that claims again is given the attempt it has",
    "/api/v1/devices/{uuid}/jobs/{job_id}/progress": "names its attempt; the same progress again changes nothing",
    "/api/v1/devices/{uuid}/jobs/{job_id}/report": "names its attempt, which ends once",
}


def test_every_post_takes_an_idempotency_key_or_says_what_it_does_instead() -> None:
    without = {
        path
        for path, methods in DOCUMENT["paths"].items()
        if (operation := methods.get("post")) is not None
        and not any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", []))
    }
    assert {path for path in without if not tells_a_secret(path)} == set(WITHOUT_IDEMPOTENCY_KEY)
