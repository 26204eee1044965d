from pathlib import Path

import pytest

from iotistic.agent.routes import default_interface, parse_ipv4_routes, parse_ipv6_routes

HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


def ipv4(
    name: str, *, destination: str = "00000000", flags: str = "0003", metric: int = 0, mask: str = "00000000"
) -> str:
    return f"{name}\t{destination}\t010200C0\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0   \n"


def ipv6(name: str, *, prefix: str = "00", metric: str = "00000400", flags: str = "00000003") -> str:
    zero = "0" * 32
    return f"{zero} {prefix} {zero} 00 {zero} {metric} 00000001 00000000 {flags} {name:>8}\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([ipv4("eth0", destination="000200C0", mask="00FFFFFF")], None),
        ([ipv4("eth0")], "eth0"),
        ([ipv4("wlan0", metric=600), ipv4("eth0", metric=100)], "eth0"),
        ([ipv4("eth0", flags="0002"), ipv4("wlan0", metric=600)], "wlan0"),
        ([ipv4("eth0", flags="0203")], None),
        ([ipv4("vpn", mask="00000080"), ipv4("eth0")], "eth0"),
        (["garbage\n"], None),
    ],
)
def test_the_usable_default_route_with_the_lowest_metric_counts(
    lines: list[str], expected: str | None
) -> None:
    assert parse_ipv4_routes(HEADING + "".join(lines)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([ipv6("eth0")], "eth0"),
        ([ipv6("eth0", metric="00000400"), ipv6("wlan0", metric="00000258")], "wlan0"),
        ([ipv6("lo", flags="00200200"), ipv6("lo", flags="00000001")], None),
        ([ipv6("eth0", prefix="40")], None),
    ],
)
def test_the_same_for_ipv6(lines: list[str], expected: str | None) -> None:
    assert parse_ipv6_routes("".join(lines)) == expected


def test_ipv4_goes_before_ipv6_and_no_proc_means_none(tmp_path: Path) -> None:
    assert default_interface(tmp_path) is None
    (tmp_path / "net").mkdir()
    (tmp_path / "net/ipv6_route").write_text(ipv6("six"))
    assert default_interface(tmp_path) == "six"
    (tmp_path / "net/route").write_text(HEADING + ipv4("four"))
    assert default_interface(tmp_path) == "four"
