"""Solve a differential equation with a network: u'' + 2 d u' + w^2 u = 0, a swing that comes to rest.

The equation holds derivatives of the network with respect to its input; its residual is differentiated once more, with
respect to the weights, for Levenberg and Marquardt's least squares. No data is given but the start, u(0) = 1 and
u'(0) = 0. It ends when the equation, whose terms are as large as 16, is nowhere missed by more than 0.01; how far u can
be off then follows from the equation itself. Ends in physics_informed_ode.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import jacobian, jvp

DAMPING, FREQUENCY, END = 0.5, 4.0, 4.0
NEURONS, TOLERANCE, MOST_STEPS = 16, 0.01, 200
times = np.linspace(0, END, 100)[:, None]


def network(weights, t):
    """A hidden layer of tanh, whose weights all lie in one vector; with u(0) = 1 and u'(0) = 0 built in."""
    slopes, shifts, heights = weights.reshape(3, NEURONS)
    return 1 + t**2 * (np.tanh(slopes * t + shifts) @ heights)[:, None]


def derivative_of(u):
    """du/dt at every t at once: the derivative along ones, since each u depends on its own t alone."""
    return lambda t: jvp(u, (t,), (np.ones(t.shape),))[1]


def residual(weights, t):
    def u(t):
        return network(weights, t)

    du = derivative_of(u)
    return derivative_of(du)(t) + 2 * DAMPING * du(t) + FREQUENCY**2 * u(t)


def misses(weights):
    return residual(weights, times)[:, 0]


def damped_step(slopes, missed, damping):
    """The step s that makes |missed + slopes s|^2 + damping |s|^2 least."""
    n = slopes.shape[1]
    rows = np.vstack([slopes, damping**0.5 * np.eye(n)])
    return -np.linalg.lstsq(rows, np.concatenate([missed, np.zeros(n)]), rcond=None)[0]


# The neurons start evenly spread over the time, and silent
centres = np.linspace(-0.2 * END, 1.2 * END, NEURONS)
weights = np.concatenate([np.full(NEURONS, 2.0), -2.0 * centres, np.zeros(NEURONS)])
slopes_of = jacobian(misses)
missed, slopes, damping, steps = misses(weights), slopes_of(weights), 1e-3, 0
while np.abs(missed).max() > TOLERANCE:
    steps += 1
    if steps > MOST_STEPS:
        raise RuntimeError(f"after {MOST_STEPS} steps the equation is still missed by {np.abs(missed).max():.1e}")
    candidate = weights + damped_step(slopes, missed, damping)
    found = misses(candidate)
    if found @ found < missed @ missed:
        weights, missed, slopes, damping = candidate, found, slopes_of(candidate), damping / 10
    else:
        damping *= 10

# u's error obeys the same equation, driven by the residual r: it is at most max |r| times the integral of the answer to
# an impulse, exp(-d t) |sin(v t)| / v with v^2 = w^2 - d^2, which is less than 1 / (d v).
t = np.linspace(0, END, 1000)[:, None]
own = np.sqrt(FREQUENCY**2 - DAMPING**2)
exact = np.exp(-DAMPING * t) * (np.cos(own * t) + DAMPING / own * np.sin(own * t))
u = network(weights, t)
worst, error = np.abs(residual(weights, t)).max(), np.abs(u - exact).max()
bound = worst / (DAMPING * own)
print(f"misses the equation by {worst:.1e} at most, after {steps} steps; u by {error:.1e}, and by {bound:.1e} at most")

figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.plot(t, exact, color="#cccccc", linewidth=6, label="exact")
axes.plot(t, u, color="#0b4f8a", label="network")
axes.plot(times[:, 0], np.zeros(len(times)), "|", color="#777777", label="where the equation is asked for")
axes.set(xlabel="t", ylabel="u")
axes.legend()
figure.savefig("physics_informed_ode.png", dpi=120)
