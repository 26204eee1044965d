"""What is wrong with lines of pg_hba.conf."""

import pytest

from iotistic.operations.access import Rule, judge_rules


def rule(line: int, text: str, error: str | None = None) -> Rule:
    kind, databases, users, *rest = text.split()
    address, netmask = (None, None) if kind == "local" else (rest.pop(0), None)
    if address is not None and "/" in address:
        address, netmask = address.split("/")
    return Rule(
        line_number=line,
        kind=kind,
        databases=databases.split(","),
        users=users.split(","),
        address=address,
        netmask=netmask,
        method=rest[0],
        error=error,
    )


LAST = "host all all all reject"
PRIVATE = "hostssl all all 10.0.0.0/255.0.0.0 scram-sha-256"


def judged(*lines: str) -> list[tuple[int, bool, str]]:
    rules = [rule(number, line) for number, line in enumerate(lines, 1)]
    return [(finding.line_number, finding.is_alarm, finding.text) for finding in judge_rules(rules)]


def test_what_asks_for_a_password_over_tls_and_rejects_the_rest_is_fine() -> None:
    assert (
        judged("local all all peer", "hostssl all all 127.0.0.1/255.255.255.255 scram-sha-256", PRIVATE, LAST)
        == []
    )


@pytest.mark.parametrize("method", ["trust", "password", "ident"])
@pytest.mark.parametrize("place", ["local all all", "hostssl all all 10.0.0.0/255.0.0.0"])
def test_no_proof_is_an_alarm_on_the_socket_too(place: str, method: str) -> None:
    (found,) = judged(f"{place} {method}", LAST)
    assert found[:2] == (1, True)
    assert found[2].startswith(method)


def test_md5_is_a_warning() -> None:
    (found,) = judged("hostssl all all 10.0.0.0/255.0.0.0 md5", LAST)
    assert found == (1, False, "md5 is broken and leaves PostgreSQL: scram-sha-256")


@pytest.mark.parametrize("kind", ["host", "hostnossl", "hostgssenc"])
def test_without_tls_is_a_warning_beyond_loopback(kind: str) -> None:
    (found,) = judged(f"{kind} all all 10.0.0.0/255.0.0.0 scram-sha-256", LAST)
    assert found == (1, False, f"{kind} lets in without TLS from 10.0.0.0: hostssl")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1/255.255.255.255", "127.0.0.0/255.0.0.0", "::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
)
def test_loopback_needs_no_tls(address: str) -> None:
    assert judged(f"host all all {address} scram-sha-256", LAST) == []


@pytest.mark.parametrize("address", ["all", "0.0.0.0/0.0.0.0", "::/::"])
def test_everywhere_is_a_warning(address: str) -> None:
    found = judged(f"hostssl all all {address} scram-sha-256", LAST)
    assert (1, False, "lets in from everywhere: name the networks of your services") in found


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (PRIVATE, "hostssl iotistic iotistic_app 10.1.0.0/255.255.0.0 scram-sha-256"),
        ("host all all 10.0.0.0/255.0.0.0 reject", PRIVATE),
        ("hostssl a,b all 10.0.0.0/255.0.0.0 reject", "hostssl b x 10.0.0.0/255.0.0.0 scram-sha-256"),
        ("local all all peer", "local all ada scram-sha-256"),
        ("hostssl all all fc00::/fe00:: reject", "hostssl all all fd00::/ff00:: scram-sha-256"),
    ],
)
def test_a_line_below_a_wider_one_is_never_reached(wide: str, narrow: str) -> None:
    assert (2, False, "is never reached: line 1 decides before it") in judged(wide, narrow, LAST)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (PRIVATE, "hostssl replication all 10.0.0.0/255.0.0.0 scram-sha-256"),  # `all` means no replication
        ("hostssl all all 10.1.0.0/255.255.0.0 scram-sha-256", PRIVATE),
        ("hostssl all ada 10.0.0.0/255.0.0.0 scram-sha-256", PRIVATE),
        ("hostnossl all all 10.0.0.0/255.0.0.0 reject", PRIVATE),
        ("hostssl all all samenet scram-sha-256", PRIVATE),
    ],
)
def test_a_line_that_still_matches_something_is_none_of_those(first: str, second: str) -> None:
    assert [found for found in judged(first, second, LAST) if "never reached" in found[2]] == []


def test_what_only_this_machine_reaches_needs_no_last_line() -> None:
    assert judged("local all all peer", "host all all 127.0.0.1/255.255.255.255 scram-sha-256") == []


def test_silence_at_the_end_is_a_warning_and_what_cannot_be_read_an_alarm() -> None:
    assert judged(PRIVATE) == [
        (1, False, "no last line rejects everybody else in words: host all all all reject")
    ]
    broken = rule(1, LAST, error="invalid connection type")
    assert [(f.is_alarm, f.text) for f in judge_rules([broken, rule(2, LAST)])] == [
        (True, "cannot be read: invalid connection type")
    ]
