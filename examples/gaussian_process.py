"""Gaussian process regression whose hyperparameters are fitted by gradients through cholesky and slogdet.

The marginal likelihood says how well a kernel explains the data; its exact gradient lets L-BFGS find length, height and
noise of the kernel in a few steps. Ends in gaussian_process.png.
"""

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

from tensorgrad import hessian, value_and_grad

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 10, 40))
y = np.sin(x) + 0.3 * x + rng.normal(scale=0.2, size=40)
y = y - y.mean()


def kernel(a, b, log_length, log_height):
    """height^2 exp(-(a - b)^2 / (2 length^2))"""
    return np.exp(2 * log_height - 0.5 * ((a[:, None] - b) / np.exp(log_length)) ** 2)


def negative_log_likelihood(theta):
    """-log p(y | x, theta), of theta = log of length, height and noise (Rasmussen and Williams, 2006, eq. 2.30)."""
    K = kernel(x, x, theta[0], theta[1]) + np.exp(2 * theta[2]) * np.eye(len(x))
    return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * np.linalg.slogdet(K)[1] + 0.5 * len(x) * np.log(2 * np.pi)


def by_cholesky(theta):
    """The same: with K = L L^T, y K^-1 y = |L^-1 y|^2 and log |K| = 2 sum log diag L."""
    K = kernel(x, x, theta[0], theta[1]) + np.exp(2 * theta[2]) * np.eye(len(x))
    L = np.linalg.cholesky(K)
    whitened = np.linalg.solve(L, y)
    return 0.5 * whitened @ whitened + np.log(np.diagonal(L)).sum() + 0.5 * len(x) * np.log(2 * np.pi)


start = np.log([3.0, 0.5, 0.5])
fit = minimize(value_and_grad(negative_log_likelihood), start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14})
again = minimize(value_and_grad(by_cholesky), start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14})
length, height, noise = np.exp(fit.x)
spread = np.sqrt(np.diagonal(np.linalg.inv(hessian(negative_log_likelihood)(fit.x))))  # Laplace's approximation
print(f"log likelihood {-fit.fun:.6f} after {fit.nit} steps ({-again.fun:.6f} by cholesky)")
for name, value, s in zip(["length", "height", "noise"], np.exp(fit.x), spread, strict=True):
    print(f"{name:8}{value:8.4f}, give or take a factor of {np.exp(s):.2f}")

# What it predicts
new = np.linspace(-1, 13, 300)
K = kernel(x, x, *fit.x[:2]) + noise**2 * np.eye(len(x))
cross = kernel(new, x, *fit.x[:2])
mean = cross @ np.linalg.solve(K, y)
sigma = np.sqrt(height**2 - np.einsum("ij,ji->i", cross, np.linalg.solve(K, cross.T)))

figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.fill_between(new, mean - 2 * sigma, mean + 2 * sigma, color="#0b4f8a", alpha=0.15, label="two standard deviations")
axes.plot(new, mean, color="#0b4f8a", label="mean")
axes.scatter(x, y, s=14, color="#b34700", zorder=3, label="data")
axes.set(xlabel="x", ylabel="y")
axes.legend(loc="upper left")
figure.savefig("gaussian_process.png", dpi=120)
