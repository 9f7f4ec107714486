"""Solve a differential equation with a network: u'' + 2 d u' + w^2 u = 0, a swing that comes to rest.

The equation holds derivatives of the network with respect to its input; its residual is differentiated once more, with
respect to the weights, for Gauss and Newton's least squares. No data is given but the start, u(0) = 1 and u'(0) = 0.
Ends in physics_informed_ode.png.
"""

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import least_squares

from tensorgrad import jacobian, jvp

DAMPING, FREQUENCY, END = 0.5, 4.0, 4.0
SIZES = [1, 10, 10, 1]
times = np.linspace(0, END, 150)[:, None]


def network(weights, t):
    """A tanh network, whose weights all lie in one vector; with u(0) = 1 and u'(0) = 0 built in."""
    h, used = t * (2 / END) - 1, 0
    for n, m in pairwise(SIZES):
        weight, bias = weights[used : used + n * m].reshape(n, m), weights[used + n * m : used + n * m + m]
        used += n * m + m
        h = np.tanh(h) @ weight + bias if used > n * m + m else h @ weight + bias
    return 1 + t**2 * h


def slope(u):
    """du/dt at every t at once: the derivative along ones, since each u depends on its own t alone."""
    return lambda t: jvp(u, (t,), (np.ones(t.shape),))[1]


def residual(weights, t):
    def u(t):
        return network(weights, t)

    du = slope(u)
    return slope(du)(t) + 2 * DAMPING * du(t) + FREQUENCY**2 * u(t)


def misses(weights):
    return residual(weights, times)[:, 0]


rng = np.random.default_rng(0)
start = np.concatenate([w for n, m in pairwise(SIZES) for w in (rng.normal(size=n * m) / n**0.5, np.zeros(m))])
fit = least_squares(misses, start, jac=jacobian(misses), method="lm", max_nfev=100)

t = np.linspace(0, END, 300)[:, None]
own = np.sqrt(FREQUENCY**2 - DAMPING**2)
exact = np.exp(-DAMPING * t) * (np.cos(own * t) + DAMPING / own * np.sin(own * t))
found = network(fit.x, t)
error = np.abs(found - exact).max()
print(f"misses the equation by {np.abs(fit.fun).max():.1e} at most, after {fit.njev} steps; u by {error:.1e}")

figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.plot(t, exact, color="#cccccc", linewidth=6, label="exact")
axes.plot(t, found, color="#0b4f8a", label="network")
axes.plot(times[:, 0], np.zeros(len(times)), "|", color="#777777", label="where the equation is asked for")
axes.set(xlabel="t", ylabel="u")
axes.legend()
figure.savefig("physics_informed_ode.png", dpi=120)
