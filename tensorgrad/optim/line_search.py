"""A line search for the strong Wolfe conditions (Nocedal and Wright, "Numerical Optimization", algorithms 3.5 and 3.6).

With f(t) the loss and f'(t) its slope at a distance t along a descent direction, wanted is a t with

    f(t) <= f(0) + C1 * t * f'(0)       low enough, and
    |f'(t)| <= C2 * |f'(0)|             flat enough
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

C1, C2 = 1e-4, 0.9


class Point(NamedTuple):
    """What is known of a place on the line."""

    t: float
    loss: float
    grad: Any
    slope: float


def strong_wolfe(
    at: Callable[[float], Point], t: float, start: Point, length: float, tolerance: float, most: int
) -> tuple[Point, int]:
    """The place that was found, or the best one, and how many places have been looked at.

    Args:
        at: evaluates a place.
        t: the first to be tried.
        start: the place from which the line goes down.
        length: the largest number of the direction's, in size.
        tolerance: the smallest change of a parameter that is worth a further try.
        most: how many tries there are beside the first.
    """

    def is_high(point: Point) -> bool:
        return point.loss > start.loss + C1 * point.t * start.slope

    def is_flat(point: Point) -> bool:
        return abs(point.slope) <= -C2 * start.slope

    # Go on, further each time, until a minimum must lie behind.
    before, here, tries = start, at(t), 0
    while tries < most:
        if is_high(here) or (tries > 1 and here.loss >= before.loss):
            break
        if is_flat(here):
            return here, tries + 1
        if here.slope >= 0:
            break
        t = lowest_of_cubic(before, here, here.t + 0.01 * (here.t - before.t), 10 * here.t)
        before, here = here, at(t)
        tries += 1
    bracket = [before if tries < most else start, here]

    # Make the bracket smaller, from the side that is higher, until a place in it will do.
    is_near_the_end = False
    low, high = _order(bracket)
    while tries < most:
        left, right = sorted(point.t for point in bracket)
        if (right - left) * length < tolerance:
            break
        t = lowest_of_cubic(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) >= margin:
            is_near_the_end = False
        elif is_near_the_end or t >= right or t <= left:  # no progress: a tenth of the bracket away from the end
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            is_near_the_end = False
        else:
            is_near_the_end = True
        here = at(t)
        tries += 1
        if is_high(here) or here.loss >= bracket[low].loss:
            bracket[high] = here
            low, high = _order(bracket)
        elif is_flat(here):
            return here, tries + 1
        else:
            if here.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = here
    return bracket[low], tries + 1


def _order(bracket: list[Point]) -> tuple[int, int]:
    """The indices of the lower and the higher point."""
    return (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)


def lowest_of_cubic(one: Point, other: Point, least: float, most: float) -> float:
    """Where the cubic through two points, with their slopes, has its minimum, within bounds; their middle, if it has
    none."""
    a, b = (one, other) if one.t <= other.t else (other, one)
    if a.t == b.t:
        return a.t
    d = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d * d - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    root = np.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + root - d) / (b.slope - a.slope + 2 * root))
    return min(max(t, least), most)
