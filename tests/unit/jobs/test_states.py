"""The two tables of ways hold what a person would expect of them."""

import re
from pathlib import Path
from typing import get_args

import pytest

import iotistic.jobs
from iotistic.database.queries import Queries
from iotistic.jobs.errors import JobStateConflict
from iotistic.jobs.states import (
    ENDED,
    EXECUTION_WAYS,
    FAILED,
    JOB_WAYS,
    ExecutionStatus,
    JobStatus,
    Outcome,
    may_execution_become,
    may_job_become,
    require_job_way,
)

SQL = Path(iotistic.__file__).parent / "migrations" / "sql" / "platform"


def test_every_state_stands_in_its_table() -> None:
    assert set(EXECUTION_WAYS) == set(get_args(ExecutionStatus))
    assert set(JOB_WAYS) == set(get_args(JobStatus))


def test_from_an_end_there_is_no_way() -> None:
    assert set(get_args(Outcome)) == ENDED
    assert FAILED < ENDED
    for end in ENDED:
        assert not any(may_execution_become(end, then) for then in get_args(ExecutionStatus))
    for over in ("completed", "cancelled"):
        assert not any(may_job_become(over, then) for then in get_args(JobStatus))


def test_an_end_is_reached_from_everywhere() -> None:
    for start in EXECUTION_WAYS.keys() - ENDED:
        reached, edge = {start}, {start}
        while edge:
            edge = {then for now in edge for then in EXECUTION_WAYS[now]} - reached
            reached |= edge
        assert reached >= ENDED


def test_nobody_works_who_was_not_released() -> None:
    assert [now for now, ways in EXECUTION_WAYS.items() if "in_progress" in ways] == ["released"]


@pytest.mark.parametrize(("table", "states"), [("jobs", JobStatus), ("job_executions", ExecutionStatus)])
def test_the_database_knows_the_same_states(table: str, states: object) -> None:
    [text] = [path.read_text() for path in SQL.glob("*.sql") if f"CREATE TABLE {table} (" in path.read_text()]
    found = re.search(rf"{table}_status_check CHECK \(\s*status IN \(([^)]*)\)", text)
    assert found is not None
    assert set(re.findall(r"'(\w+)'", found[1])) == set(get_args(states))


def test_a_statement_that_ends_something_says_from_where() -> None:
    """No UPDATE of a state without the state that it changes from."""
    for name, text in Queries(iotistic.jobs.__name__).items():
        if re.search(r"UPDATE job_executions.*SET\s+status =", text, re.DOTALL):
            assert re.search(r"\bstatus (=|IN) ", text.split("SET", 1)[1].split("=", 1)[1]), name


def test_a_way_that_is_not_there_is_refused_with_the_state() -> None:
    require_job_way(7, "running", "paused")
    with pytest.raises(JobStateConflict, match="Job 7 is completed") as caught:
        require_job_way(7, "completed", "running")
    assert caught.value.facts["status"] == "completed"
