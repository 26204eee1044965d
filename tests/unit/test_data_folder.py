import stat
from pathlib import Path

import pytest

from iotistic.data_folder import DataFolder
from iotistic.errors import Invalid
from iotistic.secret import Secret


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.secret("pepper") == folder.secret("pepper")


def test_a_secret_file_is_for_its_owner_only(tmp_path: Path) -> None:
    DataFolder(tmp_path).secret("pepper")
    assert stat.S_IMODE((tmp_path / "secrets" / "pepper").stat().st_mode) == 0o600


def test_whoever_was_first_counts(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    def late() -> Secret:
        other = DataFolder(tmp_path).secret("pepper", lambda: Secret("first"))
        assert other == Secret("first")
        return Secret("second")

    assert folder.secret("pepper", late) == Secret("first")


def test_a_secret_that_was_never_made_is_absent(tmp_path: Path) -> None:
    assert DataFolder(tmp_path).find_secret("pepper") is None


@pytest.mark.parametrize("name", ["../escape", "", "UPPER", "a/b"])
def test_a_strange_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        DataFolder(tmp_path).secret(name)
