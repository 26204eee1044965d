"""What has to be done so that a server has our roles as they should be. Pure: facts in, steps out.

What operators add of their own (further settings, people who are members of a role of ours) stays; what gives a role of ours more than its
job needs is taken away.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from psycopg import sql

from iotistic.database.identifiers import checked, identifier
from iotistic.database.roles.facts import AccountFacts
from iotistic.database.roles.model import Account
from iotistic.database.roles.step import Step

__all__ = ["make_account", "plan_accounts"]


_TAKEN: Final[Mapping[str, sql.SQL]] = {
    "SUPERUSER": sql.SQL("NOSUPERUSER"),
    "CREATEDB": sql.SQL("NOCREATEDB"),
    "CREATEROLE": sql.SQL("NOCREATEROLE"),
    "REPLICATION": sql.SQL("NOREPLICATION"),
    "BYPASSRLS": sql.SQL("NOBYPASSRLS"),
}


def plan_accounts(
    accounts: Iterable[Account], present: Mapping[str, AccountFacts], *, with_spares: bool = False
) -> list[Step]:
    """Roles of the server. A spare one is left out until it is there, unless asked for."""
    steps: list[Step] = []
    for account in accounts:
        found = present.get(account.name)
        if found is None and (with_spares or not account.is_spare):
            steps += make_account(account)
        elif found is not None:
            steps += _mended(account, found)
    return steps


def make_account(account: Account) -> Iterator[Step]:
    """A role that is not there yet; it has no password."""
    name = identifier(account.name)
    login = sql.SQL("LOGIN" if account.can_login else "NOLOGIN")
    yield Step(
        title=f"role {account.name} is missing",
        statement=sql.SQL("CREATE ROLE {} {} CONNECTION LIMIT {}").format(
            name, login, sql.Literal(account.connection_limit)
        ),
        is_drift=False,
    )
    nothing = AccountFacts(
        name=account.name,
        can_login=account.can_login,
        connection_limit=account.connection_limit,
        comment="",
        settings=[],
        powers=[],
        member_of=[],
    )
    for step in _mended(account, nothing):
        yield Step(title=step.title, statement=step.statement, is_drift=False)


def _mended(account: Account, found: AccountFacts) -> Iterator[Step]:
    name = identifier(account.name)
    if found.powers:
        yield Step(
            title=f"role {account.name} is {', '.join(found.powers)}",
            statement=sql.SQL("ALTER ROLE {} {}").format(
                name, sql.SQL(" ").join(_TAKEN[power] for power in found.powers)
            ),
        )
    if found.can_login != account.can_login:
        yield Step(
            title=f"role {account.name} may {'not ' if account.can_login else ''}sign in",
            statement=sql.SQL("ALTER ROLE {} {}").format(
                name, sql.SQL("LOGIN" if account.can_login else "NOLOGIN")
            ),
        )
    if found.connection_limit != account.connection_limit:
        yield Step(
            title=f"role {account.name} may have {_limit(found.connection_limit)} sessions, not {account.connection_limit}",
            statement=sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}").format(
                name, sql.Literal(account.connection_limit)
            ),
        )
    yield from _memberships(account, found)
    yield from _settings(account, found)
    if found.comment != account.comment:
        yield Step(
            title=f"role {account.name} does not say what it is for",
            statement=sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(account.comment)),
        )


def _limit(number: int) -> str:
    return "any number of" if number < 0 else str(number)


def _memberships(account: Account, found: AccountFacts) -> Iterator[Step]:
    name = identifier(account.name)
    for group in account.member_of:
        if group not in found.member_of:
            yield Step(
                title=f"role {account.name} lacks the rights of {group}",
                statement=sql.SQL("GRANT {} TO {}").format(identifier(group), name),
            )
    for group in found.member_of:
        if group not in account.member_of:
            yield Step(
                title=f"role {account.name} has the rights of {group}",
                statement=sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(group), name),
            )


def _settings(account: Account, found: AccountFacts) -> Iterator[Step]:
    present = dict(setting.split("=", 1) for setting in found.settings)
    for setting, value in account.settings.items():
        if present.get(setting) == value:
            continue
        was = f"{present[setting]}, not {value}" if setting in present else f"not set to {value}"
        yield Step(
            title=f"{setting} of role {account.name} is {was}",
            statement=sql.SQL("ALTER ROLE {} SET {} = {}").format(
                identifier(account.name), identifier(checked(setting)), sql.Literal(value)
            ),
        )
