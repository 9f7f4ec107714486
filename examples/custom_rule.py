"""Give a function of your own its rule: the position of a planet, which only an iteration can compute.

Kepler's equation E - e sin(E) = M has no solution in a formula. Newton's method solves it, and the rule needs none of
its steps: by the implicit function theorem dE/dM = 1 / (1 - e cos(E)) and dE/de = sin(E) / (1 - e cos(E)). Through it,
the shape and the time of an orbit are found from where the planet was seen. Ends in custom_rule.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import Adam, Tensor, derivative, grad, mse_loss


def solve_kepler(mean_anomaly, eccentricity):
    """E, the eccentric anomaly, of each M."""
    E = np.array(mean_anomaly, dtype=float)
    for _ in range(50):
        E = E - (E - eccentricity * np.sin(E) - mean_anomaly) / (1 - eccentricity * np.cos(E))
    return E


solve_kepler = derivative(
    solve_kepler,
    lambda g, E, mean_anomaly, eccentricity: g / (1 - eccentricity * np.cos(E)),
    lambda g, E, mean_anomaly, eccentricity: g * np.sin(E) / (1 - eccentricity * np.cos(E)),
)


def position(time, eccentricity, phase):
    """x and y at each time, on an orbit with a half-axis and a period of one."""
    E = solve_kepler(2 * np.pi * time + phase, eccentricity)
    return np.stack([np.cos(E) - eccentricity, np.sqrt(1 - eccentricity**2) * np.sin(E)])


# The rule against finite differences, of the first and of the second order
M, e, h = 1.0, 0.6, 1e-5
first = grad(solve_kepler, argnum=1)
print(f"dE/de   = {first(M, e):.8f}, by differences {(solve_kepler(M, e + h) - solve_kepler(M, e - h)) / (2 * h):.8f}")
second = grad(lambda e: first(M, e))
print(f"d2E/de2 = {second(e):.8f}, by differences {(first(M, e + h) - first(M, e - h)) / (2 * h):.8f}")

# An orbit seen at forty times, with errors
rng = np.random.default_rng(0)
time = np.sort(rng.uniform(0, 0.7, 40))
seen = position(time, 0.6, 0.4) + rng.normal(scale=0.02, size=(2, 40))

eccentricity, phase = Tensor(0.1, name="eccentricity"), Tensor(0.0, name="phase")
optimizer = Adam([eccentricity, phase], lr=0.02)
for _ in range(300):
    loss = mse_loss(position(time, eccentricity, phase), seen)
    optimizer.zero_grad()
    loss.backward(retain_graph=False)
    optimizer.step()
print(f"eccentricity {eccentricity.item():.3f} (it was 0.600), phase {phase.item():.3f} (it was 0.400)")

figure = Figure(figsize=(6, 4.6), layout="constrained")
axes = figure.subplots()
year = np.linspace(0, 1, 400)
axes.plot(*position(year, 0.1, 0.0), ":", color="#777777", label="first guess")
axes.plot(*position(year, eccentricity.data, phase.data), color="#0b4f8a", label="fitted orbit")
axes.scatter(*seen, s=14, color="#b34700", zorder=3, label="seen")
axes.scatter(0, 0, s=120, marker="*", color="#222222", label="sun")
axes.set(aspect="equal", xlabel="x", ylabel="y")
axes.legend(loc="upper right")
figure.savefig("custom_rule.png", dpi=120)
