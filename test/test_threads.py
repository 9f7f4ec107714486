"""Several threads at once: backward into shared parameters, and transforms."""

import io
import os
import signal
import sys
import threading
import time
import warnings
from functools import partial

import numpy as np
import pytest
from duck import Duck
from helpers import close

from tensorgrad import Tensor, derivative, enable_grad, grad, gradients, no_grad, profile, profiler
from tensorgrad.derivatives.table import CHANGING, OBSERVERS
from tensorgrad.ordering import LockedCount, make_orders


def run_at_once(works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_backward_in_several_threads_at_once():
    """Each on a graph of its own, over parameters that all share."""
    w, n, rounds = Tensor(np.ones(20_000)), 8, 20
    errors = []

    def work():
        try:
            for _ in range(rounds):
                (w * 2.0).backward(retain_graph=False)
                with no_grad():
                    assert not (w * 2.0).requires_grad
                assert (w * 2.0).requires_grad
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        run_at_once([work] * n)
    finally:
        sys.setswitchinterval(interval)
    assert not errors
    np.testing.assert_array_equal(w.grad, np.full(20_000, 2.0 * n * rounds))


def test_threads_add_to_a_gradient_one_after_the_other():
    class Slow(Duck):
        def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
            before = self.array.copy()
            time.sleep(0.01)
            if not out:
                return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
            self.array = before + inputs[1].array
            return self

        def copy(self):
            return Slow(self.array.copy())

    w = Tensor(Slow(np.ones(2)))
    w.grad = Slow(np.zeros(2))
    outputs = [w * 1.0 for _ in range(6)]
    run_at_once([y.backward for y in outputs])
    np.testing.assert_array_equal(w.grad.array, [6, 6])


def test_transforms_in_several_threads():
    found = {}

    def work(k):
        with no_grad() if k % 2 else enable_grad():
            found[k] = [float(grad(grad(lambda x: np.sin(x * k) * x))(0.5)) for _ in range(50)]

    run_at_once([partial(work, k) for k in range(1, 7)])
    for k, values in found.items():
        close(values, 2 * k * np.cos(k * 0.5) - k**2 * np.sin(k * 0.5) * 0.5)
    assert len(found) == 6


# Reading a gradient while another thread adds to it -------------------------------------------------------------------


def read_while_added(rounds):
    """How many gradients got lost, of so many that were read while another thread deposited them."""
    lost = 0
    for _ in range(rounds):
        w = Tensor(np.ones(50))
        y = w * 2.0
        start = threading.Barrier(2)

        def read(w=w, start=start):
            start.wait()
            for _ in range(20):
                _ = w.grad

        def add(y=y, start=start):
            start.wait()
            y.backward()

        run_at_once([read, add])
        lost += not (w.grad == 2).all()
    return lost


@pytest.fixture
def switching_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_reading_a_gradient_loses_none(switching_often):
    assert read_while_added(50) == 0


def test_a_gradient_that_is_added_while_zeros_are_made_is_not_lost():
    class Waiting(Duck):
        def __array_function__(self, func, types, args, kwargs):
            if func is np.zeros_like:
                thread.start()
                thread.join(0.2)  # without a lock, it would be done by then
            return super().__array_function__(func, types, args, kwargs)

    w = Tensor(Waiting(np.ones(3)))
    y = w * 2.0
    thread = threading.Thread(target=lambda: y.backward(Duck(np.ones(3))))
    found = w.grad
    thread.join()
    np.testing.assert_array_equal(w.grad.array, [2, 2, 2])
    assert w.grad is found


@pytest.mark.slow
def test_reading_a_gradient_loses_none_in_a_thousand(switching_often):
    assert read_while_added(1000) == 0


def test_the_zeros_that_are_read_before_are_what_backward_adds_to(switching_often):
    for _ in range(50):
        w = Tensor(np.ones(5))
        found = []
        run_at_once([lambda w=w, found=found: found.append(w.grad)] * 4)
        assert all(g is found[0] for g in found)
        (w * 3).backward()
        assert (found[0] == 3).all()


# A process that is forked meanwhile ----------------------------------------------------------------------------------


def forked_while_adding(children):
    """Exit codes of children that were forked while another thread was adding to gradients, and run backward."""
    w, done = Tensor(np.ones(100_000)), threading.Event()

    def add():
        while not done.is_set():
            (w * 1.0).backward()

    thread = threading.Thread(target=add)
    thread.start()
    codes = []
    try:
        for _ in range(children):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that a process with threads is forked
                pid = os.fork()
            if pid == 0:
                signal.alarm(20)  # a child that hangs is killed
                v = Tensor([1.0])
                (v * 2).backward()
                _ = w.grad
                os._exit(0 if v.grad == 2 else 1)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        done.set()
        thread.join()
    return codes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="about fork")
@pytest.mark.parametrize(
    "lock", [gradients.accumulating, CHANGING, profiler._counting], ids=["grads", "table", "profile"]
)
def test_no_lock_is_held_in_a_forked_process(lock):
    held, release = threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            release.wait(0.2)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        os._exit(0 if lock.acquire(timeout=1) else 1)
    release.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with lock:  # nor is it left held here
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="about fork")
def test_a_forked_process_does_not_wait_for_a_thread_that_it_has_not_got():
    assert set(forked_while_adding(10)) == {0}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="about fork")
def test_of_a_thousand_forked_processes_none_waits():
    assert set(forked_while_adding(1000)) == {0}


# An interrupt in the middle -------------------------------------------------------------------------------------------

LEAVES = 40


def interrupted(rounds, rng):
    """Interrupt backward at some moment, as Ctrl+C does; how often gradients had been added to, and how often not."""
    ws = [Tensor(np.ones(20)) for _ in range(LEAVES)]
    outcomes = {"all": 0, "none": 0}
    for _ in range(rounds):
        for w in ws:
            w.grad = None if rng.random() < 0.3 else np.zeros(20)
        y = np.stack(ws).sum()
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(2e-5, 1.5e-3))
                y.backward()
                while True:  # until it comes
                    pass
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            pass
        assert not gradients.accumulating._is_owned()
        added = sum(bool((w.grad == 1).all()) for w in ws)
        assert added in (0, LEAVES), f"{added} of {LEAVES} gradients were added to"
        outcomes["all" if added else "none"] += 1
    return outcomes


@pytest.fixture
def interrupting():
    def interrupt(*args):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield
    signal.signal(signal.SIGALRM, before)


needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="about signals")


@needs_timer
def test_an_interrupt_leaves_all_gradients_added_or_none(interrupting, rng):
    interrupted(100, rng)


@needs_timer
@pytest.mark.slow
def test_a_thousand_interrupts_come_before_and_after_the_addition(interrupting, rng):
    outcomes = interrupted(1000, rng)
    assert min(outcomes.values()) > 20


def test_an_interrupt_at_any_line_leaves_all_or_none():
    """An exception at each line of the deposit in turn."""
    steps, code = 0, gradients._accumulate.__code__
    for at in range(1, 400):
        ws = [Tensor(np.ones(3)) for _ in range(4)]
        for w in ws[:2]:
            w.grad = np.zeros(3)
        y = ws[0] * ws[1] * ws[2] * ws[3]
        steps = 0

        def local(frame, event, arg, at=at):
            nonlocal steps
            if event == "line":
                steps += 1
                if steps == at:
                    raise KeyboardInterrupt
            return local

        sys.settrace(lambda frame, event, arg, local=local: local if frame.f_code is code else None)
        try:
            y.backward()
        except KeyboardInterrupt:
            pass
        else:
            break
        finally:
            sys.settrace(None)
        assert not gradients.accumulating._is_owned()
        assert sum(bool((w.grad == 1).all()) for w in ws) in (0, 4)
    assert 20 < at < 399
    assert all((w.grad == 1).all() for w in ws)


def test_a_floating_point_error_in_one_addition_leaves_none_out():
    big, w = Tensor([1e308]), Tensor([1.0])
    big.grad, w.grad = np.array([1.7e308]), np.array([0.0])
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        (big * 1.0 + w).backward(np.array([1.7e308]))
    assert big.grad == np.inf and w.grad == 1.7e308


# Rules and observers -------------------------------------------------------------------------------------------------


def test_functions_that_are_made_while_others_are_watched():
    errors = []

    def make():
        try:
            kept = [derivative(lambda x, k=k: x * k, lambda g, y, x, k=k: g * k) for k in range(100)]
            assert float(kept[7](Tensor(2.0))) == 14
        except BaseException as error:
            errors.append(error)

    def watch():
        try:
            for _ in range(8):
                with profile(file=io.StringIO()):
                    np.exp(Tensor(1.0)).backward()
        except BaseException as error:
            errors.append(error)

    run_at_once([make, watch, make, watch])
    assert not errors and not OBSERVERS


def test_orders_of_threads_that_run_at_once_never_go_back():
    for counter in (make_orders(), LockedCount()):
        found = {}

        def count(k, counter=counter, found=found):
            found[k] = [next(counter) for _ in range(5_000)]

        run_at_once([partial(count, k) for k in range(4)])
        assert all(numbers == sorted(set(numbers)) for numbers in found.values())
        assert len({n for numbers in found.values() for n in numbers}) == 20_000
