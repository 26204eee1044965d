"""Settings, access rules and the program itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from iotistic.operations.doctor.model import Circumstances, Verdict, critical, ok, skipped, warn

__all__ = ["FileError", "OddSetting", "judge_binaries", "judge_settings"]

_DANGEROUS = {"fsync", "full_page_writes", "zero_damaged_pages"}
_LARGE_MEMORY = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OddSetting:
    """A setting that is worth a word."""

    name: str
    value: str
    pending_restart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileError:
    """A line of the configuration that the server could not take."""

    place: str
    error: str


def judge_settings(
    settings: Sequence[OddSetting], errors: Sequence[FileError], seen: Circumstances
) -> Verdict:
    """Whatever can lose data is an alarm; what waits for a restart, is wrong in the file, or is a default on a large machine, a warning."""
    odd = {each.name: each for each in settings}
    dangerous = [each for each in settings if each.name in _DANGEROUS and not each.pending_restart]
    if dangerous:
        first = dangerous[0]
        return critical(
            f"{first.name} is {first.value}: after a crash data may be lost or wrong",
            fix=f"ALTER SYSTEM RESET {first.name}; SELECT pg_reload_conf();",
        )
    if errors:
        return warn(
            f"{errors[0].place}: {errors[0].error}", fix="Mend the line, then SELECT pg_reload_conf();"
        )
    waiting = [each.name for each in settings if each.pending_restart]
    if waiting:
        return warn(f"{', '.join(waiting)} wait for a restart", fix="Restart the server in a quiet hour")
    for name in ("autovacuum", "track_counts"):
        if name in odd:
            return critical(
                f"{name} is off: dead rows stay, and in the end the server stops taking writes",
                fix=f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();",
            )
    if "shared_buffers" in odd and (seen.memory_bytes or 0) > _LARGE_MEMORY:
        return warn(
            "shared_buffers is the default on a machine with more than 4 GiB",
            fix="ALTER SYSTEM SET shared_buffers = '25% of the memory'; restart",
        )
    return ok("no setting puts data at risk, none waits for a restart")


def judge_binaries(seen: Circumstances) -> Verdict:
    """A package upgrade under a running server breaks what it loads later, until it is restarted."""
    if seen.installed_version is None:
        return skipped("the server's program is not of this machine")
    running = (seen.major, seen.server_version % 10_000)
    if seen.installed_version != running:
        installed = ".".join(map(str, seen.installed_version))
        return warn(
            f"{'.'.join(map(str, running))} runs and {installed} is installed",
            fix="Restart the server in a quiet hour",
        )
    return ok(f"{'.'.join(map(str, running))} runs and is what is installed")
