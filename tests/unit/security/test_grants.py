from datetime import UTC, datetime, timedelta
from uuid import UUID

from iotistic.bounds import Bounds
from iotistic.security.grants import Grant, bounds_of, grants_from

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOOK = frozenset({"devices:read"})
NOWHERE = Bounds()


def test_who_has_no_grant_reaches_nothing() -> None:
    assert bounds_of((), "devices:read", NOW) == NOWHERE


def test_another_permission_is_of_no_use() -> None:
    assert bounds_of((Grant(permissions=LOOK),), "devices:write", NOW) == NOWHERE


def test_a_grant_on_everything_has_no_bounds_whatever_else_there_is() -> None:
    grants = (Grant(permissions=LOOK, fleet_id=3), Grant(permissions=LOOK))
    assert bounds_of(grants, "devices:read", NOW) is None


def test_grants_on_parts_add_up() -> None:
    device = UUID(int=7)
    grants = (Grant(permissions=LOOK, fleet_id=3), Grant(permissions=LOOK, device_uuid=device))
    assert bounds_of(grants, "devices:read", NOW) == Bounds(
        fleets=frozenset({3}), devices=frozenset({device})
    )


def test_a_grant_holds_until_the_moment_it_ends() -> None:
    grants = (Grant(permissions=LOOK, expires_at=NOW),)
    assert bounds_of(grants, "devices:read", NOW - timedelta(microseconds=1)) is None
    assert bounds_of(grants, "devices:read", NOW) == NOWHERE


def test_grants_are_read_as_the_database_tells_them() -> None:
    row = {
        "permissions": ["devices:read"],
        "fleet_id": 3,
        "device_uuid": None,
        "expires_at": "2026-11-28T12:00:00+00:00",
    }
    assert grants_from([row]) == (Grant(permissions=LOOK, fleet_id=3, expires_at=NOW),)
    assert grants_from(None) == ()
