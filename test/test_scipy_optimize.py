"""Roots and minima: values are SciPy's; derivatives against closed forms, differences, and the chain rule through
Newton's steps."""

import gc
import warnings
import weakref

import numpy as np
import pytest
from helpers import close

from tensorgrad import MLP, Tensor, check_grads, checkpoint, grad, hessian, jacobian, jvp, no_grad, vmap

scipy_optimize = pytest.importorskip("scipy.optimize")

from tensorgrad.scipy import integrate, optimize  # noqa: E402

A = np.array([[2.0, 0.5], [0.3, 1.5]])
B = np.array([0.7, -0.4])


def equations(x, p):
    return p["A"] @ np.tanh(x) + x**3 - p["b"]


def root_of(A, b, method="hybr", **settings):
    return optimize.root(equations, np.zeros(2), ({"A": A, "b": b},), method, tol=1e-13, **settings).x


def by_newton(A, b):
    x = np.zeros(2)
    for _ in range(12):
        slope = A * (1 - np.tanh(x) ** 2) + 3 * np.eye(2) * x**2
        x = x - np.linalg.solve(slope, equations(x, {"A": A, "b": b}))
    return x


# Roots ---------------------------------------------------------------------------------------------------------------


def test_values_of_plain_arrays_are_scipys():
    ours = optimize.root(equations, [0.0, 0.0], ({"A": A, "b": B},))
    theirs = scipy_optimize.root(equations, [0.0, 0.0], ({"A": A, "b": B},))
    np.testing.assert_array_equal(ours.x, theirs.x)
    assert type(ours.x) is np.ndarray and ours.nfev == theirs.nfev
    assert optimize.brentq(lambda x: x**2 - 2, 0, 2) == scipy_optimize.brentq(lambda x: x**2 - 2, 0, 2)
    assert type(optimize.brentq(lambda x: x**2 - 2, 0, 2)) is float
    x, info = optimize.brentq(lambda x: x**2 - 2, 0, 2, full_output=True)
    assert info.converged and info.root == x
    np.testing.assert_array_equal(
        optimize.fixed_point(np.cos, [0.5, 0.6]), scipy_optimize.fixed_point(np.cos, [0.5, 0.6])
    )
    assert optimize.newton(lambda x: x**2 - 2, 1) == scipy_optimize.newton(lambda x: x**2 - 2, 1)


def test_the_first_and_second_derivatives_are_those_of_newtons_steps():
    for transform in (lambda f: jacobian(f, argnum=(0, 1)), lambda f: jacobian(jacobian(f, argnum=1), argnum=(0, 1))):
        for a, b in zip(transform(root_of)(A, B), transform(by_newton)(A, B), strict=True):
            close(a, b, rtol=1e-9)
    v = (A, B), (B * A, -B)
    for f, g in ((root_of, by_newton), (lambda A, b: grad(lambda b: np.sum(root_of(A, b)))(b), None)):
        if g is None:
            g = lambda A, b: grad(lambda b: np.sum(by_newton(A, b)))(b)  # noqa: E731
        close(jvp(f, *v)[1], jvp(g, *v)[1], rtol=1e-9)
    check_grads(lambda A, b: root_of(A, b) ** 2, A, B, order=2)


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden1", "krylov", "df-sane"])
def test_methods_of_root(method):
    close(jacobian(lambda b: root_of(A, b, method))(B), jacobian(lambda b: by_newton(A, b))(B), rtol=1e-5)


def test_a_jacobian_of_the_users():
    def slope(x, p):
        return p["A"] * (1 - np.tanh(x) ** 2) + 3 * np.eye(2) * x**2

    want = jacobian(lambda b: by_newton(A, b))(B)
    close(jacobian(lambda b: root_of(A, b, jac=slope))(B), want)

    def both(x, b):
        return equations(x, {"A": A, "b": b}), slope(x, {"A": A})

    close(jacobian(lambda b: optimize.root(both, [0.0, 0.0], (b,), jac=True).x)(B), want)


def test_a_closure_and_parameters_of_a_network():
    model = MLP(2, [3, 2], activation="tanh", rng=0)
    w = Tensor(0.3)

    def f(x):
        return w * model(x) - x + 0.5

    def unrolled():
        x = np.zeros(2)
        for _ in range(100):
            x = f(x) + x
        return x

    found = []
    solvers = [
        unrolled,
        lambda: optimize.root(f, np.zeros(2), tol=1e-13).x,
        lambda: optimize.fixed_point(lambda x: f(x) + x, np.zeros(2), xtol=1e-13, method="iteration"),
    ]
    for solve in solvers:
        model.zero_grad()
        w.zero_grad()
        np.sum(solve() ** 2).backward()
        found.append([p.grad.copy() for p in (w, *model.parameters())])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            close(b, a, rtol=1e-7, atol=1e-10)


def test_lists_of_tensors_from_the_function():
    def f(x, r):
        return [x[0] * x[1] - r, x[0] - x[1]]

    a = lambda r: optimize.root(f, [1.0, 1.0], r, tol=1e-13).x[0]  # noqa: E731
    close(grad(a)(4.0), 0.25)
    close(grad(grad(a))(4.0), -1 / 32)


SCALAR = {
    "brentq": lambda f, a: optimize.brentq(f, 0.5, 9, args=(a,)),
    "bisect": lambda f, a: optimize.bisect(f, 0.5, 9, args=(a,), xtol=1e-14),
    "newton": lambda f, a: optimize.newton(f, 1.0, args=(a,), tol=1e-13),
    "halley": lambda f, a: optimize.newton(f, 1.0, lambda x, a: 3 * x**2, (a,), 1e-13, fprime2=lambda x, a: 6 * x),
    "brentq, closure": lambda f, a: optimize.brentq(lambda x: f(x, a), 0.5, 9),
    "brentq, all": lambda f, a: optimize.brentq(f, 0.5, 9, args=(a,), full_output=True)[1].root,
    "root_scalar": lambda f, a: optimize.root_scalar(f, (a,), bracket=[0.5, 9], method="toms748").root,
    "secant": lambda f, a: optimize.root_scalar(f, (a,), x0=1.0, x1=2.0, xtol=1e-13).root,
    "fprime": lambda f, a: (
        optimize.root_scalar(lambda x: (f(x, a), 3 * x**2), x0=1.0, fprime=True, method="newton", xtol=1e-13).root
    ),
    "fixed_point": lambda f, a: optimize.fixed_point(lambda x, a: x - f(x, a) / (3 * x**2), 1.0, (a,), 1e-13),
    "root": lambda f, a: optimize.root(f, 1.0, (a,), tol=1e-13).x[0],
}


@pytest.mark.parametrize("solve", SCALAR.values(), ids=SCALAR)
def test_cube_roots_to_third_order(solve):
    def cube_root(a):
        return solve(lambda x, a: x**3 - a, a)

    f = cube_root
    for want in (lambda a: a ** (-2 / 3) / 3, lambda a: -2 / 9 * a ** (-5 / 3), lambda a: 10 / 27 * a ** (-8 / 3)):
        f = grad(f)
        close(f(8.0), want(8.0), rtol=1e-8)
    assert type(cube_root(Tensor(8.0))) is Tensor


def test_newton_of_arrays_and_of_complex_numbers():
    a = np.array([4.0, 9.0])
    close(jacobian(lambda a: optimize.newton(lambda x: x**2 - a, np.ones(2), tol=1e-13))(a), np.diag([1 / 4, 1 / 6]))

    def root_of(z):
        return optimize.newton(lambda x, z: x**2 - z, 1.0 + 1.0j, args=(z,), tol=1e-14)

    z = 1.0 + 2.0j
    close(jacobian(root_of)(np.array(z)), 0.5 / np.sqrt(z))


def test_where_it_begins_makes_no_difference():
    x0, a, w = Tensor([0.1, 0.1]), Tensor(0.2), Tensor(B)
    np.sum(optimize.root(equations, x0, ({"A": A, "b": w},)).x).backward()
    assert not x0.grad.any() and w.grad.any()
    optimize.brentq(lambda x: x - w[0], a, Tensor(2.0)).backward()
    assert not a.grad.any()


def test_the_jacobian_by_where_it_begins_is_zero():
    x0 = np.array([0.1, 0.2])
    starts = [
        lambda x0: optimize.root(equations, x0, ({"A": A, "b": B},)).x,
        lambda x0: optimize.fixed_point(np.cos, x0),
        lambda x0: optimize.newton(lambda x: x**2 - 2, x0),
        lambda x0: optimize.minimize(lambda x: np.sum(x**2), x0).x,
        lambda x0: optimize.least_squares(lambda x: x - 1, x0).x,
    ]
    for f in starts:
        close(jacobian(f)(x0), np.zeros((2, 2)))
    close(grad(lambda b: optimize.brentq(lambda x: x**2 - 2, 0, b))(3.0), 0.0)
    close(grad(lambda x: optimize.root_scalar(lambda x: x**2 - 2, x0=x, method="secant", x1=3.0).root)(1.0), 0.0)


def test_inside_no_grad_and_constants():
    with no_grad():
        assert not root_of(Tensor(A), Tensor(B)).requires_grad
    x = root_of(Tensor(A, requires_grad=False), B)
    assert isinstance(x, Tensor) and not x.requires_grad
    assert type(optimize.root(equations, [0.0, 0.0], ({"A": A, "b": B},)).x) is np.ndarray


def test_no_solution_has_no_derivative():
    a = Tensor(1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = optimize.root(lambda x, a: x**2 + a, [1.0], (a,))
        assert not result.success
        x = optimize.newton(lambda x: x**2 + a, 1.0, disp=False)
    for x_ in (result.x, x):
        with pytest.raises(RuntimeError, match="there is no derivative, for no solution was found"):
            np.sum(x_).backward()


def test_a_singular_jacobian_is_an_error():
    a = Tensor(0.0)
    x = optimize.root(lambda x, a: (x - a) * np.array([1.0, 0.0]), [1.0, 1.0], (a,), method="lm").x
    with pytest.raises(
        np.linalg.LinAlgError, match=r"root: the solution has no derivative here.*\(2, 2\), is singular"
    ):
        np.sum(x).backward()


def test_another_number_of_equations_is_an_error():
    a = Tensor(1.0)
    x = optimize.root(lambda x, a: np.stack([x[0] - a, x[0] - a]), [1.0], (a,), method="lm").x
    with pytest.raises(ValueError, match="2 equations for 1 unknowns"):
        np.sum(x).backward()


def test_a_graph_is_freed_with_its_last_name():
    def run():
        b = Tensor(B)
        np.sum(root_of(A, b) * optimize.brentq(lambda x: x - b[0], 0, 1)).backward()
        np.sum(optimize.minimize(lambda x: np.sum((x - b) ** 2), np.zeros(2)).x).backward()
        return weakref.ref(b)

    gc.disable()
    try:
        assert run()() is None
    finally:
        gc.enable()


# Minima --------------------------------------------------------------------------------------------------------------


def bowl(x, p):
    return np.sum((p["A"] @ x - p["b"]) ** 2) + 0.1 * np.sum(x**4)


def lowest(A, b, method="BFGS", tol=1e-10, **settings):
    return optimize.minimize(bowl, np.zeros(2), ({"A": A, "b": b},), method, tol=tol, **settings).x


def by_newtons_method(A, b):
    x = np.zeros(2)
    for _ in range(15):
        slope = 2 * A.T @ (A @ x - b) + 0.4 * x**3
        x = x - np.linalg.solve(2 * A.T @ A + 1.2 * np.eye(2) * x**2, slope)
    return x


def test_values_of_minimize_of_plain_arrays_are_scipys():
    args = (bowl, [0.0, 0.0], ({"A": A, "b": B},))
    ours, theirs = optimize.minimize(*args), scipy_optimize.minimize(*args)
    np.testing.assert_array_equal(ours.x, theirs.x)
    assert type(ours.fun) is type(theirs.fun)


def test_the_derivatives_of_a_minimum_are_those_of_newtons_steps():
    for transform in (lambda f: jacobian(f, argnum=(0, 1)), lambda f: jacobian(jacobian(f, argnum=1), argnum=(0, 1))):
        for a, b in zip(transform(lowest)(A, B), transform(by_newtons_method)(A, B), strict=True):
            close(a, b, rtol=1e-7, atol=1e-9)
    close(jvp(lowest, (A, B), (A, B))[1], jvp(by_newtons_method, (A, B), (A, B))[1], rtol=1e-7)


@pytest.mark.parametrize(
    "method", ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-constr", "Nelder-Mead", "Powell"]
)
def test_methods_of_minimize(method):
    settings = {"options": {"maxiter": 2000}} if method == "trust-constr" else {}
    close(
        jacobian(lambda b: lowest(A, b, method, 1e-7, **settings))(B),
        jacobian(lambda b: by_newtons_method(A, b))(B),
        rtol=1e-3,
    )


def test_the_lowest_value_has_a_derivative():
    """Only that at fixed x, for the slope is zero there (the envelope theorem)."""

    def least(A, b):
        return optimize.minimize(bowl, np.zeros(2), ({"A": A, "b": b},), tol=1e-10).fun

    x = by_newtons_method(A, B)
    close(grad(least, argnum=1)(A, B), -2 * (A @ x - B), rtol=1e-7)
    close(hessian(least, argnum=1)(A, B), jacobian(lambda b: -2 * (A @ by_newtons_method(A, b) - b))(B), rtol=1e-6)


def test_a_gradient_of_the_users():
    def slope(x, p):
        return 2 * p["A"].T @ (p["A"] @ x - p["b"]) + 0.4 * x**3

    calls = []

    def hess(x, p):
        calls.append(type(p["b"]))
        return 2 * p["A"].T @ p["A"] + 1.2 * np.eye(2) * x**2

    want = jacobian(lambda b: by_newtons_method(A, b))(B)
    close(jacobian(lambda b: lowest(A, b, jac=slope))(B), want, rtol=1e-6)
    close(jacobian(lambda b: lowest(A, b, "trust-exact", jac=slope, hess=hess))(B), want, rtol=1e-5)
    assert set(calls) == {np.ndarray}

    def both(x, b):
        p = {"A": A, "b": b}
        return bowl(x, p), slope(x, p)

    close(jacobian(lambda b: optimize.minimize(both, [0.0, 0.0], (b,), jac=True, tol=1e-10).x)(B), want, rtol=1e-6)


def test_a_closure_is_found():
    b = Tensor(B)
    x = optimize.minimize(lambda x: bowl(x, {"A": A, "b": b}), np.zeros(2), tol=1e-10).x
    np.sum(x).backward()
    close(b.grad, jacobian(lambda b: by_newtons_method(A, b))(B).sum(axis=0), rtol=1e-6)


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "Nelder-Mead", None])
def test_what_lies_on_a_bound_stays_there(method):
    """min (x - a)^2 + (y - x)^2 with x <= 1: of a = 3, x = 1 and y = 1; of a = 0.5, x = y = a."""

    def f(x, a):
        return (x[0] - a) ** 2 + (x[1] - x[0]) ** 2

    def at(a, bounds=((None, 1.0), (-9.0, None))):
        settings = {"tol": 1e-10, "bounds": bounds}
        return optimize.minimize(f, [0.0, 0.1], (a,), method, **settings).x

    close(jacobian(at)(3.0), [0.0, 0.0], atol=1e-8)
    close(jacobian(at)(0.5), [1.0, 1.0], rtol=1e-6)
    close(jacobian(lambda a: at(a, scipy_optimize.Bounds([-np.inf, -9], [1.0, np.inf])))(3.0), [0.0, 0.0], atol=1e-8)

    def other(a):
        def f(x, a):
            return (x[0] - a) ** 2 + (x[1] - a * x[0]) ** 2

        return optimize.minimize(f, [0.0, 0.1], (a,), method, bounds=[(None, 1.0), (None, 9)], tol=1e-10).x

    close(jacobian(other)(3.0), [0.0, 1.0], rtol=1e-6, atol=1e-9)


def test_minimize_refuses_what_its_rule_does_not_know():
    a = Tensor(1.0)

    def f(x, a):
        return np.sum((x - a) ** 2)

    constraint = {"type": "eq", "fun": lambda x: x[0] - 1}
    with pytest.raises(TypeError, match=r"minimize has no derivative.*constraints"):
        optimize.minimize(f, [0.0, 0.0], (a,), constraints=constraint)
    with pytest.raises(TypeError, match=r"minimize has no derivative.*trust-constr"):
        optimize.minimize(f, [0.0, 0.0], (a,), "trust-constr", bounds=[(0, 2), (0, 2)])
    with pytest.raises(TypeError, match="bounds has no derivative"):
        optimize.minimize(f, [0.0, 0.0], (a,), bounds=[(a, 2), (0, 2)])
    with no_grad():
        assert optimize.minimize(f, [0.0, 0.0], (a,), constraints=constraint).success
    assert optimize.minimize(f, [0.0, 0.0], (1.0,), constraints=constraint).success
    result = optimize.minimize(f, [5.0, 0.0], (a,), options={"maxiter": 0})
    with pytest.raises(RuntimeError, match="minimize: there is no derivative, for no solution was found"):
        result.x[0].backward()
    with pytest.raises(ValueError, match="scalar"):
        optimize.minimize(lambda x, a: x - a, [0.0, 0.0], (a,))


def test_minimize_scalar():
    for settings in ({}, {"bounds": (0, 5), "options": {"xatol": 1e-10}}, {"method": "golden", "tol": 1e-10}):

        def f(a, settings=settings):
            return optimize.minimize_scalar(lambda x, a: np.cosh(x - a**2), args=(a,), **settings).x

        close(grad(f)(1.5), 3.0, rtol=1e-6)
        close(grad(grad(f))(1.5), 2.0, rtol=1e-6)
    bounded = lambda a: optimize.minimize_scalar(lambda x, a: (x - a) ** 2, args=(a,), bounds=(0, 1)).x  # noqa: E731
    close([grad(bounded)(a) for a in (-3.0, 0.5, 3.0)], [0.0, 1.0, 0.0])
    assert optimize.minimize_scalar(np.cosh).x == scipy_optimize.minimize_scalar(np.cosh).x
    close(grad(lambda a: optimize.minimize_scalar(lambda x, a: (x - a) ** 2 + a, args=(a,)).fun)(0.7), 1.0)


T = np.array([0.0, 0.5, 1.0, 2.0, 3.0])


def decay(x, y, rate=1.0):
    return x[0] * np.exp(-rate * x[1] * T) - y


def test_least_squares():
    y = 2.0 * np.exp(-0.7 * T) + 0.1 * np.cos(5 * T)

    def fit(y, rate=1.0):
        return optimize.least_squares(
            decay, [1.0, 1.0], "3-point", xtol=1e-14, ftol=1e-14, gtol=1e-14, args=(y,), kwargs={"rate": rate}
        )

    def x_of(y, rate):
        return fit(y, rate).x

    h = 1e-3
    by_y, by_rate = jacobian(x_of, argnum=(0, 1))(y, 1.0)
    close(
        by_y,
        np.stack([(x_of(y + h * e, 1.0) - x_of(y - h * e, 1.0)) / (2 * h) for e in np.eye(5)], axis=1),
        rtol=1e-4,
        atol=1e-5,
    )
    close(by_rate, [0.0, -fit(y).x[1]], rtol=1e-7, atol=1e-9)
    cost = grad(lambda y: fit(y).cost)(y)
    close(cost, -fit(y).fun, rtol=1e-6, atol=1e-9)
    close(hessian(lambda y: fit(y).cost)(y), jacobian(lambda y: -fit(y).fun)(y), rtol=1e-6, atol=1e-8)
    plain = scipy_optimize.least_squares(decay, [1.0, 1.0], args=(y,))
    np.testing.assert_array_equal(optimize.least_squares(decay, [1.0, 1.0], args=(y,)).x, plain.x)


def test_least_squares_on_a_bound_and_what_it_refuses():
    y = Tensor(2.0 * np.exp(-0.7 * T))
    x = optimize.least_squares(decay, [1.0, 0.2], bounds=([0, 0], [9.0, 0.5]), args=(y,), xtol=1e-12).x
    x[1].backward(retain_graph=True)
    close(y.grad, np.zeros(5))
    x[0].backward()
    e = np.exp(-0.5 * T)
    close(y.grad, e / np.sum(e**2), rtol=1e-4)
    with pytest.raises(TypeError, match=r"least_squares has no derivative.*huber"):
        optimize.least_squares(decay, [1.0, 0.2], args=(y,), loss="huber")
    with pytest.raises(TypeError, match="bounds has no derivative"):
        optimize.least_squares(decay, [1.0, 0.2], args=(y,), bounds=([0, Tensor(0.0)], [9, 9]))


def test_what_is_not_there():
    with pytest.raises(AttributeError, match="has no 'linprog'"):
        optimize.linprog  # noqa: B018


# In one another ------------------------------------------------------------------------------------------------------


def test_a_root_and_an_integral_inside_an_equation():
    """All close over w, and so does the checkpoint."""

    def end(w):
        def slope(y, t):
            s = optimize.brentq(lambda s: s**3 + s - 2 * w, 0, 10)
            q, _ = integrate.quad(lambda u: np.exp(-u * w), 0, 1)
            return -s * y * q + np.tanh(checkpoint(lambda y: y * w)(y))

        return integrate.odeint(slope, [1.0], [0.0, 0.5], rtol=1e-8, atol=1e-8)[-1, 0]

    h = 1e-3
    close(grad(end)(1.3), (end(1.3 + h) - end(1.3 - h)) / (2 * h), rtol=1e-5)
    close(grad(grad(end))(1.3), (grad(end)(1.3 + h) - grad(end)(1.3 - h)) / (2 * h), rtol=1e-4)


def test_a_minimum_over_solutions_of_an_equation():
    def fitted(w):
        def misfit(p):
            y = integrate.odeint(lambda y, t, p: -p * y, [1.0], [0.0, 1.0], args=(p,), rtol=1e-9, atol=1e-9)
            return np.sum((y[-1] - w) ** 2)

        return optimize.minimize(misfit, [0.5], tol=1e-9).x[0]

    close(fitted(0.4), -np.log(0.4), rtol=1e-4)
    close(grad(fitted)(0.4), -1 / 0.4, rtol=1e-4)


def test_a_root_of_a_gradient():
    def lowest(w):
        return optimize.root(grad(lambda x: np.sum(np.cosh(x - w) + x**2)), np.zeros(2), tol=1e-12).x

    w = np.array([0.2, 0.3])
    x = lowest(w)
    curvature = np.cosh(x - w)
    close(jacobian(lowest)(w), np.diag(curvature / (curvature + 2)))


# What a function uses, and has changed since -------------------------------------------------------------------------

SOLVERS = {
    "root": lambda a, k: optimize.root(lambda x: x**3 - a * k[0], [1.0]).x[0],
    "brentq": lambda a, k: optimize.brentq(lambda x: x**3 - a * k[0], 0, 5),
    "newton": lambda a, k: optimize.newton(lambda x: x**3 - a * k[0], 1.0),
    "root_scalar": lambda a, k: optimize.root_scalar(lambda x: x**3 - a * k[0], bracket=[0, 5]).root,
    "fixed_point": lambda a, k: optimize.fixed_point(lambda x: np.cos(x * k[0] / a), 0.5),
    "minimize": lambda a, k: optimize.minimize(lambda x: np.sum((x - a * k[0]) ** 2), [0.0]).x[0],
    "minimize_scalar": lambda a, k: optimize.minimize_scalar(lambda x: (x - a * k[0]) ** 2).x,
    "least_squares": lambda a, k: optimize.least_squares(lambda x: x**3 - a * k[0], [1.0]).x[0],
    "quad": lambda a, k: integrate.quad(lambda x: np.exp(-a * k[0] * x), 0, 1)[0],
}


@pytest.mark.parametrize("name", SOLVERS)
def test_a_function_that_gives_other_numbers_in_the_backward_pass_is_an_error(name):
    solve, h = SOLVERS[name], 1e-3
    a, k = Tensor(3.0), np.array([1.0])
    y = solve(a, k)
    k[0] = 2.0
    with pytest.raises(RuntimeError, match=f"^{name}: in the backward pass the function gives other numbers"):
        y.backward()
    k[0] = 1.0
    y.backward()
    slope = (solve(3.0 + h, k) - solve(3.0 - h, k)) / (2 * h)
    np.testing.assert_allclose(a.grad, slope, rtol=2e-3)  # SciPy's minima are found to sqrt(eps)


@pytest.mark.parametrize("bounds", [(0, 1), (0, 1e4), (1e6, 1e6 + 1), (-1e6, 0)])
@pytest.mark.parametrize("xatol", [1e-5, 1e-8, 1e-10])
def test_a_minimum_on_a_bound_doesnt_move(bounds, xatol):
    low, high = bounds

    def at(k):
        options = {"xatol": xatol}
        return optimize.minimize_scalar(lambda x: (x - k) ** 2, bounds=bounds, method="bounded", options=options).x

    middle, width = (low + high) / 2, high - low
    assert grad(at)(high + width) == 0 == grad(at)(low - width)
    np.testing.assert_allclose(grad(at)(middle), 1.0)


def test_what_vmap_maps_must_come_in_by_args():
    for solve in (
        lambda z: optimize.root(lambda v: v**3 + v - z, [1.0]).x[0],
        lambda z: optimize.minimize(lambda v: np.sum((v - z) ** 2), [0.3]).x[0],
        lambda z: optimize.least_squares(lambda v: v - z, [0.3]).x[0],
        lambda z: integrate.quad(lambda t: np.exp(-z * t), 0, 1)[0],
    ):
        with pytest.raises(TypeError, match="its function closes over what is different for each example of vmap"):
            vmap(solve)(np.array([0.5, 0.7]))
    least = vmap(lambda z: optimize.minimize(lambda v, z: np.sum((v - z) ** 2), [0.3], args=(z,)).x[0])
    got = least(np.array([0.5, 0.7]))
    np.testing.assert_allclose(got, [0.5, 0.7], rtol=1e-6)
