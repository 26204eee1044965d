from pathlib import Path

import pytest

from iotistic.agent.settings import claim_key_from, parse_server
from iotistic.errors import Invalid


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8080", "https://api.example.com/", " http://[::1]:8080 ", "http://h/base"]
)
def test_a_server_is_an_http_url(text: str) -> None:
    assert parse_server(text) == text.strip().rstrip("/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8080",
        "ftp://host",
        "http://",
        "http://host:99999",
        "http://host:0",
        "http://host:x",
        "http://u:p@host",
        "http://host?x=1",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_server(text)


def test_the_file_goes_before_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")
    found = claim_key_from(file, "from-variable")()
    assert found is not None
    assert found.reveal() == "from-file"


def test_the_variable_serves_without_a_file() -> None:
    found = claim_key_from(None, " from-variable ")()
    assert found is not None
    assert found.reveal() == "from-variable"
    assert claim_key_from(None, None)() is None
    assert claim_key_from(None, "")() is None


def test_a_key_put_there_later_is_found(tmp_path: Path) -> None:
    file = tmp_path / "key"
    find = claim_key_from(file, None)
    assert find() is None
    file.write_text("")
    assert find() is None
    file.write_text("late")
    found = find()
    assert found is not None
    assert found.reveal() == "late"


@pytest.mark.parametrize("text", ["two\nlines", "with blank", "käse", "bell\a"])
def test_what_cannot_stand_in_a_header_is_no_key_and_is_not_quoted(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    with pytest.raises(Invalid) as caught:
        claim_key_from(file, None)()
    assert text not in str(caught.value)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        claim_key_from(tmp_path, None)()
