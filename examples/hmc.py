"""Hamiltonian Monte Carlo: draw from a distribution that is known only as a formula, with its gradient as the force.

Each sample is a ball that rolls over the landscape -log p, started with a random push (Neal, MCMC using Hamiltonian
dynamics, 2011, arXiv:1206.1901). A hundred chains roll at once: the gradient of the sum of their energies is the force
on each. The landscape is a banana whose moments are known. Ends in hmc.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import grad

BEND, CHAINS = 0.3, 100


def energy(q):
    """-log p, but for a constant: x is normal with variance 4, and y - BEND x^2 normal with variance 1."""
    x, y = q
    return x**2 / 8 + (y - BEND * x**2) ** 2 / 2


force = grad(lambda q: energy(q).sum())


def roll(q, p, step, steps):
    """Leapfrog: half a push, then moves and pushes in turn, half a push. Keeps volume, and energy nearly."""
    p = p - step / 2 * force(q)
    for i in range(steps):
        q = q + step * p
        p = p - step * force(q) * (1 if i < steps - 1 else 0.5)
    return q, p


def sample(n, step, steps, rng):
    """n samples of each chain, (n, 2, CHAINS), and the share of proposals that were taken."""
    q, samples, taken = rng.normal(size=(2, CHAINS)), [], []
    for _ in range(n):
        p = rng.normal(size=q.shape)
        q_new, p_new = roll(q, p, step * rng.uniform(0.8, 1.2), steps)
        gain = energy(q) + (p**2).sum(axis=0) / 2 - energy(q_new) - (p_new**2).sum(axis=0) / 2
        take = np.log(rng.uniform(size=CHAINS)) < gain
        q = np.where(take, q_new, q)
        samples.append(q)
        taken.append(take)
    return np.array(samples), np.mean(taken)


samples, taken = sample(250, step=0.2, steps=25, rng=np.random.default_rng(0))
drawn = samples[50:].transpose(1, 0, 2).reshape(2, -1)
mean, spread = drawn.mean(axis=1), drawn.std(axis=1)
exact_mean, exact_spread = np.array([0, 4 * BEND]), np.array([2, (1 + 32 * BEND**2) ** 0.5])
print(f"{taken:.0%} of the proposals taken, {drawn.shape[1]} samples")
for i, name in enumerate("xy"):
    print(f"{name}: mean {mean[i]:6.3f}, exactly {exact_mean[i]:.3f}; deviation {spread[i]:.3f}, {exact_spread[i]:.3f}")

figure = Figure(figsize=(5.6, 4.4), layout="constrained")
axes = figure.subplots()
grid = np.meshgrid(np.linspace(-7, 7, 200), np.linspace(-4, 20, 200))
axes.contour(*grid, energy(grid), levels=[0.5, 2, 4.5], colors="#777777", linewidths=0.8)
axes.scatter(*drawn[:, ::8], s=3, color="#0b4f8a", alpha=0.3, label="samples")
q, p = np.array([[3.0], [4.0]]), np.array([[-0.5], [1.5]])
path = [q]
for _ in range(80):
    q, p = roll(q, p, 0.1, 1)
    path.append(q)
axes.plot(*np.array(path)[:, :, 0].T, color="#b34700", label="one trajectory")
axes.set(xlabel="x", ylabel="y")
axes.legend(loc="upper center")
figure.savefig("hmc.png", dpi=120)
