from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from iotistic.security.judgement import judge
from iotistic.security.model import Principal, Refusal, StoredKey

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DEVICE_KEY = StoredKey(
    key_id="k",
    device_uuid=UUID(int=1),
    user_id=None,
    username=None,
    role=None,
    grants=None,
    secret_hash=b"",
    pepper_version=1,
    scopes=None,
    allowed_networks=None,
    replaces=None,
    expires_at=None,
    first_used_at=None,
    retires_at=None,
    successor_until=None,
    fetched_late_at=None,
    revoked_at=None,
    user_is_active=None,
    device_retired_at=None,
    seen_at=NOW,
)
USER_KEY = replace(
    DEVICE_KEY, device_uuid=None, user_id=7, username="ada", role="viewer", user_is_active=True
)


def test_a_good_device_key_is_the_device() -> None:
    assert judge(DEVICE_KEY, pepper=1) == Principal(key_id="k", device_uuid=UUID(int=1))


def test_a_good_user_key_is_the_person_with_the_role() -> None:
    assert judge(USER_KEY, pepper=1) == Principal(key_id="k", user_id=7, username="ada", role="viewer")


def test_a_key_works_until_the_moment_it_expires() -> None:
    early = judge(replace(USER_KEY, expires_at=NOW + TICK), pepper=1)
    assert isinstance(early, Principal)
    assert early.good_for == TICK
    assert judge(replace(USER_KEY, expires_at=NOW), pepper=1) == Refusal(reason="expired")


def test_an_old_key_works_until_the_end_of_its_grace_and_not_at_that_moment() -> None:
    early = judge(replace(DEVICE_KEY, retires_at=NOW + TICK, expires_at=NOW + 2 * TICK), pepper=1)
    assert isinstance(early, Principal)
    assert early.good_for == TICK
    for end in (NOW, NOW - TICK):
        assert judge(replace(DEVICE_KEY, retires_at=end), pepper=1) == Refusal(reason="replaced")


def test_a_key_with_no_end_is_good_for_ever() -> None:
    found = judge(DEVICE_KEY, pepper=1)
    assert isinstance(found, Principal)
    assert found.good_for is None


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (DEVICE_KEY, False),
        (replace(DEVICE_KEY, replaces="old"), True),
        (replace(DEVICE_KEY, replaces="old", first_used_at=NOW), False),
        (replace(DEVICE_KEY, pepper_version=2), True),
    ],
)
def test_a_first_use_and_an_old_pepper_are_noted(key: StoredKey, wanted: bool) -> None:
    found = judge(key, pepper=1)
    assert isinstance(found, Principal)
    assert found.wants_note == wanted


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (replace(DEVICE_KEY, revoked_at=NOW + timedelta(days=1)), "revoked"),
        (replace(DEVICE_KEY, device_retired_at=NOW), "retired_device"),
        (replace(USER_KEY, user_is_active=False), "inactive_user"),
        (replace(USER_KEY, user_is_active=None), "inactive_user"),
    ],
)
def test_anything_that_speaks_against_it_closes(key: StoredKey, reason: str) -> None:
    found = judge(key, pepper=1)
    assert isinstance(found, Refusal)
    assert found.reason == reason
