"""Whether rules are linear in g, the gradient that they are given, and connected to it where they are recorded.

The library's own rules are held to that by its tests. Those of users are tried before they are recorded, for forward
mode and for derivatives of higher order: one that makes plain numbers of g would lose a part of the result there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .broadcasting import unbroadcast
from .engine import backpropagate, require_own, rule_kwargs
from .grad_mode import enable_grad
from .memory import memory_of
from .node import Node
from .past import Past
from .versions import arguments

_OWN = f"{__package__}."


_own_rules: set[tuple] = set()  # the rules of operations that have none but the library's own


def has_own_rules(op: Any) -> bool:
    """Whether all rules of an operation are the library's own."""
    if op.rules in _own_rules and op.rest is None:
        return True
    rules = op.rules if op.rest is None else (*op.rules, op.rest)
    found = all(rule is None or (getattr(rule, "__module__", None) or "").startswith(_OWN) for rule in rules)
    if found and not any(hasattr(rule, "__wrapped__") for rule in rules):  # those of an observer come and go
        _own_rules.add(op.rules)
    return found


def is_elementwise(node: Any) -> bool:
    """Whether a node was computed by a ufunc of one output from real numbers: then its derivatives are diagonal, and
    each is its own transpose. (Of complex numbers that holds for holomorphic functions alone.)"""
    func = node._op.func
    if not isinstance(func, np.ufunc) or func.signature is not None or func.nout != 1:
        return False
    return not any(x.dtype.kind == "c" for x in (node, *node._args) if hasattr(x, "dtype"))


def irregular(like: Any, seed: int = 0) -> Any:
    """An array like another, of numbers between 0.5 and 1.5 (and as large imaginary parts) that are the same each time:
    what cancels with ones doesn't with these."""
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(0.5, 1.5, like.shape)
    if like.dtype.kind == "c":
        numbers = numbers + 1j * rng.uniform(0.5, 1.5, like.shape)
    return np.asarray(numbers, like.dtype, like=like)


def require_linear_rules(nodes: Iterable[Any], create_graph: bool, among: set | None = None) -> None:
    """Try the rules of these nodes that aren't the library's own, with respect to arguments that require a gradient (of
    those among these): with create_graph as they are for a derivative of higher order, else as for forward mode (which
    gives the rule of an elementwise function the tangent, in place of g).

    Raises:
        TypeError: one isn't linear in g, or loses it.
    """
    for node in nodes:
        op = node._op
        if has_own_rules(op) or (is_elementwise(node) and not create_graph):
            continue
        args = arguments(node)
        for rule, parent in zip(op.rules_for(len(args)), args):  # noqa: B905 (the rest are constants)
            is_used = isinstance(parent, Node) and parent._requires_grad and (among is None or parent in among)
            if rule is not None and is_used:
                with enable_grad():
                    _try(rule, node, parent, create_graph)


def require_linear_rules_behind(root: Any) -> None:
    """The same for all that root was computed by, before a walk with create_graph."""
    seen, stack = {root}, [root]
    while stack:
        for arg in arguments(stack.pop()):
            if isinstance(arg, Node) and arg._requires_grad and arg not in seen:
                seen.add(arg)
                stack.append(arg)
    require_linear_rules([node for node in seen if node._args], True)


def _try(rule: Any, node: Any, parent: Any, create_graph: bool) -> None:
    """Record a rule on a g of its own, which gives p. A walk back through what was recorded sends any v to d; if p is
    linear in g, and connected to it in all parts, then <p, v> = <g, d>."""
    past = Past()
    op, data, leaf = node._op, past.output(node), type(node)
    args = past.arguments(node)[1]
    parts = data if type(data) is tuple else (data,)
    g = tuple([leaf(irregular(part)) if part.dtype.kind in "fc" else np.zeros_like(part) for part in parts])
    try:
        p = rule(g if type(data) is tuple else g[0], data, *args, **rule_kwargs(node, create_graph))
    except Exception as error:  # in a rule, which is a user's
        error.add_note(f"(in the derivative of {op.name}, recorded for forward mode or a derivative of higher order)")
        raise
    if p is None:
        require_own(rule, op.name)
        return
    p, v = unbroadcast(p, parent, op.name), irregular(past.data(parent), 1)
    grads = backpropagate(p, v) if isinstance(p, Node) and p._requires_grad else {}
    pairs = [(part, grads[part]) for part in g if isinstance(part, Node) and part in grads]
    with np.errstate(all="ignore"):
        left, size = inner_product([(p, v)])
        right, other = inner_product(pairs)
        eps = max(np.finfo(x.dtype).eps for x in (p, *parts) if x.dtype.kind in "fc")
        if abs(left - right) > eps ** (1 / 3) * (size + other):
            raise loses_g(op.name)


def inner_product(pairs: Iterable[tuple[Any, Any]]) -> tuple[float, float]:
    """The sum of the products of all elements of pairs of arrays or nodes, and that of their sizes."""
    products = [getattr(a, "_data", a) * getattr(b, "_data", b) for a, b in pairs]
    products = [memory_of(p) for p in products]  # a check, which compile need not write down
    return sum(float(np.sum(np.real(p))) for p in products), sum(float(np.sum(np.abs(p))) for p in products)


def require_zero(p: Any, name: str) -> None:
    """An error, if what a rule gave isn't zero, though it isn't connected to the g that the rule was recorded on."""
    if np.any(memory_of(getattr(p, "_data", p))):
        raise loses_g(name)


def loses_g(name: str) -> TypeError:
    return TypeError(
        f"{name}: a rule of this function makes plain numbers of g, the gradient that it is given, or isn't linear in "
        f"it, so a part of this derivative would be lost. Forward mode and derivatives of higher order need rules that "
        f"are written in NumPy's functions and operators, without float(g), g.item(), g.data or compiled functions"
    )
