"""Many operations as one node.

The operations stand in a topological order, so any stretch of them can be drawn as one node, and arrows still point
forward. First go stretches that repeat (the layers of a deep network, the steps of a recurrent one, a long chain):
the first and the last repetition stay. Then, where that isn't enough, the middle.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .walk import Operation


class Stretch(NamedTuple):
    """Operations first to last (exclusive), drawn as one node.

    Those of a module have its name. Those of a repetition repeat with a period; where modules repeat, `parts` are what
    the first time is made of.
    """

    first: int
    last: int
    period: int = 0
    module: str | None = None
    parts: tuple[Stretch, ...] = ()

    @property
    def is_single(self) -> bool:
        return self.last - self.first == 1 and self.module is None


FEW = 4  # where anything is folded, more values than this of one kind between two operations are drawn as one


def singles(operations: list[Operation]) -> list[Stretch]:
    """Each operation by itself."""
    return [Stretch(i, i + 1) for i in range(len(operations))]


def folded(operations: list[Operation], most: int) -> list[Stretch]:
    """The operations in stretches, of which at most about `most` nodes come."""
    stretches = singles(operations)
    while _count_nodes(operations, stretches) > most:
        shorter = repetition_folded(operations, stretches)
        if shorter is None:
            break
        stretches = shorter
    shown = most // 2
    while len(stretches) > 3 and _count_nodes(operations, stretches) > most:
        shown = min(shown, len(stretches) - 2) * 3 // 4
        head, tail = shown // 2, max(shown - shown // 2, 1)
        stretches[head : len(stretches) - tail] = [Stretch(stretches[head].first, stretches[-tail - 1].last)]
    return stretches


def repetition_folded(
    operations: list[Operation], stretches: list[Stretch], owners: Sequence[str | None] = ()
) -> list[Stretch] | None:
    """The stretches, with the repetition folded that hides most; None if there is none.

    Where it could begin in several places, each time lies as deep in one of the modules, the owners, as can be.
    """
    kinds: dict[Any, int] = {}
    codes = [kinds.setdefault(_kind(operations, s), len(kinds)) for s in stretches]
    start, period, times, rest = _longest_repetition(np.array(codes))
    if times < 4:
        return None
    if owners:
        names = [(s.module or owners[s.first] or "").split(".") for s in stretches]
        start = max(range(start, start + rest + 1), key=lambda i: _in_common(names[i : i + period]))
    start, stop = start + period, start + (times - 1) * period
    first = tuple(stretches[start : start + period])
    parts = first if any(s.module is not None for s in first) else ()
    one = Stretch(first[0].first, stretches[stop - 1].last, first[-1].last - first[0].first, None, parts)
    return [*stretches[:start], one, *stretches[stop:]]


def _in_common(names: list[list[str]]) -> int:
    """How many of their first parts names have in common."""
    return sum(1 for _ in itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*names, strict=False)))


def _kind(operations: list[Operation], stretch: Stretch) -> Any:
    """What stretches must have in common to count as repetitions of one another."""
    if not stretch.is_single and stretch.module is None:
        return stretch
    some = operations[stretch.first : stretch.last]
    op: Any = [o.node._op.name for o in some]
    return stretch.module is None, *op, *(r.shape for r in some[-1].results)


def _longest_repetition(codes: np.ndarray) -> tuple[int, int, int, int]:
    """Of the repetition in codes that hides most when folded: start, period, number of times, and by how much later it
    could start."""
    best, saved = (0, 1, 0, 0), 0
    for period in range(1, min(len(codes) // 4, 500) + 1):
        same = np.concatenate(([False], codes[period:] == codes[:-period], [False]))
        edges = np.flatnonzero(same[1:] != same[:-1])
        if not edges.size:
            continue
        lengths = edges[1::2] - edges[::2]
        i = int(np.argmax(lengths))
        times = int(lengths[i]) // period + 1
        if (times - 2) * period > saved:
            best = int(edges[2 * i]), period, times, int(lengths[i]) % period
            saved = (times - 2) * period
        if 2 * saved > len(codes):  # good enough, and the next call looks at the rest
            break
    return best


def _count_nodes(operations: list[Operation], stretches: list[Stretch]) -> int:
    """About how many nodes it takes to draw the stretches."""
    data: set[int] = set()
    for stretch in stretches:
        if stretch.is_single:
            _, operands, results = operations[stretch.first]
            data.update(map(id, results))
            data.update(id(x) for x in (operands if len(operands) <= 2 * FEW else operands[: FEW + 2]))
    return len(stretches) + len(data)
