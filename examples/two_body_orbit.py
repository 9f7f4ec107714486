"""Fit the orbits of a double star to where its stars were seen, by derivatives of a simulation that fills an array.

The simulation is written as on arrays: the positions of each time are assigned to a row, and velocities are changed in
place. The stars are like those of Alpha Centauri; they are seen, somewhat blurred, for 50 of the 80 years of an orbit.
Ends in their period, how surely it is known, and two_body_orbit.png.
"""

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import least_squares

from tensorgrad import grad, jacobian

G = 4 * np.pi**2  # AU^3 / (solar mass year^2)
MASS = np.array([1.08, 0.91])  # solar masses
DT, STEPS = 0.4, 200  # years
SEEN, BLUR = slice(0, 126, 5), 0.5  # every two years; AU


def acceleration(position):
    """Of each star, (2, 2), towards the other one."""
    away = position[1] - position[0]
    pull = G * away / np.linalg.norm(away) ** 3
    a = np.zeros_like(position)
    a[0] += MASS[1] * pull
    a[1] -= MASS[0] * pull
    return a


def orbits(start):
    """Each star's position at each time, (STEPS + 1, 2, 2), from positions and velocities at the start, (2, 2, 2)."""
    position = np.zeros_like(start, shape=(STEPS + 1, 2, 2))
    position[0] = start[0]
    velocity = start[1] + DT / 2 * acceleration(start[0])  # leapfrog: velocities are half a step ahead
    for t in range(STEPS):
        position[t + 1] = position[t] + DT * velocity
        velocity += DT * acceleration(position[t + 1])
    return position


def period(start):
    """In years. The energy gives the ellipse's long half axis, and that the period, by Kepler's third law."""
    away, velocity = start[:, 1] - start[:, 0]
    axis = 1 / (2 / np.linalg.norm(away) - velocity @ velocity / (G * MASS.sum()))
    return np.sqrt(axis**3 / MASS.sum())


# What is to be found: half axis 23.3 AU, eccentricity 0.52, from where the stars are farthest from each other
share = np.array([[-MASS[1]], [MASS[0]]]) / MASS.sum()
axis, eccentricity = 23.3, 0.52
away = axis * (1 + eccentricity)
speed = np.sqrt(G * MASS.sum() * (2 / away - 1 / axis))
true = np.array([share * [away, 0], share * [0, speed]])
seen = orbits(true)[SEEN] + np.random.default_rng(0).normal(scale=BLUR, size=(26, 2, 2))


def misses(start):
    """By how many times the blur each number that was seen is missed."""
    return ((orbits(start.reshape(2, 2, 2))[SEEN] - seen) / BLUR).ravel()


guess = np.array([seen[0], share * [0, 1.3 * speed]])
fit = least_squares(misses, guess.ravel(), jac=jacobian(misses), method="lm")
found = fit.x.reshape(2, 2, 2)

# Small errors of the start, whose covariance is (J^T J)^-1, and the slope of the period give the error of the period
slope = grad(period)(found).ravel()
error = np.sqrt(slope @ np.linalg.solve(fit.jac.T @ fit.jac, slope))
print(f"{seen.size} numbers, missed by {np.sqrt(np.mean(fit.fun**2)):.2f} times the blur, after {fit.njev} Jacobians")
print(f"period {period(found):.1f} years, give or take {error:.1f}; the true one is {period(true):.1f}")

figure = Figure(figsize=(6.6, 4.2), layout="compressed")
axes = figure.subplots()
last = SEEN.stop - 1
for star, (name, color, place) in enumerate([("A", "#b34700", (-17.5, 7.6)), ("B", "#0b4f8a", (16.2, -8.6))]):
    path = orbits(found)[:, star]
    axes.scatter(*seen[:, star].T, s=16, color=color, alpha=0.5, linewidth=0, label="seen")
    axes.plot(*path[: last + 1].T, color=color, label="fitted")
    axes.plot(*path[last:].T, "--", color=color, label="predicted")
    axes.plot(*orbits(guess)[:, star].T, color="#cccccc", linewidth=1, zorder=0, label="first guess")
    axes.text(*place, f"star {name}", color=color)
axes.plot(0, 0, "+", color="#222222", markersize=9, label="centre of mass")
axes.set(aspect="equal", xlabel="AU", ylabel="AU", xlim=(-19, 23))
handles, labels = axes.get_legend_handles_labels()
axes.legend(handles[4:], labels[4:], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)  # those of one star
figure.savefig("two_body_orbit.png", dpi=120)
