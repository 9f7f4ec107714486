"""A function that a solver of tensorgrad.scipy is given, and that leaves the graph, is an error, not a zero."""

import math

import numpy as np
import pytest

pytest.importorskip("scipy")

from tensorgrad import grad
from tensorgrad.scipy import integrate, optimize


def plain(t):
    """A plain number, as math.sin takes one."""
    return float(np.ravel(t)[0])


# The function that a solver of SciPy's was given, in math's functions: of the parameter a nothing is left
LOST = {
    "quad": lambda a: integrate.quad(lambda x, a: math.sin(a * x), 0, 1, args=(a,))[0],
    "odeint": lambda a: integrate.odeint(lambda y, t, a: [-math.exp(a)], [1.0], [0.0, 1.0], args=(a,))[-1, 0],
    "solve_ivp": lambda a: integrate.solve_ivp(lambda t, y, a: [-math.exp(a)], (0, 1), [1.0], args=(a,)).y[0, -1],
    "root": lambda a: optimize.root(lambda x, a: [math.exp(a) - math.exp(plain(x))], [1.0], args=(a,)).x[0],
    "root_scalar": lambda a: optimize.root_scalar(lambda x, a: math.exp(a) - math.exp(x), (a,), bracket=(0, 9)).root,
    "brentq": lambda a: optimize.brentq(lambda x, a: math.exp(a) - math.exp(x), -5, 5, args=(a,)),
    "newton": lambda a: optimize.newton(lambda x, a: math.exp(a) - math.exp(x), 0.3, args=(a,)),
    "fixed_point": lambda a: optimize.fixed_point(lambda x, a: math.cos(a + plain(x) / 9), 0.5, (a,)),
    "minimize": lambda a: optimize.minimize(lambda x, a: math.cosh(plain(x) - a), [0.4], args=(a,)).x[0],
    "least_squares": lambda a: optimize.least_squares(lambda x, a: [math.exp(plain(x) - a) - 1], [0.4], args=(a,)).x[0],
}


@pytest.mark.parametrize("name", LOST)
def test_a_function_that_leaves_the_graph_is_an_error(name):
    with pytest.raises(TypeError, match=rf"^{name}: .* depends on nothing, .* took a plain number .*np\.sin\(t\)"):
        grad(LOST[name])(0.7)


def test_a_function_that_is_constant_is_none():
    assert grad(lambda a: integrate.quad(lambda x: 2.0, 0, a)[0])(3.0) == 2
    assert grad(lambda a: integrate.odeint(lambda y, t: [1.0], a, [0.0, 1.0])[-1, 0])(3.0) == 1
    by_time = grad(lambda a: integrate.solve_ivp(lambda t, y: [1.0 if t < 0.5 else 2.0], (0, 1), [a]).y[0, -1])
    assert by_time(3.0) == 1
