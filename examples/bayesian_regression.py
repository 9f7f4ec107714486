"""Bayesian regression: a model is a sum of log-densities from tensorgrad.scipy.stats, and its gradient draws from it.

A parabola is fitted to 30 points whose noise isn't known. The posterior of its coefficients and of the noise is written
as a program and sampled by Hamiltonian Monte Carlo, 40 chains at once by vmap. This model has a conjugate prior, so the
exact posterior is known (Murphy, Machine Learning, 2012, section 7.6.3): their means and deviations are printed side by
side. Ends in bayesian_regression.png.
"""

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

from tensorgrad import grad, hessian, value_and_grad, vmap
from tensorgrad.scipy.stats import invgamma, norm

CHAINS, DRAWS, STEPS, STEP = 40, 120, 5, 0.4
rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-1, 1, 30))
X = np.stack([np.ones_like(x), x, x**2], axis=1)
y = X @ [0.3, -0.5, 1.5] + rng.normal(scale=0.3, size=len(x))
SPREAD, SHAPE, SCALE = 3.0, 2.0, 0.2  # of the prior: how large w is, and what the noise is like


def energy(q):
    """-log p(w, log v | y), but for a constant: w, the coefficients, and v, the variance of the noise, are unknown."""
    w, log_v = q[:3], q[3]
    v = np.exp(log_v)
    noise = np.sqrt(v)
    likelihood = np.sum(norm.logpdf(y, X @ w, noise))
    prior = np.sum(norm.logpdf(w, 0, SPREAD * noise)) + invgamma.logpdf(v, SHAPE, scale=SCALE)
    return -(likelihood + prior + log_v)  # dv = v dlog v


force, energies = vmap(grad(energy)), vmap(energy)

# Where L L^T is the inverse of the Hessian at the mode, q = mode + L z makes the valley equally wide in all directions.
mode = minimize(value_and_grad(energy), np.zeros(4), jac=True).x
L = np.linalg.cholesky(np.linalg.inv(hessian(energy)(mode)))

z, drawn, taken = rng.normal(size=(CHAINS, 4)), [], []
for _ in range(DRAWS):
    p = rng.normal(size=z.shape)
    step = STEP * rng.uniform(0.8, 1.2)
    new, p_new = z, p - step / 2 * force(mode + z @ L.T) @ L
    for i in range(STEPS):  # leapfrog
        new = new + step * p_new
        p_new = p_new - step * force(mode + new @ L.T) @ L * (1 if i < STEPS - 1 else 0.5)
    gain = energies(mode + z @ L.T) - energies(mode + new @ L.T) + ((p**2).sum(axis=1) - (p_new**2).sum(axis=1)) / 2
    take = np.log(rng.uniform(size=CHAINS)) < gain
    z = np.where(take[:, None], new, z)
    drawn.append(mode + z @ L.T)
    taken.append(take)
w, v = np.concatenate(drawn[20:])[:, :3], np.exp(np.concatenate(drawn[20:])[:, 3])

# The exact posterior: v is inverse gamma, and w, given v, normal
precision = X.T @ X + np.eye(3) / SPREAD**2
exact_w = np.linalg.solve(precision, X.T @ y)
a, b = SHAPE + len(x) / 2, SCALE + (y @ y - exact_w @ precision @ exact_w) / 2
exact_v = b / (a - 1)
deviations = np.sqrt(exact_v * np.diag(np.linalg.inv(precision)))

print(f"{np.mean(taken):.0%} of the proposals taken, {len(w)} draws")
print(f"{'':12}{'mean':>9}{'exactly':>9}{'deviation':>11}{'exactly':>9}")
for i, name in enumerate(["constant", "slope", "curvature"]):
    print(f"{name:12}{w[:, i].mean():9.3f}{exact_w[i]:9.3f}{w[:, i].std():11.3f}{deviations[i]:9.3f}")
print(f"{'variance':12}{v.mean():9.3f}{exact_v:9.3f}{v.std():11.3f}{exact_v / np.sqrt(a - 2):9.3f}")

figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
at = np.linspace(-1.3, 1.3, 200)
curves = w[:, 0] + w[:, 1] * at[:, None] + w[:, 2] * at[:, None] ** 2
axes.plot(at, curves[:, ::100], color="#0b4f8a", alpha=0.15, linewidth=0.8)
axes.plot(at, curves.mean(axis=1), color="#0b4f8a", label="mean, and some of the draws")
low, high = np.quantile(curves + rng.normal(size=curves.shape) * np.sqrt(v), [0.025, 0.975], axis=1)
axes.plot(at, low, "--", color="#777777", linewidth=0.9, label="where 95% of new points will lie")
axes.plot(at, high, "--", color="#777777", linewidth=0.9)
axes.scatter(x, y, s=14, color="#b34700", zorder=3, label="data")
axes.set(xlabel="x", ylabel="y")
axes.legend(loc="upper center")
figure.savefig("bayesian_regression.png", dpi=120)
