"""How a chemical equilibrium shifts: hydrogen from methane and steam, and its sensitivities, from one solved system.

Two reactions share a reactor: CH4 + H2O = CO + 3 H2 and CO + H2O = CO2 + H2. How far they go solves two equations, by
SciPy's root; the implicit function theorem differentiates the solution by temperature, pressure and the steam that is
fed, without the steps of the solver. The design then asks for a reactor that turns 90 % of the methane, at the
temperature that Newton's method finds by these derivatives. Ends in equilibrium.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import check_grads, grad, value_and_grad
from tensorgrad.scipy.optimize import root


def constants(T):
    """Of both equilibria, in bar^2 and 1 (Xu and Froment, Methane steam reforming, AIChE Journal 35, 1989)."""
    return np.exp(30.114 - 26830 / T), np.exp(4400 / T - 4.036)


def amounts(extents, steam):
    """CH4, H2O, CO, CO2, H2 in moles, of one of methane."""
    first, second = extents
    return np.stack([1 - first, steam - first - second, first - second, second, 3 * first + second])


def equations(unknowns, T, pressure, steam):
    """Products over reactants, in logarithms. The unknowns may be any numbers: the first extent lies between 0 and 1,
    and the second between 0 and the first."""
    first = 1 / (1 + np.exp(-unknowns[0]))
    n = amounts(np.stack([first, first / (1 + np.exp(-unknowns[1]))]), steam)
    methane, water, carbon_monoxide, carbon_dioxide, hydrogen = np.log(n / n.sum() * pressure)
    reforming, shift = np.log(np.stack(constants(T)))
    return [
        carbon_monoxide + 3 * hydrogen - methane - water - reforming,
        carbon_dioxide + hydrogen - carbon_monoxide - water - shift,
    ]


def equilibrium(T, pressure, steam):
    """The amounts at equilibrium; T in K, the pressure in bar."""
    solved = root(equations, [0.0, 0.0], args=(T, pressure, steam), tol=1e-12)
    if not solved.success:
        raise RuntimeError(solved.message)
    first = 1 / (1 + np.exp(-solved.x[0]))
    return amounts(np.stack([first, first / (1 + np.exp(-solved.x[1]))]), steam)


def conversion(T, pressure=20.0, steam=3.0):
    return 1 - equilibrium(T, pressure, steam)[0]


def hydrogen(T, pressure=20.0, steam=3.0):
    return equilibrium(T, pressure, steam)[4]


# The derivatives against differences, to the second order
check_grads(conversion, 1000.0, 20.0, 3.0, order=2)

# What moves the yield of hydrogen, in per cent for one per cent (Le Chatelier: more heat, less pressure, more steam)
here = (1000.0, 20.0, 3.0)
elasticities = [
    float(d * x / hydrogen(*here)) for d, x in zip(grad(hydrogen, argnum=(0, 1, 2))(*here), here, strict=True)
]
for name, e in zip(("temperature", "pressure", "steam"), elasticities, strict=True):
    print(f"1 % more {name:12}{e:+.3f} % of hydrogen")

# The temperature for 90 % of the methane
T, steps = 1000.0, 0
while abs(conversion(T) - 0.9) > 1e-12:
    value, slope = value_and_grad(conversion)(T)
    T, steps = T - float((value - 0.9) / slope), steps + 1
print(
    f"90 % of the methane at {T:.1f} K and 20 bar, after {steps} steps; there {float(hydrogen(T)):.3f} mol of hydrogen"
)

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
temperatures = np.linspace(700, 1300, 61)
composition = np.stack([equilibrium(t, 20.0, 3.0) for t in temperatures])
for amount, name in zip(composition.T, ("CH4", "H2O", "CO", "CO2", "H2"), strict=True):
    left.plot(temperatures, amount, label=name)
left.axvline(T, color="#999999", linestyle=":")
left.set(xlabel="temperature (K)", ylabel="moles, of one of methane")
left.legend()
slopes = np.array([grad(conversion, argnum=(0, 1, 2))(t, 20.0, 3.0) for t in temperatures])
for slope, scale, name in zip(slopes.T, (temperatures, 20.0, 3.0), ("temperature", "pressure", "steam"), strict=True):
    right.plot(temperatures, slope * scale, label=name)
right.axhline(0, color="#cccccc")
right.set(xlabel="temperature (K)", ylabel="conversion, for a relative change")
right.legend()
figure.savefig("equilibrium.png", dpi=120)
