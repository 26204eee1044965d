"""Every check there is: what it is called, why it matters, how it is judged. Text, JSON and Prometheus are made from this."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from iotistic.operations.doctor.access import look_at_certificate, look_at_roles, look_at_rules
from iotistic.operations.doctor.looks import (
    look_at_archiving,
    look_at_backlog,
    look_at_backups,
    look_at_binaries,
    look_at_bloat,
    look_at_blocking,
    look_at_broker,
    look_at_cache,
    look_at_checkpoints,
    look_at_clocks,
    look_at_connections,
    look_at_dead,
    look_at_disk,
    look_at_duplicates,
    look_at_extensions,
    look_at_foreign_keys,
    look_at_freezing,
    look_at_gaps,
    look_at_horizon,
    look_at_housekeeper,
    look_at_idle,
    look_at_ingest,
    look_at_invalid,
    look_at_log_size,
    look_at_long,
    look_at_migrations,
    look_at_parents,
    look_at_pending_detach,
    look_at_quarantine,
    look_at_rates,
    look_at_retention,
    look_at_rights,
    look_at_scans,
    look_at_sequences,
    look_at_settings,
    look_at_silence,
    look_at_slots,
    look_at_standbys,
    look_at_stanza,
    look_at_statements,
    look_at_transport,
    look_at_unused,
    look_at_waits,
)
from iotistic.operations.doctor.model import Verdict
from iotistic.operations.doctor.patient import Patient

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


_OF_PLATFORM = {
    look_at_clocks,
    look_at_horizon,
    look_at_gaps,
    look_at_pending_detach,
    look_at_retention,
    look_at_housekeeper,
    look_at_ingest,
    look_at_quarantine,
    look_at_backlog,
    look_at_silence,
    look_at_rates,
    look_at_disk,
}


def _check(id_: str, title: str, look: Callable[[Patient], Awaitable[Verdict]], why: str) -> Check:
    return Check(id=id_, title=title, why=why, look=look, of_platform=look in _OF_PLATFORM)


CHECKS = (
    _check(
        "partition-horizon",
        "Partitions ahead",
        look_at_horizon,
        "Without a partition for now, every report is refused.",
    ),
    _check(
        "partition-gaps", "Gaps between partitions", look_at_gaps, "Rows of the missing days are refused."
    ),
    _check(
        "partition-detach",
        "Interrupted detach",
        look_at_pending_detach,
        "A day's rows are hidden, and retention stands still.",
    ),
    _check(
        "retention",
        "Retention runs",
        look_at_retention,
        "Old partitions fill the disk, and keep what should be gone.",
    ),
    _check(
        "housekeeper", "Periodic work", look_at_housekeeper, "Partitions run out, silent devices stay online."
    ),
    _check("migrations", "Schema", look_at_migrations, "Code meets a schema it was not written for."),
    _check(
        "ingest-lag",
        "Reports arrive",
        look_at_ingest,
        "Something between the devices and the tables stands still.",
    ),
    _check(
        "quarantine",
        "Quarantine",
        look_at_quarantine,
        "Those reports are in no chart until they are replayed.",
    ),
    _check("backlog", "Work that waits", look_at_backlog, "Alerts come late, rollups miss reports."),
    _check(
        "fleet-silence",
        "Devices online",
        look_at_silence,
        "A network, a certificate or a release took part of the fleet away.",
    ),
    _check(
        "row-rate",
        "Rows per day",
        look_at_rates,
        "A device that repeats itself, or a part of the fleet that fell silent.",
    ),
    _check(
        "clock-skew",
        "Clocks of devices",
        look_at_clocks,
        "What is measured in the future hides what is newer.",
    ),
    _check(
        "broker-auth",
        "Answers to brokers",
        look_at_broker,
        "After an outage all devices log in at once, and wait.",
    ),
    _check(
        "connections",
        "Connections",
        look_at_connections,
        "At the limit nobody gets in, neither devices nor you.",
    ),
    _check(
        "idle-transactions",
        "Idle transactions",
        look_at_idle,
        "They hold locks, and keep vacuum from cleaning.",
    ),
    _check(
        "long-transactions",
        "Long transactions",
        look_at_long,
        "Dead rows of all tables stay as long as they do.",
    ),
    _check("blocking", "Lock waits", look_at_blocking, "One session can hold up everybody behind it."),
    _check(
        "waits", "What sessions wait for", look_at_waits, "Time is lost there, whatever the statements are."
    ),
    _check(
        "slow-statements",
        "Slow statements",
        look_at_statements,
        "A few statements usually are most of the load.",
    ),
    _check(
        "service-rights",
        "Rights of services",
        look_at_rights,
        "A hole in a service is a hole in the whole server.",
    ),
    _check(
        "roles",
        "Database roles",
        look_at_roles,
        "A role with more than its job needs makes a hole in it a hole in everything.",
    ),
    _check("transport", "Encryption", look_at_transport, "Passwords' proofs and data travel in the clear."),
    _check(
        "certificate",
        "Certificate of the server",
        look_at_certificate,
        "Clients that check it are refused from then on.",
    ),
    _check("access-rules", "pg_hba.conf", look_at_rules, "Whoever reaches the port may be let in."),
    _check("settings", "Settings", look_at_settings, "Some settings trade your data for speed."),
    _check(
        "server-program",
        "Server program",
        look_at_binaries,
        "A library of another version fails when it is loaded.",
    ),
    _check("extensions", "Extensions", look_at_extensions, "Definitions are older than the code they call."),
    _check("backups", "Backups", look_at_backups, "What was never restored is a hope."),
    _check(
        "pgbackrest", "pgBackRest", look_at_stanza, "Its repository is what a lost server is recovered from."
    ),
    _check("disk", "Disk", look_at_disk, "A full disk stops every write."),
    _check(
        "wal-size",
        "Write-ahead log",
        look_at_log_size,
        "It fills the disk when something keeps it from being removed.",
    ),
    _check("archiving", "Archiving", look_at_archiving, "The moment you can go back to stands still."),
    _check("slots", "Replication slots", look_at_slots, "An idle one keeps log until the disk is full."),
    _check("standbys", "Standbys", look_at_standbys, "A failover loses what has not arrived there."),
    _check(
        "checkpoints",
        "Checkpoints",
        look_at_checkpoints,
        "Forced ones write every changed page in full again.",
    ),
    _check(
        "freezing",
        "Transaction numbers",
        look_at_freezing,
        "At the end of the numbers the server stops taking writes.",
    ),
    _check("bloat", "Room not used", look_at_bloat, "Disk and memory hold what nobody can read."),
    _check("dead-rows", "Dead rows", look_at_dead, "Tables and indexes grow, and every read gets slower."),
    _check(
        "parent-statistics",
        "Statistics of partitioned tables",
        look_at_parents,
        "Plans over many days go wrong.",
    ),
    _check(
        "sequences", "Columns that count up", look_at_sequences, "At the end of the type every insert fails."
    ),
    _check(
        "invalid-objects",
        "Half-made indexes and constraints",
        look_at_invalid,
        "They cost every write and promise nothing.",
    ),
    _check(
        "foreign-keys",
        "Foreign keys without index",
        look_at_foreign_keys,
        "A delete reads the whole child table.",
    ),
    _check("duplicate-indexes", "Duplicate indexes", look_at_duplicates, "Each costs every write once more."),
    _check("unused-indexes", "Unused indexes", look_at_unused, "They cost every write and serve no read."),
    _check(
        "sequential-scans",
        "Reads from end to end",
        look_at_scans,
        "A missing index, or a query without bounds of time.",
    ),
    _check("cache", "Pages from memory", look_at_cache, "A note: what the disk has to do."),
)
