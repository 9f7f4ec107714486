"""Fit a differential equation to data: hares and lynxes in Canada, by the equations of Lotka and Volterra.

The equations are solved by SciPy's odeint, and the gradient of the misfit comes by the adjoint method: one more
solution, backward in time, whatever steps the solver takes. Four rates and the beginning are fitted to the logarithms
of the counts of 1900 to 1920, by L-BFGS; how sure the rates are follows from the Jacobian of the solution. Ends in
lotka_volterra.png.
"""

import numpy as np
import scipy.optimize
from matplotlib.figure import Figure

from tensorgrad import jacobian, value_and_grad
from tensorgrad.scipy.integrate import odeint

# Pelts in thousands, as the Hudson's Bay Company counted them (Howard, Modeling basics, 2009, after Elton and
# Nicholson, The ten-year cycle in numbers of the lynx in Canada, 1942)
HARES = "30 47.2 70.2 77.4 36.3 20.6 18.1 21.4 22 25.4 27.1 40.3 57 76.6 52.3 19.5 11.2 7.6 14.6 16.2 24.7"
LYNXES = "4 6.1 9.8 35.2 59.4 41.7 19 13 8.3 9.1 7.4 8 12.3 19.5 45.7 51.1 29.7 15.8 9.7 10.1 8.6"
years, counts = np.arange(21.0), np.log(np.stack([np.fromstring(c, sep=" ") for c in (HARES, LYNXES)], axis=1))


def growth(logs, t, alone, together):
    """The change of both logarithms: hares breed and are eaten, lynxes starve and eat."""
    return alone + together * np.exp(logs[::-1])


def solution(parameters, times=years):
    """The logarithms of both numbers, from those of the rates, and the beginning."""
    rates = np.exp(parameters[:4])
    effects = rates[:2] * [1, -1], rates[2:] * [-1, 1]
    return odeint(growth, parameters[4:], times, effects, rtol=1e-6, atol=1e-6)


def misfit(parameters):
    return np.sum((solution(parameters) - counts) ** 2)


first = np.concatenate([np.log([0.5, 1.0, 0.03, 0.03]), counts[0]])
found = scipy.optimize.minimize(value_and_grad(misfit), first, jac=True, method="L-BFGS-B")
rates = np.exp(found.x[:4])

# The standard deviations of a least squares fit, here of logarithms: relative ones of the rates
J = jacobian(solution)(found.x).reshape(-1, 6)
variance = found.fun / (counts.size - 6)
spread = np.sqrt(variance * np.diag(np.linalg.inv(J.T @ J)))[:4]
for name, rate, s in zip(("breeding", "dying", "hunting", "feeding"), rates, spread, strict=True):
    print(f"{name:10}{rate:8.4f}, to within {100 * s:.0f} %")
print(f"misfit {misfit(first):.2f} before, {found.fun:.2f} after {found.nit} steps; typically off by a factor of "
      f"{np.exp(variance**0.5):.2f}")  # fmt: skip

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2, width_ratios=[2, 1])
times = np.linspace(0, 20, 400)
fitted = np.exp(solution(found.x, times))
for i, (name, colour) in enumerate([("hares", "#0b4f8a"), ("lynxes", "#b34700")]):
    left.plot(1900 + years, np.exp(counts[:, i]), "o", color=colour, markersize=4)
    left.plot(1900 + times, fitted[:, i], color=colour, label=name)
left.set(xlabel="year", ylabel="pelts (thousands)", xticks=range(1900, 1921, 4))
left.legend()
right.plot(*np.exp(counts.T), "o", color="#999999", markersize=4)
right.set(xlabel="hares (thousands)", ylabel="lynxes (thousands)")
right.plot(*fitted.T, color="#333333")
figure.savefig("lotka_volterra.png", dpi=120)
