"""Differentiate a simulation, which is plain NumPy and a loop: how to throw a ball, through air, into a basket.

The flight is computed in 200 small steps. The gradient of where it ends, with respect to how it starts, flows back
through all of them, and Newton's method needs only a few throws. Ends in through_a_simulation.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import jacobian

GRAVITY = np.array([0.0, -9.81])  # m/s^2
DRAG = 0.08  # 1/m
BASKET = np.array([6.0, 3.05])  # m
SECONDS, STEPS = 1.4, 200


def flight(velocity):
    """The position at each step, (STEPS + 1, 2), after a throw from a height of 2 m."""
    dt = SECONDS / STEPS
    position = np.array([0.0, 2.0])
    path = [position]
    for _ in range(STEPS):
        velocity = velocity + dt * (GRAVITY - DRAG * np.linalg.norm(velocity) * velocity)
        position = position + dt * velocity
        path.append(position)
    return np.stack(path)


def miss(velocity):
    """How far the ball is from the basket in the end, to the right and up, in m."""
    return flight(velocity)[-1] - BASKET


velocity = np.array([4.0, 6.0])
throws = [velocity]
while np.linalg.norm(miss(velocity)) > 1e-9:
    velocity = velocity - np.linalg.solve(jacobian(miss)(velocity), miss(velocity))
    throws.append(velocity)
    away = np.linalg.norm(miss(velocity))
    print(f"throw {len(throws)}: {velocity[0]:.4f} and {velocity[1]:.4f} m/s, misses by {away:.1e} m")

figure = Figure(figsize=(5.4, 4.4), layout="constrained")
axes = figure.subplots()
for i, v in enumerate(throws[:2]):
    axes.plot(*flight(v).T, ":", color="#777777", label=f"throw {i + 1}")
axes.plot(*flight(velocity).T, color="#0b4f8a", label=f"throw {len(throws)}")
axes.scatter(*BASKET, s=140, marker="v", color="#b34700", zorder=3, label="basket")
axes.set(aspect="equal", xlabel="m", ylabel="m")
axes.legend(loc="lower left")
figure.savefig("through_a_simulation.png", dpi=120)
