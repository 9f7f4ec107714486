"""What the gradient through a differential equation costs by the adjoint method: ratios, the median of several rounds.

Beside `odeint`'s gradient: the solution alone, the gradient through 100 recorded steps of Runge and Kutta (which keeps
all of them), and with jax installed jax.experimental.ode.odeint, compiled and in float64, which is an adjoint method
as well. The equations are those of Lotka and Volterra with four rates, and a network of 2-16-2 with tanh. All solvers
are asked for the same tolerance, 1e-8; what they are off from a solution for 1e-12 stands beside the times.

Run it as `python benchmarks/adjoint.py`, with OPENBLAS_NUM_THREADS=1.
"""

from importlib.util import find_spec

import numpy as np
from timing import peak, side_by_side

import tensorgrad as tg
from tensorgrad.scipy.integrate import odeint, solve_ivp

TIMES, ROUNDS, TOLERANCE = np.linspace(0, 5, 6), 9, 1e-8


def predators(y, p, stack):
    return stack([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])


def network(y, p, tanh):
    w1, b1, w2, b2 = p
    return tanh(y @ w1 + b1) @ w2 + b2


def runge_kutta(f, y, steps=100):
    h, ys = TIMES[-1] / steps, [y]
    for i in range(steps):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if (i + 1) % (steps // (len(TIMES) - 1)) == 0:
            ys.append(y)
    return np.stack(ys)


def flat(gradient):
    parts = gradient if isinstance(gradient, (list, tuple)) else [gradient]
    return np.concatenate([np.ravel(np.asarray(part)) for part in parts])


def compare(title, calls, exact):
    """Time, memory and error of each call that gives a gradient, and the ratio to the first one's time."""
    errors = {name: np.abs(flat(call()) - exact).max() if i else 0 for i, (name, call) in enumerate(calls.items())}
    times, ratios = side_by_side(list(calls.values()), ROUNDS)
    print(f"{title:36}{'ms':>8}{'ratio':>8}{'KiB':>8}{'error':>10}")
    for name, t, ratio in zip(calls, times, ratios, strict=True):
        memory = "" if "jax" in name else f"{peak(calls[name]) / 1024:.0f}"
        print(f"  {name:34}{t * 1e3:8.1f}{ratio:8.2f}{memory:>8}{errors[name]:10.1e}")


def measure(title, f, y0, p):
    def loss(p, rtol=TOLERANCE):
        return np.sum(odeint(lambda y, t, p: f(y, p), y0, TIMES, args=(p,), rtol=rtol, atol=rtol) ** 2)

    def loss_ivp(p):
        span = TIMES[[0, -1]]
        settings = {"t_eval": TIMES, "rtol": TOLERANCE, "atol": TOLERANCE}
        return np.sum(solve_ivp(lambda t, y, p: f(y, p), span, y0, "DOP853", args=(p,), **settings).y ** 2)

    calls = {
        "odeint, the solution alone": lambda: loss(p),
        "odeint, the gradient": lambda: tg.grad(loss)(p),
        "solve_ivp (DOP853), the gradient": lambda: tg.grad(loss_ivp)(p),
        "through 100 steps of RK4": lambda: tg.grad(lambda p: np.sum(runge_kutta(lambda y: f(y, p), y0) ** 2))(p),
    }
    exact = flat(tg.grad(lambda p: loss(p, 1e-12))(p))
    if find_spec("jax"):
        calls |= jax_calls(f, y0, p)
    compare(title, calls, exact)


def jax_calls(f, y0, p):
    import jax
    from jax.experimental.ode import odeint as jax_odeint

    jax.config.update("jax_enable_x64", True)
    if f is tensorgrad_predators:
        g = lambda y, t, p: predators(y, p, jax.numpy.stack)  # noqa: E731
    else:
        g = lambda y, t, p: network(y, p, jax.numpy.tanh)  # noqa: E731

    def loss(p):
        return jax.numpy.sum(jax_odeint(g, y0, TIMES, p, rtol=TOLERANCE, atol=TOLERANCE) ** 2)

    gradient = jax.jit(jax.grad(loss))
    given = jax.tree.map(jax.numpy.asarray, p)
    return {"jax, compiled, the gradient": lambda: jax.block_until_ready(gradient(given))}


def tensorgrad_predators(y, p):
    return predators(y, p, np.stack)


def tensorgrad_network(y, p):
    return network(y, p, np.tanh)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    measure("Lotka and Volterra, 4 rates", tensorgrad_predators, np.array([1.0, 0.5]), np.array([1.1, 0.4, 0.7, 0.3]))
    weights = [rng.normal(size=(2, 16)), np.zeros(16), rng.normal(size=(16, 2)) / 4, np.zeros(2)]
    measure("a network, 82 parameters", tensorgrad_network, np.array([1.0, 0.5]), weights)
