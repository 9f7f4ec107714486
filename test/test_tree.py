"""Arguments and outputs in dicts, lists, tuples and dataclasses."""

import dataclasses
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from helpers import close

from tensorgrad import grad, hessian, jvp, vjp


@dataclasses.dataclass
class Params:
    weight: np.ndarray
    bias: float
    name: str = "linear"
    extra: object = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    w: np.ndarray


Pair = namedtuple("Pair", "a b")


def test_gradients_of_dataclasses():
    f = lambda p: (p.weight * 2 + p.bias).sum() ** 2 if p.name == "linear" else None  # noqa: E731
    p = Params(np.array([1.0, 2.0]), 0.5)
    g = grad(f)(p)
    assert isinstance(g, Params) and g.name is None and g.extra is None
    close(g.weight, [28.0, 28.0]), close(g.bias, 28.0)
    assert p.bias == 0.5 and p.name == "linear"
    close(grad(lambda p: (p.w**2).sum())(Frozen(np.ones(2))).w, [2.0, 2.0])


def test_gradients_of_a_namedtuple_of_lists_and_dicts():
    g = grad(lambda p: p.a * p.b[0] * p.b[1]["c"])(Pair(2.0, [3.0, OrderedDict(c=4.0)]))
    assert isinstance(g, Pair) and isinstance(g.b, list) and isinstance(g.b[1], OrderedDict)
    assert [float(g.a), float(g.b[0]), float(g.b[1]["c"])] == [12.0, 8.0, 6.0]


def test_the_hessian_of_a_dict_is_a_dict_of_dicts():
    h = hessian(lambda p: p["a"] ** 2 * p["b"].sum())({"a": 3.0, "b": np.ones(2)})
    close(h["a"]["a"], 4.0), close(h["a"]["b"], [6.0, 6.0]), close(h["b"]["a"], [6.0, 6.0])
    close(h["b"]["b"], np.zeros((2, 2)))


def test_tangents_and_outputs_in_dicts():
    y, dy = jvp(
        lambda p: {"sum": p["a"] + p["b"], "all": (p["a"] * 2,)}, ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 5.0},)
    )
    assert y == {"sum": 3.0, "all": (2.0,)} and dy == {"sum": 6.0, "all": (10.0,)}


def test_outputs_in_a_list_with_none():
    y, pullback = vjp(lambda p, q: [p[0] * q, None, q * 3], (2.0, 7.0), 5.0)
    assert y == [10.0, None, 15.0] and pullback([1.0, None, 1.0]) == ((5.0, 0.0), 5.0)


def test_other_structures_are_errors():
    x = np.ones(3)
    with pytest.raises(ValueError, match="2 args, and 1 tangents"):
        jvp(lambda x, y: x, (x, x), (x,))
    with pytest.raises(ValueError, match=r"structure .* none is at \[1\]\['b'\]"):
        jvp(lambda x, y: x, (x, {"b": x}), (x, {"c": x}))
    with pytest.raises(ValueError, match="structure"):
        vjp(lambda x: (x, x), x)[1](x)


def test_arguments_without_a_number_are_errors():
    with pytest.raises(TypeError, match="no number"):
        grad(lambda x: x)("a")
    with pytest.raises(TypeError, match="numbers"):
        grad(lambda x: x)(object())
