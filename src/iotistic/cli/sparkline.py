"""Numbers as a row of block characters."""

from collections.abc import Sequence

__all__ = ["sparkline"]

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None]) -> str:
    """One character a value, lowest block for the least, highest for the greatest; a space where there is none.

    A series that never changes is drawn in the middle, so that it is not mistaken for one at rest.
    """
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, high = min(known), max(known)
    return "".join(" " if value is None else _block(value, low, high) for value in values)


def _block(value: float, low: float, high: float) -> str:
    if high == low:
        return _BLOCKS[len(_BLOCKS) // 2 - 1]
    return _BLOCKS[min(len(_BLOCKS) - 1, int((value - low) / (high - low) * len(_BLOCKS)))]
