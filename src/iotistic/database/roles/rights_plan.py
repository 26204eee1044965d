"""What has to be done so that each role may do its job in a database, and nobody else anything. Pure: facts in, steps out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, LiteralString

from psycopg import sql

from iotistic.database.identifiers import identifier
from iotistic.database.roles.book import APP, OWNER, ROLES
from iotistic.database.roles.facts import DatabaseFacts, Rights
from iotistic.database.roles.model import Role
from iotistic.database.roles.step import Step

__all__ = ["plan_admission", "plan_rights"]


_PUBLIC: Final = ""


_ON_DATABASE: Final[Mapping[str, sql.SQL]] = {
    "CONNECT": sql.SQL("CONNECT"),
    "CREATE": sql.SQL("CREATE"),
    "TEMPORARY": sql.SQL("TEMPORARY"),
}


_ON_SCHEMA: Final[Mapping[str, sql.SQL]] = {"CREATE": sql.SQL("CREATE"), "USAGE": sql.SQL("USAGE")}


def plan_admission(database: str, rights: Rights, owner: str, roles: Sequence[Role] = ROLES) -> list[Step]:
    """Who may enter a database: our roles, and nobody else who is no superuser."""
    name, steps = identifier(database), list[Step]()
    if owner != OWNER.name:
        steps.append(
            Step(
                title=f"database {database} belongs to {owner}",
                statement=sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, identifier(OWNER.name)),
            )
        )
    if rights.get(_PUBLIC):
        steps.append(
            Step(
                title=f"anybody may enter database {database}",
                statement=sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name),
            )
        )
    for role in roles:
        if role is not OWNER:  # whose it is, that one may anything
            steps += _of_database(database, role, rights.get(role.name, frozenset()))
    return steps


def plan_rights(facts: DatabaseFacts, roles: Sequence[Role] = ROLES) -> list[Step]:
    """What each role may do with what the owner makes in a database; rights on single tables are granted by migrations."""
    steps = list(_of_schema(facts))
    if not facts.has_statistics:
        steps.append(
            Step(
                title=f"{facts.name} has no pg_stat_statements",
                statement=sql.SQL("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"),
                is_drift=False,
            )
        )
    if "fEXECUTE anywhere" in facts.default_rights.get(_PUBLIC, frozenset()) or (
        "fEXECUTE anywhere" not in facts.default_rights.get(OWNER.name, frozenset())
    ):
        steps.append(
            Step(
                title=f"anybody may call what functions the owner makes in {facts.name}",
                statement=sql.SQL(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"
                ).format(identifier(OWNER.name)),
            )
        )
    for role in roles:
        steps += _of_role(facts, role)
    return steps


def _of_database(database: str, role: Role, held: frozenset[str]) -> Iterator[Step]:
    wanted = frozenset(role.database_rights.split(", "))
    if wanted - held:
        yield Step(
            title=f"{role.name} may not {' or '.join(sorted(wanted - held))} in database {database}",
            statement=sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
                sql.SQL(role.database_rights), identifier(database), identifier(role.name)
            ),
            is_drift=bool(held),
        )
    if held - wanted:
        yield Step(
            title=f"{role.name} may {' and '.join(sorted(held - wanted))} in database {database}",
            statement=sql.SQL("REVOKE {} ON DATABASE {} FROM {}").format(
                _privileges(held - wanted, _ON_DATABASE), identifier(database), identifier(role.name)
            ),
        )


def _privileges(names: Iterable[str], known: Mapping[str, sql.SQL]) -> sql.Composed:
    return sql.SQL(", ").join(known[name] for name in sorted(names))


def _of_schema(facts: DatabaseFacts) -> Iterator[Step]:
    if facts.schema_rights.get(_PUBLIC):
        yield Step(
            title=f"anybody may use the schema public of {facts.name}",
            statement=sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        )
    for role in ROLES:
        wanted = frozenset({"CREATE", "USAGE"} if role is OWNER else {"USAGE"})
        held = facts.schema_rights.get(role.name, frozenset())
        if wanted - held:
            yield Step(
                title=f"{role.name} lacks {' and '.join(sorted(wanted - held))} on the schema public of {facts.name}",
                statement=sql.SQL("GRANT {} ON SCHEMA public TO {}").format(
                    _privileges(wanted, _ON_SCHEMA), identifier(role.name)
                ),
                is_drift=bool(held),
            )
        if held - wanted:
            yield Step(
                title=f"{role.name} has {' and '.join(sorted(held - wanted))} on the schema public of {facts.name}",
                statement=sql.SQL("REVOKE {} ON SCHEMA public FROM {}").format(
                    _privileges(held - wanted, _ON_SCHEMA), identifier(role.name)
                ),
            )


def _of_role(facts: DatabaseFacts, role: Role) -> Iterator[Step]:
    if role.table_rights is None:
        return
    held = facts.default_rights.get(role.name, frozenset())
    kinds: list[tuple[str, LiteralString, LiteralString]] = [
        ("r", role.table_rights, "TABLES"),
        ("f", "EXECUTE", "FUNCTIONS"),
    ]
    if role is APP:
        kinds.append(("S", "USAGE", "SEQUENCES"))
    for letter, rights, what in kinds:
        wanted = {f"{letter}{right}" for right in rights.split(", ")}
        if not wanted <= held:
            yield Step(
                title=f"{role.name} gets no {rights} on {what} the owner makes in {facts.name}",
                statement=sql.SQL(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT {} ON {} TO {}"
                ).format(identifier(OWNER.name), sql.SQL(rights), sql.SQL(what), identifier(role.name)),
                is_drift=bool(held),
            )
