"""A Module where an argument of a transform may be a dict: as the dict of its parameters, by name."""

import dataclasses
import functools
from collections import OrderedDict, UserDict, defaultdict, namedtuple
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from helpers import close

import tensorgrad as tg
from tensorgrad import MLP, Layer, Module, Sequential, Tensor, check_grads, grad, hessian, hvp, jacobian, jvp, vjp

X = np.random.default_rng(0).normal(size=(6, 2))
LABELS = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])


def loss(model, X, labels):
    return tg.sigmoid_cross_entropy(model(X)[:, 0], labels)


def small(seed=0):
    return MLP(2, [3, 1], activation="tanh", rng=seed)


def as_dict(model):
    return {name: p.data.copy() for name, p in model.named_parameters()}


def on_dicts(parameters, X, labels):
    """The same loss, written without a Module."""
    h = np.tanh(tg.linear(X, parameters["layers.0.weight"], parameters["layers.0.bias"]))
    y = tg.linear(h, parameters["layers.1.weight"], parameters["layers.1.bias"])
    return tg.sigmoid_cross_entropy(y[:, 0], labels)


def assert_alike(got, want):
    """Dicts of Tensors, and of arrays, that hold the same numbers."""
    assert list(got) == list(want)
    for name, part in got.items():
        assert type(part) is Tensor
        close(part.data, want[name])


def test_the_gradient_is_a_dict_by_name_as_backward_gives_it():
    model = small()
    before = as_dict(model)
    g = grad(loss)(model, X, LABELS)
    assert_alike(g, grad(on_dicts)(before, X, LABELS))
    assert all((p.grad == 0).all() for p in model.parameters()), "the module itself gets no gradient"
    loss(model, X, LABELS).backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(g[name].data, p.grad, rtol=1e-12)
        np.testing.assert_array_equal(p.data, before[name])


def test_value_and_gradient_inside_no_grad_and_with_respect_to_several_arguments():
    model = small()
    y, (g, gx) = tg.value_and_grad(loss, argnum=(0, 1))(model, X, LABELS)
    y2, (g2, gx2) = tg.value_and_grad(on_dicts, argnum=(0, 1))(as_dict(model), X, LABELS)
    close(y.data, y2)
    assert_alike(g, g2)
    close(gx.data, gx2)
    assert all(part.requires_grad for part in g.values()), "connected to the parameters"
    with tg.no_grad():
        g = grad(loss)(model, X, LABELS)
    assert_alike(g, g2)
    assert not any(part.requires_grad for part in g.values())


def test_the_other_transforms():
    model, rng = small(), np.random.default_rng(1)
    parameters = as_dict(model)
    v = {name: rng.normal(size=p.shape) for name, p in parameters.items()}

    y, dy = jvp(lambda m: loss(m, X, LABELS), (model,), (v,))
    y2, dy2 = jvp(lambda m: on_dicts(m, X, LABELS), (parameters,), (v,))
    close(y.data, y2)
    close(dy.data, dy2)

    _, pullback = vjp(lambda m: m(X), model)
    g = rng.normal(size=(6, 1))
    (back,) = pullback(g)
    model(X).backward(g)
    assert_alike(back, {name: p.grad for name, p in model.named_parameters()})

    assert_alike(hvp(loss)(model, X, LABELS, v), hvp(on_dicts)(parameters, X, LABELS, v))
    rows, want = jacobian(lambda m: m(X))(model), {name: p.shape for name, p in parameters.items()}
    assert {name: part.shape for name, part in rows.items()} == {name: (6, 1, *shape) for name, shape in want.items()}
    H, H2 = hessian(loss)(model, X, LABELS), hessian(on_dicts)(parameters, X, LABELS)
    for name in H:
        assert_alike(H[name], H2[name])
    check_grads(lambda m, X: loss(m, X, LABELS), model, X, order=2)


def test_the_gradient_of_the_norm_of_a_gradient():
    def norm(m, gradient):
        return sum((g * g).sum() for g in gradient(m, X, LABELS).values())

    model = small()
    got = grad(lambda m: norm(m, grad(loss)))(model)
    want = grad(lambda m: norm(m, grad(on_dicts)))(as_dict(model))
    assert_alike(got, want)


def test_modules_in_structures_and_several_of_them():
    pair = {"a": small(0), "b": [small(1), 2.0]}

    def f(pair):
        return loss(pair["a"], X, LABELS) * pair["b"][1] + loss(pair["b"][0], X, LABELS)

    g = grad(f)(pair)
    assert_alike(g["a"], {k: 2 * v for k, v in grad(on_dicts)(as_dict(pair["a"]), X, LABELS).items()})
    assert_alike(g["b"][0], grad(on_dicts)(as_dict(pair["b"][0]), X, LABELS))
    close(g["b"][1].data, loss(pair["a"], X, LABELS).data)


class Shared(Module):
    """A layer that is used twice, a constant, things that are no parameters, and all kinds of containers."""

    def __init__(self):
        layer = Layer(2, 2, activation="tanh", rng=0)
        self.first, self.second = layer, layer
        self.scale = Tensor(3.0, requires_grad=False)
        self.extra = {"list": [Tensor(1.5, name="extra")], "pair": (Tensor(0.5), "text")}
        self.calls = []

    def __call__(self, x):
        self.calls.append(len(x))
        x = self.second(self.first(x)) * self.scale
        return (x * self.extra["list"][0] + self.extra["pair"][0]).sum()


def test_shared_parameters_constants_and_containers():
    model = Shared()
    g = grad(lambda m: m(X))(model)
    assert list(g) == ["first.weight", "first.bias", "extra.list.0", "extra.pair.0"]
    model(X).backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(g[name].data, p.grad, rtol=1e-12)
    assert model.calls == [6, 6], "what isn't a parameter is shared with the copy"
    check_grads(lambda m: m(X), model)


def test_a_copy_with_other_parameters_leaves_the_module_as_it_was():
    model = Shared()
    named = dict(model.named_parameters())
    copy = model.with_parameters({name: Tensor(p.data * 2) for name, p in named.items()})
    assert type(copy) is Shared and copy is not model and copy.first is copy.second is not model.first
    assert copy.scale is model.scale and copy.calls is model.calls
    assert dict(model.named_parameters()) == named
    for (name, p), (other, q) in zip(model.named_parameters(), copy.named_parameters(), strict=True):
        assert name == other and p is not q
        np.testing.assert_array_equal(q.data, 2 * p.data)
    for wrong in ({}, {**named, "third": Tensor(1.0)}, {**named, 3: Tensor(1.0)}, {None: 1.0, 2: 3.0}):
        with pytest.raises(KeyError, match="with_parameters: the names must be"):
            model.with_parameters(wrong)


class Inside(Module):
    """A parameter in a container of some kind, and a reference back to the module around it."""

    def __init__(self, wrap):
        self.around = wrap(Tensor([2.0, 3.0]))
        self.me = [self]

    def __call__(self, x):
        ((_, p),) = self.me[0].named_parameters()
        return (p * x).sum()


PAIR = namedtuple("PAIR", "left right")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda p: p,
        lambda p: [p, 1],
        lambda p: (p, "text"),
        lambda p: PAIR(None, p),
        lambda p: {"p": p},
        lambda p: OrderedDict(p=p),
        lambda p: defaultdict(list, p=p),
        lambda p: UserDict(p=p),
        lambda p: MappingProxyType({"p": p}),
        lambda p: [{"deep": ({"p": [p]},)}],
    ],
)
def test_a_parameter_in_any_container_is_replaced(wrap):
    model = Inside(wrap)
    ((name, p),) = model.named_parameters()
    copy = model.with_parameters({name: Tensor([5.0, 7.0])})
    ((same, q),) = copy.named_parameters()
    assert same == name and q.tolist() == [5, 7] and p.tolist() == [2, 3]
    assert type(copy.around) is type(model.around) and copy.me[0] is copy
    close(grad(lambda m: m(np.array([1.0, 10.0])))(model)[name].data, [1, 10])


def test_a_module_without_parameters_is_nothing_to_differentiate_with_respect_to():
    nothing = Sequential(np.tanh)
    with pytest.raises(TypeError, match="no number among the arguments"):
        grad(lambda m, x: m(x).sum())(nothing, X)
    close(grad(lambda m, x: m(x).sum(), argnum=1)(nothing, X), 1 - np.tanh(X) ** 2)


def test_stop_gradient_of_a_module_gives_a_copy_without_parameters():
    model = small()
    fixed = tg.stop_gradient(model)
    assert fixed.parameters() == [] and len(model.parameters()) == 4
    np.testing.assert_array_equal(fixed(X).data, model(X).data)
    assert not fixed(X).requires_grad


def test_a_vector_of_another_structure_is_an_error():
    model = small()
    with pytest.raises(ValueError, match="hvp: the vector must have the structure"):
        hvp(loss)(model, X, LABELS, {"layers.0.weight": np.ones((2, 3))})


def test_two_parameters_of_one_name_are_an_error_rather_than_one_gradient():
    class Twice(Module):
        def __init__(self):
            self.parts = {"a.b": Tensor(1.0), "a": {"b": Tensor(2.0)}}

        def __call__(self):
            return self.parts["a.b"] * self.parts["a"]["b"]

    with pytest.raises(ValueError, match=r"two Tensors have the name 'parts.a.b'"):
        grad(lambda m: m())(Twice())


def test_a_penalty_on_all_parameters_is_checked_and_differentiated():
    def penalised(m):
        return (m(X) ** 2).mean() + sum((p**2).sum() for p in m.parameters())

    def by_name(m):
        return sum((p**3).sum() for p in dict(m.named_parameters()).values())

    model = small()
    for f in (penalised, by_name):
        check_grads(f, model)
        g = grad(f)(model)
        model.zero_grad()
        f(model).backward()
        for name, p in model.named_parameters():
            np.testing.assert_allclose(g[name].data, p.grad, rtol=1e-12)
    check_grads(lambda m: sum((g * g).sum() for g in grad(penalised)(m).values()), model, order=1)


class Actor(Module):
    """Reaches its parameter through bound methods that it keeps."""

    def __init__(self):
        self.w, self.inner = Tensor(3.0), Layer(1, 1, rng=0)
        self.act = self.scaled
        self.acts = [functools.partial(self.scaled, 2.0), functools.partial(np.multiply, 2.0), len]
        self.layer = self.inner.__call__

    def scaled(self, x):
        return self.w * x

    def __call__(self, x):
        return self.act(x) + self.acts[0]() + self.acts[1](x) + self.layer(np.full((1, 1), x)).sum()


def test_bound_methods_that_a_module_keeps_go_over_to_the_copy():
    model = Actor()
    g = grad(lambda m: m(5.0))(model)
    model(5.0).backward()
    assert {name: part.item() for name, part in g.items()} == {
        name: p.grad.item() for name, p in model.named_parameters()
    }
    assert float(g["w"]) == 7
    assert model.act.__self__ is model, "the module itself is as it was"


def test_with_parameters_takes_arrays_of_the_right_shapes_and_nothing_else():
    layer = Layer(2, 3, rng=0)
    copy = layer.with_parameters({"weight": np.ones((2, 3)), "bias": np.zeros(3)})
    assert copy(np.ones((1, 2))).tolist() == [[2, 2, 2]] and len(copy.parameters()) == 2
    assert copy.weight.name == "weight" and list(copy.state_dict()) == ["weight", "bias"]
    with pytest.raises(ValueError, match=r"with_parameters: bias has shape \(3,\), but is given \(2,\)"):
        layer.with_parameters({"weight": np.ones((2, 3)), "bias": np.zeros(2)})
    with pytest.raises(TypeError, match="with_parameters: weight must be numbers, not <U4"):
        layer.with_parameters({"weight": "text", "bias": None})
    with pytest.raises(TypeError, match="a mapping of names to parameters is needed"):
        layer.with_parameters([np.ones((2, 3)), np.zeros(3)])


@dataclasses.dataclass
class Line(Module):
    slope: Any
    start: float

    def __call__(self, x):
        return self.slope * x + self.start


def test_a_module_that_is_a_dataclass_stays_one():
    g = grad(lambda line: line(5.0))(Line(Tensor(2.0), 1.0))
    assert type(g) is Line and float(g.slope) == 5 and float(g.start) == 1


def test_a_function_may_return_a_module():
    """One step of gradient descent, as a function from network to network."""

    def step(m):
        g = grad(loss)(m, X, LABELS)
        return m.with_parameters({name: p - 0.5 * g[name] for name, p in m.named_parameters()})

    model, v = small(), {name: np.ones(p.shape) for name, p in small().named_parameters()}
    stepped, moved = jvp(step, (model,), (v,))
    _, pullback = vjp(step, model)
    (back,) = pullback(v)
    H = hvp(loss)(model, X, LABELS, v)
    for name, p in model.named_parameters():
        close(stepped[name].data, p.data - 0.5 * grad(loss)(model, X, LABELS)[name].data)
        close(moved[name].data, v[name] - 0.5 * H[name].data)
        close(back[name].data, moved[name].data)  # the Hessian is symmetric
