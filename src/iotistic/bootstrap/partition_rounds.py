"""The periodic work on partitions, each round on a connection of the owner that it opens and closes."""

from collections.abc import Sequence

from iotistic.bootstrap.archive import archivist_of
from iotistic.bootstrap.platform import Platform
from iotistic.errors import Unavailable
from iotistic.partitioning import ALARM_DAYS, Maintainer, Sealer, Thinner, runway

__all__ = ["PartitionStepsFailed", "keep_partitions", "tend_partitions"]


class PartitionStepsFailed(Unavailable):
    """Some steps could not be taken, or partitions run out: the next round tries again, and a person should look."""

    code = "partition_steps_failed"


async def keep_partitions(platform: Platform) -> str | None:
    """Makes what is missing, retires what is old. Raises PartitionStepsFailed."""
    connection = await platform.owner_connection("partitions")
    try:
        outcome = await Maintainer(
            connection, clock=platform.clock, keeper=archivist_of(platform.settings)
        ).run()
        short = [one for one in await runway(connection, platform.clock()) if one.days < ALARM_DAYS]
    finally:
        await connection.close()
    troubles = [f"{failure.step} failed: {failure.error}" for failure in outcome.failed]
    troubles += [f"{one.parent} has only {one.days} days made ahead" for one in short]
    if troubles:
        raise PartitionStepsFailed(
            "; ".join(troubles), hint="`iotistic partitions status` shows how things are."
        )
    return _told(outcome.done)


async def tend_partitions(platform: Platform) -> str | None:
    """Takes out the rows of devices whose retention class is over, then seals what is over. Raises PartitionStepsFailed."""
    told: list[object] = []
    troubles: list[str] = []
    connection = await platform.owner_connection("sealing")
    try:
        for act in (
            Thinner(connection, clock=platform.clock, keeper=archivist_of(platform.settings)).run,
            Sealer(connection, clock=platform.clock).run,
        ):
            try:
                told += await act()
            except Unavailable as error:  # a reader in the way of one keeps the other from nothing
                troubles.append(error.message)
    finally:
        await connection.close()
    if troubles:
        raise PartitionStepsFailed("; ".join([*map(str, told), *troubles]))
    return _told(told)


def _told(steps: Sequence[object]) -> str | None:
    return "; ".join(map(str, steps)) or None
