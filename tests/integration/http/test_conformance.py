"""The API keeps to its own description, whatever is sent: requests made from the document, to a real server, as each kind of caller.

No 5xx, no status or shape that is not documented, and to a device nothing of another one.
"""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from iotistic.http import HttpServer
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeDevice

EXAMPLES = 3
"""Of each operation and caller: about a minute of CPU in all."""
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
# What ends the session of the caller, goes on for ever, or says 503 because nobody makes partitions here.
LEFT_OUT = {"log_out", "stream_events", "check_readiness"}
ENDLESS = {"wait"}


@pytest_asyncio.fixture(scope="module")
async def address(app: FastAPI) -> AsyncIterator[str]:
    """Where the application listens."""
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    yield server.url
    server.stop()
    await running


@pytest_asyncio.fixture
async def strange(make_device: MakeDevice) -> EnrolledDevice:
    """A device whose name gives away that something of it was told."""
    return await make_device()


def try_everything(app: FastAPI, address: str, key: Secret, strange: EnrolledDevice | None) -> list[str]:
    """What went wrong, operation by operation."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.config.update(base_url=address)
    wrong: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation is None or operation.definition.raw.get("operationId") in LEFT_OUT:
            continue
        try:
            _try(operation, address, key, strange)
        except BaseExceptionGroup as failures:
            wrong += [f"{operation.label}: {failure}" for failure in failures.exceptions]
        except AssertionError as failure:
            wrong.append(f"{operation.label}: {failure}")
    return wrong


def _try(operation: Any, address: str, key: Secret, strange: EnrolledDevice | None) -> None:  # noqa: ANN401 - of schemathesis
    @seed(20261128)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:  # noqa: ANN401 - as above
        for name in ENDLESS:
            case.query.pop(name, None)
        if strange is not None and "uuid" in case.path_parameters:
            case.path_parameters["uuid"] = str(strange.uuid)
        response = case.call(
            base_url=address, headers={"Authorization": f"Bearer {key.reveal()}"}, timeout=60
        )
        case.validate_response(response, checks=CHECKS)
        if strange is not None:
            assert strange.name not in response.text
            if "uuid" in case.path_parameters:
                assert response.status_code >= HTTPStatus.BAD_REQUEST

    send()


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_a_person_gets_what_the_document_says(
    app: FastAPI, address: str, people: dict[Role, Secret], role: Role
) -> None:
    wrong = await asyncio.to_thread(try_everything, app, address, people[role], None)
    assert not wrong, "\n\n".join(wrong)


async def test_a_device_gets_what_the_document_says_and_nothing_of_another(
    app: FastAPI, address: str, device: EnrolledDevice, strange: EnrolledDevice
) -> None:
    wrong = await asyncio.to_thread(try_everything, app, address, device.key, strange)
    assert not wrong, "\n\n".join(wrong)
