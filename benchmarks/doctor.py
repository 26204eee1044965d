"""What a full examination costs the server: every check of `iotistic doctor` on three tables of 90 leaves.

Database time is what PostgreSQL itself counts for the statements of the doctor's session (pg_stat_statements), planning included; wall
time has the pauses between samples of waits in it. The dearest checks are named.
"""

import argparse
from datetime import UTC, datetime, timedelta

import uvloop
from ingest_bench.place import DATABASE, Place, place

from iotistic.operations.doctor import CHECKS, Circumstances, Finding, Patient, State, examine
from iotistic.partitioning import Maintainer

GOAL_SECONDS = 1.0
PARENTS = ("device_metrics", "device_logs", "events_7d")


async def grow(at: Place, leaves: int) -> str:
    """Leaves of three tables, the past ones first, beside those that every table has; answers the largest."""
    async with await at.direct() as owner:
        await owner.execute("SET ROLE iotistic_owner")
        await owner.execute(
            "UPDATE partition_policies SET keep_days = 400, premake = 14, back = 0 WHERE parent = ANY(%s)",
            (list(PARENTS),),
        )
        for back in range(leaves, -1, -14):
            moment = datetime.now(UTC) - timedelta(days=back)
            await Maintainer(owner, clock=lambda moment=moment: moment).run()
        await owner.execute("RESET ROLE")
        await owner.execute("ANALYZE")
        cursor = await owner.execute(
            "SELECT parent, count(*) FROM partition_leaves GROUP BY parent ORDER BY 2 DESC"
        )
        return ", ".join(f"{parent} {count}" for parent, count in (await cursor.fetchall())[:4])


async def counted(at: Place) -> float:
    cursor = await at.owner.execute(
        "SELECT coalesce(sum(total_exec_time + total_plan_time), 0)::float8 / 1000 FROM pg_stat_statements"
    )
    row = await cursor.fetchone()
    return float(row[0]) if row else 0.0


async def look(at: Place) -> list[Finding]:
    async with await at.direct() as connection:
        seen = Circumstances(
            now=datetime.now(UTC),
            server_version=connection.info.server_version,
            stats_age=timedelta(days=60),
            database=DATABASE,
        )
        patient = Patient(connection=connection, seen=seen, migrations=no_migrations)
        return [finding async for finding in examine(patient, CHECKS)]


async def no_migrations() -> tuple[list[str], list[str]]:
    return [], []


async def run(options: argparse.Namespace) -> None:
    async with place() as at:
        print(f"leaves: {await grow(at, options.leaves)}")
        await at.owner.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await at.owner.execute("SET pg_stat_statements.track = none")
        await at.owner.execute("ALTER SYSTEM SET pg_stat_statements.track_planning = on")
        await at.owner.execute("SELECT pg_reload_conf()")
        for number in range(options.rounds):
            await at.owner.execute("SELECT pg_stat_statements_reset()")
            before = await counted(at)
            findings = await look(at)
            spent = await counted(at) - before
            wall = sum(finding.milliseconds for finding in findings) / 1000
            blind = [each.id for each in findings if each.state is State.skipped]
            dearest = sorted(findings, key=lambda each: -each.milliseconds)[:4]
            print(
                f"round {number + 1}: {len(findings)} checks, {spent:.3f} s of database time, {wall:.3f} s in all"
                f"   goal < {GOAL_SECONDS:.0f} s of database time; skipped: {', '.join(blind) or 'none'}"
            )
            print("         " + ", ".join(f"{each.id} {each.milliseconds:.0f} ms" for each in dearest))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--leaves", type=int, default=90, help="of each partitioned table, past ones")
    parser.add_argument("--rounds", type=int, default=3)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
