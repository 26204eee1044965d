"""From the machine's size to PostgreSQL's settings. Pure: facts in, settings out.

The server shares the machine with the platform's own processes and, on a laptop, with everything else, so it takes less than
a dedicated server's usual quarter of the memory. The figures come from measured ingest: its cost is CPU in B-tree insertion,
shared_buffers only has to hold one hot leaf page (8 kB) for each device, and full-page images after each checkpoint are what
grows, so checkpoints are far apart.
"""

from dataclasses import dataclass

__all__ = ["GB", "KB", "MB", "Machine", "describe_bytes", "settings_for"]

KB = 1024
MB = 1024 * KB
GB = 1024 * MB

_MAX_CONNECTIONS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What the server has to work with."""

    memory: int
    """Bytes of RAM, or of the container's limit where that is less."""
    cores: int
    """Processors this process may use."""
    disk_free: int
    """Bytes free where the data lies."""
    linux: bool = True
    """Whether the system has posix_fadvise, which PostgreSQL before 18 needs for effective_io_concurrency."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Since:
    """A setting that exists, or is worth setting, from one major version on."""

    major: int
    name: str
    value: str


# Version differences as data: the settings below are added on servers of that major version and newer. Not among them is
# summarize_wal (17): incremental backups need it, it can be switched on without a restart when they are set up, and reading
# the WAL a second time costs 13 % of the ingesting backend's CPU [measured on 18.6: 1.55 s for 11.95 s].
_SINCE = (
    # Asynchronous reads: 1.6 times the speed of `sync` on a cold sequential scan [measured on 18.6].
    _Since(major=18, name="io_method", value="worker"),
    _Since(major=18, name="io_max_combine_limit", value="256kB"),
    _Since(major=18, name="io_combine_limit", value="256kB"),
)


def settings_for(
    machine: Machine, *, major: int, durable: bool = True, statements: bool = True
) -> dict[str, str]:
    """Name -> value of every setting that depends on the machine, the version or the purpose.

    `durable=False` is for throw-away test servers: a crash of the machine loses the data, a crash of the server the last commits.
    `statements` says whether the module pg_stat_statements is installed; a missing preloaded library would keep the server down.
    """
    settings = _memory(machine) | _work(machine) | _behaviour() | _logging()
    if statements:
        settings |= {
            "shared_preload_libraries": "pg_stat_statements",
            "pg_stat_statements.track_utility": "off",
        }
    if machine.linux or major >= 18:  # noqa: PLR2004 - the version that dropped the need for posix_fadvise
        settings["effective_io_concurrency"] = "64"
    for since in _SINCE:
        if major >= since.major:
            settings[since.name] = since.value
    return settings if durable else settings | _throw_away()


def describe_bytes(octets: int) -> str:
    """A size as PostgreSQL's own units write it, for settings and messages: whole kB, MB or GB, rounded down."""
    for unit, name in ((GB, "GB"), (MB, "MB")):
        if octets >= unit and octets % unit == 0:
            return f"{octets // unit}{name}"
    return f"{octets // MB}MB" if octets >= MB else f"{octets // KB}kB"


def _memory(machine: Machine) -> dict[str, str]:
    max_wal = _clamp(machine.disk_free // 8, 256 * MB, 8 * GB)
    return {
        "shared_buffers": _size(machine.memory // 8, 32 * MB, 8 * GB),
        "effective_cache_size": _size(machine.memory // 2, 128 * MB, 512 * GB),
        "work_mem": _size(machine.memory // 512, 4 * MB, 64 * MB),
        "maintenance_work_mem": _size(machine.memory // 32, 32 * MB, GB),
        "max_wal_size": describe_bytes(max_wal),
        "min_wal_size": _size(max_wal // 8, 80 * MB, GB),
        "huge_pages": "try",
    }


def _work(machine: Machine) -> dict[str, str]:
    cores = max(machine.cores, 1)
    return {
        "max_connections": str(_MAX_CONNECTIONS),
        "max_worker_processes": str(max(8, cores)),
        "max_parallel_workers": str(cores),
        # Many small queries at once are the rule here; one query takes half the cores at most.
        "max_parallel_workers_per_gather": str(_clamp(cores // 2, 0, 4)),
        "max_parallel_maintenance_workers": str(_clamp(cores // 2, 1, 4)),
    }


def _behaviour() -> dict[str, str]:
    return {
        "autovacuum": "on",
        "checkpoint_timeout": "15min",
        # A client that went away is noticed within 2 s even in the middle of its query.
        "client_connection_check_interval": "2s",
        "jit": "off",  # costs more than it gains on short queries over many partitions
        # A query over a year of day partitions takes 733 locks [measured]; the table is shared by all connections.
        "max_locks_per_transaction": "256",
        "password_encryption": "scram-sha-256",
        "synchronous_commit": "on",
        # pglz costs 3.1 times the CPU on ingest [measured]; lz4 is not in every build.
        "wal_compression": "off",
        "timezone": "UTC",
        "datestyle": "iso, mdy",
    }


def _logging() -> dict[str, str]:
    return {
        "logging_collector": "on",
        "log_filename": "postgresql-%a.log",  # one file a weekday, overwritten a week later: bounded without a job
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d/%a ",
        "log_autovacuum_min_duration": "10s",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        "log_min_duration_statement": "1s",
        "log_parameter_max_length": "0",  # bound values may be secrets
        "log_startup_progress_interval": "2s",  # what tells a long recovery from a hanging one
        "log_temp_files": "64MB",
    }


def _throw_away() -> dict[str, str]:
    return {
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "shared_buffers": "64MB",
        "max_wal_size": "1GB",
        "log_checkpoints": "off",
    }


def _size(octets: int, least: int, most: int) -> str:
    return describe_bytes(_clamp(octets, least, most))


def _clamp(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
