"""Every route says what it asks of its caller, and the names it uses are those of the database."""

from typing import get_args

import pytest
from psycopg import AsyncConnection
from starlette.routing import BaseRoute

from iotistic.http import create_platform_app
from iotistic.http.permissions import Needs, every_route, is_open, keeps_inside, requirements_of
from iotistic.security import Permission, Role

ROUTES = list(every_route(create_platform_app().routes))
NAMES = [
    f"{'/'.join(sorted(getattr(route, 'methods', None) or ()))} {getattr(route, 'path', route)}"
    for route in ROUTES
]
# role_bindings_guard compares what is given with what the giver holds, whichever way it comes.
GUARDED_BY_THE_DATABASE = {"POST /api/v1/role-bindings", "DELETE /api/v1/role-bindings/{number}"}
HOW = """
Say beside the path of the route what it needs:

    from iotistic.http.permissions import needs

    @router.get("/{uuid}", dependencies=[needs("devices:read")], ...)

The names are in iotistic/security/permissions.py; a new one also goes into the migration that adds permissions. A route for the
device itself takes `uuid: OwnDevice` instead, one for the caller's own account `for_any_account`; nothing is open by accident.
"""


def test_there_are_routes() -> None:
    assert len(ROUTES) > 100


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
def test_a_route_says_what_it_asks_of_its_caller(route: BaseRoute) -> None:
    if is_open(route):
        assert not requirements_of(route), "the path is open to everybody: what it asks for is never asked"
    else:
        assert len(requirements_of(route)) == 1, HOW


def test_what_is_allowed_on_a_part_is_kept_to_that_part() -> None:
    careless = [
        name
        for route, name in zip(ROUTES, NAMES, strict=True)
        for asked in requirements_of(route)
        if isinstance(asked, Needs)
        and asked.anywhere
        and not keeps_inside(route)
        and name not in GUARDED_BY_THE_DATABASE
    ]
    assert not careless, (
        f"`anywhere=True` lets people in who see only a part; take `inside: Inside` and keep to it: {careless}"
    )


def test_every_permission_is_asked_for_somewhere() -> None:
    asked = {r.permission for route in ROUTES for r in requirements_of(route) if isinstance(r, Needs)}
    assert set(get_args(Permission)) - asked == {"owners:write"}


async def test_the_permissions_and_roles_are_those_of_the_database(owner_connection: AsyncConnection) -> None:
    cursor = await owner_connection.execute("SELECT name FROM permissions")
    assert {name for (name,) in await cursor.fetchall()} == set(get_args(Permission))
    cursor = await owner_connection.execute("SELECT name FROM roles ORDER BY rank DESC")
    assert [name for (name,) in await cursor.fetchall()] == list(get_args(Role))


@pytest.mark.parametrize(
    ("role", "lacks"),
    [
        (
            "viewer",
            {"audit:read", "keys:read", "users:read"}
            | {name for name in get_args(Permission) if not name.endswith(":read")},
        ),
        (
            "operator",
            {
                "audit:read",
                "mqtt:write",
                "owners:write",
                "settings:write",
                "users:grant",
                "users:read",
                "users:write",
            },
        ),
        ("manager", {"audit:read", "mqtt:write", "owners:write", "settings:write", "users:write"}),
        ("admin", {"owners:write"}),
        ("owner", set()),
    ],
)
async def test_a_role_allows_all_but(owner_connection: AsyncConnection, role: str, lacks: set[str]) -> None:
    cursor = await owner_connection.execute("SELECT permission FROM role_permissions WHERE role = %s", [role])
    assert {name for (name,) in await cursor.fetchall()} == set(get_args(Permission)) - lacks
