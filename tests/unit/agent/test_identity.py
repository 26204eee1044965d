import stat
from pathlib import Path

import pytest

from iotistic.agent.identity import Identity, find_identity, host_serial, keep_identity, same_server
from iotistic.agent.state_folder import StateFolder
from iotistic.errors import Invalid
from iotistic.secret import Secret

MACHINE_ID = "0123456789abcdef0123456789abcdef"
IDENTITY = Identity(device_uuid="u", api_key=Secret("hunter2"), server="http://127.0.0.1:8080")


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path)


def machine_id(tmp_path: Path, text: str) -> list[Path]:
    file = tmp_path / "machine-id"
    file.write_text(text)
    return [tmp_path / "missing", file]


def test_an_identity_is_kept_for_its_owner_only(folder: StateFolder) -> None:
    assert find_identity(folder) is None
    keep_identity(folder, IDENTITY)
    assert find_identity(folder) == IDENTITY
    assert stat.S_IMODE(folder.identity.stat().st_mode) == 0o600
    assert [path.name for path in folder.root.iterdir()] == ["identity.json"]


def test_an_identity_does_not_print_its_key() -> None:
    assert "hunter2" not in repr(IDENTITY)


def test_a_damaged_identity_is_said_without_quoting_it(folder: StateFolder) -> None:
    folder.identity.write_text('{"device_uuid": "u", "api_key": "hunter2"')
    with pytest.raises(Invalid) as caught:
        find_identity(folder)
    assert "hunter2" not in str(caught.value)
    assert str(folder.identity) in caught.value.message


def test_the_serial_is_stable_and_hides_the_machine_id(folder: StateFolder, tmp_path: Path) -> None:
    files = machine_id(tmp_path, MACHINE_ID + "\n")
    serial = host_serial(folder, files)
    assert serial == host_serial(StateFolder(tmp_path / "other"), files)
    assert MACHINE_ID not in serial
    # Devices already enrolled are known by this value: it may never change.
    assert serial == "420e58d259628ef7bfff670a0b9e8d84ec309342f39af320a467901598732166"
    assert not folder.host_id.exists()


@pytest.mark.parametrize("text", ["", "uninitialized\n", "0" * 32, MACHINE_ID[:-1], "g" * 32])
def test_a_host_without_a_usable_machine_id_makes_one_serial_and_keeps_it(
    folder: StateFolder, tmp_path: Path, text: str
) -> None:
    files = machine_id(tmp_path, text)
    serial = host_serial(folder, files)
    assert len(serial) == 64
    assert host_serial(folder, files) == serial
    assert host_serial(folder, []) == serial


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:9999", True),
        ("http://127.0.0.1:8080", "http://localhost:1", True),
        ("http://[::1]:8080", "http://127.0.0.1:8080", True),
        ("https://api.example.com", "https://api.example.com:443/", True),
        ("https://api.example.com", "https://api.example.com:8443", False),
        ("https://api.example.com", "http://api.example.com", False),
        ("http://127.0.0.1:8080", "https://api.example.com", False),
        ("https://api.example.com", "https://api.example.com.evil.example", False),
        ("http://127.0.0.1.evil.example", "http://127.0.0.1", False),
    ],
)
def test_a_key_is_for_one_server(one: str, other: str, *, same: bool) -> None:
    assert same_server(one, other) is same
    assert same_server(other, one) is same
