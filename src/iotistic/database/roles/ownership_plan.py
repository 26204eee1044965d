"""What has to be done so that the owner owns what is in a database: where migrations were run as somebody else before. Pure."""

from collections.abc import Sequence
from typing import Final, LiteralString

from psycopg import sql

from iotistic.database.identifiers import identifier
from iotistic.database.roles.book import APP, ROLES
from iotistic.database.roles.facts import DatabaseFacts
from iotistic.database.roles.model import Role
from iotistic.database.roles.step import Step

__all__ = ["plan_take_over"]


_TAKE_OVER: Final = sql.SQL("""DO $$
DECLARE
  stray record;
BEGIN
  FOR stray IN
    SELECT 'TABLE' AS kind, one.oid::regclass::text AS name, 'pg_class'::regclass AS catalog, one.oid
    FROM pg_catalog.pg_class AS one
    WHERE one.relnamespace = 'public'::regnamespace AND one.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND one.relowner <> 'iotistic_owner'::regrole
      -- A sequence of a column goes with its table.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS tie
                      WHERE tie.objid = one.oid AND tie.classid = 'pg_class'::regclass AND tie.deptype IN ('a', 'i') AND one.relkind = 'S')
    UNION ALL
    SELECT 'ROUTINE', one.oid::regprocedure::text, 'pg_proc'::regclass, one.oid
    FROM pg_catalog.pg_proc AS one
    WHERE one.pronamespace = 'public'::regnamespace AND one.proowner <> 'iotistic_owner'::regrole
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_depend AS tie
                          WHERE tie.objid = stray.oid AND tie.classid = stray.catalog AND tie.deptype = 'e');
    EXECUTE format('ALTER %s %s OWNER TO iotistic_owner', stray.kind, stray.name);
    IF stray.kind = 'ROUTINE' THEN
      EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', stray.name);
      EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO iotistic_app, iotistic_readonly', stray.name);
    END IF;
  END LOOP;
END
$$""")


def plan_take_over(facts: DatabaseFacts, roles: Sequence[Role] = ROLES) -> list[Step]:
    """Gives the owner what belongs to others in a database, and the roles their rights on all of it.

    The repeatable migrations have to be run after these steps, in the same transaction: they take back what is too much on a few tables.
    """
    if not facts.strays:
        return []
    whose = ", ".join(f"{stray.objects} of {stray.owner}" for stray in facts.strays)
    return [
        Step(
            title=f"tables, views or functions of {facts.name} belong to others: {whose}",
            statement=_TAKE_OVER,
        ),
        *(_on_every_table(facts.name, role, role.table_rights) for role in roles if role.table_rights),
        Step(
            title=f"{APP.name} gets USAGE on every sequence of {facts.name}",
            statement=sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(
                identifier(APP.name)
            ),
        ),
    ]


def _on_every_table(database: str, role: Role, rights: LiteralString) -> Step:
    return Step(
        title=f"{role.name} gets {rights} on every table of {database}",
        statement=sql.SQL("GRANT {} ON ALL TABLES IN SCHEMA public TO {}").format(
            sql.SQL(rights), identifier(role.name)
        ),
    )
