"""grad, vjp, jvp, hvp and stop_gradient: closed forms, nesting, closures, arguments and outputs, errors."""

import gc
import tracemalloc

import numpy as np
import pytest
from helpers import close, is_array

from tensorgrad import (
    Tensor,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    laplacian,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)


def forward_grad(f):
    """The derivative of a function of one number, by jvp."""
    return lambda x: jvp(f, (x,), (1.0,))[1]


# Closed forms, of any order -------------------------------------------------------------------------------------------

TAYLOR = {  # f, and its derivatives of order 0 to 4
    "exp(2x)": (lambda x: np.exp(2 * x), [lambda x, k=k: 2**k * np.exp(2 * x) for k in range(5)]),
    "sin": (np.sin, [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
    "x**5": (lambda x: x**5, [lambda x, c=c, p=p: c * x**p for c, p in [(1, 5), (5, 4), (20, 3), (60, 2), (120, 1)]]),
    "log": (np.log, [np.log, lambda x: 1 / x, lambda x: -(x**-2), lambda x: 2 * x**-3, lambda x: -6 * x**-4]),
    "1/x": (lambda x: 1 / x, [lambda x, c=c, k=k: c * x ** -(k + 1) for k, c in enumerate([1, -1, 2, -6, 24])]),
}


@pytest.mark.parametrize("name", TAYLOR)
@pytest.mark.parametrize("x", [0.3, 1.7])
def test_grad_to_fourth_order(name, x):
    f, derivatives = TAYLOR[name]
    for want in derivatives[1:]:
        f = grad(f)
        got = f(x)
        assert is_array(got) and got.shape == ()
        close(got, want(x))


@pytest.mark.parametrize("name", TAYLOR)
def test_jvp_to_fourth_order(name):
    f, derivatives = TAYLOR[name]
    for want in derivatives[1:]:
        f = forward_grad(f)
        close(f(0.7), want(0.7))


def test_derivatives_of_a_polynomial_in_all_mixed_modes():
    """d^4/dx^4 of x^6 is 360 x^2, whatever each of the four is taken by."""
    modes = {
        "grad": grad,
        "jvp": forward_grad,
        "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        "jacobian": jacobian,
    }
    for a in modes:
        for b in modes:
            for c in modes:
                f = modes[a](modes[b](modes[c](grad(lambda x: x**6))))
                close(f(1.3), 360 * 1.3**2)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_hvp_of_rosenbrock_in_1000_dimensions_takes_linear_memory():
    n = 1000
    x = np.random.default_rng(0).normal(size=n)
    v = np.random.default_rng(1).normal(size=n)
    diagonal = np.zeros(n)
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    want = diagonal * v
    want[:-1] -= 400 * x[:-1] * v[1:]
    want[1:] -= 400 * x[:-1] * v[:-1]
    product = hvp(rosenbrock)
    close(product(x, v), want, rtol=1e-10)
    gc.collect()
    tracemalloc.start()
    product(x, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * n * 8  # the Hessian itself would be 1000 of these


def test_stop_gradient():
    close(grad(lambda x: x**2 * stop_gradient(x))(3.0), 18.0)
    close(grad(grad(lambda x: x**2 * stop_gradient(x**2)))(3.0), 18.0)
    close(grad(lambda x: stop_gradient({"a": [x]})["a"][0] * x)(3.0), 3.0)
    x = np.ones(2)
    assert stop_gradient(x) is x


# Nested functions that close over each other's variables --------------------------------------------------------------


def test_perturbation_confusion():
    """Siskind and Pearlmutter, Nesting forward-mode AD in a functional framework, 2008; and variations on it."""
    for d in (grad, forward_grad, jacobian):
        for e in (grad, forward_grad, jacobian):
            close(d(lambda x, e=e: x * e(lambda y: x + y)(1.0))(1.0), 1.0)
            close(d(lambda x, e=e: x * e(lambda y: x * y)(2.0))(3.0), 6.0)
            close(d(lambda x, e=e: e(lambda y: x * y * y)(x))(3.0), 12.0)  # 2 x y at y = x is 2 x^2
            close(d(lambda x, e=e: e(lambda x: x * x)(x) * x)(3.0), 12.0)  # the same name inside
            close(d(lambda x, e=e: x * e(lambda y: 0 * y + 1 * x)(1.0))(5.0), 0.0)


def test_three_levels():
    """d/dx of x d/dy of y d/dz of x y z: at x = 2, y = 3 that is d/dx (x * 2 y x) = 4 x y."""
    f = grad(lambda x: x * grad(lambda y: y * grad(lambda z: x * y * z)(5.0))(3.0))
    close(f(2.0), 4 * 2.0 * 3.0)


def test_a_derivative_of_a_function_that_takes_functions():
    """Manzyuk et al., Perturbation confusion in forward automatic differentiation of higher-order functions, 2019: the
    derivative of a function that takes a function and gives one."""

    def shift(offset):
        return lambda f: lambda x: f(x + offset)

    hat = lambda f: lambda x: forward_grad(lambda offset: shift(offset)(f)(x))(0.0)  # noqa: E731
    close(hat(hat(np.exp))(1.0), np.exp(1.0))


def test_a_pullback_inside_another_transform():
    _, pullback = vjp(lambda x: x**3, 2.0)
    close(grad(lambda g: pullback(g)[0] * g)(5.0).data, 2 * 12.0 * 5.0)  # d/dg of 12 g^2


# Closures and Tensors -------------------------------------------------------------------------------------------------


def test_a_closure_over_a_tensor_stays_connected():
    w = Tensor([2.0, 3.0])
    value, gradient = value_and_grad(lambda x: (x**2 * w**2).sum())(np.array([1.0, 5.0]))
    assert isinstance(value, Tensor) and isinstance(gradient, Tensor)
    close(gradient.data, [8.0, 90.0])
    gradient.sum().backward()
    close(w.grad, [8.0, 60.0])  # d/dw of 2 x w^2 = 4 x w
    w.zero_grad()
    value.backward()
    close(w.grad, [4.0, 150.0])


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: grad(f)(x).sum(),
        lambda f, x: hvp(f)(x, np.ones(2)).sum() + grad(f)(x).sum(),
        lambda f, x: hessian(f)(x).sum(),
        lambda f, x: jacobian(grad(f))(x).sum(),
        lambda f, x: jvp(f, (x,), (np.ones(2),))[1],
        lambda f, x: vjp(f, x)[1](1.0)[0].sum(),
    ],
)
def test_closures_in_every_transform(transform):
    """The outer derivative is compared with a difference of the inner one."""
    x = np.array([0.5, 1.5])

    def result(w):
        return transform(lambda x: (np.sin(x * w) * w**2).sum(), x)

    w = Tensor(0.8)
    result(w).backward()
    h = 1e-6
    with no_grad():
        numeric = (float(result(Tensor(0.8 + h))) - float(result(Tensor(0.8 - h)))) / (2 * h)
    close(w.grad, numeric, rtol=1e-7)


def test_arrays_in_arrays_out_tensors_in_tensors_out():
    x = np.array([1.0, 2.0])
    f = lambda x: (x**3).sum()  # noqa: E731

    def results(given):
        return [
            *value_and_grad(f)(given),
            *vjp(f, given)[1](1.0),
            vjp(f, given)[0],
            *jvp(f, (given,), (x,)),
            jacobian(f)(given),
            hessian(f)(given),
            hvp(f)(given, x),
            laplacian(f)(given),
        ]

    for t in (Tensor(x), Tensor(x, requires_grad=False)):
        for r in results(t):
            assert isinstance(r, Tensor) and r.requires_grad == t.requires_grad
    assert all(is_array(r) for r in results(x))


def test_results_of_tensors_are_differentiated_again_by_backward():
    x = Tensor([1.0, 2.0])
    grad(lambda x: (x**3).sum())(x).sum().backward()
    close(x.grad, [6.0, 12.0])
    v = Tensor([1.0, 10.0])
    dy = jvp(lambda x: x**2, (np.array([3.0, 4.0]),), (v,))[1]
    dy.sum().backward()
    close(v.grad, [6.0, 8.0])
    g = Tensor([1.0, 10.0])
    vjp(lambda x: x**2, np.array([3.0, 4.0]))[1](g)[0].sum().backward()
    close(g.grad, [6.0, 8.0])
    t = Tensor([1.0, 2.0])
    hessian(lambda x: (x**4).sum())(t).sum().backward()
    close(t.grad, [24.0, 48.0])


def test_gradients_are_the_callers_own_arrays():
    """Writable, and shared with nobody: not with each other, the arguments, or what the caller passed in."""
    x, y = np.ones(3), np.ones(3)
    a, b = grad(lambda x, y: (x + y).sum(), (0, 1))(x, y)
    g = np.ones(3)
    (c,) = vjp(lambda x: x, x)[1](g)
    v = np.ones(3)
    d = jvp(lambda x: x, (x,), (v,))[1]
    arrays = [x, y, a, b, g, c, v, d]
    for i, p in enumerate(arrays):
        p += i + 1.0
    for i, p in enumerate(arrays):
        close(p, np.full(3, i + 2.0))


def test_no_grad_around_and_inside():
    w = Tensor(3.0)
    with no_grad():
        close(grad(grad(lambda x: x**3))(2.0), 12.0)
        inside = grad(lambda x: w * x**2)(2.0)
        assert isinstance(inside, Tensor) and not inside.requires_grad
        close(inside.data, 12.0)
        assert not grad(lambda x: x**2)(w).requires_grad
        close(jvp(lambda x: x**2 * w, (2.0,), (1.0,))[1].data, 12.0)
        close(hessian(lambda x: x**2 * w)(2.0).data, 6.0)

    def f(x):
        with no_grad():
            inner = grad(lambda y: y**2 * x)(1.0)  # a constant for the outer one
        return inner * x

    close(grad(f)(5.0), 10.0)


# Arguments and outputs ------------------------------------------------------------------------------------------------


def test_several_outputs():
    f = lambda x, y: (x * y, np.sum(x) + y)  # noqa: E731
    x, y = np.array([1.0, 2.0]), 3.0
    (a, b), pullback = vjp(f, x, y)
    close(a, [3.0, 6.0]), close(b, 6.0)
    dx, dy = pullback((np.array([1.0, 10.0]), 100.0))
    close(dx, [103.0, 130.0]), close(dy, 121.0)
    (a, b) = jacobian(f, (0, 1))(x, y)
    close(a[0], 3 * np.eye(2)), close(a[1], x), close(b[0], [1.0, 1.0]), close(b[1], 1.0)
    (_, _), (da, db) = jvp(f, (x, y), (np.ones(2), 1.0))
    close(da, [4.0, 5.0]), close(db, 3.0)
    same = jacobian(lambda x: (x, x, x * 2))(x)  # one Tensor twice
    close(same[0], np.eye(2)), close(same[1], np.eye(2)), close(same[2], 2 * np.eye(2))


def test_argnum():
    f = lambda a, b, c=2.0: a * b**2 * c  # noqa: E731
    close(grad(f, 1)(3.0, 5.0), 60.0)
    close(grad(f, -1)(3.0, 5.0), 60.0)
    close(grad(f, (1, 0))(3.0, 5.0), [60.0, 50.0])
    assert isinstance(grad(f, (1,))(3.0, 5.0), tuple)
    close(grad(f)(3.0, 5.0, c=10.0), 250.0)
    close(hvp(f, (0, 1))(3.0, 5.0, (1.0, 0.0)), [0.0, 20.0])
    close(hessian(f, (0, 1))(3.0, 5.0)[0][1], 20.0)
    with pytest.raises(TypeError, match="2 positional arguments"):
        grad(f, 2)(3.0, 5.0)
    with pytest.raises(ValueError, match="twice"):
        grad(f, (0, -2))(3.0, 5.0)


def test_dtypes_and_shapes():
    for dtype in (np.float16, np.float32, np.float64):
        x = np.array([1.0, 2.0], dtype)
        f = lambda x: (x**2 * 0.5).sum()  # noqa: E731
        for r in (grad(f)(x), hvp(f)(x, x), hessian(f)(x), jacobian(f)(x), jvp(f, (x,), (x,))[1]):
            assert r.dtype == dtype
    assert grad(lambda x: x**2)(3).dtype == np.float64
    close(grad(lambda x: x[0] ** 2 * x[1])([1, 2]), [4.0, 1.0])  # a list is a structure, here of two numbers
    close(grad(lambda x: x**2)(np.array([[3.0]])), [[6.0]])  # any output of size 1
    assert hessian(lambda x: (x**2).sum())(np.ones((2, 1))).shape == (2, 1, 2, 1)


def test_empty_and_0d():
    empty = np.zeros((0, 2))
    f = lambda x: (x**2).sum()  # noqa: E731
    assert grad(f)(empty).shape == (0, 2)
    assert hessian(f)(empty).shape == (0, 2, 0, 2)
    assert jacobian(lambda x: x * 2)(empty).shape == (0, 2, 0, 2)
    assert jacobian(lambda x: x[0])(empty[None]).shape == (0, 2, 1, 0, 2)
    assert jvp(lambda x: x * 2, (empty,), (empty,))[1].shape == (0, 2)
    assert hvp(f)(empty, empty).shape == (0, 2)
    assert hessian(lambda x: x**2)(np.array(3.0)).shape == ()
    assert jacobian(lambda x: np.zeros((0,)) * x)(2.0).shape == (0,)


def test_constant_outputs_and_unused_arguments():
    close(grad(lambda x, y: y * 2, 0)(Tensor([1.0, 2.0]), Tensor(1.0)).data, [0.0, 0.0])
    close(grad(lambda x, y: y * 2, (0, 1))(np.ones(2), 1.0)[0], [0.0, 0.0])
    close(hessian(lambda x: (x * 3).sum())(np.ones(2)), np.zeros((2, 2)))
    close(jacobian(lambda x: Tensor([1.0, 2.0], requires_grad=False))(np.ones(3)), np.zeros((2, 3)))
    close(jvp(lambda x: Tensor([1.0, 2.0], requires_grad=False), (1.0,), (1.0,))[1], [0.0, 0.0])
    close(grad(grad(grad(lambda x: x * x)))(1.0), 0.0)


def test_names():
    def loss(x):
        return x

    assert grad(loss).__name__ == "grad(loss)" and hessian(loss).__name__ == "hessian(loss)"


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "output, named",
    [
        (lambda x: x > 0, "bool"),
        (lambda x: 3.0, "float 3.0"),
        (lambda x: x.data.sum(), "float64"),
        (lambda x: x * 1j, "complex128"),
        (lambda x: None, "None"),
        (lambda x: (x, x), "tuple"),
        (lambda x: np.stack([x, x]), r"\(2,\)"),
        (lambda x: np.sign(x), "float64"),
        (lambda x: "text", "text"),
    ],
)
def test_grad_of_what_is_not_one_real_number_is_an_error(output, named):
    with pytest.raises(TypeError, match=named):
        grad(output)(2.0)


def test_errors_say_what_to_do():
    x = np.ones(3)
    with pytest.raises(ValueError, match=r"tangent \[0\] has shape \(2,\)"):
        jvp(lambda x: x, (x,), (np.ones(2),))
    with pytest.raises(TypeError, match="complex128"):
        jvp(lambda x: x, (x,), (x * 1j,))
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        vjp(lambda x: x, x)[1](np.ones(2))
    with pytest.raises(ValueError, match="laplacian"):
        laplacian(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="changed"):

        def f(x):
            y = x * 2
            x.data = np.zeros(3)
            return y.sum()

        grad(f)(x)
