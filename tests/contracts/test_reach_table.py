"""Each way in which a database cannot be reached has a test that brings it about and reads cause and fix.

The rows are those of the runbook: symptom, SQLSTATE where the server gives one, and what proves it. "Real" servers wherever one can be
brought into that state; a server of our own only where PostgreSQL itself does not do it (a web server, one that is silent).
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
REACH = "integration/operations/test_reach.py"
SERVER = "integration/operations/test_reach_server.py"
TROUBLE = "integration/operations/test_reach_trouble.py"
TLS = "integration/operations/test_tls.py"
COMMAND = "integration/cli/test_connection.py"

ROWS = {
    "a Compose name outside of Docker": [(REACH, "test_a_compose_name_outside_of_docker_is_recognised")],
    "an unescaped @ in a URL": [
        (REACH, "test_an_unescaped_at_sign_is_recognised_in_the_host"),
        (COMMAND, "test_a_password_that_is_not_escaped_is_told_before_the_walk"),
    ],
    "localhost inside of a container": [
        (REACH, "test_localhost_in_a_container_is_told"),
        (COMMAND, "test_localhost_inside_of_a_container_is_told"),
    ],
    "refused": [(REACH, "test_a_closed_port_is_told"), (REACH, "test_a_missing_socket_is_told")],
    "dropped packets": [(REACH, "test_packets_that_nobody_answers_are_told")],
    "no route": [(REACH, "test_an_address_that_no_way_leads_to_is_told")],
    "accepts and is silent": [
        (REACH, "test_something_that_accepts_and_says_nothing_is_told"),
        (REACH, "test_a_server_that_agrees_to_encrypt_and_says_nothing_is_told"),
    ],
    "not PostgreSQL": [(REACH, "test_a_web_server_is_no_database")],
    "TLS demanded, none there": [
        (REACH, "test_a_server_that_has_no_certificate_is_told_where_encryption_is_demanded")
    ],
    "no root certificate": [(REACH, "test_a_missing_root_certificate_is_told")],
    "another authority": [(REACH, "test_a_certificate_of_an_unknown_authority_is_told")],
    "another name": [(REACH, "test_a_certificate_for_another_name_is_told")],
    "certificate ended": [(REACH, "test_a_certificate_that_has_ended_is_told")],
    "direct TLS": [
        (REACH, "test_encryption_at_once_is_told_where_the_server_hangs_up"),
        (REACH, "test_encryption_at_once_leads_on_where_the_server_knows_it"),
        (TLS, "test_encryption_at_once_is_told_on_a_server_that_does_not_know_it"),
    ],
    "28000 no line": [(SERVER, "test_the_rules_are_told_with_the_line_to_add")],
    "28000 a line that rejects": [(SERVER, "test_the_rules_are_told_with_the_line_to_add")],
    "28P01 wrong, unknown, none, ended": [
        (SERVER, "test_a_password_that_ended_or_never_was_is_told_as_one_that_may_be_wrong")
    ],
    "no password supplied": [(REACH, "test_a_missing_password_is_told_before_it_is_tried")],
    "28000 NOLOGIN": [(REACH, "test_a_group_is_told_from_a_login")],
    "3D000": [(REACH, "test_a_database_that_does_not_exist_is_told")],
    "42501": [(REACH, "test_a_role_that_may_not_connect_is_told")],
    "55000": [
        (REACH, "test_a_closed_database_is_told"),
        (SERVER, "test_a_closed_database_is_told_with_who_works_on_it"),
    ],
    "53300 role": [(SERVER, "test_a_role_with_no_connection_left_is_told_with_its_limit")],
    "53300 database": [(SERVER, "test_a_database_with_no_connection_left_is_told")],
    "53300 reserved, and too many": [(SERVER, "test_a_server_of_which_every_place_is_taken_is_told")],
    "57P03 starting up": [(TROUBLE, "test_a_server_that_starts_is_told_and_one_that_stands_by")],
    "57P03 not accepting": [(TROUBLE, "test_a_standby_that_nobody_may_ask_is_told")],
    "57P03 in recovery": [(TROUBLE, "test_a_server_that_recovers_from_a_crash_is_told")],
    "57P03 shutting down": [(SERVER, "test_a_server_that_is_about_to_stop_is_told")],
    "57P01": [(TROUBLE, "test_a_session_that_is_ended_while_it_begins_is_told")],
    "25006 standby": [(TROUBLE, "test_a_server_that_starts_is_told_and_one_that_stands_by")],
    "25006 read-only role": [(SERVER, "test_a_role_that_refuses_writes_is_told")],
    "backend died": [(TROUBLE, "test_a_session_whose_process_is_killed_is_told")],
    "42P01": [
        (SERVER, "test_a_statement_on_a_table_that_is_not_there_names_migrations"),
        (COMMAND, "test_a_schema_that_is_behind_is_the_last_step"),
    ],
    "client older than server": [(SERVER, "test_programs_older_than_the_server_are_not_tried")],
    "one host of several": [(REACH, "test_the_next_host_is_tried_where_one_fails")],
}


@pytest.mark.parametrize("row", ROWS)
def test_the_row_is_proved(row: str) -> None:
    for file, name in ROWS[row]:
        tree = ast.parse((TESTS / file).read_text())
        assert name in {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
