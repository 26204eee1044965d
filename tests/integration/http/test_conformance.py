"""The API keeps to its own description, whatever is sent: requests made from the document, to a real server, as each kind of caller.

No 5xx, no status or shape that is not documented, to a device nothing of another one, and to somebody without a key nothing at all.
Half of the requests are as the document says and half are not; bodies are sent as bytes of any kind too. The same seed makes the same
requests: `pytest -s` shows what they covered.
"""

import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from iotistic.http import HttpServer
from iotistic.http.access import OPEN_PATHS
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeDevice

SEED = 20261128
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
AS_SAID = (GenerationMode.POSITIVE,)
ANSWERED = 0.5
"""The part of the operations that must have done what they are for, for some caller: a run that is only refused tries little."""
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
# What ends the session of the caller, or says 503 because nobody makes partitions here.
LEFT_OUT = {"log_out", "check_readiness"}
ENDLESS = {"wait"}
QUIET = settings(
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
# Text with NUL and halves of characters, which JSON can write and UTF-8 cannot; numbers that are none; and no JSON at all.
_words = st.text(st.characters(codec=None, categories=None) | st.sampled_from("\0\ud800"), max_size=20)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _words),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=20,
)
junk = st.binary(max_size=200) | _json.map(lambda value: json.dumps(value).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends, and which device the paths are about."""

    name: str
    key: Secret | None
    about: UUID
    strange: EnrolledDevice | None = None
    """A device of which nothing may be told."""
    modes: tuple[GenerationMode, ...] = AS_SAID
    examples: int = 1
    """Of each operation and mode; with those of the others under a minute of CPU."""

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.key is None else {"Authorization": f"Bearer {self.key.reveal()}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was tried, and how it was answered."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """By operation."""
    wrong: list[str] = field(default_factory=list)

    def told(self) -> str:
        every = sum(self.statuses.values(), Counter[int]())
        quiet = sorted(label for label, seen in self.statuses.items() if min(seen) >= HTTPStatus.BAD_REQUEST)
        return (
            f"\n{every.total()} requests to {len(self.statuses)} operations, seed {SEED}: "
            + ", ".join(f"{count} x {status}" for status, count in sorted(every.items()))
            + f"\nonly refused: {', '.join(quiet) or 'none'}\n"
        )


@pytest_asyncio.fixture(scope="module")
async def address(app: FastAPI) -> AsyncIterator[str]:
    """Where the application listens."""
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    yield server.url
    server.stop()
    await running


def try_everything(app: FastAPI, address: str, caller: Caller, coverage: Coverage) -> None:
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.config.update(base_url=address)
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation is None or operation.definition.raw.get("operationId") in LEFT_OUT:
            continue
        if caller.strange is None and "text/event-stream" in str(operation.definition.raw["responses"]):
            continue  # who may listen does so for ever
        for mode in caller.modes:
            _try(operation, mode, address, caller, coverage)


def _try(operation: Any, mode: GenerationMode, address: str, caller: Caller, coverage: Coverage) -> None:  # noqa: ANN401 - of schemathesis
    cases = operation.as_strategy(generation_mode=mode)
    has_body = bool(operation.body)

    @seed(SEED)
    @settings(QUIET, max_examples=caller.examples)
    @given(case=cases, content=junk if has_body and mode is GenerationMode.NEGATIVE else st.none())
    def send(case: Any, content: bytes | None) -> None:  # noqa: ANN401 - as above
        for name in ENDLESS:
            (case.query or {}).pop(name, None)
        if "uuid" in (case.path_parameters or {}):
            case.path_parameters["uuid"] = str(caller.about)
        options = {} if content is None else {"data": content}
        try:
            response = case.call(base_url=address, headers=caller.headers, timeout=60, **options)
        except (requests.exceptions.InvalidHeader, UnicodeError):
            reject()  # what no client can send
        coverage.statuses[operation.label][response.status_code] += 1
        case.validate_response(response, checks=CHECKS)
        _require_silence(operation, case, response, caller)

    try:
        send()
    except Unsatisfiable:
        return  # nothing of it can be wrong
    except BaseExceptionGroup as failures:
        coverage.wrong.extend(f"{caller.name}: {operation.label}: {one}" for one in failures.exceptions)
    except AssertionError as failure:
        coverage.wrong.append(f"{caller.name}: {operation.label}: {failure}")


def _require_silence(operation: Any, case: Any, response: Any, caller: Caller) -> None:  # noqa: ANN401 - as above
    if caller.key is None and operation.path not in OPEN_PATHS:
        assert response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}
    if caller.strange is not None:
        assert caller.strange.name not in response.text
        if "uuid" in (case.path_parameters or {}):
            assert response.status_code >= HTTPStatus.BAD_REQUEST


# The server runs beside it in the same process, and its jitter draws from `random` while a request is made up.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_every_operation_keeps_to_the_document_whoever_asks_and_whatever(
    app: FastAPI,
    address: str,
    people: dict[Role, Secret],
    make_device: MakeDevice,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own, strange = await make_device(), await make_device()
    coverage = Coverage()
    for caller in (
        Caller(name="nobody", key=None, about=strange.uuid, strange=strange),
        Caller(name="another device", key=own.key, about=strange.uuid, strange=strange, examples=2),
        Caller(name="the device", key=own.key, about=own.uuid, modes=BOTH),
        Caller(name="viewer", key=people["viewer"], about=own.uuid),
        Caller(name="operator", key=people["operator"], about=own.uuid, modes=BOTH),
    ):
        await asyncio.to_thread(try_everything, app, address, caller, coverage)
    with capsys.disabled():
        sys.stdout.write(coverage.told())
    assert not coverage.wrong, "\n\n".join(coverage.wrong)
    answered = sum(min(seen) < HTTPStatus.BAD_REQUEST for seen in coverage.statuses.values())
    assert answered >= ANSWERED * len(coverage.statuses)
