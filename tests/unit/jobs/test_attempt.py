"""What comes after an attempt."""

from typing import get_args
from uuid import uuid4

import pytest

from iotistic.jobs.attempt import Standing, ending_of
from iotistic.jobs.rollout import RolloutPolicy
from iotistic.jobs.states import Outcome, may_execution_become


def standing(*, attempt: int = 1, attempts: int = 2, cancelled: bool = False) -> Standing:
    return Standing(
        device_uuid=uuid4(),
        job_id=1,
        status="in_progress",
        attempt=attempt,
        is_cancelled=cancelled,
        policy=RolloutPolicy(attempts=attempts),
    )


@pytest.mark.parametrize("outcome", ["failed", "timed_out"])
def test_a_failure_is_tried_again_while_attempts_are_left(outcome: Outcome) -> None:
    assert ending_of(standing(attempt=1), outcome) == (outcome, "queued")
    assert ending_of(standing(attempt=2), outcome) == (outcome, outcome)


@pytest.mark.parametrize("outcome", ["succeeded", "rejected", "cancelled"])
def test_nothing_else_is_tried_again(outcome: Outcome) -> None:
    assert ending_of(standing(), outcome) == (outcome, outcome)


def test_who_was_asked_to_stop_never_tries_again_and_its_silence_is_the_end() -> None:
    assert ending_of(standing(cancelled=True), "failed") == ("failed", "failed")
    assert ending_of(standing(cancelled=True), "timed_out") == ("cancelled", "cancelled")
    assert ending_of(standing(cancelled=True), "succeeded") == ("succeeded", "succeeded")


def test_every_ending_is_a_way_that_there_is() -> None:
    for outcome in get_args(Outcome):
        for cancelled in (True, False):
            _, status = ending_of(standing(cancelled=cancelled), outcome)
            assert may_execution_become("in_progress", status)
