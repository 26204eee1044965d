from datetime import UTC, datetime, timedelta

from iotistic.bootstrap.housekeeping import SILENCE, may_judge_silence

START = datetime(2026, 11, 23, tzinfo=UTC)


def test_nobody_is_called_silent_before_we_listened_as_long_ourselves() -> None:
    assert not may_judge_silence(START, START + SILENCE - timedelta(microseconds=1))
    assert may_judge_silence(START, START + SILENCE)
