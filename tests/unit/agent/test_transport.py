import ssl
from datetime import timedelta

import httpx
import pytest

from iotistic.agent.transport import (
    Answer,
    Blocked,
    Delivered,
    KeyRefused,
    Refused,
    TryLater,
    judge,
    open_client,
)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_2xx_is_delivered(status: int) -> None:
    assert judge(Answer(status=status, body=b"x")) == Delivered(body=b"x")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_content_is_at_fault(status: int) -> None:
    assert isinstance(judge(Answer(status=status)), Refused)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_it_may_work_later(status: int) -> None:
    pause = timedelta(seconds=7)
    outcome = judge(
        Answer(status=status, retry_after=pause, body=b'{"code": "unavailable", "detail": "Soon."}')
    )
    assert outcome == TryLater(reason=f"{status} unavailable: Soon.", retry_after=pause)


def test_the_key_is_refused() -> None:
    assert isinstance(judge(Answer(status=401)), KeyRefused)


@pytest.mark.parametrize("status", [301, 307, 403, 404, 405, 409, 410, 415])
def test_somebody_has_to_look_at_it(status: int) -> None:
    assert isinstance(judge(Answer(status=status)), Blocked)


def test_what_never_arrived_stays_so() -> None:
    assert judge(TryLater(reason="refused")) == TryLater(reason="refused")


@pytest.mark.parametrize(
    ("server", "uses_proxy"), [("http://127.0.0.1:8080", False), ("https://api.example.com", True)]
)
async def test_a_proxy_is_for_the_outside_world_only(server: str, *, uses_proxy: bool) -> None:
    async with open_client(server, patience=timedelta(seconds=1)) as client:
        assert client.trust_env is uses_proxy
        assert client.follow_redirects is False


@pytest.mark.parametrize(
    "server", ["https://api.example.com", "https://127.0.0.1:8443", "http://api.example.com"]
)
async def test_certificates_are_verified(server: str) -> None:
    async with open_client(server, patience=timedelta(seconds=1)) as client:
        transport = client._transport
        assert isinstance(transport, httpx.AsyncHTTPTransport)
        context = transport._pool._ssl_context
        assert context is not None
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
