"""The periodic work of the platform, and who does it: one leader among all API processes."""

from datetime import timedelta
from os import getpid
from platform import node as host_name

from iotistic.bootstrap.backups import backup_copies, backup_store
from iotistic.bootstrap.housekeeping_book import PlatformBook
from iotistic.bootstrap.job_rounds import admit_new_devices, expire_attempts, run_schedules
from iotistic.bootstrap.key_rounds import advance_rotations, rotate_signing_keys
from iotistic.bootstrap.partition_rounds import keep_partitions, tend_partitions
from iotistic.bootstrap.platform import Platform
from iotistic.bootstrap.telemetry_rounds import count_log_lines, forget_alerts, make_rollups
from iotistic.devices.search import DeviceSearch
from iotistic.devices.shadow import ShadowService
from iotistic.operations.backups import Timetable, keep_backups
from iotistic.operations.housekeeping import Housekeeper, Job

__all__ = ["make_housekeeper"]

HISTORY_KEPT = timedelta(days=90)
"""How long every version of a shadow can be read."""
VERSIONS_KEPT = 100
"""Of each half, the newest stay however old they are."""
KEYS_KEPT = timedelta(days=1)
"""How long an answer is repeated to whoever asks again with its Idempotency-Key."""
BACKUP_LOOK = timedelta(minutes=30)
"""How often ages of backups are looked at, and so the pause before a failed one is tried again."""
BACKUP_LIMIT = timedelta(hours=12)
"""For all three databases, the restore of one that is proved included."""


def make_housekeeper(platform: Platform) -> Housekeeper:
    """The housekeeper of one process, not started yet."""

    async def offline() -> str | None:
        async with platform.begin() as work:
            marked = await work.connectivity.mark_silent_offline()
        return f"{marked} devices went offline" if marked else None

    async def forgetting() -> str | None:
        async with platform.begin() as work:
            attempts = await work.attempts.forget_old()
            changes = await work.network.forget_old()
            sessions = await work.sessions.forget_old()
            sources = await work.logins.forget_old()
        told = f"{attempts} attempts to enrol, {changes} changes of interfaces, {sessions} sessions and {sources} sources of logins forgotten"
        return told if attempts or changes or sessions or sources else None

    return Housekeeper(
        lambda: platform.owner_connection("housekeeper"),
        [
            Job(name="partitions", run=lambda: keep_partitions(platform), every=timedelta(minutes=10)),
            Job(
                name="sealing",
                run=lambda: tend_partitions(platform),
                every=timedelta(minutes=30),
                limit=timedelta(hours=1),
            ),
            Job(name="offline", run=offline, every=timedelta(seconds=30), limit=timedelta(seconds=30)),
            Job(name="shadow history", run=lambda: _thin_history(platform), every=timedelta(minutes=5)),
            Job(name="idempotency keys", run=lambda: _sweep_keys(platform), every=timedelta(minutes=1)),
            Job(
                name="search pages",
                run=lambda: _pack_pages(platform),
                every=timedelta(seconds=15),
                limit=timedelta(minutes=2),
            ),
            Job(name="forgetting", run=forgetting, every=timedelta(minutes=10)),
            Job(
                name="rollups",
                run=lambda: make_rollups(platform),
                every=timedelta(seconds=30),
                limit=timedelta(minutes=2),
            ),
            Job(name="log alerts", run=lambda: count_log_lines(platform), every=timedelta(seconds=5)),
            Job(name="old alerts", run=lambda: forget_alerts(platform), every=timedelta(minutes=10)),
            Job(name="job timeouts", run=lambda: expire_attempts(platform), every=timedelta(seconds=5)),
            Job(name="job schedules", run=lambda: run_schedules(platform), every=timedelta(seconds=10)),
            Job(name="signing keys", run=lambda: rotate_signing_keys(platform), every=timedelta(hours=1)),
            Job(name="key rotations", run=lambda: advance_rotations(platform), every=timedelta(seconds=30)),
            Job(name="job devices", run=lambda: admit_new_devices(platform), every=timedelta(seconds=30)),
            *_backups(platform),
        ],
        book=PlatformBook(platform, f"{host_name()}:{getpid()}"),
        clock=platform.clock,
    )


def _backups(platform: Platform) -> list[Job]:
    """Nothing, unless somebody said how often."""
    every, names = platform.settings.backups.every, platform.settings.names
    if not every:
        return []
    timetable = Timetable(every=every, drill_every=platform.settings.backups.drill_every)
    store, copies = backup_store(platform.settings), backup_copies(platform.settings)

    async def backups() -> str | None:
        endpoint = platform.endpoints.of("backup")
        databases = (names.platform, names.billing, names.vpn)
        return await keep_backups(endpoint, store, databases, timetable, copies=copies, clock=platform.clock)

    return [Job(name="backups", run=backups, every=min(BACKUP_LOOK, every), limit=BACKUP_LIMIT)]


async def _thin_history(platform: Platform) -> str | None:
    connection = await platform.owner_connection("history")
    try:
        gone = await ShadowService(connection).thin_history(older_than=HISTORY_KEPT, keep=VERSIONS_KEPT)
    finally:
        await connection.close()
    return f"{gone} old versions of shadows forgotten" if gone else None


async def _pack_pages(platform: Platform) -> str | None:
    connection = await platform.owner_connection("search-pages")
    try:
        packed = await DeviceSearch(connection).pack()
    finally:
        await connection.close()
    return f"{packed} changed devices taken into the pages of the search" if packed else None


async def _sweep_keys(platform: Platform) -> str | None:
    async with platform.begin() as work:
        swept = await work.idempotency.sweep(older_than=KEYS_KEPT)
    return f"{swept} idempotency keys swept" if swept else None
