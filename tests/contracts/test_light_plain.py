"""The light path's own reader of files says the same as the lexer, or nothing."""

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from iotistic.cli.light.plain import _read, plain_statements
from iotistic.errors import Invalid
from iotistic.migrations import SERVICES
from iotistic.migrations.files import look_into
from iotistic.migrations.lexer import decode, normal_form, split

FRAGMENTS = [
    *("'", "''", '"', "$$", "$a$", "$1", "$", "a", "E'", "e", "U&'", "'b'", "'c'", "'a'\n'b'", "x'", 'U&"', "$a", "a$b$c"),
    *("--", "-- x\n", "/*", "*/", "/* c */", "/* /* n */ */", "\n", " ", "\t", "\x0b", "\f", ";", ";", "(", ")", "[1]", "\\"),
    *("1", "1.5", ".5", "1e5", "1a", "a1", "1_000", "0x1f", "_x", "ü", "\xa0", "é'", "{", "}", "`", "?", "@-", "|", "::", ":"),
    *(" END", "CREATE FUNCTION", "create table t", "SELECT", "INSERT INTO", "/", "*", "-"),
]  # fmt: skip


def _holds(text: str) -> bool:
    """Whether the light reader has read it, and then as the lexer does."""
    found = _read(text)
    if not found:
        return False
    statements = split(text)
    assert [statement for statement, _ in found] == [statement.text for statement in statements]
    assert "".join("".join(parts) + ";\n" for _, parts in found) == normal_form(statements)
    return True


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
@example("SELECT 'a' -- c\n'b';")
@example("SELECT 2*/*c*/3;; SELECT $a$ ; $$ $a$ -- end")
@example("SELECT 1 /* a /* b */ ; */;")
def test_what_it_reads_it_reads_as_the_lexer_does(text: str) -> None:
    assume("\r" not in text)
    _holds(text)


def test_usual_texts_are_read() -> None:
    assert _holds(
        "-- Parts.\nCREATE TABLE parts (id int, \"Name\" text DEFAULT 'it''s; ü'); /* x */\n\nSELECT $f$ ; $f$, 1.5"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_our_own_files_are_read_as_the_lexer_does(service: str) -> None:
    read = 0
    for file in look_into(SERVICES[service].folder, service=service).files():
        found = plain_statements(file.content, fresh=True)
        if found is not None:
            statements = split(decode(file.content))
            assert found == ([statement.text for statement in statements], normal_form(statements)), (
                file.filename
            )
            read += 1
    assert read > 0


@pytest.mark.parametrize(
    "text", ["SELECT 1\r\n", "SELECT '\0'", "SELECT E'\\'';'", "SELECT 1)", "\ufeffSELECT 1", "SELECT 'a"]
)
def test_what_is_not_simple_is_left_to_the_lexer(text: str) -> None:
    assert plain_statements(text.encode(), fresh=True) is None


def test_bytes_that_are_not_utf8_are_left_to_the_lexer() -> None:
    assert plain_statements(b"SELECT '\xff'", fresh=True) is None
    with pytest.raises(Invalid):
        decode(b"SELECT '\xff'")
