"""Outer Tensors, which a function closes over: how they are found, and what else closures.py is made of."""

import gc
import threading

import numpy as np
import pytest
from helpers import close

from tensorgrad import MLP, Tensor, draw_backward, draw_dot_tensor, grad, hessian, jvp, no_grad
from tensorgrad.closures import Call, Differentiable, Lifted, OuterTensors, record

W = Tensor([1.0, -2.0, 0.5], name="W")


def test_leaves_and_computed_tensors_are_found_wherever_they_are():
    computed, model, constant = W * 2, MLP(3, [2, 1], rng=0), Tensor(3.0, requires_grad=False)
    holder = {"list": [Tensor(1.0)]}

    def f(x):
        return model(x * computed + W) * holder["list"][0] * constant

    call = Call("test", f, [np.ones(3)])
    assert set(call.outer) == {computed, W, holder["list"][0], *model.parameters()}
    assert [x.requires_grad for x in call.inputs] == [True]


def test_what_the_function_makes_itself_is_not_outer():
    call = Call("test", lambda x: x * Tensor(2.0) * np.exp(Tensor(1.0)), [np.ones(2)])
    assert call.outer == []


def test_gradients_of_arguments_and_outer_tensors():
    outer = W * 2
    call = Call("test", lambda x: (x * outer, np.sum(outer)), [np.array([1.0, 2.0, 3.0])])
    dx, douter, dw = call.pullback([np.ones(3), np.array(10.0)], [outer, W], False)
    close(dx, outer.data)
    close(douter, [11.0, 12.0, 13.0])
    assert dw is None, "it goes no further than to the outer Tensor"
    assert W.grad is None or not W.grad.any()


def test_outer_tensors_of_which_one_was_computed_from_another():
    """Each gradient is that of the call alone; what the one owes to the other comes later."""
    double = W * 2
    call = Call("test", lambda x: np.sum(x * double * W), [np.ones(3)])
    _, first, second = call.pullback([np.ones(())], [W, double], False)
    close(first, double.data)
    close(second, W.data)


def test_an_argument_that_is_also_an_outer_tensor():
    call = Call("test", lambda x: np.sum(x**2 * W), [W])
    first, second = call.pullback([np.ones(())], [W], True)
    close(first.data, 2 * W.data**2)
    close(second.data, W.data**2)


def test_gradients_are_recorded_where_that_is_asked_for():
    call = Call("test", lambda x: np.sum(x**2 * W), [Tensor([1.0, 2.0, 3.0])])
    dx, dw = call.pullback([np.ones(())], [W], True)
    np.sum(dx).backward()
    close(W.grad, [2.0, 4.0, 6.0])
    W.zero_grad()
    assert dw.requires_grad


def test_another_outer_tensor_than_before_is_an_error():
    call = Call("test", lambda x: x * W, [np.ones(3)])
    with pytest.raises(RuntimeError, match=r"test: the function, called again, uses a Tensor of shape \(3,\)"):
        call.pullback([np.ones(3)], [], False)


def test_an_input_that_is_changed_is_an_error():
    def f(x):
        with no_grad():
            x[0] = 5.0
        return x * 2

    with pytest.raises(TypeError, match="assign"):
        Call("test", f, [np.ones(3)])


def test_a_function_without_gradients_is_an_error():
    with pytest.raises(TypeError, match=r"test: what the function returned depends on nothing.*entered no_grad\(\)"):
        Call("test", no_grad()(lambda x: x * W), [np.ones(3)])
    assert Call("test", lambda x: 3.0, [np.ones(3)]).pullback([], [], False) == [None]


def test_outer_tensors_of_many_calls():
    """A branch that is taken later is found, too; and inside no_grad there are none."""
    a, b = Tensor(2.0), Tensor(3.0)
    outer = OuterTensors()
    values = [outer.call(lambda t: t * (a if t < 0.5 else b), t) for t in (0.1, 0.2, 0.9)]
    assert outer.found == [a, b] and [type(v) for v in values] == [np.ndarray] * 3
    close(outer.call(lambda: [a * 1, 5.0]), [2.0, 5.0])
    outer = OuterTensors()
    with no_grad():
        outer.call(lambda: a * 2)
    assert outer.found == []


def test_an_argument_of_several_outer_tensors_of_one_name():
    """An outer Tensor that was assigned into is its newest version."""
    buffer = Tensor(np.zeros(2), requires_grad=False)
    buffer[0] = W[0]
    outer = OuterTensors()
    close(outer.call(lambda: buffer * 3), [3.0, 0.0])
    (found,) = outer.found
    assert found is not buffer and found.requires_grad


# Operations ----------------------------------------------------------------------------------------------------------


class Product(Differentiable):
    """a * b and a + b, of two arrays."""

    calls = 0

    def value(self, parts):
        a, b = parts
        return a * b, a + b

    def gradients(self, g, y, parts):
        self.calls += 1
        a, b = parts
        return g[0] * b + g[1], g[0] * a + g[1]


def product(a, b, by=None):
    by = by or Product()
    return record("product", by.value([getattr(v, "data", v) for v in (a, b)]), [a, b], by)


def test_all_gradients_come_from_one_call_of_the_rule():
    a, b, by = Tensor([1.0, 2.0]), Tensor([3.0, 5.0]), Product()
    y, z = product(a, b, by)
    np.sum(y * y + z).backward()
    assert by.calls == 1
    close(a.grad, 2 * a.data * b.data**2 + 1)
    close(b.grad, 2 * b.data * a.data**2 + 1)


def test_such_an_operation_is_called_again_with_other_values():
    y, _ = product(Tensor(2.0), Tensor(3.0))
    node = y.parents[0]
    close(node._op.func((4.0, 5.0), node._args[1]), (20.0, 9.0))


def test_second_order_and_forward_mode_of_such_an_operation():
    def f(a, b):
        y, z = product(a, b)
        return np.sum(y * y * z)

    def g(a, b):
        return np.sum((a * b) ** 2 * (a + b))

    x, v = (np.array([1.0, 2.0]), np.array([3.0, 5.0])), (np.array([0.5, -1.0]), np.array([2.0, 1.0]))
    close(hessian(f, argnum=(0, 1))(*x), hessian(g, argnum=(0, 1))(*x))
    close(jvp(f, x, v)[1], jvp(g, x, v)[1])
    close(jvp(grad(f), x, v)[1], jvp(grad(g), x, v)[1])
    close(grad(lambda t: jvp(f, (t, x[1]), v)[1])(x[0]), grad(lambda t: jvp(g, (t, x[1]), v)[1])(x[0]))


def test_an_argument_that_is_a_name_has_the_value_of_then():
    a = Tensor(np.zeros(2), requires_grad=False)
    a[0] = W[0]
    y, _ = product(a, Tensor([5.0, 6.0]))
    b = y.parents[0].parents[0].parents[1]
    a[1] = 100.0
    np.sum(y).backward()
    close(b.grad, [1.0, 0.0])
    close(W.grad, [5.0, 0.0, 0.0])
    W.zero_grad()


def test_without_gradients_it_gives_constants():
    y, z = product(np.ones(2), Tensor(np.ones(2), requires_grad=False))
    assert not y.requires_grad and not z.requires_grad
    with no_grad():
        assert not product(W, W)[0].requires_grad


def test_no_reference_cycle():
    gc.collect()
    gc.disable()
    try:
        y, _ = product(W * 1, W * 2)
        np.sum(y).backward()
        W.zero_grad()
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


# Structures ----------------------------------------------------------------------------------------------------------


def test_lifted_arguments_keep_modules_and_constants():
    model, constant = MLP(2, [1], rng=0), Tensor(1.0, requires_grad=False)
    lifted = Lifted({"w": [W, W], "model": model, "other": constant, "text": "tanh"})
    assert lifted.taken() == [W] and lifted.taken() == []
    filled = lifted.filled(["here"])
    assert filled == {"w": ["here", "here"], "model": model, "other": constant, "text": "tanh"}
    assert filled["model"] is model


def test_calls_in_threads_do_not_mix_outer_tensors():
    found = {}

    def run(i):
        mine = Tensor(float(i))
        for _ in range(50):
            found[i] = Call("test", lambda x: x * mine, [np.ones(2)]).outer == [mine] and found.get(i, True)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == dict.fromkeys(range(4), True)


def test_drawn_with_what_it_depends_on():
    """And the page tells the gradient of each, that of an outer Tensor too."""
    first, second = Tensor([1.0, 2.0], name="first"), Tensor([3.0, 4.0], name="second")
    y, z = product(first, second)
    root = np.sum(y * z)
    text = str(draw_dot_tensor(root))
    assert "first" in text and "second" in text and "product" in text
    page = draw_backward(root)
    root.backward()
    (told,) = [o for o in page.operations if o["label"] == "product"]
    gives = {page.values[rule["to"]]["name"]: page.arrays[rule["gives"]].tolist() for rule in told["rules"]}
    assert gives == {t.name: t.grad.tolist() for t in (first, second)}
    assert len(told["arrives"]) == 2
