"""Data that changed between its use and backward: an error, never a wrong gradient."""

import copy
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


# Memory that several share -------------------------------------------------------------------------------------------


def of_no_grad(t, f):
    with no_grad():
        return f(t)


SHARED = {
    "detached": lambda t: t.detach(),
    "detached twice": lambda t: t.detach().detach(),
    "a view, detached": lambda t: t[1:].detach(),
    "a view made inside no_grad": lambda t: of_no_grad(t, lambda t: t.reshape(3, 1)),
    "two views made inside no_grad": lambda t: of_no_grad(t, lambda t: t[::-1][:2]),
    "a Tensor of the same array": lambda t: Tensor(t.data),
    "a Tensor of a view of the array": lambda t: Tensor(t.data[1:], requires_grad=False),
    "stop_gradient": lambda t: tg.stop_gradient(t),
}


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_change_by_another_tensor_that_shares_the_memory_is_an_error(name, requires_grad):
    w, t = Tensor(np.ones(3), name="w"), Tensor(np.array([1.0, 2.0, 3.0]), name="t", requires_grad=requires_grad)
    d = SHARED[name](t)
    d.name = "d"
    y = t * w
    d.data += 1
    with pytest.raises(RuntimeError, match=r"'d' of shape .* was changed after multiply had used it"):
        y.backward()
    assert (w.grad == 0).all()
    (t * w).backward()
    np.testing.assert_array_equal(w.grad, t.data)
    w.zero_grad()
    z = d * w[: len(d)]
    t.data *= 3  # and the other way round
    with pytest.raises(RuntimeError, match=r"'t' of shape \(3,\) was changed"):
        z.backward()
    assert (w.grad == 0).all()


def test_a_change_of_a_plain_array_by_its_tensor_is_an_error():
    array, w = np.ones(3), Tensor(np.ones(3))
    y = w * array
    t = Tensor(array)
    t.data += 1
    with pytest.raises(RuntimeError, match="was changed after multiply"):
        y.backward()


def test_a_change_of_a_view_of_a_constant_is_an_error():
    x, w = Tensor(np.ones((2, 3)), requires_grad=False), Tensor(np.ones(3))
    row = x[0]
    y, z = row * w, x[1] * w
    x.data += 1
    for output in (y, z):
        with pytest.raises(RuntimeError, match="was changed"):
            output.backward()


def test_an_optimiser_step_changes_what_shares_memory():
    for make in (lambda p: tg.SGD(p, 0.1), tg.Adam, tg.AdamW):
        p, w = Tensor(np.ones(3)), Tensor(np.ones(3))
        y = p.detach() * w
        (p * p).sum().backward()
        make([p]).step()
        with pytest.raises(RuntimeError, match="was changed"):
            y.backward()


def test_a_change_of_other_elements_is_none():
    both, w = np.ones((3, 2)), Tensor(np.ones(3))
    left, right = Tensor(both[:, 0]), Tensor(both[:, 1])
    y = left * w
    right.data += 1
    y.backward()
    np.testing.assert_array_equal(w.grad, [1, 1, 1])
    left.data += 1
    with pytest.raises(RuntimeError, match="was changed"):
        y.backward()


def test_forward_mode_and_pullbacks_notice_too():
    w, t = Tensor(np.ones(3)), Tensor(np.ones(3))
    d = t.detach()

    def changing(x):
        y = x * t
        d.data += 1
        return y

    for call in (lambda: tg.jvp(changing, (w.data,), (w.data,)), lambda: tg.grad(lambda x: changing(x).sum())(w.data)):
        with pytest.raises(RuntimeError, match="was changed"):
            call()
    _, pullback = tg.vjp(lambda x: x * t, w.data)
    d.data += 1
    with pytest.raises(RuntimeError, match="was changed"):
        pullback(np.ones(3))


# Indices, masks and lists: copied when they are recorded -------------------------------------------------------------

INDEX, MASK, NUMBERS, LIST = np.array([0, 2, 2]), np.array([True, False, True]), [2, 0], [[0, 1], [1, 1]]

KEPT = {
    "index array": (INDEX, lambda t, index: t[index]),
    "in a tuple": (INDEX, lambda t, index: t.reshape(1, 3)[0, index]),
    "list": (NUMBERS, lambda t, index: t[index]),
    "nested list": (LIST, lambda t, index: t[index]),
    "mask": (MASK, lambda t, mask: t[mask]),
    "take": (INDEX, lambda t, index: np.take(t, index)),
    "take_along_axis": (INDEX, lambda t, index: np.take_along_axis(t, index, 0)),
    "where": (MASK, lambda t, mask: np.where(mask, t, 2 * t)),
    "where=": (MASK, lambda t, mask: np.sum(t * t, where=mask)),
    "prod where=": (MASK, lambda t, mask: np.prod(t, where=mask)),
    "mean where=": (MASK, lambda t, mask: np.mean(t * t, where=mask)),
    "max where=": (MASK, lambda t, mask: np.max(t, where=mask, initial=-1.0)),
    "compress": (MASK, lambda t, mask: np.compress(mask, t)),
    "repeat": (INDEX, lambda t, repeats: np.repeat(t, repeats)),
    "roll": (NUMBERS, lambda t, shift: np.roll(np.outer(t, t), shift, (0, 1))),
    "transpose": (NUMBERS, lambda t, axes: np.transpose(np.multiply.outer(t, np.outer(t, t)), [*axes[:1], 1, axes[1]])),
    "einsum lists": ([0, 1], lambda t, axes: np.einsum(np.outer(t, t), axes, axes[::-1])),
    "insert": (INDEX, lambda t, index: np.insert(t, index, 2 * t)),
    "delete": (INDEX, lambda t, index: np.delete(t * t, index)),
    "select": (MASK, lambda t, mask: np.select([mask], [t], 3 * t)),
    "piecewise": (MASK, lambda t, mask: np.piecewise(t, [mask], [lambda x: x * x, lambda x: 3 * x])),
    "choose": (INDEX, lambda t, index: np.choose(index, [t, 2 * t, 3 * t])),
    "pad": (NUMBERS, lambda t, width: np.pad(t * t, width)),
    "split": (NUMBERS, lambda t, places: np.split(t * t, sorted(places))[1]),
    "class labels": (INDEX, lambda t, labels: tg.softmax_cross_entropy(np.outer(t, t), labels)),
    "digitize": (INDEX, lambda t, n: np.bincount(n, weights=t)),
}


@pytest.mark.parametrize("name", KEPT)
def test_an_index_or_a_mask_that_changes_later_changes_no_gradient(name):
    setting, f = copy.deepcopy(KEPT[name][0]), KEPT[name][1]
    t, u = (Tensor(np.array([0.5, 1.0, 1.5])) for _ in range(2))
    expected, y = f(u, copy.deepcopy(setting)), f(t, setting)
    if isinstance(setting, np.ndarray):
        setting[...] = ~setting if setting.dtype == bool else setting[::-1] // 2 + 1
    else:
        setting[:] = setting[::-1]
        setting[0] = setting[1]
    seed = np.arange(1.0, 1 + y.size).reshape(y.shape)
    y.backward(seed)
    expected.backward(seed)
    np.testing.assert_array_equal(t.grad, u.grad)
    assert (t.grad != 0).any()


def test_an_optimiser_that_fails_half_way_is_noticed():
    for make in (lambda p: tg.SGD(p, 1.0), lambda p: tg.SGD(p, 1.0, momentum=0.9), tg.Adam, tg.AdamW):
        w, v = Tensor(np.full(3, 1e300)), Tensor(np.ones(3))
        y = (w * v).sum()
        optimizer = make([w, v])
        w.grad, v.grad = np.full(3, 1e300), np.ones(3)
        before = w.data.copy(), v.data.copy()
        with np.errstate(all="raise"):
            w.grad *= 1e8
            try:
                optimizer.step()
            except FloatingPointError:
                failed = True
            else:
                failed = False
        changed = any((a != b.data).any() for a, b in zip(before, (w, v), strict=True))
        assert failed or changed
        w.zero_grad(), v.zero_grad()
        if changed:
            with pytest.raises(RuntimeError, match="was changed"):
                y.backward()
        else:
            try:
                y.backward()
            except RuntimeError as error:
                assert "was changed" in str(error)
            else:
                np.testing.assert_array_equal(v.grad, before[0])
