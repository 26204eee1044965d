"""Hours of the day in which a rollout may begin something. Pure."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from iotistic.jobs.errors import RolloutInvalid

__all__ = ["Window", "zone_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `start` up to, not including, `end`, by the clocks of a place; over midnight when `end` is the earlier one."""

    start: time
    end: time
    time_zone: str = "UTC"
    """A name of the time zone database."""

    def is_open(self, now: datetime) -> bool:
        """Whether it is open at an instant."""
        local = now.astimezone(zone_named(self.time_zone)).time().replace(tzinfo=None)
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


def zone_named(name: str) -> ZoneInfo:
    """The time zone of this name. Raises RolloutInvalid."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise RolloutInvalid(
            f"There is no time zone {name[:64]!r}.",
            hint="Write a name such as Europe/Berlin or UTC.",
            field="body.time_zone",
        ) from error
