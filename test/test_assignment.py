"""Assignment into Tensors: NumPy's values, aliases included, and the gradients of the program as it stands."""

import copy
import gc
import pickle
import re
import threading
import weakref

import numpy as np
import pytest

from tensorgrad import (
    Tensor,
    check_grads,
    derivative,
    detect_anomaly,
    draw_dot_tensor,
    enable_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from tensorgrad.versions import names


def says(*parts):
    """A pattern of parts that must stand in the message in this order."""
    return "(?s)" + ".*".join(re.escape(str(part)) for part in parts)


X = np.random.default_rng(0).normal(size=(4, 3))


def work(shape, like):
    """An array of zeros to be assigned into: NumPy's for an array, a Tensor for a Tensor."""
    return np.zeros(shape, like=like) if isinstance(like, Tensor) else np.zeros(shape)


# Each takes X or a Tensor of it, and gives what it has assigned into. All run on arrays as they stand.


def an_element(x):
    a = work((4, 3), x)
    a[1, 2] = x[0, 0] * x[1, 1]
    return a


def a_row(x):
    a = work((4, 3), x)
    a[1] = x[2] ** 2
    a[-1] = a[1] * x[0]
    return a


def slices_with_steps(x):
    a = x * 2
    a[::-2, 1:] = np.sin(x[:2, :2])
    a[1:3, ::2] = a[:2, ::2]
    return a


def an_ellipsis_and_a_new_axis(x):
    a = work((2, 4, 3), x)
    a[..., 0] = x[:, 1]
    a[None, 1] = x * x
    a[0, ..., None, 1] = x[:, :1] ** 2
    return a


def a_mask(x):
    a = +x
    a[a > 0.2] = a[a > 0.2] ** 2
    a[np.array([True, False, True, False])] = x[1]
    return a


def an_index_array(x):
    a = work((4, 3), x)
    a[[2, 0]] = x[:2] ** 2
    a[[0, 3], [1, 2]] = x[1, :2]
    return a


def a_repeated_index(x):
    a = work((4, 3), x)
    a[[1, 1, 2, 1]] = np.sin(x)
    a[[0, 0], [2, 2]] = x[0, :2]
    return a


def a_broadcast_value(x):
    a = work((4, 3), x)
    a[:] = x[1]
    a[1:3] = x[2:4, :1]
    a[0] = x[3, 2]
    return a


def further_axes_of_length_one(x):
    a = +x
    a[1] = x[None, None, 0] ** 2
    return a


def numbers_arrays_and_lists(x):
    a = x * x
    a[0] = 5
    a[1, 1:] = [2, x[0, 0]]
    a[2] = np.arange(3)
    a[3] = [x[0, 0], x[1, 1], 7]
    return a * x


def a_part_of_itself(x):
    a = +x
    a[1:] = a[:-1]
    a[:, :2] = a[:, 1:] * a[0, 0]
    a[...] = a[::-1]
    return a


def values_needed_later(x):
    a = work(5, x)
    a[0] = x[0, 0]
    for i in range(4):
        a[i + 1] = a[i] * a[i] + x[i, 1]
        a[i] = np.cos(a[i] * a[i + 1])
    return a


def operators_on_elements(x):
    a = +x
    a[0] += x[1]
    a[1] -= a[0] ** 2
    a[2, 1:] *= a[0, 0]
    a[:, 1] /= 3 + x[:, 2] ** 2
    a[3] **= 2
    a[[0, 2]] += x[1]
    a[a > 1] *= 0.5
    return a


def operators_on_the_whole(x):
    a = x * 1
    b = a
    b += x**2
    b *= np.sin(a)
    b -= a[0]
    b /= 2 + b**2
    c = b
    c @= np.outer(x[0], x[1])
    return a + b


def a_view_of_a_view(x):
    a = work((4, 3), x)
    row = a[1]
    end = row[1:]
    end[0] = x[0, 0] ** 2
    row += x[2]
    end *= row[0]
    return a + row.sum() * end[1]


def transposed_and_reshaped(x):
    a = x * 1
    a.T[0] = x[:, 1] ** 2
    a.reshape(-1)[::5] = x[0, 0]
    a.ravel()[1::4] *= x[1, :3]
    np.moveaxis(a[None], 0, -1)[1, 2, 0] = x[3, 1] * 3
    np.flip(a)[0] = np.exp(x[0])
    np.einsum("ii->i", a[:3])[1:] = x[:2, 0]
    return a


def rows_of_a_loop(x):
    a = x * 1
    for i, row in enumerate(a):
        row *= x[i, 0]
    return a


def a_view_from_before(x):
    a = x * 1
    row, copied, flat = a[1], a[[1]], a.reshape(-1)
    a[1] = x[0] * x[1]
    a[1, 2] *= x[2, 2]
    return row * 2 + copied * 3 + flat[3:6] * row[0]


def swapped_rows(x):
    a = x * 1
    a[[0, 2]] = a[[2, 0]]
    a[1], a[3] = a[3].copy(), a[1].copy()
    a[0], a[1] = a[1], a[0]  # views: NumPy gives both rows the same numbers
    return a * np.arange(3.0)


def numpys_functions(x):
    a = x * 1
    np.copyto(a[0], x[1] ** 2)
    np.copyto(a, x * 3, where=x > 0.5)
    np.put(a, [1, -1, 1], x[:3, 2])
    np.put_along_axis(a, np.array([[2], [0], [1], [0]]), x[:, :1] ** 2, axis=1)
    np.place(a, x < -0.5, x[0, :2])
    np.fill_diagonal(a, x[3])
    np.add.at(a, [1, 1, 2], x[:3] ** 2)
    np.subtract.at(a, ([0, 0], [1, 1]), x[0, :2])
    np.multiply.at(a, [3, 3], x[:2])
    np.maximum.at(a, [2, 2], x[2:])
    return a


def methods(x):
    a, b, c = x * 1, x * 2, x[0] * 3
    a[1].fill(x[0, 0])
    b.sort(axis=0)
    c.sort()
    a.put([0, 5], x[2, :2])
    return a + b * c


def out(x):
    a, s, p = work((4, 3), x), work(3, x), work((4, 4), x)
    np.exp(x, out=a)
    np.add(a, x[0], a)
    np.sum(a, axis=0, out=s)
    np.matmul(x, a.T, out=p)
    np.sin(x, out=a, where=x > 0)
    return a * s + p[:, :3]


PROGRAMS = [
    an_element, a_row, slices_with_steps, an_ellipsis_and_a_new_axis, a_mask, an_index_array, a_repeated_index,
    a_broadcast_value, further_axes_of_length_one, numbers_arrays_and_lists, a_part_of_itself, values_needed_later,
    operators_on_elements, operators_on_the_whole, a_view_of_a_view, transposed_and_reshaped, rows_of_a_loop,
    a_view_from_before, swapped_rows, numpys_functions, methods, out,
]  # fmt: skip
program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)


def total(program):
    """A number that depends on all that the program gives, differently on each element."""
    return lambda x: (np.sin(y := program(x)) * np.cos(np.arange(y.size)).reshape(y.shape)).sum()


def differences(f, x, step=1e-6):
    """The gradient of f by central differences."""
    found = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = step
        found[i] = (f(x + e) - f(x - e)) / (2 * step)
    return found


@program
def test_values_are_numpys(program):
    np.testing.assert_array_equal(program(Tensor(X)).data, program(X))
    with no_grad():
        np.testing.assert_array_equal(program(Tensor(X)).data, program(X))


@program
def test_gradients_are_those_of_the_program(program):
    f = total(program)
    expected = differences(f, X)
    np.testing.assert_allclose(grad(f)(X), expected, rtol=1e-6, atol=1e-8)
    x = Tensor(X)
    f(x).backward()
    np.testing.assert_allclose(x.grad, expected, rtol=1e-6, atol=1e-8)


@program
def test_second_derivatives(program):
    f, v = total(program), np.random.default_rng(1).normal(size=X.shape)
    expected = differences(lambda x: float((grad(f)(x) * v).sum()), X)
    np.testing.assert_allclose(hvp(f)(X, v), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.tensordot(hessian(f)(X), v, 2), expected, rtol=1e-6, atol=1e-7)
    x = Tensor(X)
    f(x).backward(create_graph=True)
    g, x.grad = x.grad, None
    (g * v).sum().backward()
    np.testing.assert_allclose(x.grad, expected, rtol=1e-6, atol=1e-7)


@program
def test_forward_mode_and_jacobians(program):
    v = np.random.default_rng(1).normal(size=X.shape)
    y, tangent = jvp(program, (X,), (v,))
    expected = (program(X + 1e-6 * v) - program(X - 1e-6 * v)) / 2e-6
    np.testing.assert_array_equal(y, program(X))
    np.testing.assert_allclose(tangent, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(np.tensordot(jacobian(program)(X), v, 2), expected, rtol=1e-6, atol=1e-7)
    rows = jacobian(lambda x: program(x)[0].sum()[None])(X)  # fewer outputs than inputs: walked backward
    np.testing.assert_allclose(np.tensordot(rows, v, 2), expected[0].sum()[None], rtol=1e-6, atol=1e-7)
    check_grads(total(program), X, order=2)


@program
def test_the_graph_goes_with_its_last_name(program):
    gc.collect()
    gc.disable()
    try:
        x = Tensor(X)
        y = program(x)
        loss = y.sum()
        loss.backward()
        loss.backward(retain_graph=False)
        refs = [weakref.ref(t) for t in (x, y, loss)]
        del x, y, loss
        assert [ref() for ref in refs] == [None] * 3
        assert not names
    finally:
        gc.enable()


# What may be assigned into --------------------------------------------------------------------------------------------


def test_a_leaf_that_requires_a_gradient_refuses():
    x = Tensor(np.ones((2, 2)), name="x")
    writes = (
        lambda: x.__setitem__(0, 1.0), lambda: x[0].__setitem__(0, 1.0), lambda: x.T.fill(1.0), lambda: x.sort(),
        lambda: np.exp(x, out=x), lambda: np.add.at(x, 0, 1.0), lambda: np.copyto(x, 0), lambda: x[0].__iadd__(1),
    )  # fmt: skip
    for write in writes:
        with pytest.raises(TypeError, match=says("leaf", "+tensor", "Tensor(array, requires_grad=False)")):
            write()
    np.testing.assert_array_equal(x.data, np.ones((2, 2)))


def test_the_argument_of_a_transform_refuses():
    def overwrite(x):
        x[0] = 1.0
        return x.sum()

    for transform in (grad, jacobian, hessian, value_and_grad):
        with pytest.raises(TypeError, match=says("can't be assigned into", "+tensor")):
            transform(overwrite)(np.ones(2))
    with pytest.raises(TypeError, match="assign into a copy"):
        grad(lambda x: grad(overwrite)(x * 2).sum())(np.ones(2))


def test_plus_equals_on_an_argument_can_be_differentiated_again():
    """x - sin(x)/2 has the second derivative sin(x)/2, and the third cos(x)/2."""

    def f(x):
        x -= 0.5 * np.sin(x)
        return x

    np.testing.assert_allclose(grad(grad(f))(1.0), np.sin(1.0) / 2, rtol=1e-14)
    np.testing.assert_allclose(grad(grad(grad(f)))(1.0), np.cos(1.0) / 2, rtol=1e-14)
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(hessian(lambda x: f(x).sum())(x), np.diag(np.sin(x) / 2), rtol=1e-14)
    np.testing.assert_array_equal(x, [1, 2])


def test_plus_equals_on_a_leaf_makes_a_new_tensor():
    leaf = loss = Tensor(1.0)
    term = Tensor(2.0)
    loss += term
    assert loss is not leaf and leaf.item() == 1.0
    loss += term
    loss.backward()
    assert (leaf.grad, term.grad) == (1.0, 2.0)


def test_plus_equals_makes_a_new_tensor_where_nobody_can_tell():
    a = Tensor(X) * 2
    memory = a.data.ctypes.data
    a += 1
    (before,) = a.parents
    assert before.data.ctypes.data == memory != a.data.ctypes.data
    np.testing.assert_array_equal(before.data, X * 2)


def test_plus_equals_shows_in_all_that_sees_the_memory():
    a = Tensor(X) * 2
    other, row, array = a, a[0], a.data
    a += 1
    assert other is a
    np.testing.assert_array_equal(row.data, X[0] * 2 + 1)
    np.testing.assert_array_equal(array, X * 2 + 1)


def test_plus_equals_keeps_dtype_and_shape():
    a = Tensor(np.ones(2, np.float32)) * 1
    b = a
    a += np.ones(2)
    assert a is b and a.dtype == np.float32
    with pytest.raises(TypeError, match=says("complex64", "float32", "astype")):
        a += 1j
    with pytest.raises(ValueError, match=says("(3, 2)", "(2,)")):
        a += np.ones((3, 2))
    np.testing.assert_array_equal(a.data, [2, 2])


def test_scalars_are_immutable_as_in_numpy():
    x = Tensor([1.0, 2.0])
    s = t = x.sum()
    s += 1
    assert (t.item(), s.item()) == (3.0, 4.0)
    with pytest.raises(TypeError, match="scalar"):
        t[...] = 5.0
    a = np.copy(t)
    a[...] = 5.0
    assert t.item() == 3.0


def test_windows_that_overlap_refuse():
    a = Tensor(np.zeros(5), requires_grad=False)
    windows = np.lib.stride_tricks.sliding_window_view(a, 3, writeable=True)
    with pytest.raises(ValueError, match="shown twice"):
        windows[0] = 1.0


def test_read_only_views_refuse_as_in_numpy():
    a = Tensor(X) * 1
    for view in (np.diagonal(a), np.broadcast_to(a, (2, 4, 3)), np.diag(a)):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1.0


@pytest.mark.parametrize("index", [7, (0, 0, 0), slice(None, None, 0), "a", 1.5, [[9]], np.ones(7, bool)])
def test_an_index_that_is_wrong_changes_nothing(index):
    a = Tensor(X) * 1
    with pytest.raises((IndexError, ValueError), match="assignment"):
        a[index] = Tensor(1.0)
    np.testing.assert_array_equal(a.data, X)
    a.sum().backward()


@pytest.mark.parametrize("value", [np.ones(2), Tensor(np.ones((3, 3))), "word", [1, [2, 3]], np.array(["a"] * 3)])
def test_a_value_that_is_wrong_changes_nothing(value):
    a = Tensor(X) * 1
    with pytest.raises((ValueError, TypeError)):
        a[0] = value
    np.testing.assert_array_equal(a.data, X)
    a.sum().backward()


def test_masked_arrays_and_tensors_as_indices_refuse():
    a = Tensor(X) * 1
    with pytest.raises(TypeError, match="MaskedArray"):
        a[0] = np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    with pytest.raises(TypeError, match="index"):
        a[Tensor(0.0)] = 1.0


def test_other_arrays_refuse():
    dask = pytest.importorskip("dask.array")
    a = Tensor(dask.ones(4, chunks=2)) * 1
    with pytest.raises(TypeError, match=says("assignment", "Array", "np.where")):
        a[0] = 1.0


# Without recording ----------------------------------------------------------------------------------------------------


def test_no_grad_writes_and_what_used_the_old_data_raises():
    for write in (lambda t: t.__setitem__(0, 5.0), lambda t: t.__iadd__(1), lambda t: t[1:].fill(2.0)):
        for t in (Tensor([1.0, 2.0, 3.0]), Tensor([1.0, 2.0, 3.0], requires_grad=False)):
            w = Tensor(2.0)
            y = (t * w).sum()
            with no_grad():
                write(t)
                assert not np.array_equal(t.data, [1, 2, 3])
            with pytest.raises(RuntimeError, match="changed"):
                y.backward()
            (t * w).sum().backward()
            assert w.grad == t.data.sum()


def test_an_update_in_place_trains_a_leaf():
    p = Tensor([1.0, 2.0])
    parameters = [p]
    (p**2).sum().backward()
    with no_grad():
        for q in parameters:
            q -= 0.1 * q.grad
    np.testing.assert_allclose(p.data, [0.8, 1.6])
    assert p.requires_grad and parameters[0] is p


def test_plain_arrays_of_the_same_memory_are_noticed():
    array = np.ones(3)
    a, w = Tensor(array, requires_grad=False), Tensor(2.0)
    y = (w * array).sum()
    a[0] = 5.0
    assert array[0] == 5.0
    with pytest.raises(RuntimeError, match="changed"):
        y.backward()


def test_two_tensors_of_one_memory_are_noticed():
    array = np.ones(3)
    a, b, w = Tensor(array, requires_grad=False), Tensor(array, requires_grad=False), Tensor(2.0)
    for first, second in ((a, b), (b, a)):
        y = (w * first).sum()
        second[0] = w * 3
        with pytest.raises(RuntimeError, match="changed"):
            y.backward()


# Gradients of versions ------------------------------------------------------------------------------------------------


def test_grad_is_that_of_what_a_tensor_shows():
    x = Tensor([1.0, 2.0])
    a = +x
    y = a * a
    a[0] = 3 * x[1]
    (y + a * 5).sum().backward()
    np.testing.assert_array_equal(a.grad, [5, 5])
    np.testing.assert_array_equal(x.grad, [2, 4 + 15 + 5])


def test_grad_of_a_view_is_that_of_its_last_version():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    a = +x
    row = a[0]
    before = row * 2
    row += x[1]
    (before + row * 7).sum().backward()
    np.testing.assert_array_equal(row.grad, [7, 7])
    np.testing.assert_array_equal(x.grad, [[9, 9], [7, 7]])


def test_backward_again_adds_the_same_again():
    x = Tensor(X)
    y = total(operators_on_elements)(x)
    y.backward()
    once = x.grad.copy()
    y.backward()
    np.testing.assert_allclose(x.grad, 2 * once)


def test_a_freed_graph_says_so():
    x = Tensor([1.0, 2.0])
    a = +x
    a[0] = x[1]
    a.sum().backward(retain_graph=False)
    np.testing.assert_array_equal(x.grad, [0, 2])
    a[1] = 1.0
    with pytest.raises(RuntimeError, match="retain_graph"):
        (a * x).sum().backward()
    a[...] = x * 2  # nothing of the freed graph is left
    x.zero_grad()
    a.sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_requires_grad_comes_and_goes_with_what_is_assigned():
    x, a = Tensor([1.0, 2.0]), Tensor(np.zeros((2, 2)), requires_grad=False)
    row = a[0]
    a[1] = 3.0
    assert not a.requires_grad and not row.requires_grad
    a[0] = x
    assert a.requires_grad and row.requires_grad
    with pytest.raises(TypeError, match="part of an array"):
        np.asarray(row)
    (row * 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [3, 3])
    a[...] = 0.0
    assert not a.requires_grad and not row.requires_grad


def test_settings_are_copied():
    x = Tensor(X)
    a, index, value = x * 1, np.array([0, 1]), np.ones(3)
    a[index] = value
    index[:], value[:] = 3, 9
    a.sum().backward()
    np.testing.assert_array_equal(x.grad, [[0] * 3] * 2 + [[1] * 3] * 2)


def test_several_outputs_and_saved_values_keep_what_their_rules_need():
    s = X[:3] @ X[:3].T

    def eigen(s):
        values, vectors = np.linalg.eigh(s)
        y = (vectors * vectors * values).sum()
        values[0], vectors[...] = 5.0, 0.0
        return y + values.sum()

    def exact(s):
        values, vectors = np.linalg.eigh(s)
        return (vectors * vectors * values).sum() + values[1:].sum()

    np.testing.assert_allclose(grad(eigen)(s), grad(exact)(s))
    np.testing.assert_allclose(hvp(eigen)(s, s.T), hvp(exact)(s, s.T))

    def softmax(x):
        p = x.softmax()
        y = (p * p).sum()
        p[0] = 0.0
        return y + (p**3).sum()

    def without_assignment(x):
        return (x.softmax() ** 2).sum() + (x.softmax()[1:] ** 3).sum()

    np.testing.assert_allclose(grad(softmax)(X), grad(without_assignment)(X))


def test_what_a_users_function_saves_may_be_its_output():
    exp = derivative(
        lambda x: (y := np.exp(x), y), lambda g, y, x, saved=None: g * (y if saved is None else saved), saves=True
    )
    x = Tensor([1.0, 2.0])
    a = exp(x)
    y = a * 1
    a[0] = 0.0
    (y + a).sum().backward()
    np.testing.assert_allclose(x.grad, np.exp([1, 2]) * [1, 2])


def test_settings_of_a_users_function_are_its_own():
    factors = {"A": 2, "C": 3}
    by_mode = derivative(lambda x, mode: x * factors[mode], lambda g, y, x, mode: g * factors[mode])
    by_order = derivative(lambda x, *, order="C": x * factors[order], lambda g, y, x, *, order="C": g * factors[order])
    for setting, factor in factors.items():
        for scaled in (lambda x: by_mode(x, setting), lambda x: by_order(x, order=setting)):  # noqa: B023
            x = Tensor([1.0, 2.0])
            scaled(x).sum().backward()
            np.testing.assert_array_equal(x.grad, [factor] * 2)


# Transforms -----------------------------------------------------------------------------------------------------------


def test_a_pullback_is_of_the_call_whatever_is_assigned_later():
    x = Tensor([1.0, 2.0])
    for f in (lambda t: t * x, lambda t: an_assignment(t) * x, an_assignment):
        y, pullback = vjp(f, Tensor([3.0, 4.0]))
        before = [g.data for g in pullback(np.ones(2))]
        if y.requires_grad:
            y[0] = 7.0
        np.testing.assert_array_equal([g.data for g in pullback(np.ones(2))], before)


def an_assignment(t):
    a = +t
    a[0] = t[1] * t[0]
    return a


def test_nested_transforms_with_an_outer_tensor():
    def f(x):
        a = x * 1
        inner = grad(lambda y: (b := a * y, b.__setitem__(0, b[1] * y[0]), (b**2).sum())[2])(x)
        a[1] = inner[0]
        return (a * inner).sum()

    np.testing.assert_allclose(grad(f)(X[0]), differences(lambda x: f(Tensor(x)).item(), X[0]), rtol=1e-6)


def test_a_function_may_assign_into_what_it_closes_over():
    buffer = Tensor(np.zeros(2), requires_grad=False)

    def f(x):
        buffer[...] = x * x
        return buffer.sum()

    for _ in range(3):
        np.testing.assert_array_equal(grad(f)(np.array([1.0, 2.0])).data, [2, 4])


def test_views_of_an_argument_that_requires_no_gradient():
    def f(x):
        a, rest = np.zeros_like(x), x[1:]
        squares = rest * rest
        a[0] = squares[0] * x[0]
        a[1:] = rest * squares
        return (a**2).sum()  # (x0 x1²)² + x1⁶ + x2⁶

    expected = [2 * 1 * 2**4, 4 * 1 * 2**3 + 6 * 2**5, 6 * 3**5]
    for x in (Tensor([1.0, 2.0, 3.0], requires_grad=False), Tensor([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])):
        np.testing.assert_allclose(np.asarray(grad(f)(x).data), expected)


def test_aux_that_an_assignment_connected_is_a_tensor():
    w = Tensor(2.0)

    def f(x):
        a = np.zeros(3, like=x)
        seen = a[1:]  # a constant, until something is assigned into what it shows
        a[1:] = x * w
        return (x**2).sum(), seen

    gradient, aux = grad(f, has_aux=True)(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(gradient.data, [2, 4])
    aux.sum().backward()
    assert w.grad == 3


# At -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, (1, 2), (slice(None), 1), [0, 0, 2], (..., [1, 1]), X > 0], ids=str)
@pytest.mark.parametrize("name", ["set", "add", "subtract", "multiply", "divide", "power", "min", "max"])
def test_at_changes_a_copy(name, index):
    ufuncs = {"min": np.minimum, "max": np.maximum}
    value = 1.5 + 0.25 * np.arange(X[index].size).reshape(X[index].shape)

    def functional(x, v):
        return getattr((x**2).at[index], name)(v)

    def in_place(x, v):
        a = x**2
        if name == "set":
            a[index] = v
        else:
            ufuncs.get(name, getattr(np, name, None)).at(a, index, v)
        return a

    x = Tensor(X)
    y = x.at[index].set(value)
    np.testing.assert_array_equal(x.data, X)
    assert y is not x and y.requires_grad
    np.testing.assert_array_equal(functional(x, Tensor(value)).data, in_place(X, value))
    check_grads(lambda x, v: np.sin(functional(x, v)).sum(), X, value, order=2, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(x.at[index].get().data, X[index])


def test_at_is_no_place_to_write_to():
    t = Tensor(X)
    with pytest.raises(TypeError, match=says("at[index].set(value)")):
        t.at[0] = 1.0
    with pytest.raises(TypeError, match=says("at[index].add(value)")):
        t.at[0] += 1.0


# Beside other things --------------------------------------------------------------------------------------------------


def test_copies_and_pickles():
    x = Tensor(X)
    a = x * 1
    row = a[0]
    a[0] = x[1]
    for t in (a, row):
        with pytest.raises(TypeError, match="without the graph behind it"):
            pickle.dumps(t)
        for other in (copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t.detach()))):
            np.testing.assert_array_equal(other.data, t.data)
            assert not other.parents and not np.shares_memory(other.data, t.data)


def test_parents_are_the_version_before():
    x = Tensor([1.0, 2.0])
    a = +x
    y = a * 3
    assert y.parents == (a,)
    a[0] = x[1]
    (old,) = y.parents
    np.testing.assert_array_equal(old.data, [1, 2])
    np.testing.assert_array_equal((old * 2).data, [2, 4])
    assert [p.shape for p in a.parents] == [(), (2,)]
    assert "=" in draw_dot_tensor(a).source


def test_anomalies_are_looked_for_in_assignments():
    x = Tensor([1.0, 0.0])
    with detect_anomaly():
        total(values_needed_later)(Tensor(X)).backward()
    with np.errstate(all="ignore"), detect_anomaly(), pytest.raises(FloatingPointError, match="log"):
        a = +x
        np.log(a, out=a)


def test_threads_assign_into_their_own():
    shared, found, errors = Tensor(X), {}, []

    def run(k):
        try:
            f = total(PROGRAMS[k])
            for _ in range(20):
                found[k] = grad(lambda x: f(x) + 0 * shared.sum())(X).data
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in (1, 6, 11, 14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for k, g in found.items():
        np.testing.assert_allclose(g, grad(total(PROGRAMS[k]))(X))


def test_enable_grad_inside_no_grad_records():
    x = Tensor([1.0, 2.0])
    with no_grad():
        a = Tensor(np.zeros(2), requires_grad=False)
        with enable_grad():
            a[0] = x[1] * 2
    a.sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 2])


def test_what_is_kept_is_what_was_overwritten():
    """Not a copy of the array for each assignment: of 1,000 rows of an array of 80 kB, all kept would be 80 MB."""
    tracemalloc = pytest.importorskip("tracemalloc")
    x = Tensor(np.ones(10))
    tracemalloc.start()
    a = Tensor(np.zeros((1000, 10)), requires_grad=False)
    a[0] = x
    for i in range(999):
        a[i + 1] = np.sin(a[i])
    a.sum().backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6


def test_a_buffer_that_is_filled_again_keeps_nothing():
    tracemalloc = pytest.importorskip("tracemalloc")
    w, buffer = Tensor(2.0), Tensor(np.zeros(10_000), requires_grad=False)
    data = np.ones(10_000)
    tracemalloc.start()
    for _ in range(50):
        buffer[...] = data
        (buffer * w).sum().backward(retain_graph=False)
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert current < 10 * data.nbytes


def test_a_view_whose_graph_was_freed_can_be_read_while_another_tensor_is_assigned_into():
    other = +Tensor(np.ones(3))
    other[0] = 2.0
    x = Tensor(np.arange(6.0))
    view = (x * 2)[1:3]
    view.sum().backward(retain_graph=False)
    np.testing.assert_array_equal(view.data, [2, 4])
    np.testing.assert_array_equal(other.data, [2, 1, 1])
