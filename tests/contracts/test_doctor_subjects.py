"""The doctor looks at everything an operator of such a platform has to know."""

import pytest

from iotistic.cli.main import COMMANDS
from iotistic.operations.doctor import CHECKS, REPAIRS

SUBJECTS = {
    "connections used": ["connections"],
    "idle in transaction": ["idle-transactions"],
    "blocking tree": ["blocking"],
    "long transactions": ["long-transactions"],
    "slow queries": ["slow-statements"],
    "wait events": ["waits"],
    "cache hits": ["cache"],
    "size and growth": ["disk", "row-rate"],
    "unused indexes": ["unused-indexes"],
    "duplicate indexes": ["duplicate-indexes"],
    "invalid indexes and constraints": ["invalid-objects"],
    "bloat": ["bloat"],
    "foreign keys without index": ["foreign-keys"],
    "sequential scans": ["sequential-scans"],
    "vacuum overdue": ["dead-rows"],
    "transaction numbers": ["freezing"],
    "parents never analyzed": ["parent-statistics"],
    "replication": ["standbys"],
    "slots": ["slots"],
    "archiving": ["archiving"],
    "write-ahead log": ["wal-size"],
    "checkpoints": ["checkpoints"],
    "sequences": ["sequences"],
    "settings": ["settings"],
    "roles, rules, encryption, certificate": [
        "service-rights",
        "roles",
        "access-rules",
        "transport",
        "certificate",
    ],
    "extensions": ["extensions"],
    "disk": ["disk"],
    "backups and drills": ["backups", "pgbackrest"],
    "binary on disk": ["server-program"],
    "partition horizon": ["partition-horizon"],
    "partition gaps": ["partition-gaps", "partition-detach"],
    "stray rows": ["quarantine"],
    "retention": ["retention"],
    "ingest lag": ["ingest-lag", "backlog"],
    "silent devices": ["fleet-silence"],
    "clocks of devices": ["clock-skew"],
    "broker logins": ["broker-auth"],
    "row rate": ["row-rate"],
    "migration drift": ["migrations"],
    "periodic work": ["housekeeper"],
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_subject_is_looked_at(subject: str) -> None:
    assert set(SUBJECTS[subject]) <= {check.id for check in CHECKS}


def test_every_check_belongs_to_a_subject() -> None:
    named = {each for ids in SUBJECTS.values() for each in ids}
    assert [check.id for check in CHECKS if check.id not in named] == []


def test_no_two_checks_have_one_name() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_the_doctor_mends_only_what_it_finds() -> None:
    assert set(REPAIRS) <= {check.id for check in CHECKS}


def test_what_it_runs_are_commands_of_ours() -> None:
    assert {words[0] for commands in REPAIRS.values() for words in commands} <= set(COMMANDS)
