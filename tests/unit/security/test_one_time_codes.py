"""One-time codes are those of RFC 4226 and RFC 6238, and each is taken once."""

from datetime import UTC, datetime, timedelta

import pytest

from iotistic.secret import Secret
from iotistic.security.second_factor.codes import code_at, enrolment_uri, matching_step, seed_text, step_of

SEED = b"12345678901234567890"
# RFC 4226, appendix D.
COUNTED = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
# RFC 6238, appendix B: the last six of its eight digits.
TIMED = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
NOW = datetime(2026, 11, 29, 2, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(("step", "code"), list(enumerate(COUNTED)))
def test_a_code_is_that_of_the_rfc_for_counters(step: int, code: str) -> None:
    assert code_at(SEED, step) == code


@pytest.mark.parametrize(("seconds", "code"), list(TIMED.items()))
def test_a_code_is_that_of_the_rfc_for_times(seconds: int, code: str) -> None:
    assert code_at(SEED, step_of(datetime.fromtimestamp(seconds, UTC))) == code


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_step_before_and_the_one_after_are_taken_and_no_other(steps: int, is_taken: bool) -> None:
    step = step_of(NOW) + steps
    found = matching_step(SEED, Secret(code_at(SEED, step)), now=NOW, after=0)
    assert found == (step if is_taken else None)


def test_a_code_is_of_its_step_to_the_last_moment_of_the_next() -> None:
    code = Secret(code_at(SEED, step_of(NOW)))
    end = NOW.replace(second=59, microsecond=999_999)
    assert matching_step(SEED, code, now=end, after=0) is not None
    assert matching_step(SEED, code, now=end + timedelta(microseconds=1), after=0) is None


@pytest.mark.parametrize("neighbour", [-1, 0])
def test_a_code_that_was_taken_and_those_before_it_are_taken_no_more(neighbour: int) -> None:
    taken = step_of(NOW)
    code = Secret(code_at(SEED, taken + neighbour))
    assert matching_step(SEED, code, now=NOW, after=taken) is None


def test_the_code_after_one_that_was_taken_is_taken() -> None:
    step = step_of(NOW)
    assert matching_step(SEED, Secret(code_at(SEED, step + 1)), now=NOW, after=step) == step + 1


@pytest.mark.parametrize("code", ["", "000000", "9" * 7, "\u0663\u0664\u0665\u0666\u0667\u0668", "12345"])
def test_what_is_no_code_is_taken_at_no_time(code: str) -> None:
    assert matching_step(SEED, Secret(code), now=NOW, after=0) is None


def test_an_app_is_told_all_it_needs() -> None:
    assert seed_text(SEED).reveal() == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert enrolment_uri("ada.l-1", SEED).reveal() == (
        "otpauth://totp/Iotistic:ada.l-1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Iotistic&algorithm=SHA1&digits=6&period=30"
    )
