"""Gradients are arrays of their Tensor's shape and dtype, filled in place, and share memory with nothing else."""

import weakref

import numpy as np
import pytest
from helpers import gradient, value_and_grads
from hypothesis import given, settings
from programs import TWOS, random_programs, run

from tensorgrad import Tensor, derivative

# Filled in place ------------------------------------------------------------------------------------------------------


def test_a_gradient_read_before_backward_is_filled(rng):
    a, b = Tensor(rng.random((2, 3))), Tensor(rng.random((2, 3)))
    c = a + b
    L = (c * a).sum()
    before = {t: t.grad for t in (a, b, c, L)}
    assert all((g == 0).all() and g.shape == t.shape and g.dtype == t.dtype for t, g in before.items())
    L.backward()
    assert all(t.grad is g for t, g in before.items())
    np.testing.assert_allclose(before[a], 2 * a.data + b.data)
    np.testing.assert_allclose(before[b], a.data)
    np.testing.assert_allclose(before[c], a.data)
    L.backward()
    assert all(t.grad is g for t, g in before.items())
    np.testing.assert_allclose(before[b], 2 * a.data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_gradient_of_a_single_number_is_a_0d_array(dtype):
    for f in (
        lambda x: x * x,
        lambda x: x + x,
        lambda x: x * 2.0 + x,
        lambda x: x,
        lambda x: x.sum() + x.reshape(1)[0],
    ):
        x = Tensor(dtype(3))
        g = x.grad
        y = f(x)
        y.backward()
        y.backward(dtype(1))
        assert type(g) is np.ndarray and x.grad is g and g.shape == () and g.dtype == dtype and g != 0
        fresh = Tensor(dtype(3))
        f(fresh).backward(dtype(1))
        assert type(fresh.grad) is np.ndarray and fresh.grad.shape == () and fresh.grad.dtype == dtype


def test_every_gradient_has_the_dtype_of_its_tensor():
    a, b = Tensor(np.ones(3, np.float32)), Tensor(np.ones(3))
    (a * b + a).sum().backward()
    assert a.grad.dtype == np.float32 and b.grad.dtype == np.float64
    np.testing.assert_array_equal(a.grad, [2, 2, 2])


def test_other_byte_orders():
    a = np.array([1.0, 2.0], ">f8")
    g = gradient(lambda x: x * x + x, a)
    assert g.dtype == np.dtype(">f8")
    np.testing.assert_array_equal(g, [3, 5])


def test_a_gradient_can_be_set_scaled_and_cleared():
    p = Tensor([1.0, 2.0])
    p.grad = np.array([3.0, 4.0])
    g = p.grad
    p.grad *= 0.5
    assert p.grad is g
    np.testing.assert_array_equal(p.grad, [1.5, 2.0])
    (p * p).sum().backward()
    np.testing.assert_array_equal(p.grad, [3.5, 6.0])
    p.zero_grad()
    np.testing.assert_array_equal(p.grad, [0, 0])
    np.testing.assert_array_equal(g, [3.5, 6.0])  # what was read keeps its values
    p.grad = None
    np.testing.assert_array_equal(p.grad, [0, 0])
    p.grad = np.broadcast_to(1.0, 2)  # read-only
    (p * p).sum().backward()
    np.testing.assert_array_equal(p.grad, [3, 5])


def test_intermediate_tensors_have_gradients_as_in_pytorch(rng):
    torch = pytest.importorskip("torch")
    arrays = [rng.random(s) for s in ((2, 3), (2, 3), (3, 4), (4,))]

    def forward(a, b, g, i, relu):
        c = a + b
        d = a * b + b**3
        e = c + d
        f = e**2 / 4
        h = f @ g
        j = h + relu(i)
        k = j.tanh()
        return a, b, c, d, e, f, g, h, i, j, k, k.sigmoid()

    ours = forward(*map(Tensor, arrays), Tensor.relu)
    ours[-1].backward()
    theirs = forward(*(torch.tensor(a, requires_grad=True) for a in arrays), torch.relu)
    for t in theirs:
        t.retain_grad()
    theirs[-1].backward(torch.ones(2, 4, dtype=torch.float64))
    for t, u in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(t.grad, u.grad.numpy(), rtol=1e-12)


# Shared with nothing --------------------------------------------------------------------------------------------------


@given(random_programs)
@settings(max_examples=150, deadline=None)
def test_no_gradient_shares_memory_with_another_or_with_data(program):
    captured = TWOS.copy()
    tensors = run(program)
    tensors[-1].backward()
    tensors[-1].backward()
    gradients = [t.grad for t in tensors]
    for i, g in enumerate(gradients):
        assert g.flags.writeable and not np.may_share_memory(g, TWOS)
        assert not any(np.may_share_memory(g, t.data) for t in tensors)
        assert not any(np.may_share_memory(g, h) for h in gradients[:i] if h is not g) or g.size == 0
    assert len({id(g) for g in gradients}) == len({id(t) for t in tensors})
    np.testing.assert_array_equal(TWOS, captured)


def test_changing_a_gradient_in_place_changes_no_other():
    x, y = Tensor(np.ones(3)), Tensor(np.ones(3))
    z = x + y
    w = z.reshape(3)
    w.backward()
    x.grad[:] = 7
    for t in (y, z, w):
        np.testing.assert_array_equal(t.grad, [1, 1, 1])
    w.grad[:] = 5
    np.testing.assert_array_equal(z.grad, [1, 1, 1])


def test_the_same_tensor_twice():
    x = Tensor(np.ones(3))
    y = x + x
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 2, 2])
    np.testing.assert_array_equal(y.grad, [1, 1, 1])


def test_a_gradient_that_nothing_else_refers_to_is_not_copied():
    made = []

    def rule(g, y, x):
        d = g * 2
        made.append(weakref.ref(d))
        return d

    f, x, z = derivative(lambda x: x * 2, rule), Tensor(np.ones(3)), Tensor(np.ones(3))
    f(x).backward()
    assert x.grad is made[0]()
    (f(z) + f(z)).backward()  # the second is added to the first
    assert z.grad is made[1]() and made[2]() is None
    np.testing.assert_array_equal(z.grad, [4, 4, 4])


def test_the_given_gradient_is_neither_kept_nor_changed():
    x = Tensor(np.ones(3))
    y = +x
    g = np.array([1.0, 2.0, 3.0])
    y.backward(g)
    y.backward(g)
    np.testing.assert_array_equal(g, [1, 2, 3])
    for t in (x, y):
        assert not np.may_share_memory(t.grad, g)
        np.testing.assert_array_equal(t.grad, [2, 4, 6])
    x.backward(g)  # of a leaf
    assert not np.may_share_memory(x.grad, g)
    y.backward(Tensor(g))
    np.testing.assert_array_equal(y.grad, [3, 6, 9])


def test_an_assigned_gradient_is_copied():
    a, b, g = Tensor([1.0]), Tensor([1.0]), np.array([5.0])
    a.grad = g
    b.grad = a.grad
    (a * b).sum().backward()
    assert g[0] == 5 and a.grad[0] == 6 and b.grad[0] == 6
    a.grad = a.data
    a.grad += 1
    assert a.data[0] == 1


def test_a_rule_can_not_write_into_the_gradient_that_it_gets():
    greedy = derivative(lambda x: x * 2, lambda g, y, x: np.multiply(g, 2, out=g))
    x = Tensor(1.0)
    with pytest.raises(ValueError, match="read-only"):
        greedy(x).backward()
    y, g = value_and_grads(lambda x: x * 3, 1.0)
    assert y.grad == 1 and g == 3
