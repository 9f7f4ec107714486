"""no_grad and enable_grad: as context managers and decorators, nested, in tasks and in threads."""

import asyncio
import threading

import numpy as np
import pytest
from programs import double_and_transpose

from tensorgrad import Tensor, enable_grad, no_grad


def test_no_grad_records_nothing():
    w = Tensor([1.0])
    with no_grad():
        y = np.exp(w * 2)
        a, b = double_and_transpose(Tensor(np.ones((2, 2))))
        with enable_grad():
            z = w * 2
        again = w * 2
    assert not y.requires_grad and y.parents == () and not a.requires_grad and not b.requires_grad
    assert z.requires_grad and not again.requires_grad and (w * 2).requires_grad
    assert w.requires_grad


def test_no_grad_as_a_decorator():
    @no_grad()
    def double(w, *, times=2):
        """Twice."""
        return w * times

    w = Tensor([1.0])
    assert not double(w).requires_grad and not double(w, times=3).requires_grad
    assert double.__name__ == "double" and double.__doc__ == "Twice."
    assert (w * 2).requires_grad

    @no_grad()
    def nested(n):
        return n if n == 0 else nested(n - 1)

    nested(3)
    assert (w * 2).requires_grad


def test_an_exception_ends_no_grad():
    w = Tensor([1.0])

    @no_grad()
    def fails():
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (w * 2).requires_grad
    with pytest.raises(ValueError), no_grad(), enable_grad():
        w @ w @ np.ones((5, 5))
    assert (w * 2).requires_grad


def test_one_no_grad_can_be_entered_again():
    off, w = no_grad(), Tensor([1.0])
    with off:
        with off:
            pass
        assert not (w * 2).requires_grad
    assert (w * 2).requires_grad


def test_decorating_a_generator_or_a_coroutine_is_an_error():
    with pytest.raises(TypeError, match="between its yields"):

        @no_grad()
        def batches():
            yield 1

    with pytest.raises(TypeError, match="ordinary functions"):

        @no_grad()
        async def batch():
            pass

    def halves(w):
        for _ in range(2):
            with no_grad():
                half = w / 2
            yield half

    w = Tensor([1.0])
    for half in halves(w):
        assert not half.requires_grad and (w * 2).requires_grad


def test_no_grad_holds_for_one_task():
    w, seen = Tensor([1.0]), []

    async def task(off):
        with off():
            await asyncio.sleep(0)
            seen.append((w * 2).requires_grad)
            await asyncio.sleep(0)

    async def both():
        await asyncio.gather(task(no_grad), task(enable_grad), task(no_grad))

    asyncio.run(both())
    assert seen == [False, True, False] and (w * 2).requires_grad


def test_no_grad_holds_for_one_thread():
    w, seen = Tensor([1.0]), {}
    inside, done = threading.Event(), threading.Event()

    def without():
        with no_grad():
            inside.set()
            done.wait(10)
            seen["without"] = (w * 2).requires_grad

    thread = threading.Thread(target=without)
    thread.start()
    inside.wait(10)
    seen["with"] = (w * 2).requires_grad
    done.set()
    thread.join()
    assert seen == {"without": False, "with": True}
