"""How each check gets its facts: the questions it asks, handed to who judges them."""
# ruff: noqa: D103 - what each looks at stands in registry.py

from iotistic.operations.doctor.backlog import judge_backlog
from iotistic.operations.doctor.bloat import judge_bloat
from iotistic.operations.doctor.checkpoints import count_checkpoints, judge_checkpoints
from iotistic.operations.doctor.durability import (
    judge_archiving,
    judge_backups,
    judge_disk,
    judge_log_size,
    judge_slots,
    judge_standbys,
    judge_stanza,
)
from iotistic.operations.doctor.edge import judge_broker, judge_clocks
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
from iotistic.operations.doctor.server_state import judge_binaries, judge_settings
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
from iotistic.operations.doctor.waiting import judge_waits, sample

__all__ = [
    "look_at_archiving",
    "look_at_backlog",
    "look_at_backups",
    "look_at_binaries",
    "look_at_bloat",
    "look_at_blocking",
    "look_at_broker",
    "look_at_cache",
    "look_at_checkpoints",
    "look_at_clocks",
    "look_at_connections",
    "look_at_dead",
    "look_at_disk",
    "look_at_duplicates",
    "look_at_extensions",
    "look_at_foreign_keys",
    "look_at_freezing",
    "look_at_gaps",
    "look_at_horizon",
    "look_at_housekeeper",
    "look_at_idle",
    "look_at_ingest",
    "look_at_invalid",
    "look_at_log_size",
    "look_at_long",
    "look_at_migrations",
    "look_at_parents",
    "look_at_pending_detach",
    "look_at_quarantine",
    "look_at_rates",
    "look_at_retention",
    "look_at_rights",
    "look_at_scans",
    "look_at_sequences",
    "look_at_settings",
    "look_at_silence",
    "look_at_slots",
    "look_at_standbys",
    "look_at_stanza",
    "look_at_statements",
    "look_at_transport",
    "look_at_unused",
    "look_at_waits",
]


async def look_at_connections(it: Patient) -> Verdict:
    return judge_connections(await it.ask.connection_use(), it.seen)


async def look_at_idle(it: Patient) -> Verdict:
    return judge_idle_transactions(await it.ask.open_transactions(), it.seen)


async def look_at_long(it: Patient) -> Verdict:
    return judge_long_transactions(await it.ask.open_transactions(), it.seen)


async def look_at_blocking(it: Patient) -> Verdict:
    return judge_blocking(await it.ask.blocked_sessions(), it.seen)


async def look_at_statements(it: Patient) -> Verdict:
    return judge_statements(await it.ask.slow_statements(), it.seen)


async def look_at_rights(it: Patient) -> Verdict:
    return judge_rights(await it.ask.service_sessions(), it.seen)


async def look_at_transport(it: Patient) -> Verdict:
    return judge_transport(await it.ask.service_sessions(), it.seen)


async def look_at_cache(it: Patient) -> Verdict:
    return judge_cache(await it.ask.cache_use(), it.seen)


async def look_at_dead(it: Patient) -> Verdict:
    return judge_dead_rows(await it.ask.dead_rows(), it.seen)


async def look_at_freezing(it: Patient) -> Verdict:
    return judge_freezing(await it.ask.freeze_ages(), it.seen)


async def look_at_parents(it: Patient) -> Verdict:
    return judge_parents(await it.ask.unanalyzed_parents(), it.seen)


async def look_at_unused(it: Patient) -> Verdict:
    return judge_unused_indexes(await it.ask.index_use(), it.seen)


async def look_at_duplicates(it: Patient) -> Verdict:
    return judge_duplicates(await it.ask.duplicate_indexes(), it.seen)


async def look_at_invalid(it: Patient) -> Verdict:
    return judge_invalid(await it.ask.invalid_objects(), it.seen)


async def look_at_foreign_keys(it: Patient) -> Verdict:
    return judge_foreign_keys(await it.ask.bare_foreign_keys(), it.seen)


async def look_at_scans(it: Patient) -> Verdict:
    return judge_scans(await it.ask.scanned_tables(), it.seen)


async def look_at_sequences(it: Patient) -> Verdict:
    return judge_sequences(await it.ask.sequence_use(), it.seen)


async def look_at_extensions(it: Patient) -> Verdict:
    return judge_extensions(await it.ask.outdated_extensions(), it.seen)


async def look_at_standbys(it: Patient) -> Verdict:
    return judge_standbys(await it.ask.standbys(), it.seen)


async def look_at_slots(it: Patient) -> Verdict:
    return judge_slots(await it.ask.slots(), it.seen)


async def look_at_archiving(it: Patient) -> Verdict:
    return judge_archiving(await it.ask.archiving(), it.seen)


async def look_at_log_size(it: Patient) -> Verdict:
    return judge_log_size(await it.ask.log_size(), it.seen)


async def look_at_checkpoints(it: Patient) -> Verdict:
    return judge_checkpoints(await count_checkpoints(it.connection), it.seen)


async def look_at_disk(it: Patient) -> Verdict:
    return judge_disk(await it.day_sizes(), it.seen)


async def look_at_stanza(it: Patient) -> Verdict:
    return judge_stanza(it.stanza, it.stanza_problem, it.seen)


async def look_at_backups(it: Patient) -> Verdict:
    return judge_backups(it.backups(), it.seen)


async def look_at_settings(it: Patient) -> Verdict:
    return judge_settings(await it.ask.odd_settings(), await it.ask.file_errors(), it.seen)


async def look_at_binaries(it: Patient) -> Verdict:
    return judge_binaries(it.seen)


async def look_at_horizon(it: Patient) -> Verdict:
    return judge_horizon(await it.leaves(), await it.ask.keep_days(), it.seen)


async def look_at_gaps(it: Patient) -> Verdict:
    return judge_gaps(await it.leaves(), it.seen)


async def look_at_pending_detach(it: Patient) -> Verdict:
    return judge_pending_detach(await it.leaves(), it.seen)


async def look_at_retention(it: Patient) -> Verdict:
    return judge_retention(await it.leaves(), await it.ask.keep_days(), it.seen)


async def look_at_quarantine(it: Patient) -> Verdict:
    return judge_quarantine(await it.ask.quarantined(), it.seen)


async def look_at_ingest(it: Patient) -> Verdict:
    return judge_ingest(await it.ask.ingest_age(), it.seen)


async def look_at_backlog(it: Patient) -> Verdict:
    return judge_backlog(await it.ask.waiting_marks(), it.seen)


async def look_at_silence(it: Patient) -> Verdict:
    return judge_silence(await it.ask.ingest_age(), it.seen)


async def look_at_rates(it: Patient) -> Verdict:
    return judge_rates(await it.day_sizes(), it.seen)


async def look_at_housekeeper(it: Patient) -> Verdict:
    return judge_housekeeper(await it.ask.housekeeper_leads(), it.seen)


async def look_at_migrations(it: Patient) -> Verdict:
    pending, problems = await it.migrations()
    return judge_migrations(pending, problems, it.seen)


async def look_at_clocks(it: Patient) -> Verdict:
    return judge_clocks(await it.ask.clock_skews(), it.seen)


async def look_at_broker(it: Patient) -> Verdict:
    return judge_broker(await it.ask.broker_questions(), it.seen)


async def look_at_waits(it: Patient) -> Verdict:
    return judge_waits(await sample(it.ask.waits), it.seen)


async def look_at_bloat(it: Patient) -> Verdict:
    return judge_bloat(await it.ask.swollen_tables(), it.seen)
