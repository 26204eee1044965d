import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.database.server.tuning import GB, KB, MB, Machine, describe_bytes, settings_for

UNITS = {"kB": KB, "MB": MB, "GB": GB}


def machine(
    memory: int = 16 * GB, cores: int = 4, disk_free: int = 500 * GB, *, linux: bool = True
) -> Machine:
    return Machine(memory=memory, cores=cores, disk_free=disk_free, linux=linux)


def octets(value: str) -> int:
    match = re.fullmatch(r"(\d+)(kB|MB|GB)", value)
    assert match is not None, value
    return int(match[1]) * UNITS[match[2]]


def test_a_laptop_keeps_most_of_its_memory() -> None:
    settings = settings_for(machine(memory=4 * GB, cores=2), major=18)
    assert settings["shared_buffers"] == "512MB"
    assert settings["work_mem"] == "8MB"
    assert settings["maintenance_work_mem"] == "128MB"
    assert settings["effective_cache_size"] == "2GB"


def test_a_small_board_still_gets_something_that_starts() -> None:
    settings = settings_for(machine(memory=256 * MB, cores=1, disk_free=GB), major=18)
    assert settings["shared_buffers"] == "32MB"
    assert settings["work_mem"] == "4MB"
    assert settings["max_parallel_workers_per_gather"] == "0"


def test_a_big_machine_does_not_get_more_buffers_than_help() -> None:
    settings = settings_for(machine(memory=1024 * GB, cores=128), major=18)
    assert settings["shared_buffers"] == "8GB"
    assert settings["maintenance_work_mem"] == "1GB"
    assert settings["max_worker_processes"] == "128"
    assert settings["max_parallel_workers_per_gather"] == "4"


@pytest.mark.parametrize(
    ("free", "most"), [(500 * GB, "8GB"), (64 * GB, "8GB"), (32 * GB, "4GB"), (GB, "256MB")]
)
def test_the_wal_takes_an_eighth_of_the_free_disk_at_most(free: int, most: str) -> None:
    assert settings_for(machine(disk_free=free), major=18)["max_wal_size"] == most


@given(
    memory=st.integers(64 * MB, 4096 * GB),
    cores=st.integers(0, 512),
    disk_free=st.integers(0, 100_000 * GB),
    major=st.integers(15, 18),
    durable=st.booleans(),
)
def test_any_machine_gets_settings_that_fit_together(
    memory: int, cores: int, disk_free: int, major: int, *, durable: bool
) -> None:
    settings = settings_for(machine(memory, cores, disk_free), major=major, durable=durable)
    assert octets(settings["shared_buffers"]) <= max(memory // 4, 64 * MB)
    assert octets(settings["min_wal_size"]) <= octets(settings["max_wal_size"])
    assert octets(settings["min_wal_size"]) >= 32 * MB  # PostgreSQL refuses less than two WAL segments
    assert int(settings["max_parallel_workers"]) <= int(settings["max_worker_processes"])
    assert int(settings["max_locks_per_transaction"]) >= 256


@pytest.mark.parametrize(
    ("name", "since"),
    [("io_method", 18), ("io_combine_limit", 18), ("io_max_combine_limit", 18)],
)
def test_a_setting_appears_with_the_version_that_knows_it(name: str, since: int) -> None:
    assert name not in settings_for(machine(), major=since - 1)
    assert name in settings_for(machine(), major=since)


def test_reading_ahead_is_set_only_where_the_system_can_do_it() -> None:
    assert "effective_io_concurrency" not in settings_for(machine(linux=False), major=17)
    assert "effective_io_concurrency" in settings_for(machine(linux=False), major=18)
    assert "effective_io_concurrency" in settings_for(machine(linux=True), major=15)


def test_a_durable_server_never_trades_commits_for_speed() -> None:
    settings = settings_for(machine(), major=18)
    assert settings["synchronous_commit"] == "on"
    assert "fsync" not in settings
    assert "full_page_writes" not in settings


def test_a_throw_away_server_does() -> None:
    settings = settings_for(machine(), major=18, durable=False)
    assert (settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"]) == (
        "off",
        "off",
        "off",
    )
    assert settings["shared_buffers"] == "64MB"


def test_statement_statistics_are_asked_for_only_where_they_are_installed() -> None:
    assert settings_for(machine(), major=18)["shared_preload_libraries"] == "pg_stat_statements"
    without = settings_for(machine(), major=18, statements=False)
    assert not [name for name, value in without.items() if "pg_stat_statements" in name + value]


def test_bound_values_stay_out_of_the_log() -> None:
    assert settings_for(machine(), major=15)["log_parameter_max_length"] == "0"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0kB"),
        (MB - 1, "1023kB"),
        (MB, "1MB"),
        (1536 * MB, "1536MB"),
        (2 * GB, "2GB"),
        (2 * GB + 5, "2048MB"),
    ],
)
def test_sizes_read_as_postgresql_writes_them(size: int, text: str) -> None:
    assert describe_bytes(size) == text
