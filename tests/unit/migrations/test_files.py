"""Which names are migrations, and in which order they run."""

from hashlib import sha256
from pathlib import Path

import pytest

from iotistic.migrations.errors import FilesRefused, HistoryRefused, ProblemKind
from iotistic.migrations.files import arrange, parse_name, read_folder


@pytest.mark.parametrize(
    ("filename", "parsed"),
    [
        ("000_initial_schema.sql", (0, "initial_schema")),
        ("57_x.sql", (57, "x")),
        ("20261123195400_add.x-y.sql", (20261123195400, "add.x-y")),
        ("R__device_views.sql", (None, "device_views")),
        ("initial.sql", None),
        ("001-dash.sql", None),
        ("001_.sql", None),
        ("R_one.sql", None),
        ("001_x.SQL", None),
        ("001_ä.sql", None),
        ("001_x.sql.bak", None),
        ("1234567890123456789_more_than_a_bigint.sql", None),
    ],
)
def test_a_name_is_a_number_and_words_or_no_migration(
    filename: str, parsed: tuple[int | None, str] | None
) -> None:
    assert parse_name(filename) == parsed


def test_files_run_by_number_and_repeatable_ones_last_by_name() -> None:
    names = ["R__b.sql", "1000_d.sql", "9_a.sql", "R__a.sql", "101_c.sql"]
    files = arrange([(name, b"") for name in names], service="s")
    assert [file.filename for file in files] == ["9_a.sql", "101_c.sql", "1000_d.sql", "R__a.sql", "R__b.sql"]


def test_a_number_used_twice_names_both_files_whatever_their_zeros() -> None:
    with pytest.raises(HistoryRefused) as caught:
        arrange([("007_a.sql", b""), ("7_b.sql", b""), ("008_c.sql", b"")], service="s")
    assert [problem.filenames for problem in caught.value.problems] == [("007_a.sql", "7_b.sql")]


def test_every_strange_name_is_reported(tmp_path: Path) -> None:
    for name in ("one.sql", "002_two.sql", "THREE.SQL", "readme.txt"):
        (tmp_path / name).write_text("")
    with pytest.raises(FilesRefused) as caught:
        read_folder(tmp_path, service="s")
    assert [problem.filenames for problem in caught.value.problems] == [("THREE.SQL",), ("one.sql",)]


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FilesRefused) as caught:
        read_folder(tmp_path / "nowhere", service="s")
    assert caught.value.problems[0].kind is ProblemKind.FILENAME


def test_the_checksum_is_of_the_exact_bytes(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_bytes(b"SELECT 1;\r\n")
    [file] = read_folder(tmp_path, service="s")
    assert file.content == b"SELECT 1;\r\n"
    assert file.checksum == sha256(b"SELECT 1;\r\n").hexdigest()
