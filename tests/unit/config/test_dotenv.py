from pathlib import Path

import pytest

from iotistic.config.dotenv import parse_dotenv, read_dotenv


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("A = b ", "b"),
        ("A=b # why", "b"),
        ("A=b#c", "b#c"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A='$x # y'", "$x # y"),
        ("A='b' # why", "b"),
        (r'A="b \"c\" \\ \n"', 'b "c" \\ \n'),
        ("A=b=c", "b=c"),
        ("A=a$", "a$"),
    ],
)
def test_a_line_sets_a_variable(line: str, value: str) -> None:
    (entry,) = parse_dotenv(line)
    assert (entry.name, entry.value, entry.problem) == ("A", value, None)


def test_comments_empty_lines_and_carriage_returns_are_nothing() -> None:
    entries = parse_dotenv("# a comment\r\n\r\n  \r\nA=1\r\n")
    assert [(entry.name, entry.value) for entry in entries] == [("A", "1")]


@pytest.mark.parametrize("line", ["A=p$word", "A=${B}", 'A="p$$w"'])
def test_a_dollar_that_compose_would_replace_is_a_problem(line: str) -> None:
    (entry,) = parse_dotenv(line)
    assert entry.problem is not None
    assert "single quotes" in entry.problem.suggestion


@pytest.mark.parametrize("line", ["A='b", 'A="b', "A='b'c"])
def test_an_unclosed_quote_is_a_problem_of_that_line(line: str) -> None:
    (entry,) = parse_dotenv(f"\n{line}")
    assert entry.problem is not None
    assert ".env:2" in entry.problem.reason


def test_a_line_that_sets_nothing_is_named_by_its_number_and_not_quoted() -> None:
    (entry,) = parse_dotenv("\nmy secret")
    assert entry.problem is not None
    assert entry.problem.variable == ".env:2"
    assert "secret" not in str(entry.problem)


def test_no_file_is_no_entries(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == ()


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfA=1\n")
    assert [entry.name for entry in read_dotenv(tmp_path / ".env")] == ["A"]


@pytest.mark.parametrize("content", [b"A=\xff\n", None], ids=["bytes that are no UTF-8", "a folder"])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / ".env"
    path.mkdir() if content is None else path.write_bytes(content)
    (entry,) = read_dotenv(path)
    assert entry.problem is not None
    assert entry.problem.variable == str(path)
