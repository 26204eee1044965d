import pytest

from iotistic.database.queries import Queries, parse


def test_each_name_maps_to_its_statement() -> None:
    found = parse("-- name: first\n-- Why.\nSELECT 1;\n\n-- name: second\nSELECT 2\n")
    assert list(found) == ["first", "second"]
    assert found["first"].endswith("SELECT 1")
    assert found["second"] == "SELECT 2"


def test_a_comment_may_precede_the_first_name() -> None:
    assert list(parse("-- All about devices.\n\n-- name: one\nSELECT 1;")) == ["one"]


def test_sql_before_the_first_name_is_refused() -> None:
    with pytest.raises(ValueError, match="before the first"):
        parse("SELECT 0;\n-- name: one\nSELECT 1;")


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two queries are named one"):
        parse("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;")


def test_a_name_without_a_statement_is_refused() -> None:
    with pytest.raises(ValueError, match="one has no statement"):
        parse("-- name: one\n-- only words\n-- name: two\nSELECT 2;")


def test_an_unknown_name_says_where_it_was_looked_for() -> None:
    queries = Queries("iotistic.operations.overview")
    with pytest.raises(
        KeyError, match=r"iotistic.operations.overview/queries.sql has no query named nothing"
    ):
        _ = queries["nothing"]
