from pathlib import Path

import pytest

from iotistic.agent.wireless import Wireless, parse_wireless, read_wireless

HEADINGS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n", {"wlan0": -56}),
        ("wlan0: 0000   54.  200.  0        0      0      0      0      0        0\n", {"wlan0": -56}),
        ("wlan0: 0000    0.    0.  0        0      0      0      0      0        0\n", {"wlan0": None}),
        ("wlan0: 0000\n", {}),
        ("", {}),
    ],
)
def test_the_signal_is_read_signed_or_unsigned(line: str, expected: dict[str, int | None]) -> None:
    assert parse_wireless(HEADINGS + line) == expected


def test_a_kernel_without_wireless_has_none(tmp_path: Path) -> None:
    assert read_wireless(tmp_path) == {}


def test_an_interface_that_does_not_say_its_network_has_no_ssid(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/wireless").write_text(HEADINGS + "nosuchif0: 0000   54.  -56.  -256  0 0 0 0 0 0\n")
    assert read_wireless(tmp_path) == {"nosuchif0": Wireless(ssid=None, signal_dbm=-56)}
