"""Who may do what: accounts and their roles."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.owners import Username, require_owner_for_owner
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.access import AccountChange, AccountSeen, BindingPage, BindingSeen, NewBinding
from iotistic.http.schemas.values import Text
from iotistic.security import User
from iotistic.security.bindings import Binding

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["access"], responses=refusals())

_AFTER = "`next` of the page before."
_Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of the binding.", examples=[17])]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.get(
    "/users",
    dependencies=[needs("users:read")],
    response_model=list[AccountSeen],
    summary="Accounts, by name",
)
async def list_users(request: Request) -> list[User]:
    """At most 1,000."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return list(await work.security.list_users())


@router.patch(
    "/users/{username}",
    dependencies=[needs("users:write")],
    response_model=AccountSeen,
    responses=refusals(404, 409),
    summary="Switch an account off or on",
)
async def change_account(request: Request, caller: Caller, username: Username, change: AccountChange) -> User:
    """Off: neither login nor key nor session works, in any process, within a second. Owners are switched by owners; the last one stays."""
    async with platform_of(request.scope).begin() as work:
        await require_owner_for_owner(work, caller, username)
        return await work.security.switch(username, is_active=change.is_active)


@router.get(
    "/role-bindings",
    dependencies=[needs("users:read")],
    response_model=BindingPage,
    summary="Who has which role, and on what",
)
async def list_bindings(
    request: Request,
    username: Annotated[Text | None, Query(description="Only of this person.", examples=["ada"])] = None,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """In the order they were given, those that have ended too. A page that is full has a `next`."""
    position = None if after is None else decode_cursor(after, _Position).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        bindings = await work.bindings.list_bindings(username, after=position, limit=limit)
    following = encode_cursor(_Position(bindings[-1].id)) if len(bindings) == limit else None
    return {"items": bindings, "next": following}


@router.post(
    "/role-bindings",
    dependencies=[needs("users:grant", anywhere=True)],
    status_code=201,
    response_model=BindingSeen,
    responses=refusals(404),
    summary="Give somebody a role",
)
async def grant_role(request: Request, stated: NewBinding) -> Binding:
    """Not more than you hold yourself, on the same thing and for as long. Given again, it ends as said now."""
    async with platform_of(request.scope).begin() as work:
        return await work.bindings.grant(
            stated.username,
            stated.role,
            fleet=stated.fleet,
            device_uuid=stated.device_uuid,
            expires_at=stated.expires_at,
        )


@router.delete(
    "/role-bindings/{number}",
    dependencies=[needs("users:grant", anywhere=True)],
    status_code=204,
    responses=refusals(404, 409),
    summary="Take a role back",
)
async def revoke_role(request: Request, number: _Number) -> None:
    """Every process knows within a second. The last owner stays."""
    async with platform_of(request.scope).begin() as work:
        await work.bindings.revoke(number)
