"""What can be refused from the text alone is refused before anything runs."""

import pytest

from iotistic.migrations.errors import FilesRefused, Problem, ProblemKind
from iotistic.migrations.files import MigrationFile, arrange
from iotistic.migrations.script import Script, normalised_checksum, read_script, read_scripts

ALONE = "-- migrate: no-transaction\n"


def file_of(text: str | bytes, name: str = "1_x.sql") -> MigrationFile:
    content = text if isinstance(text, bytes) else text.encode()
    return arrange([(name, content)], service="s")[0]


def script_of(text: str) -> Script:
    found = read_script(file_of(text))
    assert isinstance(found, Script), found
    return found


def problem_of(text: str | bytes) -> Problem:
    found = read_script(file_of(text))
    assert not isinstance(found, Script)
    [problem] = found
    return problem


@pytest.mark.parametrize("begin", ["BEGIN", "begin work", "START TRANSACTION", "BEGIN TRANSACTION"])
@pytest.mark.parametrize("end", ["COMMIT", "END", "commit transaction"])
def test_begin_and_commit_around_the_whole_file_are_dropped(begin: str, end: str) -> None:
    script = script_of(f"-- why\n{begin};\nSELECT 1;\nSAVEPOINT a;\nSELECT 2;\nROLLBACK TO a;\n{end};\n")
    assert [statement.text for statement in script.statements] == [
        "SELECT 1",
        "SAVEPOINT a",
        "SELECT 2",
        "ROLLBACK TO a",
    ]
    assert len(script.notices) == 1


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;\n",
        "SELECT 1;\nCOMMIT;\n",
        "BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nCOMMIT;\n",
        "BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;\n",
        "BEGIN;\nSELECT 1;\nROLLBACK;\n",
        "RELEASE SAVEPOINT a;\n",
        "PREPARE TRANSACTION 'x';\n",
        ALONE + "BEGIN;\nSELECT 1;\nCOMMIT;\n",
        ALONE + "SAVEPOINT a;\n",
    ],
)
def test_any_other_transaction_control_is_refused(text: str) -> None:
    found = read_script(file_of(text))
    assert not isinstance(found, Script)
    assert {problem.kind for problem in found} == {ProblemKind.TRANSACTION}


def test_begin_in_a_function_body_is_none_of_the_files_transactions() -> None:
    script_of("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;")
    script_of("CREATE FUNCTION g() RETURNS int BEGIN ATOMIC; SELECT 1; END;")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY i",
        "REINDEX TABLE CONCURRENTLY t",
        "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
        "VACUUM",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "CREATE DATABASE d",
    ],
)
def test_what_no_transaction_can_hold_needs_the_directive_and_says_which(statement: str) -> None:
    problem = problem_of(f"SELECT 1;\n  {statement};\n")
    assert problem.kind is ProblemKind.NEEDS_NO_TRANSACTION
    assert (problem.line, problem.column) == (2, 3)
    assert "-- migrate: no-transaction" in problem.hint
    script_of(f"{ALONE}{statement};\n")


def test_an_index_built_concurrently_needs_a_name() -> None:
    assert problem_of(f"{ALONE}CREATE INDEX CONCURRENTLY ON t (a);").kind is ProblemKind.UNNAMED_INDEX


def test_copy_to_the_client_is_refused() -> None:
    assert problem_of("COPY t TO STDOUT;").kind is ProblemKind.TEXT


def test_bytes_that_are_no_utf8_are_named_with_their_offset() -> None:
    problem = problem_of(b"SELECT 1;\n-- caf\xe9\n")
    assert problem.kind is ProblemKind.TEXT
    assert "Byte 16" in problem.message
    assert problem.line == 2


def test_a_file_without_a_statement_is_noticed() -> None:
    assert "no statement" in script_of("-- nothing yet\n").notices[0]


def test_problems_of_all_files_are_reported_together() -> None:
    with pytest.raises(FilesRefused) as caught:
        read_scripts(
            "s", (file_of("COMMIT;"), file_of("SELECT 1;", "2_y.sql"), file_of("VACUUM;", "3_z.sql"))
        )
    assert [problem.filenames for problem in caught.value.problems] == [("1_x.sql",), ("3_z.sql",)]


@pytest.mark.parametrize(
    "other",
    [
        "-- note\nCREATE TABLE t (a int);",
        "\ufeffCREATE TABLE t (a int);\r\n",
        "\n\nCREATE TABLE t\n(a /* key */ int)",
        "CREATE TABLE t (a int)",
    ],
)
def test_the_normalised_checksum_forgives_comments_blanks_and_line_endings(other: str) -> None:
    assert normalised_checksum(file_of(other)) == normalised_checksum(file_of("CREATE TABLE t (a int);\n"))


@pytest.mark.parametrize(
    "other", ["CREATE TABLE t (b int);", "CREATE TABLE t (a int); SELECT 1;", "SELECT ' a';"]
)
def test_the_normalised_checksum_sees_what_a_file_says(other: str) -> None:
    assert normalised_checksum(file_of(other)) != normalised_checksum(file_of("CREATE TABLE t (a int);\n"))


def test_a_file_that_is_no_sql_has_no_normalised_checksum() -> None:
    assert normalised_checksum(file_of("SELECT 'open")) is None
