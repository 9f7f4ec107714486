"""A Kalman filter that learns its model: the likelihood of a series is maximised by gradients through the filter.

A damped oscillation is driven by noise and seen by two poor sensors, one of its position and one of its velocity. The
filter assigns what it knows at each time into arrays, solves by tensorgrad.scipy.linalg's Cholesky factors, and adds up
how likely each new measurement was. While the sensors are off it only predicts. Ends in the parameters, how surely they
are known, and kalman_filter.png.
"""

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

from tensorgrad import hessian, value_and_grad
from tensorgrad.scipy.linalg import cho_factor, cho_solve

STEPS, OFF = 120, range(62, 85)  # no measurements in these
NAMES = ["period", "half-life", "driving noise", "sensor noise"]
true = np.log([24.0, 30.0, 0.15, 0.6])


def model(theta):
    """A, Q, R: state' = A state + N(0, Q), measured = state + N(0, R). theta: the logarithms of the parameters."""
    period, half_life, driving, sensor = np.exp(theta)
    angle = 2 * np.pi / period
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)])
    return 0.5 ** (1 / half_life) * np.reshape(turn, (2, 2)), driving**2 * np.eye(2), sensor**2 * np.eye(2)


def kalman_filter(theta, measured):
    """-log p(measured | theta), and means (STEPS, 2) and covariances (STEPS, 2, 2) of the state, given what has been
    measured until then (Kalman, A new approach to linear filtering and prediction problems, 1960)."""
    A, Q, R = model(theta)
    means, covariances = np.zeros_like(theta, shape=(STEPS, 2)), np.zeros_like(theta, shape=(STEPS, 2, 2))
    mean, covariance, surprise = np.array([3.0, 0.0]), np.eye(2), 0.0
    for t in range(STEPS):
        mean, covariance = A @ mean, A @ covariance @ A.T + Q
        if t not in OFF:
            factor = cho_factor(covariance + R, lower=True)
            error = measured[t] - mean
            surprise += 0.5 * error @ cho_solve(factor, error) + np.log(2 * np.pi * np.prod(np.diag(factor[0])))
            gain = cho_solve(factor, covariance).T
            mean, covariance = mean + gain @ error, covariance - gain @ covariance
        means[t], covariances[t] = mean, covariance
    return surprise, (means, covariances)


rng = np.random.default_rng(0)
A, Q, R = model(true)
states, state = np.zeros((STEPS, 2)), np.array([3.0, 0.0])
for t in range(STEPS):
    state = A @ state + rng.multivariate_normal([0, 0], Q)
    states[t] = state
measured = states + rng.multivariate_normal([0, 0], R, size=STEPS)

likelihood = value_and_grad(lambda theta: kalman_filter(theta, measured)[0])
start = np.log([18.0, 8.0, 0.5, 1.5])
fit = minimize(likelihood, start, jac=True, method="BFGS", options={"gtol": 1e-4})
spread = np.sqrt(np.diag(np.linalg.inv(hessian(lambda theta: kalman_filter(theta, measured)[0])(fit.x))))
print(f"log likelihood {-likelihood(start)[0]:.2f} at the start, {-fit.fun:.2f} after {fit.nit} steps")
print(f"{'':15}{'true':>8}{'start':>8}{'found':>8}   give or take a factor of")
for name, *numbers, s in zip(NAMES, np.exp(true), np.exp(start), np.exp(fit.x), np.exp(spread), strict=True):
    print(f"{name:15}{numbers[0]:8.2f}{numbers[1]:8.2f}{numbers[2]:8.2f}   {s:.2f}")

means, covariances = kalman_filter(fit.x, measured)[1]
time, sigma = np.arange(STEPS), np.sqrt(covariances[:, 0, 0])
within = np.mean(np.abs(states[:, 0] - means[:, 0]) < 2 * sigma)
print(f"the true position is within two standard deviations at {within:.0%} of the times")

figure = Figure(figsize=(7.2, 3.6), layout="constrained")
axes = figure.subplots()
axes.fill_between(
    time, means[:, 0] - 2 * sigma, means[:, 0] + 2 * sigma, color="#0b4f8a", alpha=0.15, linewidth=0,
    label="two standard deviations",
)  # fmt: skip
axes.plot(time, means[:, 0], color="#0b4f8a", label="filtered position")
axes.plot(time, states[:, 0], "--", color="#777777", linewidth=0.9, label="true position")
seen = [t for t in time if t not in OFF]
axes.scatter(seen, measured[seen, 0], s=6, color="#b34700", label="measured")
axes.set(xlabel="time", ylabel="position")
axes.legend(loc="upper right", ncols=2)
figure.savefig("kalman_filter.png", dpi=120)
