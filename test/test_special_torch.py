"""tensorgrad.special beside torch.special: values, first and second derivatives, and the edges that both define."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorgrad import Tensor
from tensorgrad.engine import backpropagate

torch = pytest.importorskip("torch")
special = pytest.importorskip("tensorgrad.special")

LINE, POSITIVE, UNIT = [-3.0, -0.7, 0.3, 2.0], [0.2, 0.9, 1.0, 7.0], [0.1, 0.5, 0.8]
ONE_ARGUMENT: dict[str, list] = {
    "expit": [*LINE, 0.0, -40.0, 40.0],
    "expm1": LINE,
    "exp2": LINE,
    "erf": LINE,
    "erfc": LINE,
    "erfcx": LINE,
    "ndtr": LINE,
    "log_ndtr": [*LINE, -30.0, 0.0],
    "i0": LINE,
    "i0e": LINE,
    "i1": [*LINE, 0.0],
    "i1e": [*LINE, 0.0],
    "log1p": POSITIVE,
    "gammaln": POSITIVE,
    "digamma": POSITIVE,
    "psi": POSITIVE,
    "entr": POSITIVE,
    "logit": UNIT,
    "erfinv": UNIT,
    "ndtri": UNIT,
}
TWO_ARGUMENTS: dict[str, tuple] = {
    "xlogy": ([0.0, 0.0, 2.0, -1.5], [2.0, 0.3, 0.7, 3.0]),
    "xlog1py": ([0.0, 0.0, 2.0, -1.5], [2.0, -0.5, -0.9, 3.0]),
}
# The first argument is a number, in PyTorch too: it has no derivative there
SECOND_ARGUMENT: dict[str, tuple] = {
    "gammainc": ([0.5, 1.0, 7.0], [0.3, 2.0, 6.0]),
    "gammaincc": ([0.5, 1.0, 7.0], [0.3, 2.0, 6.0]),
    "zeta": ([1.5, 2.0, 6.0], [0.3, 2.0, 6.0]),
}


def both(ours: Any, theirs: Any, *values: Any) -> None:
    """The same value, gradient, and gradient of the sum of the gradients."""
    tensors, torches = [Tensor(v) for v in values], [torch.tensor(v, requires_grad=True) for v in values]
    y, z = ours(*tensors), theirs(*torches)
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-11, atol=1e-13)
    found = backpropagate(y, np.ones_like(y.data), create_graph=True)
    first = [found[t] for t in tensors]
    expected = torch.autograd.grad(z.sum(), torches, create_graph=True)
    for a, b in zip(first, expected, strict=True):
        np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=1e-9, atol=1e-12)
    total = sum((np.sum(g) for g in first), Tensor(0.0))
    second = backpropagate(total, np.ones_like(total.data))
    expected = torch.autograd.grad(sum(g.sum() for g in expected), torches, allow_unused=True)
    for t, b in zip(tensors, expected, strict=True):
        np.testing.assert_allclose(second.get(t, 0.0), 0.0 if b is None else b.numpy(), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_of_one_argument(name: str):
    both(getattr(special, name), getattr(torch.special, name), np.array(ONE_ARGUMENT[name]))


@pytest.mark.parametrize("name", TWO_ARGUMENTS)
def test_of_two_arguments(name: str):
    both(getattr(special, name), getattr(torch.special, name), *map(np.array, TWO_ARGUMENTS[name]))


@pytest.mark.parametrize("name", SECOND_ARGUMENT)
def test_of_the_second_argument(name: str):
    first, second = map(np.array, SECOND_ARGUMENT[name])
    ours, theirs = getattr(special, name), getattr(torch.special, name)
    both(lambda x: ours(first, x), lambda x: theirs(torch.tensor(first), x), second)


def test_what_has_no_derivative_there_has_none_here():
    for name in SECOND_ARGUMENT:
        with pytest.raises(NotImplementedError):
            getattr(torch.special, name)(torch.tensor(2.0, requires_grad=True), torch.tensor(3.0)).backward()
        with pytest.raises(TypeError, match=f"{name}: the argument . has no derivative"):
            getattr(special, name)(Tensor(2.0), 3.0)


@pytest.mark.parametrize("n", [0, 2, 3])  # that of 1 has nine digits in PyTorch
def test_polygamma(n: int):
    both(lambda x: special.polygamma(n, x), lambda x: torch.special.polygamma(n, x), np.array(POSITIVE))


@pytest.mark.parametrize("d", [1, 3])
def test_multigammaln(d: int):
    both(lambda a: special.multigammaln(a, d), lambda a: torch.special.multigammaln(a, d), np.array([1.7, 3.0]))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_sums_of_exponentials(name: str):
    x = np.array([[1.0, -2.0, 0.5], [3.0, 3.0, -1e4]])
    both(lambda t: getattr(special, name)(t, axis=1), lambda t: getattr(torch.special, name)(t, dim=1), x)


@pytest.mark.parametrize("delta", [0.5, 1.0])
def test_huber(delta: float):
    r = np.array([-3.0, -1.0, -0.2, 0.0, 0.5, 1.0, 2.0])
    zero = torch.zeros(len(r), dtype=torch.float64)
    loss = torch.nn.functional.huber_loss
    both(lambda t: special.huber(delta, t), lambda t: loss(t, zero, reduction="none", delta=delta), r)


def test_xlogy_and_xlog1py_at_zero():
    """The logarithm counts as 0 where its factor is 0, as the value does."""
    for name, edge in (("xlogy", 0.0), ("xlog1py", -1.0)):
        x, t = Tensor([0.0, 0.0]), torch.zeros(2, dtype=torch.float64, requires_grad=True)
        where = np.array([edge, edge - 1])
        getattr(special, name)(x, where).backward()
        getattr(torch.special, name)(t, torch.tensor(where)).sum().backward()
        np.testing.assert_array_equal(x.grad, t.grad.numpy())
