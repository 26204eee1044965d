"""When lines become an alert, and what patterns match: against the plainest way to say it."""

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.telemetry.alerts import PatternInvalid, PatternType, Rule
from iotistic.telemetry.alerts.judgement import judge
from iotistic.telemetry.alerts.matching import WatchedLine, match
from iotistic.telemetry.alerts.patterns import LONGEST_PATTERN, compile_pattern, expressions_in
from iotistic.telemetry.model import LogLevel

START = datetime(2026, 11, 28, tzinfo=UTC)
SECOND = timedelta(seconds=1)

seconds = st.lists(st.integers(0, 60), max_size=12)
thresholds = st.integers(1, 6)
windows = st.integers(1, 20)


def at(offsets: list[int]) -> list[datetime]:
    return [START + offset * SECOND for offset in offsets]


def holds(offsets: list[int], threshold: int, window: int) -> bool:
    """Some window that begins at a line holds enough of them."""
    return any(sum(first <= other <= first + window for other in offsets) >= threshold for first in offsets)


@given(offsets=seconds, threshold=thresholds, window=windows)
def test_an_alert_opens_exactly_when_some_window_holds_enough_lines(
    offsets: list[int], threshold: int, window: int
) -> None:
    verdict = judge(at(offsets), (), threshold=threshold, window=window * SECOND, is_open=False)
    assert bool(verdict.counted) == holds(offsets, threshold, window)
    assert not (verdict.counted and verdict.waiting)


@given(offsets=seconds, threshold=thresholds, window=windows, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_it_does_not_matter_in_how_many_batches_lines_come(
    offsets: list[int], threshold: int, window: int, cuts: list[int]
) -> None:
    ordered = at(sorted(offsets))
    whole = judge(ordered, (), threshold=threshold, window=window * SECOND, is_open=False)
    counted: list[datetime] = []
    waiting: list[datetime] = []
    bounds = [0, *sorted(cuts), len(ordered)]
    for start, end in pairwise(bounds):
        fresh = ordered[start:end]
        verdict = judge(fresh, waiting, threshold=threshold, window=window * SECOND, is_open=bool(counted))
        counted += verdict.counted
        waiting = list(verdict.waiting)
    assert counted == list(whole.counted)


@given(offsets=seconds, threshold=thresholds, window=windows)
def test_lines_that_come_late_count_with_those_of_their_time(
    offsets: list[int], threshold: int, window: int
) -> None:
    offsets = offsets[: 2 * threshold]
    waiting: list[datetime] = []
    opened = False
    for moment in at(offsets):
        verdict = judge([moment], waiting, threshold=threshold, window=window * SECOND, is_open=opened)
        opened = opened or bool(verdict.counted)
        waiting = list(verdict.waiting)
    assert opened == holds(offsets, threshold, window)


@given(offsets=st.lists(st.integers(0, 10_000), max_size=80), threshold=thresholds)
def test_what_is_remembered_is_bounded(offsets: list[int], threshold: int) -> None:
    verdict = judge(at(offsets), (), threshold=threshold + 1, window=SECOND, is_open=False)
    assert len(verdict.waiting) <= 2 * (threshold + 1)


def test_both_ends_of_a_window_belong_to_it() -> None:
    for last, opens in ((10, True), (11, False)):
        verdict = judge(at([0, last]), (), threshold=2, window=10 * SECOND, is_open=False)
        assert bool(verdict.counted) is opens


def test_an_open_alert_takes_every_line() -> None:
    verdict = judge(at([90, 5]), at([1]), threshold=9, window=SECOND, is_open=True)
    assert (verdict.counted, verdict.waiting) == (at([5, 90]), ())


@pytest.mark.parametrize(
    ("pattern", "pattern_type", "message", "matches"),
    [
        ("disk full", "keyword", "error: Disk FULL on /data", True),
        ("disk full", "keyword", "disk is full", False),
        ("STRASSE", "keyword", "auf der Straße", True),
        (".*", "keyword", "anything", False),
        ("ready", "exact", "ready", True),
        ("ready", "exact", "Ready", False),
        ("ready", "exact", "ready ", False),
        (r"code=(4|5)\d\d\b", "regex", "GET / code=503", True),
        (r"code=(4|5)\d\d\b", "regex", "GET / code=200", False),
        (r"(?i)OOM", "regex", "oom killer", True),
        (r"OOM", "regex", "oom killer", False),
        (r"^ende$", "regex", "ende", True),
        (r"größe \d", "regex", "größe 5 \U0001f600", True),
    ],
)
def test_a_pattern_matches_what_its_type_says(
    pattern: str,
    pattern_type: PatternType,
    message: str,
    matches: bool,
) -> None:
    assert compile_pattern(pattern, pattern_type)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing"),
        (r"(a)\1", "escape"),
        ("(?=a)", "perl operator"),
        ("((a{100}){100}){100}", "repetition"),
        ("x*", "every line"),
        ("", "1 to 500 characters"),
        ("a" * (LONGEST_PATTERN + 1), "1 to 500 characters"),
        (r"(\pL{30}x){30}", "too large"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(PatternInvalid, match=reason):
        compile_pattern(pattern, "regex")


def test_a_pattern_of_the_greatest_length_is_taken() -> None:
    assert compile_pattern("a" * LONGEST_PATTERN, "regex")("a" * LONGEST_PATTERN)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a*)*c", "(.*a){20}z"])
def test_the_time_of_a_match_grows_no_faster_than_the_message(pattern: str) -> None:
    """Python's own expressions would not come back from the first of these within a lifetime."""
    try:
        matches = compile_pattern(pattern, "regex")
    except PatternInvalid:
        return
    begin = time.process_time()
    assert not matches("a" * 4_000 + "!")
    assert time.process_time() - begin < 5


def rule(number: int, **more: object) -> Rule:
    given: dict[str, object] = {"pattern": "disk", "id": number, "name": f"r{number}", "created_by": "test"}
    return Rule(**given | {"created_at": START, "updated_at": START} | more)  # type: ignore[arg-type]


def line(
    device: UUID, *, level: LogLevel = "error", service: str = "pump", message: str = "disk"
) -> WatchedLine:
    return WatchedLine(
        device_uuid=device, fleet="spree", timestamp=START, level=level, service=service, message=message
    )


def test_each_filter_of_a_rule_lets_its_own_lines_through_and_no_others() -> None:
    mine, other = uuid4(), uuid4()
    rules = [
        rule(1),
        rule(2, device_uuid=mine),
        rule(3, fleet="spree"),
        rule(4, fleet="havel"),
        rule(5, service="pump"),
        rule(6, service="Pump"),
        rule(7, minimum_level="error"),
        rule(8, minimum_level="critical"),
        rule(9, pattern="cpu"),
    ]
    assert {key[0] for key in match(rules, [line(mine)])} == {1, 2, 3, 5, 7}
    assert {key[0] for key in match(rules, [line(other)])} == {1, 3, 5, 7}
    found = match([rule(1)], [line(mine), line(other), line(mine)])
    assert {device: len(lines) for (_, device), lines in found.items()} == {mine: 2, other: 1}


_WORDS = ("disk", "full", "pump 7", "E42", "Überlauf", "x" * 60)
messages = st.lists(st.sampled_from((*_WORDS, " ", "error: ")), max_size=8).map("".join)
expressions = st.lists(
    st.sampled_from(
        ("disk.*full", "^error", "E[0-9]{2}$", "(?i)DISK", "pump [0-9]|E42", "x{60}", "Ü.*l", "full$", "a+b")
    ),
    max_size=9,
)


@given(patterns=expressions, message=messages)
def test_expressions_that_are_looked_for_together_are_found_as_each_by_itself(
    patterns: list[str], message: str
) -> None:
    alone = {pattern for pattern in patterns if compile_pattern(pattern, "regex")(message)}
    assert sorted(expressions_in(patterns)(message)) == sorted(alone)


def test_expressions_too_large_for_one_set_are_all_found() -> None:
    # More than 50,000 instructions together: two sets.
    patterns = [f"{chr(97 + number)}{{600}}{number}" for number in range(20)] * 2
    patterns += [f"(ab{number}c){{500}}" for number in range(20)]
    find = expressions_in(patterns)
    assert find("c" * 600 + "2") == ["c{600}2"]
    assert find("ab7c" * 500) == ["(ab7c){500}"]
    assert find("nothing") == []


def test_many_expressions_cost_no_more_than_a_few() -> None:
    """Ratio within one run: 100 times the expressions may cost 20 times a line, where one after the other they cost 100 times."""

    def cost(number: int) -> float:
        rules = [
            rule(n, pattern=f"error {n}.*refused [a-z]+{n}", pattern_type="regex") for n in range(number)
        ]
        lines = [line(uuid4(), message=f"error {n} while reading: timeout {'y' * 80}") for n in range(500)]
        match(rules, lines)
        began = time.process_time()
        match(rules, lines)
        return time.process_time() - began

    assert min(cost(500) for _ in range(3)) < 20 * min(cost(5) for _ in range(3))


def test_rules_with_the_same_expression_keep_their_own_filters() -> None:
    mine, other = uuid4(), uuid4()
    rules = [
        rule(1, pattern="d.sk", pattern_type="regex"),
        rule(2, pattern="d.sk", pattern_type="regex", device_uuid=mine),
        rule(3, pattern="cpu", pattern_type="regex"),
    ]
    assert {key[0] for key in match(rules, [line(mine)])} == {1, 2}
    assert {key[0] for key in match(rules, [line(other)])} == {1}
