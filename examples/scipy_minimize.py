"""Exact derivatives for scipy.optimize: what they save, against the differences that SciPy takes without them.

Rosenbrock's function in 50 dimensions, and every method twice. Prints how often each one calls the function.
"""

import numpy as np
from scipy.optimize import minimize

from tensorgrad import hessian, hvp, value_and_grad


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


exact = {"jac": True}  # the function returns its gradient, too
METHODS = {
    "BFGS": {},
    "L-BFGS-B": {},
    "Newton-CG": {"hessp": hvp(rosenbrock)},
    "trust-ncg": {"hessp": hvp(rosenbrock)},
    "trust-exact": {"hess": hessian(rosenbrock)},
}

both = value_and_grad(rosenbrock)
start = np.random.default_rng(0).uniform(-1.5, 1.5, 50)
results = {}
print(f"{'method':14}{'derivatives':14}{'calls of f':>10}{'steps':>8}{'f':>10}{'gradient':>10}")
for method, second in METHODS.items():
    for kind in ("differences", "exact"):
        if kind == "differences" and second:
            continue  # these methods can't do without
        calls = []

        def counted(x, kind=kind, calls=calls):
            calls.append(1)
            return both(x) if kind == "exact" else rosenbrock(x)

        options = exact | second if kind == "exact" else {}
        found = minimize(
            counted,
            start,
            method=method,
            **options,
            options={"maxiter": 2000, "maxfun": 10**6} if method == "L-BFGS-B" else {"maxiter": 2000},
        )
        slope = np.abs(both(found.x)[1]).max()
        results[method, kind] = {"calls": len(calls), "f": found.fun, "gradient": slope}
        print(f"{method:14}{kind:14}{len(calls):10}{found.nit:8}{found.fun:10.1e}{slope:10.1e}")
