"""What proving a backup costs: create, restore and drill beside the bare programs of PostgreSQL, in one run.

1. dump: `iotistic backup create` (snapshot, counts, checksums, manifest) against `pg_dump -Fd -j2` of the same compression.
2. restore: into a new database with checksums, statistics and the comparison, against `pg_restore -j2` alone.
3. ingest: the worst insert while backups run one after the other.
4. drill: the newest backup of a freshly made platform, restored into a server of its own and checked page by page.

Legs alternate, each on the same rows, and the ratio is of medians; CPU is of server and programs together. `--megabytes 2048` is the
size of the goal, and takes about a quarter of an hour.
"""

import argparse
import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import uvloop
from backup_bench.rows import fill
from backup_bench.spent import Spent, spent
from ingest_bench.place import DATABASE, Place, place
from maintenance import Writer
from psycopg import sql

from iotistic.database.client_tools import environment, find_tool, run_tool
from iotistic.operations.backups import BackupOrder, BackupStore, Manifest, Restoration, create_backup, drill

GOAL_RATIO = 1.2
GOAL_INSERT = timedelta(milliseconds=250)
GOAL_DRILL = timedelta(seconds=60)
RESTORED = "restored"


@dataclass
class Legs:
    """The same work done in two ways, in turn."""

    bare: list[Spent] = field(default_factory=list)
    ours: list[Spent] = field(default_factory=list)

    async def alternate(
        self,
        at: Place,
        rounds: int,
        bare: Callable[[], Awaitable[object]],
        ours: Callable[[], Awaitable[object]],
        clean: Callable[[], Awaitable[object]],
    ) -> None:
        for number in range(rounds):
            both = [(bare, self.bare), (ours, self.ours)]
            for act, into in both if number % 2 == 0 else reversed(both):
                await at.owner.execute("CHECKPOINT")
                into.append(await spent(at.server.pid, act))
                await clean()

    def tell(self, title: str, note: str = "") -> None:
        wall = [statistics.median(each.wall for each in leg) for leg in (self.bare, self.ours)]
        cpu = [statistics.median(each.cpu for each in leg) for leg in (self.bare, self.ours)]
        print(
            f"{title:8} bare {wall[0]:7.1f} s {cpu[0]:7.1f} s CPU   ours {wall[1]:7.1f} s {cpu[1]:7.1f} s CPU"
            f"   ratio {wall[1] / wall[0]:.2f} (CPU {cpu[1] / cpu[0]:.2f})   goal < {GOAL_RATIO} {note}",
            flush=True,
        )


async def dump_and_restore(at: Place, parts: list[str], rounds: int, jobs: int) -> None:
    endpoint, scratch = at.server.endpoint, Path(tempfile.mkdtemp(prefix="iotistic-bench-dumps-"))
    store = BackupStore(scratch / "ours")
    order = BackupOrder(database=DATABASE, jobs=2, compression="gzip")
    major = at.owner.info.server_version // 10_000
    try:

        async def bare_dump() -> None:
            words = ["--format=directory", "--jobs=2", "--compress=1", f"--file={scratch / 'bare'}"]
            await run_tool(find_tool("pg_dump", at_least=major), words, connecting(at, DATABASE))

        async def no_dumps() -> None:
            await asyncio.to_thread(shutil.rmtree, scratch / "bare", ignore_errors=True)
            for manifest in store.list():
                store.remove(manifest)

        if "dump" in parts:
            legs = Legs()
            await legs.alternate(
                at, rounds, bare_dump, lambda: create_backup(endpoint, store, order), no_dumps
            )
            legs.tell("dump")
        if "restore" in parts:
            manifest = await create_backup(endpoint, store, order)
            legs = Legs()
            await legs.alternate(
                at,
                rounds,
                lambda: bare_restore(at, store, manifest, major, jobs),
                lambda: Restoration(endpoint, store, manifest, jobs=jobs).into(RESTORED),
                lambda: drop(at),
            )
            legs.tell("restore", f"({manifest.rows:,} rows, {manifest.bytes >> 20} MB of files)")
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch)


async def bare_restore(at: Place, store: BackupStore, manifest: Manifest, major: int, jobs: int) -> None:
    await at.owner.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
            sql.Identifier(RESTORED), sql.Identifier(manifest.owner)
        )
    )
    words = [f"--jobs={jobs}", f"--dbname={RESTORED}", str(store.folder_of(manifest) / "dump")]
    await run_tool(find_tool("pg_restore", at_least=major), words, connecting(at, RESTORED))


async def drop(at: Place) -> None:
    await at.owner.execute(f"DROP DATABASE IF EXISTS {RESTORED} WITH (FORCE)".encode())


def connecting(at: Place, database: str) -> dict[str, str]:
    return environment(at.server.endpoint, database, application_name="bench")


async def beside_ingest(at: Place, seconds: float) -> None:
    """One writer commits batches of 100 reports without pause; backups follow one another for as long."""
    with tempfile.TemporaryDirectory(prefix="iotistic-bench-dumps-") as folder:
        store, order, taken = BackupStore(Path(folder)), BackupOrder(database=DATABASE), 0
        async with await at.direct() as connection:
            writer = Writer(connection)
            writing = asyncio.create_task(writer.run())
            until = time.monotonic() + seconds
            try:
                while time.monotonic() < until:
                    await create_backup(at.server.endpoint, store, order)
                    taken += 1
            finally:
                writer.stopping = True
                await writing
    times = sorted(writer.seconds)
    print(
        f"ingest   {len(times):,} inserts beside {taken} backups: median {statistics.median(times) * 1000:.1f} ms,"
        f" p99 {times[int(len(times) * 0.99)] * 1000:.1f} ms, worst {times[-1] * 1000:.1f} ms,"
        f" worst wait for a lock {max(writer.lock_waits, default=0.0):.1f} ms"
        f"   goal worst < {GOAL_INSERT.total_seconds() * 1000:.0f} ms",
        flush=True,
    )


async def drilled() -> None:
    """On a platform of its own without telemetry: what the suite's database is."""
    with tempfile.TemporaryDirectory(prefix="iotistic-bench-dumps-") as folder:
        store = BackupStore(Path(folder))
        async with place() as at:
            manifest = await create_backup(at.server.endpoint, store, BackupOrder(database=DATABASE))
            proof = await drill(store, manifest, narrate=lambda _: None)
    print(
        f"drill    {proof.tables} tables in {proof.seconds:.1f} s, pages checked: {proof.amcheck}"
        f"   goal < {GOAL_DRILL.total_seconds():.0f} s",
        flush=True,
    )


async def run(options: argparse.Namespace) -> None:
    if {"dump", "restore", "ingest"} & set(options.parts):
        async with place() as at:
            size = await fill(at, options.megabytes)
            print(f"a database of {size >> 20} MB, {options.rounds} rounds", flush=True)
            await dump_and_restore(at, options.parts, options.rounds, options.jobs)
            if "ingest" in options.parts:
                await beside_ingest(at, options.seconds)
    if "drill" in options.parts:
        await drilled()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = ["dump", "restore", "ingest", "drill"]
    parser.add_argument(
        "parts", nargs="*", default=every, help="dump, restore, ingest, drill; all by default"
    )
    parser.add_argument("--megabytes", type=int, default=256, help="of the database; the goal says 2048")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2, help="of both restores")
    parser.add_argument("--seconds", type=float, default=10, help="of inserts beside backups")
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
