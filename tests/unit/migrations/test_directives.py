"""What a file may ask for in its first lines."""

from datetime import timedelta

import pytest

from iotistic.migrations.directives import DirectiveInvalid, Directives, Phase, read_directives


def test_a_file_that_asks_for_nothing_is_one_transaction() -> None:
    assert read_directives("-- A comment.\nSELECT 1;\n") == Directives()


def test_every_directive_is_read() -> None:
    found = read_directives(
        "-- Why this exists.\r\n--\r\n-- migrate: no-transaction\r\n-- MIGRATE: Lock-Timeout 2s\n--migrate: statement-timeout 10min\n"
        "\n-- migrate: allow drop-column, rename-table: nothing reads them\n-- migrate: allow truncate: empty\n"
        "-- migrate: phase contract\nSELECT 1;"
    )
    assert not found.transaction
    assert (found.lock_timeout, found.statement_timeout) == (timedelta(seconds=2), timedelta(minutes=10))
    assert found.phase is Phase.CONTRACT
    assert [(waiver.rules, waiver.reason, waiver.line) for waiver in found.waivers] == [
        (("drop-column", "rename-table"), "nothing reads them", 7),
        (("truncate",), "empty", 8),
    ]


def test_statement_timeout_zero_is_no_limit() -> None:
    assert read_directives("-- migrate: statement-timeout 0s").statement_timeout == timedelta(0)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("-- migrate: no-transactions", "There is no directive 'no-transactions'", 1),
        ("-- x\n-- migrate:", "There is no directive ''", 2),
        ("-- migrate: no-transaction please", "takes no value", 1),
        ("-- migrate: lock-timeout", "is no duration", 1),
        ("-- migrate: lock-timeout 2", "is no duration", 1),
        ("-- migrate: lock-timeout 2 hours", "is no duration", 1),
        ("-- migrate: lock-timeout 0s", "wait for ever", 1),
        ("-- migrate: phase later", "is no phase", 1),
        ("-- migrate: allow drop-column", "a colon, and the reason", 1),
        ("-- migrate: allow drop-column:", "a colon, and the reason", 1),
        ("-- migrate: phase expand\n-- migrate: phase contract", "given twice", 2),
        ("SELECT 1;\n-- migrate: no-transaction", "after the leading comments", 2),
    ],
)
def test_a_directive_that_is_not_understood_is_an_error(text: str, message: str, line: int) -> None:
    with pytest.raises(DirectiveInvalid, match=message) as caught:
        read_directives(text)
    assert caught.value.line == line
    assert caught.value.hint


def test_a_near_miss_is_guessed() -> None:
    with pytest.raises(DirectiveInvalid) as caught:
        read_directives("-- migrate: no-transactoin")
    assert "'no-transaction'" in caught.value.hint
