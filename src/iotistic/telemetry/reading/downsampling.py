"""Fewer points that look the same on a chart: pure.

LTTB is "largest triangle three buckets" (Sveinn Steinarsson, Downsampling Time Series for Visual Representation, University of
Iceland, 2013): of each bucket the point that makes the largest triangle with the one chosen before and the mean of the next
bucket. Min-max keeps the least and the greatest of each bucket: every spike survives, noise looks thicker.
"""

from collections.abc import Sequence
from typing import Literal

__all__ = ["FEWEST_POINTS", "Method", "Sample", "downsampled", "lttb", "minmax"]

Method = Literal["lttb", "minmax"]
Sample = tuple[float, float]
"""Seconds, value."""

FEWEST_POINTS = 4


def downsampled(samples: Sequence[Sample], most: int, method: Method) -> list[Sample]:
    """At most `most` of the samples (at least FEWEST_POINTS), in their order, which is that of time."""
    if len(samples) <= most:
        return list(samples)
    return lttb(samples, most) if method == "lttb" else minmax(samples, most)


def lttb(samples: Sequence[Sample], most: int) -> list[Sample]:
    """Exactly `most` samples, the first and the last among them; `most` is at least 3 and fewer than there are."""
    step = (len(samples) - 2) / (most - 2)
    cuts = [1 + int(number * step) for number in range(most - 2)] + [len(samples) - 1]
    chosen = [samples[0]]
    for number in range(most - 2):
        bucket = samples[cuts[number] : cuts[number + 1]]
        following = samples[cuts[number + 1] : cuts[number + 2]] if number < most - 3 else samples[-1:]
        time = sum(one[0] for one in following) / len(following)
        value = sum(one[1] for one in following) / len(following)
        at, here = chosen[-1]
        chosen.append(
            max(bucket, key=lambda one: abs((at - time) * (one[1] - here) - (at - one[0]) * (value - here)))
        )
    chosen.append(samples[-1])
    return chosen


def minmax(samples: Sequence[Sample], most: int) -> list[Sample]:
    """The first and the last sample, and of equal parts between them the least and the greatest."""
    parts = (most - 2) // 2
    inner = len(samples) - 2
    chosen = {0, len(samples) - 1}
    for number in range(parts):
        part = range(1 + inner * number // parts, 1 + inner * (number + 1) // parts)
        chosen.add(min(part, key=lambda index: samples[index][1]))
        chosen.add(max(part, key=lambda index: samples[index][1]))
    return [samples[index] for index in sorted(chosen)]
