"""What goes wrong with dumps made by hand is named before anything is loaded."""

import gzip
from pathlib import Path

import pytest

from iotistic.operations.backups import inspect_dump
from iotistic.operations.backups.errors import SqlDumpRejected

WHOLE = """--
-- PostgreSQL database dump
--

\\restrict abc

-- Dumped from database version 16.4
-- Dumped by pg_dump version 16.4

CREATE TABLE müll (id bigint);

--
-- PostgreSQL database dump complete
--

\\unrestrict abc
"""


def test_a_whole_dump_says_where_it_is_from(tmp_path: Path) -> None:
    path = tmp_path / "backup.sql"
    path.write_text(WHOLE)
    dump = inspect_dump(path)
    assert (dump.server_major, dump.packed, dump.restricted, dump.bytes) == (
        16,
        False,
        True,
        len(WHOLE.encode()),
    )


def test_a_packed_dump_is_read_through(tmp_path: Path) -> None:
    path = tmp_path / "backup.sql.gz"
    path.write_bytes(gzip.compress(WHOLE.encode()))
    assert inspect_dump(path).packed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (WHOLE.encode("utf-16"), "UTF-16"),
        (WHOLE.encode("utf-16-le"), "UTF-16"),
        (b"PGDMP\x01\x0e\x00", "archive of pg_dump -Fc"),
        (WHOLE.encode()[:-120], "was cut"),
        (gzip.compress(WHOLE.encode())[:-9], "cut gzip"),
        (b"\x1f\x8bnonsense", "gzip"),
        (WHOLE.encode("latin-1"), "not UTF-8"),
    ],
    ids=[
        "nothing",
        "packed nothing",
        "utf-16",
        "utf-16-le",
        "archive",
        "cut",
        "packed cut",
        "no gzip",
        "latin-1",
    ],
)
def test_each_way_a_dump_is_broken_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "backup.sql"
    path.write_bytes(content)
    with pytest.raises(SqlDumpRejected, match=said):
        inspect_dump(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SqlDumpRejected, match="no file"):
        inspect_dump(tmp_path / "none.sql")
