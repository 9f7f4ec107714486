"""What is computed from large arrays block by block, so that all on the way stays in the processor's cache."""

import functools

import numpy as np

BLOCK = 16_384  # numbers


def in_blocks(func):
    """Decorator: an elementwise function of arrays of one shape, its first arguments, is computed block by block. What
    is recorded is the function itself: compile makes blocks of its own."""

    @functools.wraps(func)
    def blockwise(*args):
        first = args[0]
        if type(first) is not np.ndarray or first.size <= BLOCK:
            return func(*args)
        arrays = [a for a in args if type(a) is np.ndarray and a.shape == first.shape]
        rest = args[len(arrays) :]
        if any(hasattr(a, "__array_function__") for a in rest):  # of another shape or kind
            return func(*args)
        dtypes = [*(a.dtype for a in arrays), np.result_type(*arrays)]
        flags = [*([["readonly"]] * len(arrays)), ["writeonly", "allocate"]]
        with np.nditer([*arrays, None], ["external_loop", "buffered"], flags, dtypes, buffersize=BLOCK) as blocks:
            for *parts, y in blocks:
                y[...] = func(*parts, *rest)
            return blocks.operands[-1]

    return blockwise
