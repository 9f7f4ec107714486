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


def test_one_object_entered_by_two_threads_restores_each_of_them():
    shared, w, seen = no_grad(), Tensor([1.0]), {}
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()

    def first():
        with shared:
            first_in.set()
            second_in.wait(10)
        seen["first"] = (w * 2).requires_grad
        first_out.set()

    def second():
        first_in.wait(10)
        with enable_grad(), no_grad(), shared:
            second_in.set()
            first_out.wait(10)
            seen["second, inside"] = (w * 2).requires_grad
        seen["second"] = (w * 2).requires_grad

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"first": True, "second, inside": False, "second": True}


def test_one_object_entered_by_two_tasks_and_inside_itself():
    shared, w, seen = no_grad(), Tensor([1.0]), []

    async def task():
        with shared:
            await asyncio.sleep(0)
            with shared, enable_grad(), shared:
                await asyncio.sleep(0)
            seen.append((w * 2).requires_grad)
        await asyncio.sleep(0)
        seen.append((w * 2).requires_grad)

    async def both():
        await asyncio.gather(task(), task())

    asyncio.run(both())
    assert seen == [False, False, True, True] and (w * 2).requires_grad


def test_blocks_that_do_not_end_in_the_order_of_their_beginning():
    """As those of a generator may."""
    w = Tensor([1.0])

    def steps():
        with no_grad():
            yield
        yield

    generator = steps()
    next(generator)
    assert not (w * 2).requires_grad
    with enable_grad():
        next(generator)
        assert (w * 2).requires_grad
    assert (w * 2).requires_grad
    other = steps()
    next(other)
    with enable_grad():
        with no_grad():
            next(other)
            assert not (w * 2).requires_grad
        assert (w * 2).requires_grad
    assert (w * 2).requires_grad


def test_what_runs_on_after_the_call_is_not_decorated():
    async def stream():
        yield 1

    async def coroutine():
        pass

    def generator():
        yield 1

    class Model:
        pass

    for wrong in (stream, coroutine, generator, Model, 5, None, "name"):
        for mode in (no_grad, enable_grad):
            with pytest.raises(TypeError, match=rf"@{mode.__name__}\(\) is for ordinary functions"):
                mode()(wrong)
