"""What is done about keys in rounds. Rotations of many are taken up wherever they were left, by whoever leads or by a command, a transaction a batch."""

import asyncio

from iotistic.bootstrap.platform import Platform
from iotistic.security.keyring import KeyRotation
from iotistic.security.signing.service import SIGNS_FOR

__all__ = ["advance_rotations", "finish_rotation", "rotate_signing_keys"]

_MOST_BATCHES = 50
_PAUSE = 0.05
"""Seconds between batches, in which others get to make and change keys."""


async def advance_rotations(platform: Platform) -> str | None:
    """What one round does for every rotation that is not over."""
    async with platform.begin(read_only=True) as work:
        rotations = await work.key_rotations.list_rotations(only_open=True)
    told: list[str] = []
    for rotation in rotations:
        done = await _advance(platform, rotation, _MOST_BATCHES)
        if done.marked > rotation.marked or done.finished_at is not None:
            told.append(f"rotation {done.id}: {done.marked} keys marked")
    return "; ".join(told) or None


async def finish_rotation(platform: Platform, rotation: KeyRotation) -> KeyRotation:
    """Goes on to the last key; whoever else is at it helps."""
    while rotation.finished_at is None:
        rotation = await _advance(platform, rotation, _MOST_BATCHES)
    return rotation


async def rotate_signing_keys(platform: Platform) -> str | None:
    """Replaces the key that signs access tokens, once it is old enough."""
    async with platform.begin() as work:
        await work.signing.forget_old()
        rotated = await work.signing.rotate(older_than=SIGNS_FOR)
    return "another key signs access tokens" if rotated else None


async def _advance(platform: Platform, rotation: KeyRotation, batches: int) -> KeyRotation:
    for _ in range(batches):
        async with platform.begin() as work:
            more = await work.key_rotations.advance(rotation)
        if not more:
            break
        await asyncio.sleep(_PAUSE)
    async with platform.begin(read_only=True) as work:
        return await work.key_rotations.get_rotation(rotation.id)
