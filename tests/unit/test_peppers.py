"""Which peppers an installation has: given by settings, or lying in its folder."""

from pathlib import Path

import pytest

from iotistic.bootstrap.peppers import find_peppers
from iotistic.config import Settings
from iotistic.config.kinds import PEPPERS
from iotistic.config.problems import Rejected
from iotistic.data_folder import DataFolder
from iotistic.secret import Secret
from iotistic.security.keys import KeyKind, Peppers, generate_key

PARSED, _ = generate_key(KeyKind.DEVICE)


def known(peppers: Peppers) -> set[int]:
    return {version for version in range(1, 6) if peppers.digest(PARSED, version) is not None}


def test_the_first_pepper_is_made_once(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), DataFolder(tmp_path)
    first, again = find_peppers(settings, folder), find_peppers(settings, folder)
    assert first.digest(PARSED) == again.digest(PARSED)
    assert known(first) == {1}


def test_a_new_version_is_made_and_the_one_before_goes_on_verifying(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    old = find_peppers(Settings(data_dir=tmp_path), folder)
    new = find_peppers(Settings(data_dir=tmp_path, pepper_version=2), folder)
    assert (known(new), new.current) == ({1, 2}, 2)
    assert new.digest(PARSED, 1) == old.digest(PARSED)
    assert new.digest(PARSED) != old.digest(PARSED)


def test_what_is_given_counts_before_what_lies_there(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    find_peppers(Settings(data_dir=tmp_path), folder)
    given = Settings(
        data_dir=tmp_path,
        pepper=Secret("new"),
        pepper_version=3,
        old_peppers={1: Secret("one"), 2: Secret("two")},
    )
    found = find_peppers(given, folder)
    assert known(found) == {1, 2, 3}
    assert found.digest(PARSED, 1) == Peppers({1: Secret("one")}, 1).digest(PARSED)


def test_a_list_of_peppers_is_read() -> None:
    found = PEPPERS.parse(f"1:{'a' * 32}, 12:{'b' * 40}")
    assert {version: pepper.reveal() for version, pepper in found.items()} == {1: "a" * 32, 12: "b" * 40}
    assert "a" * 32 not in PEPPERS.shown(f"1:{'a' * 32}")


@pytest.mark.parametrize(
    "text",
    ["", "x", "1:short", f"0:{'a' * 32}", f"1:{'a' * 32},1:{'b' * 32}", f"{'a' * 32}", f"1:{'a' * 32},"],
)
def test_what_is_no_list_of_peppers_is_told(text: str) -> None:
    with pytest.raises(Rejected, match="no list of peppers"):
        PEPPERS.parse(text)
