from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from iotistic.security.model import Principal, Refusal, StoredKey
from iotistic.security.service import judge

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DEVICE_KEY = StoredKey(
    key_id="k",
    device_uuid=UUID(int=1),
    user_id=None,
    username=None,
    role=None,
    grants=None,
    secret_hash=b"",
    pepper_version=1,
    expires_at=None,
    revoked_at=None,
    user_is_active=None,
    device_retired_at=None,
)
USER_KEY = replace(
    DEVICE_KEY, device_uuid=None, user_id=7, username="ada", role="viewer", user_is_active=True
)


def test_a_good_device_key_is_the_device() -> None:
    assert judge(DEVICE_KEY, NOW) == Principal(key_id="k", device_uuid=UUID(int=1))


def test_a_good_user_key_is_the_person_with_the_role() -> None:
    assert judge(USER_KEY, NOW) == Principal(key_id="k", user_id=7, username="ada", role="viewer")


def test_a_key_works_until_the_moment_it_expires() -> None:
    key = replace(USER_KEY, expires_at=NOW)
    assert isinstance(judge(key, NOW - timedelta(microseconds=1)), Principal)
    assert judge(key, NOW) == Refusal(reason="expired")


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
    found = judge(key, NOW)
    assert isinstance(found, Refusal)
    assert found.reason == reason
