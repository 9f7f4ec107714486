"""Differentiate where an iteration ends, not its steps: the equilibrium z = tanh(W z + x) of a ring of neurons.

At the equilibrium the implicit function theorem gives the gradient from one linear system, whatever found z and in how
many steps; nothing of the way there is kept. The rule is made of transforms, so it holds at any order. Learns the input
that brings the ring to a wanted state, and ends in implicit_fixed_point.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import check_grads, derivative, grad, jacobian, value_and_grad, vjp


def step(z, W, x):
    return np.tanh(W @ z + x)


def iterate(W, x):
    z = np.zeros(len(x))
    while True:
        z, before = step(z, W, x), z
        if np.abs(z - before).max() < 1e-14:
            return z


def through(argument):
    """The rule of one argument: from z = f(z, a) follows dz = (1 - df/dz)^-1 df/da da."""

    def rule(g, z, W, x):
        J = jacobian(step)(z, W, x)
        u = np.linalg.solve((np.eye(len(z)) - J).T, g)
        return vjp(step, z, W, x)[1](u)[argument]

    return rule


equilibrium = derivative(iterate, through(1), through(2))

n = 24
rng = np.random.default_rng(0)
near = np.exp(-0.5 * ((np.arange(n)[:, None] - np.arange(n) + n / 2) % n - n / 2) ** 2 / 4)
W = 0.9 * near / near.sum(axis=1).max() + 0.05 * rng.normal(size=(n, n)) / n**0.5

# The rule against differences, to the second order; and against the gradient through 200 steps
check_grads(lambda W, x: equilibrium(W, x) ** 2, W[:4, :4], np.array([0.3, -0.2, 0.5, 0.1]), order=2)
weights = rng.normal(size=n)


def unrolled(x):
    z = np.zeros(n)
    for _ in range(200):
        z = step(z, W, x)
    return z @ weights


x = rng.normal(size=n)
implicit = grad(lambda x: equilibrium(W, x) @ weights)(x)
difference = np.abs(implicit - grad(unrolled)(x)).max()
print(f"implicit gradient and that of 200 unrolled steps differ by {difference:.1e}")

# The input that brings the ring to a wanted state: Gauss and Newton's method, the Jacobian of the equilibrium in hand
wanted = 0.8 * np.sin(2 * np.pi * np.arange(n) / n)
x, errors = np.zeros(n), []
for _ in range(8):
    z = equilibrium(W, x)
    errors.append(np.abs(z - wanted).max())
    x = x - np.linalg.solve(jacobian(lambda x: equilibrium(W, x))(x), z - wanted)
error, slope = value_and_grad(lambda x: ((equilibrium(W, x) - wanted) ** 2).sum())(x)
print(f"the wanted state is met within {np.abs(equilibrium(W, x) - wanted).max():.1e}, slope {np.abs(slope).max():.1e}")

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(wanted, color="#cccccc", linewidth=6, label="wanted state")
left.plot(equilibrium(W, x), color="#0b4f8a", label="equilibrium")
left.plot(x, ":", color="#b34700", label="input")
left.set(xlabel="neuron")
left.legend()
right.semilogy(errors, "o-", color="#0b4f8a")
right.set(xlabel="step of Newton's method", ylabel="largest error")
figure.savefig("implicit_fixed_point.png", dpi=120)
