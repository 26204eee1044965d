"""A caller who sends too much is told when to come back; the others are served."""

from dataclasses import replace

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from iotistic.config import RateSettings
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security import Role
from iotistic.security.keyring import KeyDraft


@pytest.fixture
def client_of(platform: Platform, monkeypatch: pytest.MonkeyPatch):  # noqa: ANN201 - a function
    """Makes clients of an application with low limits."""
    settings = replace(platform.settings, rates=RateSettings(per_key=3, per_address=2))
    monkeypatch.setattr(platform, "settings", settings)
    app = create_platform_app(platform)

    def client_of(key: Secret | None, address: str = "192.0.2.7") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        transport = httpx.ASGITransport(app, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    return client_of


async def test_a_key_gets_its_quota_and_others_theirs(client_of, people: dict[Role, Secret]) -> None:  # noqa: ANN001 - above
    viewer, operator = client_of(people["viewer"]), client_of(people["operator"])
    answers = [await viewer.get("/api/v1/fleets") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers[:3]] == ["r=2", "r=1", "r=0"]
    assert answers[3].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 20
    assert (await operator.get("/api/v1/fleets")).status_code == 200
    assert (await viewer.get("/health")).status_code == 200


async def test_an_address_that_guesses_is_stopped_and_good_keys_from_it_are_not(
    client_of,  # noqa: ANN001 - above
    people: dict[Role, Secret],
) -> None:
    guesser = client_of(Secret("guess"))
    assert [(await guesser.get("/api/v1/fleets")).status_code for _ in range(3)] == [401, 401, 429]
    assert (await client_of(None).get("/api/v1/fleets")).status_code == 429
    assert (await client_of(people["viewer"]).get("/api/v1/fleets")).status_code == 200
    assert (await client_of(None, "192.0.2.8").get("/api/v1/fleets")).status_code == 401


async def test_an_account_gets_its_quota_however_many_keys_it_has(
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    client_of,  # noqa: ANN001 - above
    people: dict[Role, Secret],
) -> None:
    assert people
    async with platform.begin() as work:
        await work.security.create_service("hydra", "viewer")
        keys = [
            (await work.keyring.issue_account_key("hydra", KeyDraft(), reason="test")).text for _ in range(4)
        ]
    rates = RateSettings(per_key=3, per_account=5, per_address=2)
    monkeypatch.setattr(platform, "settings", replace(platform.settings, rates=rates))
    heads = [client_of(key) for key in keys]
    answers = [await heads[number % 4].get("/api/v1/fleets") for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    # What is tighter is told: the key at first, the account in the end.
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers[:5]] == [
        "r=2", "r=2", "r=2", "r=1", "r=0",
    ]  # fmt: skip
    assert (await client_of(people["viewer"]).get("/api/v1/fleets")).status_code == 200
