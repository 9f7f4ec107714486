"""Newton's method on Rosenbrock's function: a curved valley in which the gradient alone crawls.

In two dimensions with the exact Hessian, against gradient descent; in a thousand dimensions with Hessian-vector
products alone, in a conjugate gradient solver, so that no matrix is ever stored. Ends in newton_rosenbrock.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import grad, hessian, hvp


def rosenbrock(x):
    """Zero at (1, ..., 1). Rosenbrock, An automatic method for finding the greatest or least value, 1960."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


gradient, curvature, curvature_times = grad(rosenbrock), hessian(rosenbrock), hvp(rosenbrock)


def shorten(x, step):
    """The step, halved until it goes down enough (Armijo's rule)."""
    t, slope = 1.0, gradient(x) @ step
    while rosenbrock(x + t * step) > rosenbrock(x) + 1e-4 * t * slope:
        t /= 2
    return t * step


def newton(x, direction, tolerance=1e-10):
    """All points on the way to where the gradient is zero."""
    path = [x]
    while np.linalg.norm(gradient(path[-1])) > tolerance and len(path) < 500:
        path.append(path[-1] + shorten(path[-1], direction(path[-1])))
    return np.array(path)


def conjugate_gradient(x):
    """-H^-1 g from products with H alone; where the curvature is negative, as far as we have come (Steihaug, 1983)."""
    g = gradient(x)
    step, residual, p = np.zeros_like(x), -g, -g
    while np.linalg.norm(residual) > min(0.5, np.linalg.norm(g) ** 0.5) * np.linalg.norm(g):
        hp = curvature_times(x, p)
        if p @ hp <= 0:
            return step if step.any() else -g
        alpha = residual @ residual / (p @ hp)
        step, before = step + alpha * p, residual @ residual
        residual = residual - alpha * hp
        p = residual + residual @ residual / before * p
    return step


start = np.array([-1.2, 1.0])
by_newton = newton(start, lambda x: -np.linalg.solve(curvature(x), gradient(x)))
by_descent = newton(start, lambda x: -gradient(x))
print(f"2 dimensions: Newton's method is at {by_newton[-1]} after {len(by_newton) - 1} steps,")
print(f"gradient descent at {by_descent[-1].round(4)} after {len(by_descent) - 1}")

in_1000 = newton(np.random.default_rng(0).uniform(0, 2, 1000), conjugate_gradient)
print(f"1000 dimensions: {len(in_1000) - 1} steps, largest error {np.abs(in_1000[-1] - 1).max():.1e}")

figure = Figure(figsize=(9, 4), layout="constrained")
left, right = figure.subplots(1, 2)
x, y = np.meshgrid(np.linspace(-1.6, 1.4, 200), np.linspace(-0.5, 1.6, 200))
left.contour(
    x, y, 100 * (y - x**2) ** 2 + (1 - x) ** 2, levels=np.logspace(-1, 3, 12), colors="#cccccc", linewidths=0.8
)
left.plot(*by_descent.T, color="#b34700", linewidth=1, label="gradient descent")
left.plot(*by_newton.T, "o-", color="#0b4f8a", markersize=4, label="Newton")
left.plot(1, 1, "*", color="#222222", markersize=12)
left.legend(loc="lower left")
for path, color, label in [
    (by_descent, "#b34700", "gradient descent"),
    (by_newton, "#0b4f8a", "Newton"),
    (in_1000, "#2e7d32", "Newton, 1000 dimensions"),
]:
    right.semilogy([max(np.linalg.norm(gradient(x)), 1e-13) for x in path[:100]], color=color, label=label)
right.set(xlabel="step", ylabel="norm of the gradient")
right.legend()
figure.savefig("newton_rosenbrock.png", dpi=120)
