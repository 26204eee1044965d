"""How long migrations take, beside psql, dbmate and whatever other tools can be had: ratios within one run.

All legs of a case run in turn, round after round; a ratio is taken within a round and its median over the rounds counts,
because other work on the machine moves absolute times. Databases are new for every leg. Floor A is one psql session with
BEGIN, COMMIT and a row of history around each file; floor B is `psql -c 'SELECT 1'`. Ours is measured twice: in a process that
runs already, as at the start of a service, and as the command line. Goals are those of the design; a goal against a tool that
cannot be had here is left out.

    python benchmarks/migrations.py [--rounds 5] [--cases local,long,network,tenants,locks] [--peers dbmate,goose,tern,golang-migrate,sql-migrate,pgmigrate,yoyo]
"""

import argparse
import asyncio
import compileall
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

from migration_bench.files import write_ours, write_psql
from migration_bench.peers import Peer, install, quiet_environment, real_psql

from iotistic.config import Endpoint
from iotistic.data_folder import DataFolder
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, start, stop
from iotistic.migrations import History, RunLimits, apply
from iotistic.migrations.tenants import Fleet, Pace, Tenant

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("iotistic"))
CASES = ["local", "long", "network", "tenants", "locks"]
FILES, MANY = 60, 600
ROUND_TRIP = 0.010
TENANTS = 20
Leg = Callable[[], Awaitable[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    what: str
    ours: str
    other: str
    most: float | None = None
    """None: nobody set a goal, it is good to know."""


@dataclass(kw_only=True, slots=True)
class Bench:
    server: RunningServer
    folder: Path
    psql: str
    peers: list[Peer]
    rounds: int
    times: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    missed: list[str] = field(default_factory=list[str])
    databases: int = 0

    @property
    def endpoint(self) -> Endpoint:
        return self.server.endpoint

    def url(self, database: str, port: int | None = None) -> str:
        secret = self.endpoint.password.reveal() if self.endpoint.password else ""
        host, own = self.endpoint.hosts[0]
        return f"postgresql://{self.endpoint.user}:{secret}@{host}:{port or own}/{database}"

    async def rounds_of(self, legs: dict[str, Leg], *, warm: bool = True) -> None:
        """Every leg in turn, `rounds` times; one round before does not count."""
        for number in range(-1 if warm else 0, self.rounds):
            for name, leg in legs.items():
                seconds = await leg()
                if number >= 0:
                    self.times.setdefault(name, []).append(seconds)

    def judge(self, *goals: Goal) -> None:
        for goal in goals:
            ours, others = self.times.get(goal.ours), self.times.get(goal.other)
            if not ours or not others:
                continue
            ratio = statistics.median(a / b for a, b in zip(ours, others, strict=False))
            verdict = "" if goal.most is None else "ok" if ratio <= goal.most else "MISSED"
            limit = "" if goal.most is None else f"(at most {goal.most:4.2f})"
            if verdict == "MISSED":
                self.missed.append(goal.what)
            medians = f"{statistics.median(ours) * 1e3:7.0f} ms / {statistics.median(others) * 1e3:7.0f} ms"
            medians += f"  (least {min(ours) * 1e3:.0f} / {min(others) * 1e3:.0f})"
            print(
                f"  {goal.what:58} {ratio:6.2f}  {limit:14}  {verdict:6}  {medians}",
                flush=True,
            )

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[str]:
        self.databases += 1
        name = f"bench_{self.databases}"
        await self.administer(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield name
        finally:
            await self.administer(f"DROP DATABASE {name} WITH (FORCE)")

    async def administer(self, statement: str) -> None:
        connection = await connect(self.endpoint, "postgres", application_name="bench", autocommit=True)
        await connection.execute(statement.encode())
        await connection.close()

    def run(self, command: list[str]) -> tuple[float, float]:
        """Wall and CPU seconds of a command."""
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, env=quiet_environment()
        )
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{command[0]} failed: {done.stderr[-2000:]}")
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def ours(self, history: History, database: str, port: int | None = None) -> list[str]:
        return [COMMAND, "migrate", "--dir", str(history.folder), "--url", self.url(database, port)]

    def floor(self, script: Path, database: str, port: int | None = None) -> list[str]:
        return [self.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), self.url(database, port)]


async def timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def history_of(bench: Bench, count: int) -> History:
    folder = bench.folder / f"ours_{count}"
    return History(service="bench", folder=folder if folder.exists() else write_ours(folder, count))


def apply_legs(bench: Bench, count: int, *, tag: str, port: int | None = None) -> dict[str, Leg]:
    """Every tool applying `count` files to a new database."""
    history = history_of(bench, count)
    script = bench.folder / f"floor_{count}.sql"
    if not script.exists():
        write_psql(script, count)
    endpoint = replace(bench.endpoint, hosts=(("127.0.0.1", port),)) if port else bench.endpoint

    def command(name: str, make: Callable[[str], list[str]]) -> Leg:
        async def leg() -> float:
            async with bench.database() as database:
                wall, cpu = bench.run(make(database))
                bench.times.setdefault(f"{name} CPU", []).append(cpu)
                return wall

        return leg

    async def inside() -> float:
        async with bench.database() as database:
            return await timed(apply(endpoint, database, history))

    legs: dict[str, Leg] = {
        f"A {tag}": command(f"A {tag}", lambda database: bench.floor(script, database, port)),
        f"ours inside {tag}": inside,
        f"ours {tag}": command(f"ours {tag}", lambda database: bench.ours(history, database, port)),
    }
    for peer in bench.peers:
        folder = bench.folder / f"{peer.name}_{count}"
        if not folder.exists():
            peer.write(folder, count)
        legs[f"{peer.name} {tag}"] = command(
            f"{peer.name} {tag}",
            lambda database, p=peer, f=folder: p.command(f, bench.url(database, port)),
        )
    return legs


async def local(bench: Bench) -> None:
    print(f"{FILES} files, local")
    await bench.rounds_of(apply_legs(bench, FILES, tag="apply"))
    bench.judge(
        Goal(what="apply, in process : floor A", ours="ours inside apply", other="A apply", most=1.4),
        Goal(what="apply, command line : floor A", ours="ours apply", other="A apply", most=1.7),
        Goal(what="apply, command line : dbmate", ours="ours apply", other="dbmate apply", most=0.9),
        Goal(what="apply, command line : pgmigrate", ours="ours apply", other="pgmigrate apply", most=0.4),
        Goal(
            what="apply, command line : dbmate, CPU",
            ours="ours apply CPU",
            other="dbmate apply CPU",
        ),
        *(
            Goal(what=f"apply, command line : {name}", ours="ours apply", other=f"{name} apply")
            for name in ("goose", "tern", "golang-migrate", "sql-migrate", "yoyo")
        ),
    )
    await nothing_to_do(bench)


async def nothing_to_do(bench: Bench) -> None:
    few, many = history_of(bench, FILES), history_of(bench, MANY)
    async with bench.database() as one, bench.database() as two, contextlib.AsyncExitStack() as stack:
        await apply(bench.endpoint, one, few)
        await apply(bench.endpoint, two, many)
        legs: dict[str, Leg] = {
            "connect": lambda: timed(connect_only(bench.endpoint, one)),
            "inside no-op": lambda: timed(apply(bench.endpoint, one, few)),
            "inside no-op 600": lambda: timed(apply(bench.endpoint, two, many)),
            "read 60": lambda: timed(read_bare(few)),
            "read 600": lambda: timed(read_bare(many)),
        }
        commands = {
            "B": [bench.psql, "-X", "-qAtc", "SELECT 1", bench.url(one)],
            "ours": bench.ours(few, one),
        }
        for peer in bench.peers:
            database = await stack.enter_async_context(bench.database())
            commands[peer.name] = peer.command(bench.folder / f"{peer.name}_{FILES}", bench.url(database))
            bench.run(commands[peer.name])

        def leg_of(name: str) -> Leg:
            async def leg() -> float:
                wall, cpu = bench.run(commands[name])
                bench.times.setdefault(f"{name} no-op CPU", []).append(cpu)
                return wall

            return leg

        legs |= {f"{name} no-op": leg_of(name) for name in commands}
        bench.rounds *= 3
        await bench.rounds_of(legs, warm=False)
        bench.rounds //= 3
    bench.times["inside no-op and 540 files read"] = [
        whole + more - less
        for whole, more, less in zip(
            bench.times["inside no-op"], bench.times["read 600"], bench.times["read 60"], strict=True
        )
    ]
    bench.judge(
        Goal(what="no-op, in process : connect + SELECT 1", ours="inside no-op", other="connect", most=1.5),
        Goal(
            what="no-op, in process, 600 files : 60 files",
            ours="inside no-op 600",
            other="inside no-op",
            most=1.2,
        ),
        Goal(
            what="  : 60 files, and bare reading and SHA-256 of 540 more",
            ours="inside no-op 600",
            other="inside no-op and 540 files read",
            most=1.2,
        ),
        Goal(what="no-op, command line : dbmate", ours="ours no-op", other="dbmate no-op", most=2.0),
        Goal(
            what="no-op, command line : dbmate, CPU",
            ours="ours no-op CPU",
            other="dbmate no-op CPU",
            most=2.0,
        ),
        Goal(what="no-op, command line : pgmigrate", ours="ours no-op", other="pgmigrate no-op", most=0.5),
    )


async def read_bare(history: History) -> None:
    """What no start can do without: list the folder, read every file, hash it."""
    names = [name for name in os.listdir(history.folder) if name.endswith(".sql")]  # noqa: PTH208 - bare is the point
    for name in names:
        descriptor = os.open(f"{history.folder}/{name}", os.O_RDONLY)
        sha256(os.read(descriptor, 65536)).hexdigest()
        os.close(descriptor)


async def connect_only(endpoint: Endpoint, database: str) -> None:
    connection = await connect(endpoint, database, application_name="bench", autocommit=True)
    await connection.execute("SELECT 1")
    await connection.close()


async def long(bench: Bench) -> None:
    print(f"{MANY} files, local")
    kept, bench.peers = bench.peers, [peer for peer in bench.peers if peer.name == "dbmate"]
    await bench.rounds_of(apply_legs(bench, MANY, tag="600"), warm=False)
    bench.peers = kept
    bench.judge(
        Goal(what="apply, in process : floor A", ours="ours inside 600", other="A 600", most=1.0),
        Goal(what="apply, command line : floor A", ours="ours 600", other="A 600", most=1.0),
        Goal(what="apply, in process : dbmate", ours="ours inside 600", other="dbmate 600", most=0.6),
        Goal(what="apply, command line : dbmate", ours="ours 600", other="dbmate 600", most=0.6),
    )


async def network(bench: Bench) -> None:
    print(f"{FILES} files, {ROUND_TRIP * 1e3:.0f} ms round trip")
    host, port = bench.endpoint.hosts[0]
    arguments = [sys.executable, "-m", "migration_bench.proxy", host, str(port), str(ROUND_TRIP)]
    proxy = await asyncio.create_subprocess_exec(*arguments, cwd=HERE, stdout=asyncio.subprocess.PIPE)
    try:
        if proxy.stdout is None:
            raise SystemExit("the slow network has no port")
        far = int(await proxy.stdout.readline())
        await bench.rounds_of(apply_legs(bench, FILES, tag="far", port=far), warm=False)
    finally:
        proxy.terminate()
        await proxy.wait()
    bench.judge(
        Goal(what="apply, in process : floor A", ours="ours inside far", other="A far", most=0.35),
        Goal(what="apply, command line : floor A", ours="ours far", other="A far", most=0.35),
        Goal(what="apply, in process : goose", ours="ours inside far", other="goose far", most=0.25),
        Goal(what="apply, command line : goose", ours="ours far", other="goose far", most=0.25),
        Goal(what="apply, in process : dbmate", ours="ours inside far", other="dbmate far", most=0.2),
        Goal(what="apply, command line : dbmate", ours="ours far", other="dbmate far", most=0.2),
    )


async def tenants(bench: Bench) -> None:
    """One run with eight workers, against shell loops over the same databases' likes."""
    print(f"{TENANTS} tenants, {FILES} files each")
    history = history_of(bench, FILES)
    peers = [peer for peer in bench.peers if peer.name in {"goose", "dbmate"}]

    async def fleet(databases: list[str]) -> float:
        everyone = [Tenant(name=name, endpoint=bench.endpoint, database=name) for name in databases]
        fleet = Fleet(history=history, journals=bench.folder / "journals", pace=Pace(workers=8))
        began = time.perf_counter()
        report = await fleet.run(everyone)
        if not report.complete:
            raise SystemExit(f"the run over the tenants is not complete: {report}")
        return time.perf_counter() - began

    def floor(databases: list[str]) -> float:
        script = write_psql(bench.folder / f"floor_{FILES}.sql", FILES)
        return sum(bench.run(bench.floor(script, name))[0] for name in databases)

    def loop(peer: Peer, databases: list[str]) -> float:
        folder = bench.folder / f"{peer.name}_{FILES}"
        if not folder.exists():
            peer.write(folder, FILES)
        return sum(bench.run(peer.command(folder, bench.url(name)))[0] for name in databases)

    async def measured(kinds: dict[str, Callable[[list[str]], Awaitable[float] | float]]) -> None:
        """Each kind once on the same new databases: applying, then with nothing to do."""
        async with contextlib.AsyncExitStack() as stack:
            databases = [await stack.enter_async_context(bench.database()) for _ in range(TENANTS)]
            for kind, work in kinds.items():
                found = work(databases)
                seconds = found if isinstance(found, float) else await found
                bench.times.setdefault(kind, []).append(seconds)

    for _ in range(max(1, bench.rounds // 2)):
        await measured({"fleet apply": fleet, "fleet no-op": fleet})
        for peer in peers:
            once = partial(loop, peer)
            await measured({f"{peer.name} loop apply": once, f"{peer.name} loop no-op": once})
        await measured({"loop A": floor})
    bench.judge(
        Goal(what="apply, one run : floor A in a loop", ours="fleet apply", other="loop A", most=1.0),
        Goal(what="apply, one run : goose in a loop", ours="fleet apply", other="goose loop apply", most=0.5),
        Goal(what="no-op, one run : goose in a loop", ours="fleet no-op", other="goose loop no-op", most=0.3),
        Goal(what="apply, one run : dbmate in a loop", ours="fleet apply", other="dbmate loop apply"),
        Goal(what="no-op, one run : dbmate in a loop", ours="fleet no-op", other="dbmate loop no-op"),
    )


async def locks(bench: Bench) -> None:
    print("locks")
    limit = 0.3
    async with bench.database() as database:
        stall = await worst_read(bench, database, limit)
    verdict = "ok" if stall <= limit + 0.05 else "MISSED"
    print(
        f"  {'worst read behind our ALTER, which waits for a reader':58} {stall * 1e3:6.0f} ms (at most {(limit + 0.05) * 1e3:.0f} ms)  {verdict}"
    )
    async with bench.database() as database:
        free = await lock_after_kill(bench, database)
    verdict = "ok" if free <= 3 else "MISSED"
    print(
        f"  {'migration lock free after kill -9 in mid-statement':58} {free:6.2f} s  (at most 3 s)  {verdict}",
        flush=True,
    )
    bench.missed += ["reader stall"] if stall > limit + 0.05 else []
    bench.missed += ["lock after kill"] if free > 3 else []


STOOD = """
CREATE FUNCTION stood() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE began timestamptz := clock_timestamp();
BEGIN
  PERFORM count(*) FROM busy;
  RETURN extract(epoch FROM clock_timestamp() - began);
END $$
"""


async def worst_read(bench: Bench, database: str, limit: float) -> float:
    """The longest SELECT of anybody else while a migration wants a table that a reader keeps for two seconds.

    Timed inside the server: this process shares its loop with the run it watches.
    """
    folder = bench.folder / "stall"
    folder.mkdir()
    (folder / "001_add.sql").write_text("ALTER TABLE busy ADD COLUMN more int;")
    history = History(service="stall", folder=folder)
    connections: list[Connection] = [
        await connect(bench.endpoint, database, application_name="bench", autocommit=True) for _ in range(2)
    ]
    holder, prober = connections
    await holder.execute("CREATE TABLE busy (id int)")
    await holder.execute(STOOD.encode())
    await holder.execute("BEGIN")
    await holder.execute("SELECT * FROM busy")
    worst, ended = 0.0, asyncio.Event()

    async def probe() -> None:
        nonlocal worst
        while not ended.is_set():
            row = await (await prober.execute("SELECT stood()")).fetchone()
            worst = max(worst, row[0] if row else 0.0)
            await asyncio.sleep(0.005)

    async def release() -> None:
        await asyncio.sleep(2)
        await holder.execute("COMMIT")

    async with asyncio.TaskGroup() as group:
        group.create_task(probe())
        group.create_task(release())
        await apply(
            bench.endpoint, database, history, limits=RunLimits(lock_timeout=timedelta(seconds=limit))
        )
        ended.set()
    for connection in connections:
        await connection.close()
    return worst


async def lock_after_kill(bench: Bench, database: str) -> float:
    """How long after kill -9 of a runner another one gets the lock, though the statement would go on for a minute."""
    folder = bench.folder / "killed"
    folder.mkdir()
    (folder / "001_sleep.sql").write_text("SELECT pg_sleep(60);")
    history = History(service="killed", folder=folder)
    watcher = await connect(bench.endpoint, database, application_name="bench", autocommit=True)
    process = await asyncio.create_subprocess_exec(
        *bench.ours(history, database), stderr=asyncio.subprocess.DEVNULL, env=quiet_environment()
    )
    asleep = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    await until(watcher, asleep, 1)
    process.kill()
    began = time.perf_counter()
    await until(watcher, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted", 0)
    free = time.perf_counter() - began
    await process.wait()
    await watcher.close()
    return free


async def until(connection: Connection, query: str, wanted: int) -> None:
    """Asks until `query` counts `wanted`, for at most half a minute."""
    async with asyncio.timeout(30):
        while True:
            row = await (await connection.execute(query.encode())).fetchone()
            if row == (wanted,):
                return
            await asyncio.sleep(0.01)


def a_place() -> Path:
    """A folder that the server's account can reach; and modules compiled, as they are where they are installed."""
    compileall.compile_dir(HERE.parent / "src", quiet=1)
    place = Path(tempfile.mkdtemp(prefix="iotistic-bench-"))
    place.chmod(0o711)
    return place


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default=",".join(CASES), help=", ".join(CASES))
    parser.add_argument(
        "--peers",
        default="dbmate,goose,tern,golang-migrate,sql-migrate,pgmigrate,yoyo",
        help="what to compare with; nothing is fine",
    )
    parser.add_argument("--peers-folder", type=Path, help="where they are kept between runs")
    options = parser.parse_args()
    place = a_place()
    folder = DataFolder(place / "data")
    server = await start(folder)
    try:
        peers = install(
            options.peers_folder or place / "peers", [name for name in options.peers.split(",") if name]
        )
        psql = real_psql(server.binaries.bin_dir)
        bench = Bench(server=server, folder=place, psql=psql, peers=peers, rounds=options.rounds)
        for case in options.cases.split(","):
            await globals()[case](bench)
    finally:
        await stop(folder, mode="immediate", timeout=timedelta(seconds=30))
        shutil.rmtree(place, ignore_errors=True)
    print(f"missed: {', '.join(bench.missed)}" if bench.missed else "every goal met")


if __name__ == "__main__":
    asyncio.run(main())
