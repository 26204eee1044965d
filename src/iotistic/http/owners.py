"""What is done to the account of an owner, an owner does: who looks after accounts must not come to stand above them."""

from typing import Annotated

from fastapi import Path

from iotistic.bootstrap.work import Work
from iotistic.errors import Denied
from iotistic.security import Principal

__all__ = ["OwnersOnly", "Username", "require_owner_for_owner"]

Username = Annotated[
    str,
    Path(pattern="^[a-z0-9][a-z0-9._-]{0,62}$", description="The name of the account.", examples=["ada"]),
]


class OwnersOnly(Denied):
    """The account is an owner's, and the caller is none."""

    code = "owners_only"


async def require_owner_for_owner(work: Work, caller: Principal, username: str) -> None:
    """Raises OwnersOnly for the account of an owner, unless the caller may make and unmake them."""
    if await work.security.is_owner(username) and not _may_unmake_owners(caller):
        raise OwnersOnly("The account is an owner's: only an owner does that.")


def _may_unmake_owners(caller: Principal) -> bool:
    return any("owners:write" in grant.permissions for grant in caller.grants)
