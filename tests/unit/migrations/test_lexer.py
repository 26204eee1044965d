from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.migrations.lexer import SourceInvalid, decode, normalise, split

FRAGMENTS = [
    *(
        "'",
        "''",
        '"',
        '""',
        "$$",
        "$a$",
        "$1",
        "a$b",
        "$",
        "E'",
        "e'",
        "xe'",
        "U&'",
        "1e'",
        "'a'",
        "E'\\\\''",
        "'\\\\'",
    ),
    *(
        "--",
        "/*",
        "*/",
        "/**/",
        "+-",
        "-",
        "/",
        "*",
        "é",
        "\u00a0",
        "1",
        ";",
        ";",
        "(",
        ")",
        "[",
        "#",
        "a",
        "select",
    ),
    *("\n", "\r\n", "\r", " ", "\t", "create function f() begin atomic ", " end", " case ", "as "),
]


def texts(source: str) -> list[str]:
    return [statement.text for statement in split(source)]


class TestSplit:
    @pytest.mark.parametrize(
        "source", ["", "  \n", "-- only a comment", "/* a /* nested */ one */", ";;\n;", "\ufeff"]
    )
    def test_a_text_without_words_has_no_statement(self, source: str) -> None:
        assert split(source) == ()

    def test_the_semicolon_ends_a_statement_and_is_not_part_of_it(self) -> None:
        assert texts("SELECT 1; SELECT 2 ;\nSELECT 3") == ["SELECT 1", "SELECT 2", "SELECT 3"]

    def test_comments_before_a_statement_are_left_out_and_those_inside_stay(self) -> None:
        assert texts("-- why\nSELECT /* ; */ 1 -- ;\n, 2; -- done") == ["SELECT /* ; */ 1 -- ;\n, 2"]

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT 'a;b'",
            "SELECT 'it''s; so'",
            "SELECT 'a\\'",  # the backslash is plain here, the quote closes
            r"SELECT E'a\';b'",
            r"SELECT e'a\\'",
            r"SELECT E'a''\';b'",
            "SELECT E'a'\n 'b\\';c'",
            "SELECT E'a' -- so\n  -- it goes on\n 'b\\';c'",
            r"SELECT U&'d\0061t;a'",
            "SELECT N';', B'0', X'1F'",
            'SELECT 1 AS "a;b"',
            'SELECT 1 AS "a"";b"',
            r'SELECT U&"d\0061;"',
            "SELECT $$a;b$$",
            "SELECT $a$ ; $$ ; $b$ ; $a$",
            "SELECT $a$ costs 5 $; $a$",
            "SELECT $größe$;$größe$",
            "SELECT 1$$;$$",
            "SELECT 'x'$$;$$",
            "SELECT /* /* ; */ ; */ 1",
            "SELECT 1 /*/ ; */",
            "SELECT 1 -- it's; $$ \" /*",
            "SELECT 1 --- ;",
            "SELECT 3 +-- ;\n 4",
            "SELECT (1;2)",
            "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); INSERT INTO u VALUES (2))",
            "SELECT name FROM t WHERE re ~ '\\d;'",
        ],
    )
    def test_a_semicolon_inside_something_ends_nothing(self, statement: str) -> None:
        assert texts(f"{statement}\n;\nSELECT 0") == [statement, "SELECT 0"]

    @pytest.mark.parametrize("name", ["a$b$c", "é$$", "_$1$", "e$x$"])
    def test_a_dollar_sign_within_a_name_opens_no_quote(self, name: str) -> None:
        assert texts(f"SELECT {name}; SELECT 2; SELECT {name}") == [
            f"SELECT {name}",
            "SELECT 2",
            f"SELECT {name}",
        ]

    def test_a_parameter_opens_no_quote(self) -> None:
        assert texts("SELECT $1; SELECT $2") == ["SELECT $1", "SELECT $2"]

    def test_a_parameter_before_a_dollar_quote_does_not_swallow_it(self) -> None:
        assert texts("SELECT $1$$;$$; SELECT 2") == ["SELECT $1$$;$$", "SELECT 2"]

    def test_a_word_that_ends_in_e_makes_no_escape_string(self) -> None:
        assert texts(r"SELECT date'2026-01-01\'; SELECT 2") == [r"SELECT date'2026-01-01\'", "SELECT 2"]

    def test_letters_glued_to_a_number_make_no_escape_string(self) -> None:
        assert texts(r"SELECT 1E''; SELECT 2") == [r"SELECT 1E''", "SELECT 2"]
        assert texts(r"SELECT $1E''; SELECT 2") == [r"SELECT $1E''", "SELECT 2"]

    def test_a_trailing_no_break_space_is_not_trimmed(self) -> None:
        assert texts("SELECT 1 AS\u00a0;") == ["SELECT 1 AS\u00a0"]

    def test_a_lone_dollar_is_left_to_the_server(self) -> None:
        assert texts("SELECT 1 $ 2; SELECT 3") == ["SELECT 1 $ 2", "SELECT 3"]

    def test_a_no_break_space_is_a_letter_as_it_is_for_the_server(self) -> None:
        assert texts("SELECT 1;\u00a0SELECT 2") == ["SELECT 1", "\u00a0SELECT 2"]

    def test_many_dollars_in_a_row_take_no_quadratic_time(self) -> None:
        assert len(split("SELECT " + "a$" * 100_000)) == 1


class TestRoutines:
    BODY = "CREATE {0} BEGIN ATOMIC\n SELECT CASE WHEN a > 1 THEN (CASE WHEN TRUE THEN 1 END) ELSE 2 END;\n SELECT 2;\nEND"

    @pytest.mark.parametrize(
        "head",
        [
            "FUNCTION f(a int) RETURNS int LANGUAGE sql",
            "OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql",
            "/* c */ OR -- d\n REPLACE FUNCTION f(a int) RETURNS int",
            "PROCEDURE f(a int)",
            "FUNCTION f(atomic text) RETURNS int",
        ],
    )
    def test_a_begin_atomic_body_is_one_statement(self, head: str) -> None:
        body = self.BODY.format(head)
        assert texts(f"{body}; SELECT 0;") == [body, "SELECT 0"]

    def test_end_and_case_after_as_or_a_dot_are_names(self) -> None:
        body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT t.case FROM t; END"
        assert texts(f"{body}; SELECT 0") == [body, "SELECT 0"]

    def test_the_word_atomic_in_a_string_body_changes_nothing(self) -> None:
        body = "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'begin atomic' $$"
        assert texts(f"{body}; SELECT 0") == [body, "SELECT 0"]

    def test_begin_atomic_outside_a_routine_is_two_words(self) -> None:
        assert texts("CREATE TABLE begin (atomic int); SELECT 1") == [
            "CREATE TABLE begin (atomic int)",
            "SELECT 1",
        ]

    def test_a_psql_command_inside_a_body_is_refused(self) -> None:
        with pytest.raises(SourceInvalid, match="Line 3 holds the psql command"):
            split("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\nSELECT 1;\n\\gexec\nEND;")


class TestPlaces:
    SOURCE = "-- größe\n\n  SELECT 1;\r\n\tSELECT\r\n   2; SELECT 3"

    def test_a_statement_knows_its_line_column_and_offset_in_characters(self) -> None:
        first, second, third = split(self.SOURCE)
        assert [(s.line, s.column, s.ordinal) for s in (first, second, third)] == [
            (3, 3, 0),
            (4, 2, 1),
            (5, 7, 2),
        ]
        assert [self.SOURCE[s.offset :][: len(s.text)] for s in (first, second, third)] == [
            s.text for s in split(self.SOURCE)
        ]

    def test_a_server_position_becomes_line_and_column_of_the_file(self) -> None:
        _, second, _ = split(self.SOURCE)
        assert second.locate(1) == (4, 2)
        assert second.locate(second.text.index("2") + 1) == (5, 4)

    def test_a_byte_order_mark_counts_for_nothing(self) -> None:
        text = decode(b"\xef\xbb\xbfSELECT 1")
        assert (split(text)[0].offset, split(text)[0].column) == (0, 1)


class TestCopy:
    def test_the_data_block_belongs_to_its_statement(self) -> None:
        found = split("COPY t (a, b) FROM stdin WITH (FORMAT csv);\n1;,'\n$$\n\\.\nSELECT 1;")
        assert [(s.text, s.copy_data) for s in found] == [
            ("COPY t (a, b) FROM stdin WITH (FORMAT csv)", "1;,'\n$$\n"),
            ("SELECT 1", None),
        ]

    def test_an_empty_block_is_no_data_not_none(self) -> None:
        assert split("COPY t FROM STDIN; -- none\n\\.\n")[0].copy_data == ""

    def test_a_backslash_dot_within_a_line_does_not_end_the_block(self) -> None:
        assert split("COPY t FROM STDIN;\na\\.\n\\.b\n\\.\n")[0].copy_data == "a\\.\n\\.b\n"

    def test_line_endings_of_windows_are_read(self) -> None:
        found = split("COPY t FROM STDIN;\r\n1\r\n\\.\r\nSELECT 1;\r\n")
        assert (found[0].copy_data, found[1].text, found[1].line) == ("1\r\n", "SELECT 1", 4)

    @pytest.mark.parametrize(
        "source",
        [
            "COPY t FROM '/x'",
            "COPY t FROM PROGRAM 'stdin'",
            "COPY (SELECT 1) TO '/x'",
            "COPY stdin FROM '/x'",
        ],
    )
    def test_a_copy_with_a_file_has_no_block(self, source: str) -> None:
        statement, rest = split(f"{source};\nSELECT 1")
        assert (statement.copy_data, statement.copies_out, rest.text) == (None, False, "SELECT 1")

    def test_copy_to_stdout_is_known(self) -> None:
        assert split("COPY (SELECT 1) TO STDOUT")[0].copies_out

    def test_a_block_without_end_names_the_line_of_its_copy(self) -> None:
        with pytest.raises(SourceInvalid, match="begins in line 2 never ends"):
            split("\nCOPY t FROM STDIN;\n1\n")

    def test_text_after_the_copy_on_its_line_is_refused(self) -> None:
        with pytest.raises(SourceInvalid, match="Line 1 goes on after COPY"):
            split("COPY t FROM STDIN; SELECT 1;\n\\.\n")


class TestRefusals:
    @pytest.mark.parametrize(
        ("source", "noun", "line"),
        [
            ("SELECT 1;\nSELECT 'a\n;", "string", 2),
            ("SELECT 1;\nSELECT 'a''\n;", "string", 2),
            ("SELECT E'a\\';", "string", 1),
            ('\n\nSELECT "a;', "quoted name", 3),
            ("SELECT $$a;\n$x$", r"quoted by \$\$", 1),
            ("SELECT\n $a_1$;$$", r"quoted by \$a_1\$", 2),
            ("SELECT 1 /* /* */ ;", "comment", 1),
            ("SELECT (\n(1);", "parenthesis opened in line 1", 1),
            ("SELECT 1;\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;", "BEGIN ATOMIC", 2),
        ],
    )
    def test_what_never_ends_is_named_with_the_line_where_it_began(
        self, source: str, noun: str, line: int
    ) -> None:
        with pytest.raises(SourceInvalid, match=noun) as caught:
            split(source)
        assert caught.value.facts["line"] == line
        assert f"line {line}" in caught.value.message

    @pytest.mark.parametrize(
        "command", ["\\connect other", "\\i x.sql", "\\d", "\\", "\\gexec", "\\set x {1}"]
    )
    def test_a_psql_command_is_refused_with_its_line(self, command: str) -> None:
        with pytest.raises(SourceInvalid, match="Line 2 holds the psql command") as caught:
            split(f"SELECT 1;\n{command}\n")
        assert caught.value.facts["line"] == 2

    def test_a_psql_command_behind_a_statement_is_refused(self) -> None:
        with pytest.raises(SourceInvalid, match=r"Line 1 holds the psql command \\gset"):
            split("SELECT 1 AS a \\gset x_\n")

    def test_the_restrict_pair_of_pg_dump_is_skipped(self) -> None:
        source = "-- dumped\n\\restrict aB3\n\nSELECT 1;\n\\unrestrict aB3\n\n"
        assert texts(source) == ["SELECT 1"]
        assert split(source)[0].line == 4

    @pytest.mark.parametrize(
        "source",
        [
            "SELECT 1;\n\\restrict a\n",
            "\\restrict\n",
            "\\restrict a\n\\unrestrict b\n",
            "\\unrestrict a\n",
            "\\restrict a\n\\restrict a\n",
        ],
    )
    def test_any_other_restrict_line_is_refused(self, source: str) -> None:
        with pytest.raises(SourceInvalid, match="psql command"):
            split(source)


class TestDecode:
    def test_a_wrong_byte_is_named_with_its_offset_in_the_file(self) -> None:
        with pytest.raises(SourceInvalid, match=r"Byte 14 \(0xff, line 2\) is not UTF-8") as caught:
            decode(b"\xef\xbb\xbfSELECT 1;\n-\xff")
        assert caught.value.facts == {"offset": 14, "line": 2, "column": 2}

    def test_byte_zero_is_named(self) -> None:
        with pytest.raises(SourceInvalid, match=r"Byte 8 .* is zero"):
            decode(b"SELECT '\x00'")

    def test_utf_16_is_recognised(self) -> None:
        with pytest.raises(SourceInvalid, match="UTF-16"):
            decode("SELECT 1".encode("utf-16"))


class TestFacts:
    @pytest.mark.parametrize(
        ("source", "control"),
        [
            ("BEGIN", "begin"),
            ("begin isolation level serializable", "begin"),
            ("START TRANSACTION", "begin"),
            ("COMMIT AND CHAIN", "commit"),
            ("END", "commit"),
            ("ROLLBACK", "rollback"),
            ("ABORT WORK", "rollback"),
            ("ROLLBACK TO a", "rollback to savepoint"),
            ("ROLLBACK WORK TO SAVEPOINT a", "rollback to savepoint"),
            ("SAVEPOINT a", "savepoint"),
            ("RELEASE a", "release savepoint"),
            ("PREPARE TRANSACTION 'x'", "prepare transaction"),
        ],
    )
    def test_transaction_control_is_recognised(self, source: str, control: str) -> None:
        found = split(source)[0].control
        assert found is not None
        assert found.value == control

    @pytest.mark.parametrize(
        "source", ["PREPARE p AS SELECT 1", "COMMIT PREPARED 'x'", "SELECT 1", '"BEGIN"', "(SELECT 1)"]
    )
    def test_other_statements_are_no_transaction_control(self, source: str) -> None:
        assert split(source)[0].control is None

    @pytest.mark.parametrize(
        ("source", "command"),
        [
            ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY"),
            ("create /* ! */ unique index concurrently i on t (a)", "CREATE UNIQUE INDEX CONCURRENTLY"),
            ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY"),
            ("REINDEX TABLE CONCURRENTLY t", "REINDEX CONCURRENTLY"),
            ("REINDEX (VERBOSE, CONCURRENTLY) INDEX i", "REINDEX CONCURRENTLY"),
            ("REINDEX (CONCURRENTLY TRUE) INDEX i", "REINDEX CONCURRENTLY"),
            ("REINDEX DATABASE d", "REINDEX DATABASE"),
            ("REINDEX (VERBOSE) SCHEMA s", "REINDEX SCHEMA"),
            ("VACUUM (ANALYZE) t", "VACUUM"),
            ("ALTER SYSTEM SET a = 1", "ALTER SYSTEM"),
            ("CREATE DATABASE d", "CREATE DATABASE"),
            ("DROP DATABASE d", "DROP DATABASE"),
            ("ALTER DATABASE d SET TABLESPACE t", "ALTER DATABASE ... SET TABLESPACE"),
            ("CREATE TABLESPACE t LOCATION '/x'", "CREATE TABLESPACE"),
            ("DROP TABLESPACE t", "DROP TABLESPACE"),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "DETACH PARTITION ... CONCURRENTLY"),
            ("CLUSTER", "CLUSTER of all tables"),
            ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", "CREATE SUBSCRIPTION"),
            ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
            ("DISCARD ALL", "DISCARD ALL"),
        ],
    )
    def test_what_no_transaction_may_hold_is_recognised(self, source: str, command: str) -> None:
        assert split(source)[0].outside_transaction == command

    @pytest.mark.parametrize(
        "source",
        [
            "CREATE INDEX i ON concurrently (a)",
            'CREATE INDEX "CONCURRENTLY" ON t (a)',
            "DROP INDEX i",
            "REINDEX TABLE t",
            "REINDEX (CONCURRENTLY FALSE) INDEX i",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
            "ALTER TABLE t DETACH PARTITION p",
            "ALTER TABLE t DETACH PARTITION p FINALIZE",
            "ALTER DATABASE d SET work_mem = '1MB'",
            "CLUSTER t",
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (create_slot = false)",
            "CREATE TABLE vacuum (a int)",
        ],
    )
    def test_what_a_transaction_may_hold_is_not_accused(self, source: str) -> None:
        assert split(source)[0].outside_transaction is None

    def test_a_concurrent_index_names_what_it_builds(self) -> None:
        found = split(
            'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "I""x" ON ONLY App."T" USING btree (a)'
        )[0].concurrent_index
        assert found is not None
        assert (found.name, found.schema, found.table, found.unique, found.if_not_exists) == (
            'I"x',
            "app",
            "T",
            True,
            True,
        )

    def test_a_concurrent_index_may_leave_its_name_to_the_server(self) -> None:
        found = split("CREATE INDEX CONCURRENTLY ON Devices (a)")[0].concurrent_index
        assert found is not None
        assert (found.name, found.schema, found.table, found.unique) == (None, None, "devices", False)

    def test_a_plain_index_is_no_concurrent_one(self) -> None:
        assert split("CREATE INDEX concurrently_x ON t (a)")[0].concurrent_index is None


class TestNormalise:
    @pytest.mark.parametrize(
        "edited",
        [
            "/* licence */\nSELECT 1, 'a  b';\nSELECT 2;",
            "SELECT 1,\r\n 'a  b' ; SELECT -- two\r\n 2",
            "\ufeff\n\nSELECT 1, 'a  b';;\n\n\nSELECT\t2;\n\n",
        ],
    )
    def test_comments_blanks_and_line_endings_make_no_difference(self, edited: str) -> None:
        assert normalise(edited) == normalise("SELECT 1, 'a  b';\nSELECT 2;\n")

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("SELECT 'a b'", "SELECT 'a  b'"),
            ("SELECT 'a\nb'", "SELECT 'a\r\nb'"),
            ("SELECT '--a'", "SELECT '--b'"),
            ("SELECT $$ /* a */ $$", "SELECT $$ $$"),
            ('SELECT "a b"', 'SELECT "a  b"'),
            ("SELECT a b", "SELECT ab"),
            ("SELECT a/**/b", "SELECT ab"),
            ("SELECT 1; SELECT 2", "SELECT 2; SELECT 1"),
            ("SELECT 'a'\n'b'", "SELECT 'a' 'b'"),
            ("COPY t FROM STDIN;\na b\n\\.\n", "COPY t FROM STDIN;\na  b\n\\.\n"),
        ],
    )
    def test_what_the_server_would_see_makes_one(self, before: str, after: str) -> None:
        assert normalise(before) != normalise(after)

    def test_a_checkout_with_windows_line_endings_is_no_edit(self) -> None:
        text = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n SELECT 1;\n$$;\nCOPY t FROM STDIN;\n1\n\\.\n"
        assert normalise(text.replace("\n", "\r\n")) == normalise(text)

    @given(st.lists(st.sampled_from(FRAGMENTS), max_size=20))
    def test_whatever_the_text_its_normal_form_has_the_same_statements_and_is_its_own(
        self, parts: list[str]
    ) -> None:
        text = "".join(parts)
        try:
            statements = split(text)
        except SourceInvalid:
            return
        normal = normalise(text)
        assert normalise(normal) == normal
        assert [[token.text for token in one.tokens()] for one in split(normal)] == [
            [
                token.text.replace("\r\n", "\n").replace("\r", "\n")
                if token.text.startswith("$")
                else token.text
                for token in one.tokens()
            ]
            for one in statements
        ]

    def test_it_is_its_own_normal_form(self) -> None:
        text = normalise(Path(__file__).with_name("lexer_sample.sql").read_text(encoding="utf-8"))
        assert normalise(text) == text
