from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotistic.http.cursor import CursorInvalid, decode_cursor, encode_cursor


@settings(deadline=None)  # a busy computer is no failure
@given(name=st.text(), uuid=st.uuids())
def test_a_cursor_comes_back_as_the_key_it_was_made_of(name: str, uuid: UUID) -> None:
    assert decode_cursor(encode_cursor((name, uuid)), tuple[str, UUID]) == (name, uuid)


def test_a_moment_keeps_its_microseconds() -> None:
    moment = datetime(2026, 11, 23, 20, 0, 0, 123456, tzinfo=UTC)
    assert decode_cursor(encode_cursor((moment, 5)), tuple[datetime, int]) == (moment, 5)


def test_a_cursor_needs_no_encoding_in_a_url() -> None:
    assert encode_cursor(("??>>~~", uuid4())).replace("-", "").replace("_", "").isalnum()


@settings(deadline=None)  # a busy computer is no failure
@given(st.text())
def test_what_was_never_given_out_is_refused_as_such(text: str) -> None:
    with pytest.raises(CursorInvalid) as refusal:
        decode_cursor(text, tuple[datetime, int])
    assert refusal.value.facts["field"] == "query.after"


@pytest.mark.parametrize("key", [("name",), ("name", "not a uuid"), (1, uuid4()), "name"])
def test_a_cursor_of_another_list_is_refused(key: object) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(encode_cursor(key), tuple[str, UUID])


def test_an_endless_cursor_is_refused_unread() -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(encode_cursor("x" * 5000), str)
