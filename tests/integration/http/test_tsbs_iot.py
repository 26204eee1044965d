"""The twelve questions of TSBS "iot", loaded and answered over HTTP, against a recomputation from what arrived."""

import random
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from tsbs_iot import Report, arrivals, measurements, trucks
from tsbs_iot.comparison import QUESTIONS, Answered, agree, ask_all
from tsbs_iot.registration import bodies, register

from iotistic.bootstrap.platform import Platform
from iotistic.database.pool import connect
from tests.integration.http.conftest import MakeClient, make_claim_key
from tests.support.databases import TestDatabase
from tests.support.enrolment import enrol_device

END = datetime.now(UTC).replace(second=0, microsecond=0)
SPAN = timedelta(hours=26)
STEP = timedelta(minutes=1)
"""Of the reports; the original's 10 s would be 6 times as many of the same."""


@pytest_asyncio.fixture(scope="module")
async def arrived(platform: Platform, api_database: TestDatabase, client_with: MakeClient) -> list[Report]:
    """What four trucks reported, in the order of the network, every tenth body sent twice."""
    fleet = trucks(4, seed=3)
    claim = await make_claim_key(platform)
    async with platform.begin() as work:
        gateway = await enrol_device(work.registrar, claim_key=claim, name="tsbs-gateway", kind="gateway")
    owner = await connect(
        api_database.endpoint("owner"), api_database.name, application_name="test", autocommit=True
    )
    async with owner:
        await register(owner, fleet, str(gateway.device_uuid))
    found = list(arrivals(measurements(fleet, END - SPAN, SPAN, step=STEP)))
    client, chance, accepted = client_with(gateway.api_key), random.Random(1), 0
    for body in bodies(iter(found)):
        for _ in range(1 + (chance.random() < 0.1)):
            answer = await client.post(
                f"/api/v1/gateways/{gateway.device_uuid}/metrics",
                content=body,
                headers={"Content-Type": "application/x-ndjson"},
            )
            assert answer.status_code == 200, answer.text
            accepted += answer.json()["accepted"]
    assert accepted == len(found)
    return found


@pytest_asyncio.fixture(scope="module")
async def answers(arrived: list[Report], viewer: httpx.AsyncClient) -> dict[str, Answered]:
    fleets = sorted({report.truck.fleet for report in arrived})
    return {one.question: one for one in await ask_all(viewer, arrived, END - SPAN, END, fleets)}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_api_answers_what_the_reports_say(answers: dict[str, Answered], question: str) -> None:
    answered = answers[question]
    assert agree(answered.api, answered.recomputed), (answered.api, answered.recomputed)


def test_the_trucks_give_something_to_answer(answers: dict[str, Answered]) -> None:
    empty = {name for name, answered in answers.items() if not answered.rows}
    assert empty <= {"low_fuel", "high_load", "stationary_trucks"}


def test_answers_that_differ_do_not_agree() -> None:
    assert agree({"a": (1.0, 2)}, {"a": (1.0 + 1e-12, 2)})
    assert not agree({"a": (1.0, 2)}, {"a": (1.0 + 1e-6, 2)})
    assert not agree({"a": 1}, {"a": 1, "b": 1})
    assert not agree({1}, {2})
