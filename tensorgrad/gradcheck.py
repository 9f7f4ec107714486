"""Derivatives compared with differences: whether the rules of a function are right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .arguments import non_negative, positive_int
from .calls import described, require_call
from .derivatives.arrays import largest
from .grad_mode import no_grad
from .linearity import inner_product, irregular
from .tensor import Tensor, data_of
from .trace import Trace, value_and_gradient
from .tree import is_variable, tree_fill, tree_leaves, tree_map


def check_grads(f: Callable, *args: Any, order: int = 2, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Compare the derivatives of f with differences of its values, `(f(x + h) - f(x - h)) / 2h`, and say what is wrong.

    Rules must also be linear in the gradient that they are given, which is looked at with two of them; and forward mode
    must agree with backward mode, as it does where rules are written in functions that record.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors. Several outputs are added
            up with weights between 0.5 and 1.5, the same each time.
        *args: where. They are made double precision first. Choose a point where f is smooth: not at the kink of a relu.
        order: 1 checks the gradient alone, 2 also forward mode and the gradient's gradient, and so on.
        rtol, atol: how far the two may be apart: rtol times the larger, plus atol times the larger of 1 and |f|. The
            differences themselves are good to about 1e-9.

    Raises:
        AssertionError: they differ. It names the argument and the element, and gives both numbers. Of a large array a
            hundred elements are looked at one by one, and all of them together in one direction.
        TypeError: f is no function, or returned something else than Tensors; there are no args, or no numbers among
            them; or a rule makes plain numbers of the gradient that it is given.
        ValueError: args hold nan or inf, order is no positive int, or rtol or atol no number for which the check could
            fail: they must be finite, not negative, and rtol below 1.

    >>> from tensorgrad import derivative
    >>> cube = derivative(lambda x: x**3, lambda g, y, x: g * 3 * x**2)
    >>> check_grads(cube, np.array([1.0, -2.0]))
    >>> wrong = derivative(lambda a, b: a * b, lambda g, y, a, b: g * b, lambda g, y, a, b: g * b)
    >>> check_grads(wrong, 2.0, 5.0)
    Traceback (most recent call last):
    AssertionError: check_grads: 1 of 2 derivatives of order 1 is wrong
      argument 1: 5 by the rules, 2 by differences (3 too large, 2.5 times)
    The rule of this argument is wrong, or f isn't smooth here: try another point.
    """
    require_call("check_grads", f)
    order = positive_int("check_grads: order", order)
    rtol, atol = non_negative("check_grads: rtol", rtol), non_negative("check_grads: atol", atol)
    if rtol >= 1:
        raise ValueError(f"check_grads: rtol must be below 1, or wrong derivatives would pass; it is {rtol}")
    if not args:
        raise TypeError("check_grads: no argument was given; write check_grads(f, x) for f of one argument")
    arrays = tree_fill(args, (_in_double(leaf) for _, leaf in tree_leaves(args) if is_variable(leaf)))

    def outputs(*arrays: Any) -> Any:
        return f(*_refilled(args, arrays))

    number = _weighted(outputs)
    for k in range(1, order + 1):
        looked_at, wrong = _compare(number, arrays, rtol, atol)
        if wrong:
            raise AssertionError(_verdict(k, looked_at, wrong))
        if k == 1:
            _require_consistent_modes(
                Trace("check_grads", outputs, range(len(args)), arrays, {}), order > 1, rtol, atol
            )
        number = _weighted(_gradient_of(number))


def _require_consistent_modes(trace: Trace, forward: bool, rtol: float, atol: float) -> None:
    """An error, if the gradient isn't linear in the one that it starts from, or isn't the transpose of forward mode."""
    first = [irregular(y._data) for y in trace.outputs]
    second = [irregular(y._data, 1) for y in trace.outputs]
    a, b = trace.vjp(first), trace.vjp(second)
    both = trace.vjp([2 * p - 5 * q for p, q in zip(first, second, strict=True)])
    for one, other, sum_of_both in zip(a, b, both, strict=True):
        size = float(largest(np.abs(one) + np.abs(other)))
        off = float(largest(np.abs(sum_of_both - (2 * one - 5 * other))))
        if not off <= rtol * size + atol:
            raise AssertionError(
                "check_grads: a rule isn't linear in the gradient g that it is given: for 2 g - 5 h it gives something "
                f"else than 2 times its result for g less 5 times that for h, {off:.4g} apart"
            )
    if forward:
        v = [irregular(x._data, 2) for x in trace.inputs]
        dy = trace.jvp(v)
        there, size = inner_product(zip(first, dy, strict=True))
        back, other_size = inner_product(zip(a, v, strict=True))
        if not abs(there - back) <= rtol * (size + other_size) + atol:
            raise AssertionError(
                f"check_grads: forward mode gives {there:.10g} for a derivative that the gradient says is {back:.10g}: "
                f"a rule makes plain numbers of the gradient g that it is given, as float(g), g.item() or g.data do"
            )


def _in_double(leaf: Any) -> np.ndarray:
    try:
        data = Tensor(data_of(leaf)).data
    except TypeError as error:
        raise TypeError(f"check_grads: args hold {described(leaf)}, of which no Tensor can be made") from error
    if not np.isfinite(data).all():
        raise ValueError(f"check_grads: args hold nan or inf, in {described(leaf)}; choose a point where f is smooth")
    return np.array(data, dtype=np.result_type(data, np.float64))


def _refilled(args: tuple, arrays: tuple) -> tuple:
    """The structure of args, constants and Modules included, with other leaves."""
    leaves = iter([leaf for _, leaf in tree_leaves(arrays) if is_variable(leaf)])

    def next_leaf(leaf: Any) -> Any:
        found = next(leaves, None) if is_variable(leaf) else leaf
        if found is None and leaf is not None:
            raise ValueError(
                "check_grads: f changes the structure of its arguments, in which there are more arrays now"
            )
        return found

    filled: tuple = tree_map(next_leaf, args)
    return filled


def _gradient_of(number: Callable) -> Callable:
    return lambda *args: value_and_gradient("check_grads", number, tuple(range(len(args))), args, {})[1]


def _weighted(f: Callable) -> Callable:
    """f as one real number: its outputs added up, with weights that let no two errors cancel."""

    def number(*args: Any) -> Any:
        rng = np.random.default_rng(0)
        total: Any = Tensor(0.0, requires_grad=False)
        for _, y in tree_leaves(f(*args)):
            if y is not None:
                if type(y) is not Tensor:
                    raise TypeError(f"check_grads: the function returned {described(y)}, which is not a Tensor")
                weights = rng.uniform(0.5, 1.5, np.shape(y)) if np.size(y) > 1 else 1.0
                total = total + np.real(np.sum(y * weights)) + np.imag(np.sum(y * weights))
        return total

    return number


def _compare(number: Callable, args: tuple, rtol: float, atol: float) -> tuple[int, list[tuple[str, float, float]]]:
    """How many derivatives were looked at, and which are wrong: where, and the two numbers."""
    value, gradient = value_and_gradient("check_grads", number, tuple(range(len(args))), args, {})
    gradients, rng = dict(tree_leaves(gradient)), np.random.default_rng(0)
    atol *= max(1.0, abs(float(value)))
    looked_at, wrong = 0, []

    def difference(x: np.ndarray, step: np.ndarray) -> float:
        h = 6e-6 * max(1.0, float(np.max(np.abs(x[step != 0]))))  # the third root of the precision balances both errors
        ends = []
        before = x.copy()
        for sign in (1, -1):
            x[...] = before + sign * h * step
            with no_grad():  # leaves still require a gradient, so that a Module finds its parameters
                ends.append(float(number(*tree_map(_leaf, args))))
        x[...] = before
        return (ends[0] - ends[1]) / (2 * h)

    for path, x in tree_leaves(args):
        if not is_variable(x) or not x.size:
            continue
        g = gradients[path]
        for where, step in _directions(x, rng):
            by_rules = float(np.real(np.sum(np.conj(g) * step)))
            by_differences = difference(x, step)
            looked_at += 1
            if not abs(by_rules - by_differences) <= atol + rtol * max(abs(by_rules), abs(by_differences)):
                wrong.append((_place(path) + where, by_rules, by_differences))
    return looked_at, wrong


def _leaf(leaf: Any) -> Any:
    return Tensor(leaf) if is_variable(leaf) else leaf


def _directions(x: np.ndarray, rng: np.random.Generator, limit: int = 100) -> Iterator[tuple[str, np.ndarray]]:
    """Each element of x by name, and a step of 1 in it; of many elements some, and then a step in all."""
    chosen = range(x.size) if x.size <= limit else np.sort(rng.choice(x.size, limit, replace=False))
    for unit, part in [(1, ""), (1j, ", imaginary part")] if x.dtype.kind == "c" else [(1, "")]:
        for i in chosen:
            step = np.zeros_like(x)
            step.flat[i] = unit
            at = tuple(map(int, np.unravel_index(i, x.shape)))
            yield (f", element {at if len(at) > 1 else at[0]}" if at else "") + part, step
        if x.size > limit:
            yield f", all elements together{part}", unit * rng.choice([-1.0, 1.0], x.shape)


def _place(path: str) -> str:
    """ "[1]['weight']" as "argument 1['weight']"."""
    number, _, rest = path[1:].partition("]")
    return f"argument {number}{rest}"


def _verdict(order: int, looked_at: int, wrong: list[tuple[str, float, float]]) -> str:
    verb = "is" if len(wrong) == 1 else "are"
    lines = [f"check_grads: {len(wrong)} of {looked_at} derivatives of order {order} {verb} wrong"]
    worst = sorted(wrong, key=lambda w: -abs(w[1] - w[2]) if np.isfinite(w[1] - w[2]) else -np.inf)
    for where, by_rules, by_differences in worst[:5]:
        off = by_rules - by_differences
        times = f", {by_rules / by_differences:.4g} times" if by_differences else ""
        size = f"{abs(off):.4g} too {'large' if off > 0 else 'small'}{times}" if np.isfinite(off) else "not finite"
        lines.append(f"  {where}: {by_rules:.10g} by the rules, {by_differences:.10g} by differences ({size})")
    if len(wrong) > 5:
        lines.append(f"  and {len(wrong) - 5} more")
    if order == 1:
        lines.append("The rule of this argument is wrong, or f isn't smooth here: try another point.")
    else:
        lines.append(
            f"Order {order - 1} is right, so the rule gives the right value, but can't be differentiated: does it use "
            f".data or another plain value in place of one of its arguments? Or f isn't smooth here: try another point."
        )
    return "\n".join(lines)
