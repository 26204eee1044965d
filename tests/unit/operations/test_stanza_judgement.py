"""What the doctor makes of a repository of pgBackRest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from iotistic.operations.doctor.durability import judge_stanza
from iotistic.operations.doctor.model import Circumstances, State
from iotistic.operations.physical import StanzaBackup, StanzaState

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SEEN = Circumstances(now=NOW, server_version=180000, stats_age=None)
BACKUP = StanzaBackup(
    label="20261129-020000F",
    parent=None,
    started_at=NOW - timedelta(hours=2),
    finished_at=NOW - timedelta(hours=1),
    bytes=1000,
    is_damaged=False,
)
SOUND = StanzaState(name="main", problem=None, archived_to="0001", backups=(BACKUP,))


def test_without_it_there_is_nothing_to_look_at() -> None:
    assert judge_stanza(None, None, SEEN).state is State.skipped


def test_one_that_does_not_answer_is_told_with_its_words() -> None:
    verdict = judge_stanza(None, "no such stanza", SEEN)
    assert (verdict.state, verdict.observed) == (State.warn, "no such stanza")


@pytest.mark.parametrize(
    ("hours", "state"), [(25.9, State.ok), (26, State.warn), (49.9, State.warn), (50, State.critical)]
)
def test_its_age_is_judged_as_that_of_ours(hours: float, state: State) -> None:
    old = replace(BACKUP, finished_at=NOW - timedelta(hours=hours))
    assert judge_stanza(replace(SOUND, backups=(old,)), None, SEEN).state is state


def test_only_the_newest_counts() -> None:
    old = replace(BACKUP, finished_at=NOW - timedelta(days=9))
    assert judge_stanza(replace(SOUND, backups=(old, BACKUP)), None, SEEN).state is State.ok


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (replace(SOUND, backups=()), State.warn),
        (replace(SOUND, problem="error"), State.critical),
        (replace(SOUND, archived_to=None), State.critical),
        (replace(SOUND, backups=(replace(BACKUP, is_damaged=True),)), State.critical),
    ],
)
def test_what_cannot_be_recovered_is_no_backup(state: StanzaState, expected: State) -> None:
    verdict = judge_stanza(state, None, SEEN)
    assert verdict.state is expected
    assert verdict.fix
