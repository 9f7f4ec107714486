"""Data that changed between its use and backward: an error, never a wrong gradient."""

import operator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs import KEEP_DTYPE, STEPS, identity, random_programs, run

import tensorgrad as tg
from tensorgrad import Tensor, derivative, no_grad

USES = {
    **{name: (lambda x, f=f: f(x, x[::-1])) for name, f in STEPS.items()},
    **{f"of one, {name}": (lambda x, f=f: f(x)) for name, f in KEEP_DTYPE.items() if name != "softmax_cross_entropy"},
    "linear": lambda x: tg.linear(np.ones((2, 3)), x, np.zeros(3)),
    "getitem": lambda x: x[0],
    "mask": lambda x: x[np.eye(3, dtype=bool)],
    "multiply.outer": lambda x: np.multiply.outer(x, x),
}

CHANGES = {
    "in place": lambda t: setattr(t, "data", operator.isub(t.data, 0.1)),
    "replaced": lambda t: setattr(t, "data", t.data + 0.1),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", USES)
def test_a_change_before_backward_is_an_error(name, change, rng):
    x = Tensor(rng.uniform(0.5, 1.5, (3, 3)), name="weights")
    y = USES[name](x)
    CHANGES[change](x)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"'weights' of shape \(3, 3\) was changed after .* before backward"):
            y.backward()
    assert (x.grad == 0).all() and (y.grad == 0).all()
    fresh = USES[name](x)
    fresh.backward(rng.random(fresh.shape))
    assert (x.grad != 0).any()


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_an_intermediate_tensor_is_an_error(change):
    a = Tensor([1.0, 2.0])
    c = a * 2
    d = c * c
    CHANGES[change](c)
    for output in (c, d, c * 3):
        with pytest.raises(RuntimeError, match="was changed"):
            output.backward()
    assert (a.grad == 0).all()
    (a * 2).backward()  # a itself is as it was
    np.testing.assert_array_equal(a.grad, [2, 2])


def test_a_change_of_a_constant_is_an_error():
    x, c = Tensor([1.0]), Tensor([2.0], requires_grad=False)
    y = x * c
    c.data *= 5
    with pytest.raises(RuntimeError, match="was changed"):
        y.backward()


def test_an_optimiser_step_is_a_change():
    for make in (lambda p: tg.SGD(p, 0.1), lambda p: tg.SGD(p, 0.1, momentum=0.9), tg.Adam, tg.AdamW):
        w = Tensor([1.0, 2.0])
        L = (w * w).sum()
        optimizer = make([w])
        L.backward()
        optimizer.step()
        with pytest.raises(RuntimeError, match="was changed after multiply"):
            L.backward()
        np.testing.assert_array_equal(w.grad, [2, 4])
    model = tg.MLP(2, [3, 1], rng=0)
    y = model(np.ones((4, 2)))
    model.load_state_dict(model.state_dict())
    with pytest.raises(RuntimeError, match="was changed"):
        y.backward()


def test_a_change_through_a_view_is_a_change():
    for view in (
        lambda t: t.reshape(2, 1),
        lambda t: t[::-1],
        lambda t: t.reshape(2, 1).T[0],
        np.real,
        identity,
    ):
        a = Tensor([1.0, 2.0])
        v, y = view(a), a * a
        v.data *= 2
        np.testing.assert_array_equal(a.data, [2, 4])
        with pytest.raises(RuntimeError, match="was changed"):
            y.backward()
        b = Tensor([1.0, 2.0])
        c = b * b
        v, z = view(c), np.exp(c)
        v.data *= 2
        with pytest.raises(RuntimeError, match="was changed"):
            z.backward()
    x = Tensor(np.ones((2, 2)))
    exp_twice = derivative(lambda x: (np.exp(x), np.exp(x)), lambda g, y, x: g[0] * y[0] + g[1] * y[1])
    first, second = exp_twice(x)
    first.data *= 2
    with pytest.raises(RuntimeError, match="was changed"):
        second.backward()


def test_what_was_not_changed_has_its_gradient():
    a, b = Tensor([1.0]), Tensor([2.0])
    y, z = a * a, b * b
    b.data *= 3
    y.backward()
    assert a.grad == 2
    after = b * b
    after.backward()
    assert b.grad == 12
    with no_grad():
        c = a * 2
    c.data *= 5  # nothing was recorded, so nothing is lost
    (c * a).backward()
    assert a.grad == 12
    del z


@given(random_programs, st.integers(0, 40), st.sampled_from(sorted(CHANGES)))
@settings(max_examples=300, deadline=None)
@example([("exp", 0, 0), ("transpose", 2, 0), ("one of two", 2, 2)], 4, "in place")
@example([("argument", 0, 0), ("one of two", 0, 0)], 3, "in place")
def test_never_a_wrong_gradient(program, which, change):
    """Whatever Tensor is changed after the fact: backward gives the gradient as it was, or an error."""
    tensors, untouched = run(program), run(program)
    untouched[-1].backward()
    victim = tensors[which % len(tensors)]
    try:
        CHANGES[change](victim)
    except ValueError:  # read-only: a broadcast
        assert not victim.data.flags.writeable
        return
    try:
        tensors[-1].backward()
    except RuntimeError as error:
        assert "was changed" in str(error)
        assert all((t.grad == 0).all() for t in tensors)
    else:
        for t, u in zip(tensors, untouched, strict=True):
            np.testing.assert_array_equal(t.grad, u.grad)
