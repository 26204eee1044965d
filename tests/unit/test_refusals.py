"""Counting who was not let in: no more rows than addresses, and no more addresses than may be."""

from datetime import UTC, datetime

from iotistic.audit import RefusalBook
from iotistic.audit.refusals import OTHERS

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make_book(most: int = 2) -> RefusalBook:
    return RefusalBook(clock=lambda: NOON, most=most)


def test_what_one_address_tried_is_one_entry_a_kind() -> None:
    book = make_book()
    for reason in ("wrong_secret", "wrong_secret", "unknown"):
        book.note("keys", "192.0.2.1", reason=reason, name="k1")
    book.note("logins", "192.0.2.1", reason="login_refused", name="anna")
    keys, logins = book.take()
    assert (keys.kind, keys.address, keys.since) == ("keys", "192.0.2.1", NOON)
    assert (keys.reasons, keys.names) == ({"wrong_secret": 2, "unknown": 1}, {"k1"})
    assert (logins.kind, logins.names) == ("logins", {"anna"})


def test_a_flood_from_many_addresses_is_one_entry_more_than_may_be() -> None:
    book = make_book(most=2)
    for number in range(1000):
        book.note("keys", f"192.0.2.{number}", reason="unknown", name=f"k{number}")
    taken = book.take()
    assert [one.address for one in taken] == ["192.0.2.0", "192.0.2.1", OTHERS]
    assert [one.reasons.total() for one in taken] == [1, 1, 998]
    assert [len(one.names) for one in taken] == [1, 1, 5]


def test_what_was_taken_is_not_told_again() -> None:
    book = make_book()
    book.note("keys", "192.0.2.1", reason="unknown")
    assert len(book.take()) == 1
    assert book.take() == []
