"""What the benchmarks measure with: seconds, ratios side by side, and memory."""

import time
import tracemalloc

import numpy as np


def seconds(call, repeat=1):
    """How long a call takes, the mean of some in a row."""
    start = time.perf_counter()
    for _ in range(repeat):
        call()
    return (time.perf_counter() - start) / repeat


def side_by_side(calls, rounds, repeat=1):
    """The median time of each call, and the median, over the rounds, of its ratio to the first one's of that round."""
    times = np.array([[seconds(call, repeat) for call in calls] for _ in range(rounds)])
    return np.median(times, axis=0), np.median(times / times[:, :1], axis=0)


def peak(call):
    """The most memory that Python and NumPy hold at once in a call, in bytes."""
    tracemalloc.start()
    call()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size
