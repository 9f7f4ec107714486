"""Several threads at once: backward into shared parameters, and transforms."""

import sys
import threading
import time
from functools import partial

import numpy as np
from duck import Duck
from helpers import close

from tensorgrad import Tensor, enable_grad, grad, no_grad


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
        def __iadd__(self, other):
            before = self.array.copy()
            time.sleep(0.01)
            self.array = before + other.array
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
