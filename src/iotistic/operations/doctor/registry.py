"""Every check there is: what it is called, why it matters, how it is judged. Text, JSON and Prometheus are made from this."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from iotistic.operations.doctor.access import look_at_certificate, look_at_roles
from iotistic.operations.doctor.checkpoints import count_checkpoints, judge_checkpoints
from iotistic.operations.doctor.durability import (
    judge_archiving,
    judge_backups,
    judge_disk,
    judge_log_size,
    judge_slots,
    judge_standbys,
)
from iotistic.operations.doctor.fleet import (
    judge_gaps,
    judge_horizon,
    judge_housekeeper,
    judge_ingest,
    judge_migrations,
    judge_pending_detach,
    judge_quarantine,
    judge_rates,
    judge_retention,
    judge_silence,
)
from iotistic.operations.doctor.model import Verdict
from iotistic.operations.doctor.patient import Patient
from iotistic.operations.doctor.server_state import judge_binaries, judge_rules, judge_settings
from iotistic.operations.doctor.sessions import (
    judge_blocking,
    judge_connections,
    judge_idle_transactions,
    judge_long_transactions,
    judge_rights,
    judge_statements,
    judge_transport,
)
from iotistic.operations.doctor.structure import (
    judge_duplicates,
    judge_extensions,
    judge_foreign_keys,
    judge_invalid,
    judge_scans,
    judge_sequences,
    judge_unused_indexes,
)
from iotistic.operations.doctor.upkeep import judge_cache, judge_dead_rows, judge_freezing, judge_parents

__all__ = ["CHECKS", "Check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is looked at."""

    id: str
    title: str
    why: str
    """What happens to somebody who does nothing about it."""
    look: Callable[[Patient], Awaitable[Verdict]]
    of_platform: bool = False
    """Whether it asks tables that only the platform database has."""


async def _connections(it: Patient) -> Verdict:
    return judge_connections(await it.ask.connection_use(), it.seen)


async def _idle(it: Patient) -> Verdict:
    return judge_idle_transactions(await it.ask.open_transactions(), it.seen)


async def _long(it: Patient) -> Verdict:
    return judge_long_transactions(await it.ask.open_transactions(), it.seen)


async def _blocking(it: Patient) -> Verdict:
    return judge_blocking(await it.ask.blocked_sessions(), it.seen)


async def _statements(it: Patient) -> Verdict:
    return judge_statements(await it.ask.slow_statements(), it.seen)


async def _rights(it: Patient) -> Verdict:
    return judge_rights(await it.ask.service_sessions(), it.seen)


async def _transport(it: Patient) -> Verdict:
    return judge_transport(await it.ask.service_sessions(), it.seen)


async def _cache(it: Patient) -> Verdict:
    return judge_cache(await it.ask.cache_use(), it.seen)


async def _dead(it: Patient) -> Verdict:
    return judge_dead_rows(await it.ask.dead_rows(), it.seen)


async def _freezing(it: Patient) -> Verdict:
    return judge_freezing(await it.ask.freeze_ages(), it.seen)


async def _parents(it: Patient) -> Verdict:
    return judge_parents(await it.ask.unanalyzed_parents(), it.seen)


async def _unused(it: Patient) -> Verdict:
    return judge_unused_indexes(await it.ask.index_use(), it.seen)


async def _duplicates(it: Patient) -> Verdict:
    return judge_duplicates(await it.ask.duplicate_indexes(), it.seen)


async def _invalid(it: Patient) -> Verdict:
    return judge_invalid(await it.ask.invalid_objects(), it.seen)


async def _foreign_keys(it: Patient) -> Verdict:
    return judge_foreign_keys(await it.ask.bare_foreign_keys(), it.seen)


async def _scans(it: Patient) -> Verdict:
    return judge_scans(await it.ask.scanned_tables(), it.seen)


async def _sequences(it: Patient) -> Verdict:
    return judge_sequences(await it.ask.sequence_use(), it.seen)


async def _extensions(it: Patient) -> Verdict:
    return judge_extensions(await it.ask.outdated_extensions(), it.seen)


async def _standbys(it: Patient) -> Verdict:
    return judge_standbys(await it.ask.standbys(), it.seen)


async def _slots(it: Patient) -> Verdict:
    return judge_slots(await it.ask.slots(), it.seen)


async def _archiving(it: Patient) -> Verdict:
    return judge_archiving(await it.ask.archiving(), it.seen)


async def _log_size(it: Patient) -> Verdict:
    return judge_log_size(await it.ask.log_size(), it.seen)


async def _checkpoints(it: Patient) -> Verdict:
    return judge_checkpoints(await count_checkpoints(it.connection), it.seen)


async def _disk(it: Patient) -> Verdict:
    return judge_disk(await it.day_sizes(), it.seen)


async def _backups(it: Patient) -> Verdict:
    return judge_backups(it.backups(), it.seen)


async def _settings(it: Patient) -> Verdict:
    return judge_settings(await it.ask.odd_settings(), await it.ask.file_errors(), it.seen)


async def _rules(it: Patient) -> Verdict:
    return judge_rules(await it.ask.loose_rules(), it.seen)


async def _binaries(it: Patient) -> Verdict:
    return judge_binaries(it.seen)


async def _horizon(it: Patient) -> Verdict:
    return judge_horizon(await it.leaves(), await it.ask.keep_days(), it.seen)


async def _gaps(it: Patient) -> Verdict:
    return judge_gaps(await it.leaves(), it.seen)


async def _pending_detach(it: Patient) -> Verdict:
    return judge_pending_detach(await it.leaves(), it.seen)


async def _retention(it: Patient) -> Verdict:
    return judge_retention(await it.leaves(), await it.ask.keep_days(), it.seen)


async def _quarantine(it: Patient) -> Verdict:
    return judge_quarantine(await it.ask.quarantined(), it.seen)


async def _ingest(it: Patient) -> Verdict:
    return judge_ingest(await it.ask.ingest_age(), it.seen)


async def _silence(it: Patient) -> Verdict:
    return judge_silence(await it.ask.ingest_age(), it.seen)


async def _rates(it: Patient) -> Verdict:
    return judge_rates(await it.day_sizes(), it.seen)


async def _housekeeper(it: Patient) -> Verdict:
    return judge_housekeeper(await it.ask.housekeeper_leads(), it.seen)


async def _migrations(it: Patient) -> Verdict:
    pending, problems = await it.migrations()
    return judge_migrations(pending, problems, it.seen)


_OF_PLATFORM = {
    _horizon,
    _gaps,
    _pending_detach,
    _retention,
    _housekeeper,
    _ingest,
    _quarantine,
    _silence,
    _rates,
    _disk,
}


def _check(id_: str, title: str, look: Callable[[Patient], Awaitable[Verdict]], why: str) -> Check:
    return Check(id=id_, title=title, why=why, look=look, of_platform=look in _OF_PLATFORM)


CHECKS = (
    _check(
        "partition-horizon",
        "Partitions ahead",
        _horizon,
        "Without a partition for now, every report is refused.",
    ),
    _check("partition-gaps", "Gaps between partitions", _gaps, "Rows of the missing days are refused."),
    _check(
        "partition-detach",
        "Interrupted detach",
        _pending_detach,
        "A day's rows are hidden, and retention stands still.",
    ),
    _check(
        "retention",
        "Retention runs",
        _retention,
        "Old partitions fill the disk, and keep what should be gone.",
    ),
    _check("housekeeper", "Periodic work", _housekeeper, "Partitions run out, silent devices stay online."),
    _check("migrations", "Schema", _migrations, "Code meets a schema it was not written for."),
    _check(
        "ingest-lag", "Reports arrive", _ingest, "Something between the devices and the tables stands still."
    ),
    _check("quarantine", "Quarantine", _quarantine, "Those reports are in no chart until they are replayed."),
    _check(
        "fleet-silence",
        "Devices online",
        _silence,
        "A network, a certificate or a release took part of the fleet away.",
    ),
    _check(
        "row-rate",
        "Rows per day",
        _rates,
        "A device that repeats itself, or a part of the fleet that fell silent.",
    ),
    _check(
        "connections", "Connections", _connections, "At the limit nobody gets in, neither devices nor you."
    ),
    _check(
        "idle-transactions", "Idle transactions", _idle, "They hold locks, and keep vacuum from cleaning."
    ),
    _check(
        "long-transactions", "Long transactions", _long, "Dead rows of all tables stay as long as they do."
    ),
    _check("blocking", "Lock waits", _blocking, "One session can hold up everybody behind it."),
    _check(
        "slow-statements", "Slow statements", _statements, "A few statements usually are most of the load."
    ),
    _check(
        "service-rights", "Rights of services", _rights, "A hole in a service is a hole in the whole server."
    ),
    _check(
        "roles",
        "Database roles",
        look_at_roles,
        "A role with more than its job needs makes a hole in it a hole in everything.",
    ),
    _check("transport", "Encryption", _transport, "Passwords' proofs and data travel in the clear."),
    _check(
        "certificate", "Certificate", look_at_certificate, "Clients that check it are refused from then on."
    ),
    _check("access-rules", "pg_hba.conf", _rules, "Whoever reaches the port may be let in."),
    _check("settings", "Settings", _settings, "Some settings trade your data for speed."),
    _check(
        "server-program", "Server program", _binaries, "A library of another version fails when it is loaded."
    ),
    _check("extensions", "Extensions", _extensions, "Definitions are older than the code they call."),
    _check("backups", "Backups", _backups, "What was never restored is a hope."),
    _check("disk", "Disk", _disk, "A full disk stops every write."),
    _check(
        "wal-size",
        "Write-ahead log",
        _log_size,
        "It fills the disk when something keeps it from being removed.",
    ),
    _check("archiving", "Archiving", _archiving, "The moment you can go back to stands still."),
    _check("slots", "Replication slots", _slots, "An idle one keeps log until the disk is full."),
    _check("standbys", "Standbys", _standbys, "A failover loses what has not arrived there."),
    _check("checkpoints", "Checkpoints", _checkpoints, "Forced ones write every changed page in full again."),
    _check(
        "freezing",
        "Transaction numbers",
        _freezing,
        "At the end of the numbers the server stops taking writes.",
    ),
    _check("dead-rows", "Dead rows", _dead, "Tables and indexes grow, and every read gets slower."),
    _check(
        "parent-statistics", "Statistics of partitioned tables", _parents, "Plans over many days go wrong."
    ),
    _check("sequences", "Columns that count up", _sequences, "At the end of the type every insert fails."),
    _check(
        "invalid-objects",
        "Half-made indexes and constraints",
        _invalid,
        "They cost every write and promise nothing.",
    ),
    _check(
        "foreign-keys", "Foreign keys without index", _foreign_keys, "A delete reads the whole child table."
    ),
    _check("duplicate-indexes", "Duplicate indexes", _duplicates, "Each costs every write once more."),
    _check("unused-indexes", "Unused indexes", _unused, "They cost every write and serve no read."),
    _check(
        "sequential-scans",
        "Reads from end to end",
        _scans,
        "A missing index, or a query without bounds of time.",
    ),
    _check("cache", "Pages from memory", _cache, "A note: what the disk has to do."),
)
