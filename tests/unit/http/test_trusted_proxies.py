"""The address of a caller comes from trusted hops only."""

from ipaddress import ip_network
from typing import Any

import pytest

from iotistic.http.trusted_proxies import TrustedProxies

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


def told(peer: str, forwarded: str | None = None, proto: str | None = None, **more: str) -> tuple[Any, str]:
    """The client and scheme that come of it."""
    headers = [
        (b"x-forwarded-for", value.encode()) for value in (forwarded, *more.values()) if value is not None
    ]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    scope: dict[str, Any] = {"client": (peer, 4711), "scheme": "http", "headers": headers}
    PROXIES.correct(scope)
    return scope["client"][0], scope["scheme"]


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::7", "testclient", "11.0.0.1"])
def test_what_a_stranger_says_of_itself_counts_for_nothing(peer: str) -> None:
    assert told(peer, "198.51.100.1", "https") == (peer, "http")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (None, "10.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
        ("127.0.0.1, 10.9.9.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("192.0.2.7, nonsense", "10.0.0.1"),
        ("192.0.2.7, nonsense, 10.0.0.2", "10.0.0.2"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
    ],
)
def test_of_a_trusted_proxy_the_right_most_untrusted_hop_is_the_caller(
    forwarded: str | None, client: str
) -> None:
    assert told("10.0.0.1", forwarded)[0] == client


def test_several_headers_are_one_list() -> None:
    assert told("10.0.0.1", "192.0.2.7", other="198.51.100.1")[0] == "198.51.100.1"


def test_turning_the_left_end_never_turns_the_caller() -> None:
    assert {told("10.0.0.1", f"203.0.113.{number}, 192.0.2.7")[0] for number in range(50)} == {"192.0.2.7"}


def test_ten_thousand_hops_are_not_walked() -> None:
    assert told("10.0.0.1", ", ".join(["192.0.2.7"] + ["10.0.0.2"] * 10_000))[0] == "10.0.0.2"


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http", "http"), ("http, https", "https"), ("gopher", "http")],
)
def test_the_scheme_is_what_the_nearest_proxy_says(proto: str, scheme: str) -> None:
    assert told("10.0.0.1", None, proto)[1] == scheme
    assert told("fd00::1", None, proto)[1] == scheme
