"""L-BFGS and its line search, beside PyTorch's and on functions whose minima are known."""

import math
import pickle

import numpy as np
import pytest
from test_optim_groups import as_tensors

from tensorgrad import Tensor, no_grad
from tensorgrad.optim import LBFGS
from tensorgrad.optim.line_search import C1, C2, Point, strong_wolfe

OPTIONS = {
    "plain": {"lr": 0.3, "max_iter": 4},
    "short history": {"lr": 0.3, "max_iter": 6, "history_size": 2},
    "strong Wolfe": {"line_search_fn": "strong_wolfe", "max_iter": 2},
    "few calls": {"line_search_fn": "strong_wolfe", "max_iter": 10, "max_eval": 4, "history_size": 3},
    "tolerances": {"lr": 0.5, "tolerance_grad": 0.1, "tolerance_change": 1e-2},
}


def problem(dtype):
    """The parameters of a strictly convex loss, and the loss, of NumPy's functions or those of another module."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 6)) * np.array([1, 2, 5, 0.5, 1, 3])
    y = X @ rng.normal(size=6) + rng.normal(size=30)

    def loss(w, b, xp=np, put=lambda a: a):
        error = put(X.astype(dtype)) @ w + b - put(y.astype(dtype))
        return xp.sqrt(1 + error * error).mean() + 0.05 * (w * w).sum() + 0.05 * (b * b).sum()

    return [rng.normal(size=6).astype(dtype), rng.normal(size=1).astype(dtype)], loss


def runs(torch, dtype, options):
    """A step of ours and of PyTorch's, each with its parameters and how often the closure was called."""
    start, loss = problem(dtype)
    ours = [Tensor(a.copy()) for a in start]
    theirs = [torch.tensor(a, requires_grad=True) for a in start]
    optimizer, reference = LBFGS(ours, **options), torch.optim.LBFGS(theirs, **options)
    calls = [0, 0]

    def closure():
        calls[0] += 1
        optimizer.zero_grad()
        value = loss(*ours)
        value.backward()
        return value

    def their_closure():
        calls[1] += 1
        reference.zero_grad()
        value = loss(*theirs, torch, torch.tensor)
        value.backward()
        return value

    return optimizer, reference, closure, their_closure, calls


def assert_same(optimizer, reference, tolerance):
    for p, t in zip(optimizer.parameters, reference.param_groups[0]["params"], strict=True):
        np.testing.assert_allclose(p.data, t.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", OPTIONS)
def test_every_step_is_that_of_pytorch(case, dtype):
    torch = pytest.importorskip("torch")
    optimizer, reference, closure, their_closure, calls = runs(torch, dtype, OPTIONS[case])
    tolerance = 1e-9 if dtype == np.float64 else 2e-4
    for _ in range(50 if dtype == np.float64 else 4):  # beyond, it goes by the last digits which way a search takes
        ours, theirs = optimizer.step(closure), reference.step(their_closure)
        np.testing.assert_allclose(ours.item(), theirs.item(), rtol=tolerance)
        assert_same(optimizer, reference, tolerance)
        assert all(p.dtype == dtype for p in optimizer.parameters)
        if dtype == np.float64 and np.max(np.abs(optimizer._gradient())) > 1e-6:
            assert calls[0] == calls[1]


@pytest.mark.parametrize("case", OPTIONS)
def test_the_state_goes_to_pytorch_and_back(case):
    torch = pytest.importorskip("torch")
    for ours_first in (True, False):
        options = OPTIONS[case]
        optimizer, reference, closure, their_closure, _ = runs(torch, np.float64, options)
        for _ in range(2):
            optimizer.step(closure)
            reference.step(their_closure)
        if ours_first:
            new = torch.optim.LBFGS(reference.param_groups[0]["params"])
            new.load_state_dict(as_tensors(torch, optimizer.state_dict()))
            assert new.state_dict()["param_groups"] == reference.state_dict()["param_groups"]
            reference = new
        else:
            new = LBFGS(optimizer.parameters)
            new.load_state_dict(pickle.loads(pickle.dumps(as_arrays(torch, reference.state_dict()))))
            assert repr(new) == repr(optimizer)
            optimizer = new
        for _ in range(2):
            optimizer.step(closure)
            reference.step(their_closure)
            assert_same(optimizer, reference, 1e-9)


def as_arrays(torch, value):
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: as_arrays(torch, part) for key, part in value.items()}
    return [as_arrays(torch, part) for part in value] if isinstance(value, list) else value


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def minimised(f, w, steps=5, **options):
    optimizer = LBFGS([w], line_search_fn="strong_wolfe", **options)

    def closure():
        optimizer.zero_grad()
        loss = f(w)
        loss.backward()
        return loss

    with no_grad():  # the closure records in spite of it
        losses = [optimizer.step(closure).item() for _ in range(steps)]
    return optimizer, losses


def test_it_finds_the_minimum():
    w = Tensor([-1.2, 1.0])
    _, losses = minimised(rosenbrock, w, steps=8)
    np.testing.assert_allclose(w.data, [1, 1], atol=1e-4)
    assert losses == sorted(losses, reverse=True)
    A = np.diag(np.arange(1.0, 9.0))
    v = Tensor(np.ones(8))
    minimised(lambda x: x @ A @ x / 2 - x.sum(), v)
    np.testing.assert_allclose(v.data, 1 / np.arange(1.0, 9.0), atol=1e-4)


def test_complex_parameters_are_twice_as_many_real_ones():
    target = np.array([[1 + 2j, -3j], [0.5, 2]])
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    z, both = Tensor(np.zeros((2, 2), complex)), Tensor(np.zeros((2, 2, 2)))
    minimised(lambda z: (weights * np.abs(z - target) ** 2).sum(), z, steps=2, max_iter=3)
    parts = np.stack([target.real, target.imag], axis=-1)
    minimised(lambda x: (weights[..., None] * (x - parts) ** 2).sum(), both, steps=2, max_iter=3)
    np.testing.assert_allclose(z.data, both.data[..., 0] + 1j * both.data[..., 1], rtol=1e-12)
    assert np.max(np.abs(z.data - target)) < 1


def test_the_last_graph_notices_that_the_parameters_have_moved():
    w = Tensor([1.0, 2.0])
    optimizer, graphs = LBFGS([w], line_search_fn="strong_wolfe", max_iter=2), []

    def closure():
        optimizer.zero_grad()
        graphs.append((w * w * w * w).sum())
        graphs[-1].backward()
        return graphs[-1]

    optimizer.step(closure)
    for graph in graphs:
        with pytest.raises(RuntimeError, match="was changed"):
            graph.backward()


def test_a_closure_that_fails_leaves_the_parameters_where_the_search_began():
    w = Tensor([1.0, 2.0])
    optimizer, seen = LBFGS([w], line_search_fn="strong_wolfe"), []

    def closure():
        seen.append(w.data.copy())
        if len(seen) == 2:
            raise OSError("the disk is full")
        optimizer.zero_grad()
        loss = (w**4).sum()
        loss.backward()
        return loss

    with pytest.raises(OSError, match="the disk is full"):
        optimizer.step(closure)
    np.testing.assert_array_equal(w.data, [1, 2])
    assert np.any(seen[1] != seen[0])


def test_parameters_without_gradients_stay():
    w, other = Tensor([1.0]), Tensor([5.0])
    optimizer = LBFGS([other, w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert other.data[0] == 5 and abs(w.data[0]) < 1
    nothing = LBFGS([Tensor([1.0])])
    assert nothing.step(lambda: 3.0) == 3.0  # no gradient at all: it is at its end


def test_what_is_wrong():
    w = Tensor([1.0])
    with pytest.raises(TypeError, match=r"LBFGS\.step: closure must be a function that computes the loss, not None"):
        LBFGS([w]).step()
    with pytest.raises(ValueError, match="LBFGS: params must be one group"):
        LBFGS([{"params": [w]}, {"params": [Tensor([1.0])]}])
    with pytest.raises(ValueError, match="LBFGS: line_search_fn must be 'strong_wolfe', not 'armijo'"):
        LBFGS([w], line_search_fn="armijo")
    optimizer, _ = minimised(rosenbrock, Tensor([-1.0, 2.0]), steps=1, max_iter=3)
    state = optimizer.state_dict()
    for change, error in (
        ({"d": np.ones(3)}, ValueError),
        ({"ro": 1.0}, TypeError),
        ({"t": np.ones(2)}, ValueError),
        ({"exp_avg": 1.0}, KeyError),
        ({"old_dirs": [np.ones((2, 1))]}, ValueError),
    ):
        with pytest.raises(error, match=r"LBFGS\.load_state_dict: parameter 0: "):
            optimizer.load_state_dict({**state, "state": {0: {**state["state"][0], **change}}})


@pytest.mark.parametrize("loss", [None, np.ones(2), Tensor([1.0, 2.0]), "low", 1j])
def test_a_closure_must_give_a_number(loss):
    with pytest.raises(TypeError, match=r"LBFGS\.step: what closure gives, the loss, must be a number, not "):
        LBFGS([Tensor([1.0])]).step(lambda: loss)
    given = iter([1.0, loss])
    w = Tensor([1.0])
    w.grad = np.ones(1)
    with pytest.raises(TypeError, match=r"LBFGS\.step: what closure gives, the loss, must be a number, not "):
        LBFGS([w], line_search_fn="strong_wolfe").step(lambda: next(given))


# The line search -----------------------------------------------------------------------------------------------------

LINES = {  # a function of t and its slope, which is negative at 0
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "far away": (lambda t: (t - 300) ** 2, lambda t: 2 * (t - 300)),
    "near": (lambda t: (1000 * t - 3) ** 2, lambda t: 2000 * (1000 * t - 3)),
    "quartic": (lambda t: (t - 1) ** 4 + (t - 1) ** 2, lambda t: 4 * (t - 1) ** 3 + 2 * (t - 1)),
    "More and Thuente 1": (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    "waves": (lambda t: -t + 0.1 * math.sin(8 * t) + t * t / 4, lambda t: -1 + 0.8 * math.cos(8 * t) + t / 2),
}


@pytest.mark.parametrize("first", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("line", LINES)
def test_a_search_meets_the_strong_wolfe_conditions(line, first):
    f, slope = LINES[line]
    seen = []

    def at(t):
        seen.append(t)
        return Point(t, f(t), None, slope(t))

    start = Point(0.0, f(0), None, slope(0))
    found, tries = strong_wolfe(at, first, start, 1.0, 1e-12, 60)
    assert tries == len(seen) and found.t in seen
    assert found.loss <= start.loss + C1 * found.t * start.slope
    assert abs(found.slope) <= C2 * abs(start.slope)


def test_a_search_that_may_not_go_on_gives_the_best_that_it_has():
    f, slope = LINES["far away"]
    for most in range(4):
        found, tries = strong_wolfe(
            lambda t: Point(t, f(t), None, slope(t)), 1e-3, Point(0.0, f(0), None, slope(0)), 1.0, 1e-9, most
        )
        assert found.loss < f(0) and tries <= most + 1
