"""quad, odeint and solve_ivp: values are SciPy's; derivatives against closed forms, differences, the gradient through
the steps of Runge and Kutta, and JAX's odeint."""

import gc
import threading
import tracemalloc
import warnings
import weakref

import numpy as np
import pytest
from helpers import close, is_array

from tensorgrad import MLP, Adam, Tensor, check_grads, grad, hessian, hvp, jacobian, jvp, no_grad

scipy_integrate = pytest.importorskip("scipy.integrate")
from scipy.linalg import expm, expm_frechet  # noqa: E402

from tensorgrad.scipy import integrate  # noqa: E402

TIGHT = {"rtol": 1e-10, "atol": 1e-10}
Y0, TIMES = np.array([1.0, 0.5]), np.array([0.0, 0.3, 1.0, 1.2])
RATES = np.array([1.1, 0.4, 0.3, 0.7])


def predators(y, t, p):
    a, b, c, d = p
    return [a * y[0] - b * y[0] * y[1] + 0.1 * np.sin(3 * t), d * y[0] * y[1] - c * y[1]]


def runge_kutta(f, y, times, steps=40):
    """The solution by the classical method of fourth order, whose steps are recorded."""
    ys = [y]
    for i in range(len(times) - 1):
        t, h = times[i], (times[i + 1] - times[i]) / steps
        for _ in range(steps):
            k1 = f(y, t)
            k2 = f(y + h / 2 * k1, t + h / 2)
            k3 = f(y + h / 2 * k2, t + h / 2)
            k4 = f(y + h * k3, t + h)
            y, t = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), t + h
        ys.append(y)
    return np.stack(ys)


def by_steps(y0, p, times):
    return runge_kutta(lambda y, t: np.stack(predators(y, t, p)), y0, times)


def by_adjoint(y0, p, times):
    return integrate.odeint(predators, y0, times, args=(p,), **TIGHT)


def by_closure(y0, p, times):
    return integrate.odeint(lambda y, t: predators(y, t, p), y0, times, **TIGHT)


def by_ivp(y0, p, times):
    """The end of t_span doesn't matter, where t_eval is given."""
    span = (times[0], float(getattr(times, "data", times)[-1]))
    return integrate.solve_ivp(lambda t, y: predators(y, t, p), span, y0, "DOP853", t_eval=times, **TIGHT).y.T


SOLVERS = {"odeint": by_adjoint, "closure": by_closure, "solve_ivp": by_ivp}
every_solver = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)


def loss(solve):
    weights = np.array([[0.5, 1.0], [2.0, -1.0], [0.3, 0.7], [1.0, 1.5]])
    return lambda y0, p, times: np.sum(weights[: len(times)] * np.sin(solve(y0, p, times)))


# Differential equations: values --------------------------------------------------------------------------------------


def test_values_of_plain_arrays_are_scipys():
    ours = integrate.odeint(predators, Y0, TIMES, args=(RATES,))
    np.testing.assert_array_equal(ours, scipy_integrate.odeint(predators, Y0, TIMES, args=(RATES,)))
    assert is_array(ours)
    ours, info = integrate.odeint(lambda t, y: -y, 1.0, TIMES, tfirst=True, full_output=True)
    assert ours.shape == (4, 1) and info["message"] == "Integration successful."
    span = (0, 1.2)
    for settings in ({}, {"t_eval": TIMES}, {"dense_output": True}, {"events": lambda t, y, k: y[0] - 0.5}):
        settings = {"method": "LSODA", "args": (2.0,), **settings}
        a = integrate.solve_ivp(lambda t, y, k: -k * y, span, Y0, **settings)
        b = scipy_integrate.solve_ivp(lambda t, y, k: -k * y, span, Y0, **settings)
        np.testing.assert_array_equal(a.y, b.y)
        np.testing.assert_array_equal(a.t, b.t)
        if "events" in settings:
            np.testing.assert_array_equal(a.t_events[0], b.t_events[0])


def test_terminal_events_stop():
    def low(t, y, k):
        return y[0] - 0.5

    low.terminal, low.direction = True, -1
    result = integrate.solve_ivp(lambda t, y, k: -k * y, (0, 9), Y0, events=low, args=(2.0,), rtol=1e-8)
    close(result.t[-1], np.log(2) / 2, rtol=1e-5)


@every_solver
def test_values_of_tensors_are_those_of_arrays(solve):
    y = solve(Tensor(Y0), RATES, TIMES)
    assert isinstance(y, Tensor) and y.requires_grad and y.shape == (4, 2)
    np.testing.assert_array_equal(y.data, solve(Y0, RATES, TIMES))
    assert not solve(Tensor(Y0, requires_grad=False), RATES, TIMES).requires_grad
    with no_grad():
        assert not solve(Tensor(Y0), Tensor(RATES), TIMES).requires_grad


def test_the_function_is_called_with_plain_arrays():
    """As SciPy calls it; with Tensors only for a derivative."""
    kinds = set()

    def f(y, t, p):
        kinds.add((type(y), type(t), type(p["k"])))
        return -p["k"] * y

    y = integrate.odeint(f, Tensor(Y0), TIMES, args=({"k": Tensor(2.0)},))
    assert kinds == {(np.ndarray, float, np.ndarray)}
    np.sum(y).backward()
    assert (Tensor, float, Tensor) in kinds


# Differential equations: derivatives ---------------------------------------------------------------------------------

METHODS = ["DOP853", "Radau", "BDF", "LSODA"]


@every_solver
def test_gradients_are_those_through_the_steps(solve):
    ours = grad(loss(solve), argnum=(0, 1, 2))(Y0, RATES, TIMES)
    for a, b in zip(ours, grad(loss(by_steps), argnum=(0, 1, 2))(Y0, RATES, TIMES), strict=True):
        close(a, b, rtol=1e-7, atol=1e-8)


@pytest.mark.slow
@every_solver
def test_second_derivatives_are_those_through_the_steps(solve):
    times = np.array([0.1, 0.3, 0.5])
    products = [hvp(loss(f), argnum=(0, 1, 2))(Y0, RATES, times, (Y0, RATES, times)) for f in (solve, by_steps)]
    for one, other in zip(*products, strict=True):
        close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@every_solver
def test_forward_over_reverse(solve):
    v = (Y0, RATES, np.array([0.0, 0.3]))
    a, b = (jvp(grad(loss(f), argnum=(0, 1, 2)), v, v)[1] for f in (solve, by_steps))
    for one, other in zip(a, b, strict=True):
        close(one, other, rtol=1e-5, atol=1e-6)


@every_solver
def test_forward_mode(solve):
    v = (Y0, RATES, np.array([0.0, 0.3]))
    (a, da), (b, db) = (jvp(f, v, v) for f in (solve, by_steps))
    close(a, b, rtol=1e-7)
    close(da, db, rtol=1e-6)


def test_against_differences():
    check_grads(lambda y0, p, t: np.sum(by_adjoint(y0, p, t) ** 2), Y0, RATES, TIMES[:2], order=1)


@pytest.mark.parametrize("method", ["RK45", *(pytest.param(m, marks=pytest.mark.slow) for m in METHODS)])
def test_a_linear_equation_has_the_derivative_of_the_exponential(method):
    A, T = np.array([[0.0, 1.0], [-2.0, -0.3]]), 1.3

    def end(A, T):
        return integrate.solve_ivp(lambda t, y: A @ y, (0, T), Y0, method, rtol=1e-8, atol=1e-8).y[:, -1]

    by_A, by_T = jacobian(end, argnum=(0, 1))(A, T)
    close(by_T, A @ expm(A * T) @ Y0, rtol=1e-5)
    for i in np.ndindex(2, 2):
        unit = np.zeros((2, 2))
        unit[i] = T
        close(by_A[:, *i], expm_frechet(A * T, unit)[1] @ Y0, rtol=1e-4, atol=1e-5)


def test_the_beginning_of_t_span():
    def y_end(start):
        return integrate.solve_ivp(lambda t, y: t * y, (start, 2.0), [1.0], **TIGHT).y[0, -1]

    close(grad(y_end)(0.5), -0.5 * np.exp((4 - 0.25) / 2), rtol=1e-8)
    close(grad(grad(y_end))(0.5), (0.25 - 1) * np.exp((4 - 0.25) / 2), rtol=1e-6)


def test_two_times_that_are_one_but_differ_when_they_are_differentiated():
    def total(times):
        """r, where it begins with 1, and s, a first time that is the same."""
        r, s = times
        y = integrate.solve_ivp(lambda t, y: t * y, (r, 2.0), [1.0], t_eval=np.stack([s, 2.0]), **TIGHT).y[0]
        return np.sum(y * [2.0, 3.0])  # of exp((s^2 - r^2) / 2) and exp((4 - r^2) / 2)

    second = hessian(total)(np.array([0.5, 0.5]))
    close(second[1, 1], 2 * (1 + 0.25), rtol=1e-7)
    close(second[0, 1], 2 * -0.25, rtol=1e-7)
    close(second[0, 0], (0.25 - 1) * (2 + 3 * np.exp((4 - 0.25) / 2)), rtol=1e-7)
    t = np.array([0.5, 0.5, 2.0])
    second = hessian(lambda t: np.sum(integrate.odeint(lambda y, t: t * y, [1.0], t, **TIGHT)[:, 0] * [1.0, 2.0, 3.0]))(
        t
    )
    close(second[0, 1], 2 * -0.25, rtol=1e-7)


def test_an_array_of_both_ends_and_backward_in_time():
    def y_end(span):
        return integrate.solve_ivp(lambda t, y: t * y, span, [1.0], **TIGHT).y[0, -1]

    want = np.exp((0.25 - 4) / 2)
    close(grad(y_end)(np.array([2.0, 0.5])), [-2 * want, 0.5 * want], rtol=1e-8)


@pytest.mark.slow
def test_steps_of_the_solver_are_constants():
    """Between the ends of t_span: the gradient of y there is that at fixed times."""

    def all_steps(k):
        return integrate.solve_ivp(lambda t, y: -k * y, (0.0, 1.0), [1.0], **TIGHT).y[0]

    result = scipy_integrate.solve_ivp(lambda t, y: -2.0 * y, (0.0, 1.0), [1.0], **TIGHT)
    close(jacobian(all_steps)(2.0), -result.t * np.exp(-2 * result.t), rtol=1e-8, atol=1e-10)


def test_repeated_times_and_one_time():
    def f(y0, t):
        return integrate.odeint(lambda y, t: -y, y0, t, **TIGHT)[:, 0]

    t = np.array([0.0, 0.5, 0.5, 1.0])
    by_y0, by_t = jacobian(f, argnum=(0, 1))(np.array([2.0]), t)
    close(by_y0[:, 0], np.exp(-t), rtol=1e-9)
    close(np.sum(by_t, axis=1), np.zeros(4), atol=1e-9)  # the equation doesn't depend on time
    close(jacobian(f)(np.array([2.0]), t[:1]), [[1.0]])


def test_tolerances_for_each_number():
    def f(y0):
        return np.sum(integrate.odeint(lambda y, t: -y * [1.0, 2.0], y0, [0.0, 1.0], atol=[1e-10, 1e-11], rtol=1e-11))

    close(grad(f)(Y0), 1 + np.exp([-1.0, -2.0]), rtol=1e-8)

    def g(y0):
        return np.sum(
            integrate.solve_ivp(lambda t, y: -y * [1.0, 2.0], (0, 1), y0, atol=[1e-9, 1e-9], rtol=1e-9).y[:, -1]
        )

    close(grad(g)(Y0), np.exp([-1.0, -2.0]), rtol=1e-7)


@pytest.mark.slow
def test_a_jacobian_of_the_user_for_the_solution():
    A = np.array([[-1.0, 2.0], [0.0, -3.0]])

    def f(a):
        matrix = np.array(A)
        return np.sum(
            integrate.odeint(lambda y, t, a: a * (matrix @ y), Y0, [0.0, 1.0], (a,), lambda y, t, a: a * A, **TIGHT)[-1]
        )

    def g(a):
        jac = lambda t, y, a: a * A  # noqa: E731
        return np.sum(
            integrate.solve_ivp(
                lambda t, y, a: a * (A @ y), (0, 1), Y0, "BDF", args=(a,), jac=jac, rtol=1e-9, atol=1e-9
            ).y[:, -1]
        )

    want = np.sum(A @ expm(A) @ Y0)
    close(grad(f)(1.0), want, rtol=1e-6)
    close(grad(g)(1.0), want, rtol=1e-4)


def test_parameters_of_a_network_as_a_closure_and_as_an_argument():
    model = MLP(2, [5, 2], activation="tanh", rng=0)

    def through_steps():
        return runge_kutta(lambda y, t: model(y), Y0, np.array([0.0, 1.0]))[-1]

    ways = [
        through_steps,
        lambda: integrate.odeint(lambda y, t: model(y), Y0, [0.0, 1.0], **TIGHT)[-1],
        lambda: integrate.odeint(lambda y, t, m: m(y), Y0, [0.0, 1.0], args=(model,), **TIGHT)[-1],
        lambda: integrate.solve_ivp(lambda t, y, m: m[0](y), (0, 1), Y0, args=([model],), **TIGHT).y[:, -1],
    ]
    found = []
    for way in ways:
        model.zero_grad()
        np.sum(way() ** 2).backward()
        found.append([p.grad.copy() for p in model.parameters()])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            close(b, a, rtol=1e-6, atol=1e-9)


def test_an_outer_tensor_that_is_used_later_is_found():
    """Neither at the beginning, nor where the times are."""
    k = Tensor(2.0)
    y = integrate.odeint(lambda y, t: -k * y if t > 0.5 else -y, [1.0], [0.0, 1.0], tcrit=[0.5], **TIGHT)
    y[-1, 0].backward()
    close(k.grad, -0.5 * np.exp(-1.5), rtol=1e-4)


def test_float32_and_ints():
    x = Tensor(np.array([1.0, 2.0], np.float32))
    y = integrate.odeint(lambda y, t: -y, x, [0, 1])
    np.sum(y).backward()
    assert y.dtype == np.float64 and x.grad.dtype == np.float32
    close(x.grad, 1 + np.exp([-1.0, -1.0]), rtol=1e-6)
    close(grad(lambda k: integrate.odeint(lambda y, t: -k * y, 1, [0, 1])[-1, 0])(2.0), -np.exp(-2.0), rtol=1e-5)
    close(grad(lambda a: integrate.odeint(lambda y, t: -y, [a, 1], [0, 1])[-1, 0])(2.0), np.exp(-1.0), rtol=1e-6)


def test_a_constant_right_hand_side():
    close(grad(lambda y0: np.sum(integrate.odeint(lambda y, t: np.ones(2), y0, [0.0, 1.0])[-1]))(Y0), [1.0, 1.0])


@pytest.mark.slow
def test_against_jax():
    jax = pytest.importorskip("jax")
    from jax.experimental.ode import odeint as jax_odeint

    jnp = jax.numpy
    with jax.enable_x64(True):

        def theirs(y0, p, t):
            def f(y, t, p):
                return jnp.stack([
                    p[0] * y[0] - p[1] * y[0] * y[1] + 0.1 * jnp.sin(3 * t), p[3] * y[0] * y[1] - p[2] * y[1]
                ])  # fmt: skip

            return jnp.sum(jax_odeint(f, y0, t, p, rtol=1e-11, atol=1e-11) ** 2)

        want = jax.grad(theirs, (0, 1, 2))(*map(jnp.asarray, (Y0, RATES, TIMES)))
    ours = grad(lambda *a: np.sum(by_adjoint(*a) ** 2), argnum=(0, 1, 2))(Y0, RATES, TIMES)
    for a, b in zip(ours, want, strict=True):
        close(a, np.asarray(b), rtol=1e-7)


def test_threads():
    """SciPy's LSODA of before 1.15 is of one thread."""
    model = MLP(2, [2], rng=0)
    got = {}

    def run(i):
        y0 = Tensor(Y0)
        np.sum(integrate.solve_ivp(lambda t, y: np.tanh(model(y)), (0, 1), y0).y[:, -1]).backward()
        got[i] = y0.grad

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(got) == 4
    for g in got.values():
        close(g, got[0])


SOLUTIONS = {
    "odeint": lambda k: integrate.odeint(lambda y, t: -k * y, Y0, [0.0, 1.0])[-1],
    "solve_ivp": lambda k: integrate.solve_ivp(lambda t, y: -k * y, (0, 1), Y0).y[:, -1],
    "jac": lambda k: integrate.solve_ivp(
        lambda t, y: -k * y, (0, 1), Y0, "BDF", jac=lambda t, y: -k * np.eye(2)
    ).y[:, -1],
    "quad": lambda k: integrate.quad(lambda x: k * x, 0, 1)[0],
}  # fmt: skip


@pytest.mark.parametrize("solve", SOLUTIONS.values(), ids=SOLUTIONS)
def test_a_graph_is_freed_with_its_last_name(solve):
    def run():
        k = Tensor(2.0)
        np.sum(solve(k)).backward()
        return weakref.ref(k)

    gc.disable()
    try:
        assert run()() is None
    finally:
        gc.enable()


def test_a_jacobian_solves_many_adjoints_at_once():
    calls = []

    def f(y, t, p):
        calls.append(t)
        return p @ np.sin(y)

    def end(p):
        return integrate.odeint(f, np.ones(4), [0.0, 0.5, 1.0], args=(p,), **TIGHT)[1:]

    p = np.random.default_rng(0).normal(size=(4, 4))
    gradient = grad(lambda p: np.sum(end(p)))(p)
    of_gradient = len(calls)
    calls.clear()
    rows = jacobian(end)(p)
    assert len(calls) < 2 * of_gradient
    close(np.sum(rows, axis=(0, 1)), gradient, rtol=1e-7)
    calls.clear()
    few = jacobian(lambda s: end(s * p))(1.0)  # fewer inputs than outputs: forward
    close(few, np.sum(rows * p, axis=(2, 3)), rtol=1e-7)


def test_memory_does_not_grow_with_the_steps():
    def peak(time):
        tracemalloc.start()
        grad(lambda k: integrate.odeint(lambda y, t: -k * np.sin(y), [1.0, 2.0], [0.0, time])[-1, 0])(1.0)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(0.1)
    few, many = peak(0.01), peak(4.0)
    assert many < 1.5 * few, f"{many} and {few} bytes"


# Differential equations: errors --------------------------------------------------------------------------------------


def test_what_would_be_constants_is_an_error():
    k = Tensor(1.0)

    def f(t, y):
        return -k * y

    for settings in ({"dense_output": True}, {"events": lambda t, y: y[0] - 0.5}):
        with pytest.raises(TypeError, match=r"solve_ivp has no derivative.*dense_output or events"):
            integrate.solve_ivp(f, (0, 1), Y0, **settings)
        with no_grad():
            assert integrate.solve_ivp(f, (0, 1), Y0, **settings).success
    with pytest.raises(TypeError, match=r"the end of t_span has no derivative.*make t_eval of it"):
        integrate.solve_ivp(f, (0, Tensor(1.0)), Y0, t_eval=[0.5])
    with pytest.raises(TypeError, match="rtol has no derivative"):
        integrate.odeint(lambda y, t: -y, Y0, [0, 1], rtol=Tensor(1e-6))
    with pytest.raises(TypeError, match="atol has no derivative"):
        integrate.solve_ivp(f, (0, 1), Y0, atol=Tensor(1e-6))


def test_complex_numbers_are_an_error():
    z = Tensor(1.0 + 1.0j)
    calls = [
        lambda: integrate.solve_ivp(lambda t, y: -y, (0, 1), np.reshape(z, (1,))),
        lambda: integrate.solve_ivp(lambda t, y: -y * np.real(z), (0, 1), [1.0]),
        lambda: integrate.solve_ivp(lambda t, y, k: -y * k, (0, 1), [1j], args=(Tensor(1.0),)),
        lambda: integrate.odeint(lambda y, t, z: -y * np.real(z), [1.0], [0, 1], args=(z,)),
        lambda: integrate.quad(lambda x: np.abs(z) * x, 0, 1),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="derivatives of real numbers alone"):
            call()
    assert integrate.solve_ivp(lambda t, y: 1j * y, (0, 1), [1j]).y.dtype == complex


def test_arguments_in_a_list_and_a_vectorized_function():
    def end(k):
        options = {"vectorized": True, "args": [k], "rtol": 1e-8, "atol": 1e-10}
        return integrate.solve_ivp(lambda t, y, k: -k * y, (0, 1), Y0, "Radau", **options).y[0, -1]

    close(grad(end)(2.0), -np.exp(-2.0), rtol=1e-6)


def test_a_network_is_trained_through_its_equation():
    model, times = MLP(2, [8, 2], activation="tanh", rng=0), np.linspace(0, 1.5, 4)
    wanted = integrate.odeint(lambda y, t: [y[1], -y[0]], [1.0, 0.0], times)
    optimizer = Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = np.mean((integrate.odeint(lambda y, t: model(y), [1.0, 0.0], times, rtol=1e-5, atol=1e-5) - wanted) ** 2)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_a_solution_that_failed_has_no_derivative():
    y0 = Tensor([1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = integrate.odeint(lambda y, t: y**2, y0, [0.0, 2.0], mxstep=50)
        with pytest.raises(RuntimeError, match="odeint: there is no derivative, since no solution was found: Excess"):
            np.sum(y).backward()
        result = integrate.solve_ivp(lambda t, y: y**2, (0, 2), y0, max_step=np.inf)
        assert not result.success
        with pytest.raises(RuntimeError, match="solve_ivp: there is no derivative, since no solution was found"):
            np.sum(result.y).backward()


def test_a_stiff_equation_is_an_error_or_right():
    """Backward, errors in y grow by exp(50 t). With more times between it is right."""

    def end(k, times):
        return integrate.odeint(lambda y, t: -k * (y - np.cos(t)), [0.0], times, **TIGHT)[-1, 0]

    with pytest.raises(
        RuntimeError, match=r"odeint: the derivative would be wrong.*ask for y at more times|isn't solved"
    ):
        grad(end)(50.0, [0.0, 1.0])
    k, h = 50.0, 1e-4
    many = np.linspace(0, 1, 21)
    close(grad(end)(k, many), (end(k + h, many) - end(k - h, many)) / (2 * h), rtol=1e-4)


def test_a_parameter_that_is_changed_before_backward():
    k = Tensor(1.0)
    y = integrate.odeint(lambda y, t: -k * y, [1.0], [0.0, 1.0])
    with no_grad():
        k *= 2
    with pytest.raises(RuntimeError, match="changed"):
        np.sum(y).backward()


def test_what_is_not_there():
    with pytest.raises(AttributeError, match="has no 'dblquad'"):
        integrate.dblquad  # noqa: B018


# quad ----------------------------------------------------------------------------------------------------------------


def test_quad_of_plain_numbers_is_scipys():
    assert integrate.quad(np.exp, 0, 1) == scipy_integrate.quad(np.exp, 0, 1)
    args = (lambda x, a: a * x, 0, 1, (2.0,))
    assert integrate.quad(*args, full_output=1)[:2] == scipy_integrate.quad(*args, full_output=1)[:2]
    assert integrate.quad(lambda x: x, 0, 1, weight="cos", wvar=2.0)[0] == pytest.approx(
        scipy_integrate.quad(lambda x: x, 0, 1, weight="cos", wvar=2.0)[0]
    )


def gaussian(k, a, b):
    return integrate.quad(lambda x, p: np.exp(-p["k"] * x**2), a, b, args=({"k": k},))[0]


def test_quad_in_limits_and_arguments():
    check_grads(gaussian, 1.2, 0.3, 1.5, order=2)
    closed = lambda k, a, b: integrate.quad(lambda x: np.exp(-k * x**2), a, b)[0]  # noqa: E731
    for a, b in zip(*(hessian(f, argnum=(0, 1, 2))(1.2, 0.3, 1.5) for f in (closed, gaussian)), strict=True):
        close(a, b)
    b_alone = hessian(lambda k: closed(k, 0.0, 1.5) ** 2 + grad(lambda b: closed(k, 0.0, b))(1.5))(1.2)
    h = 1e-4
    values = [closed(k, 0.0, 1.5) ** 2 + np.exp(-k * 2.25) for k in (1.2 - h, 1.2, 1.2 + h)]
    close(b_alone, (values[0] - 2 * values[1] + values[2]) / h**2, rtol=1e-5)
    close(grad(gaussian, argnum=(1, 2))(1.2, 0.3, 1.5), (-np.exp(-1.2 * 0.09), np.exp(-1.2 * 2.25)))
    close(jvp(gaussian, (1.2, 0.3, 1.5), (1.0, 0.0, 0.0))[1], grad(gaussian)(1.2, 0.3, 1.5))
    close(hessian(gaussian, argnum=2)(1.2, 0.3, 1.5), -2 * 1.2 * 1.5 * np.exp(-1.2 * 2.25))


def test_quad_with_infinite_limits_to_third_order():
    def f(k):
        return integrate.quad(lambda x: np.exp(-k * x), 0, np.inf)[0]

    close(f(2.0), 0.5)
    close(grad(f)(2.0), -1 / 4, rtol=1e-8)
    close(grad(grad(f))(2.0), 2 / 8, rtol=1e-8)
    close(grad(grad(grad(f)))(2.0), -6 / 16, rtol=1e-8)
    whole = lambda k: integrate.quad(lambda x: np.exp(-k * x**2), -np.inf, Tensor(np.inf))[0]  # noqa: E731
    close(grad(whole)(2.0), -0.5 * np.sqrt(np.pi) * 2.0**-1.5, rtol=1e-7)


def test_over_no_distance_the_second_derivative_is_still_there():
    def f(v):
        return integrate.quad(lambda x: np.exp(-v[0] * x), 1.0, v[1])[0]

    e = np.exp(-2.0)
    close(hessian(f)(np.array([2.0, 1.0])), [[0.0, -e], [-e, -2 * e]])

    def g(v):
        return integrate.odeint(lambda y, t: -v[0] * y, [1.0], np.stack([0.0, v[1]]))[-1, 0]

    close(hessian(g)(np.array([2.0, 0.0])), [[0.0, -1.0], [-1.0, 4.0]])


def test_quad_of_a_network_and_with_arguments_of_many_elements():
    model = MLP(1, [4, 1], activation="tanh", rng=0)
    value, _ = integrate.quad(lambda x: model(np.stack([x]))[0], 0, 2)
    value.backward()
    ours = [p.grad.copy() for p in model.parameters()]
    x, w = np.polynomial.legendre.leggauss(40)
    model.zero_grad()
    np.sum(model((1 + x)[:, None])[:, 0] * w).backward()
    for a, p in zip(ours, model.parameters(), strict=True):
        close(a, p.grad, rtol=1e-7, atol=1e-9)
    c = np.array([1.0, -2.0, 0.5])
    polynomial = lambda c: integrate.quad(lambda x, c: c @ np.stack([1, x, x**2]), 0, 2, args=(c,))[0]  # noqa: E731
    close(grad(polynomial)(c), [2.0, 2.0, 8 / 3])


def test_quad_with_points_where_it_is_irregular():
    f = lambda a: integrate.quad(lambda x: np.abs(x - 0.3) ** 0.5 * a, 0, 1, points=[0.3])[0]  # noqa: E731
    close(grad(f)(2.0), (0.3**1.5 + 0.7**1.5) / 1.5, rtol=1e-7)


def test_quad_errors():
    k = Tensor(2.0)
    with pytest.raises(TypeError, match=r"quad has no derivative.*weight"):
        integrate.quad(lambda x: k * x, 0, 1, weight="cos", wvar=1.0)
    with pytest.raises(TypeError, match="points has no derivative"):
        integrate.quad(lambda x: x, 0, 1, points=[Tensor(0.5)])
    with no_grad():
        y, _ = integrate.quad(lambda x: k * x, 0, 1)
    close(y.data if isinstance(y, Tensor) else y, 1.0)


def test_samples_of_plain_arrays_and_their_errors():
    for name in ("trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"):
        ours, theirs = getattr(integrate, name), getattr(scipy_integrate, name)
        np.testing.assert_array_equal(ours([1.0, 2.0, 4.0, 3.0], dx=0.5), theirs([1.0, 2.0, 4.0, 3.0], dx=0.5))
    with pytest.raises(TypeError, match="initial has no derivative"):
        integrate.cumulative_trapezoid([1.0, 2.0], initial=Tensor(0.0))
    with pytest.raises(ValueError, match="strictly increasing"):
        integrate.cumulative_simpson(Tensor([1.0, 2.0, 3.0]), x=[0.0, 1.0, 1.0])
