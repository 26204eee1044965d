"""Where an export goes, and as what."""

import os
from pathlib import Path

import pytest

from iotistic.cli.export_file import OutputUnwritable, format_of, opened_output


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.csv", "csv"),
        ("a.NDJSON", "ndjson"),
        ("a.jsonl", "ndjson"),
        ("a.parquet", "parquet"),
        ("a.arrow", "arrow"),
        ("a.txt", "csv"),
        ("a", "csv"),
    ],
)
def test_the_ending_of_a_file_says_what_is_written(name: str, form: str) -> None:
    assert format_of(Path(name), None, terminal=True) == form


def test_what_is_said_counts_more_than_the_ending() -> None:
    assert format_of(Path("a.parquet"), "csv", terminal=False) == "csv"


def test_octets_go_into_a_pipe_and_not_on_a_terminal() -> None:
    assert format_of(None, "parquet", terminal=False) == "parquet"
    assert format_of(None, None, terminal=True) == "csv"
    with pytest.raises(OutputUnwritable, match="terminal") as refused:
        format_of(None, "arrow", terminal=True)
    assert "--output" in (refused.value.hint or "")


def test_a_file_is_there_when_all_of_it_is(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with opened_output(target) as file:
        file.write(b"new")
        assert not target.exists()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.csv", b"new")]


def test_what_fails_half_way_leaves_the_file_of_before(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_bytes(b"old")
    with pytest.raises(RuntimeError), opened_output(target) as file:
        file.write(b"half")
        raise RuntimeError
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.csv", b"old")]


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    for target in (tmp_path / "nowhere" / "a.csv", tmp_path):
        with pytest.raises(OutputUnwritable, match=str(target)), opened_output(target):
            pass


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with opened_output(pipe) as file:
        file.write(b"row")
    assert os.read(reader, 10) == b"row"
    os.close(reader)
    assert pipe.is_fifo()
