"""The engine: it records what is computed, and walks back along the record to compute gradients.

`record` computes a function of nodes, and makes a node that keeps the function and its arguments. `backpropagate`
visits the nodes behind an output, newest first, and evaluates their rules, those of the table. The class that users
see, `tensor.Tensor`, is a Node with operators, methods and NumPy's protocols; here it is only a `node_type`, the exact
type of all nodes of a graph.
"""

from __future__ import annotations

import functools
import operator
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy import asarray, ndarray

from .batch import retried
from .broadcasting import accumulate, accumulate_part, can_be_accumulated, unbroadcast, with_batches_of
from .derivatives.arrays import as_0d, require_no_subclass
from .derivatives.chunked import done_otherwise
from .derivatives.layouts import index_order
from .derivatives.table import TABLE, Primitive
from .errors import data_changed, explained, no_derivative
from .grad_mode import is_grad_enabled
from .memory import changes, is_owned, own_copy
from .node import FREED_NODE, OVERWRITTEN_NODE, Node, new_node, orders
from .past import Past
from .versions import ASSIGN, SCALAR, VIEW, current_args, is_past, is_scalar, names, shows

# Recording -----------------------------------------------------------------------------------------------------------

_new = object.__new__
_FLOAT64 = np.dtype(np.float64)
_RESHAPE = TABLE[np.reshape]
IMMUTABLE = frozenset({int, float, bool, str, slice, type(None), type(Ellipsis)})
HOLD_NO_NODE = IMMUTABLE | {ndarray}  # what needn't be searched for nodes


def record(node_type: type[Node], primitive: Primitive, args: tuple, kwargs: dict | None = None) -> Any:
    """Apply a function to arguments of which some are nodes, and remember it."""
    if kwargs or len(args) != primitive.arity:
        args, kwargs = _bound(primitive, args, kwargs or {})
    values: list[Any] = []
    needs_grad = False
    for arg in args:
        if type(arg) is node_type:
            values.append(arg._data)
            if arg._requires_grad:
                needs_grad = True
        else:
            values.append(arg)
    is_view = primitive.is_view
    if is_view is True and not values[0].ndim and is_scalar(args[0]):
        values[0] = values[0][()]  # of a scalar, NumPy gives no view
    try:
        y = primitive.func(*values, **kwargs) if kwargs else primitive.func(*values)
    except Exception as error:  # of a function that may be a user's
        y = retried_or_explained(error, primitive.func, primitive.name, values, kwargs)
    saved = None
    if primitive.saves:
        y, saved = y if type(y) is tuple and len(y) == 2 else primitive.output_and_saved(y)
    views = is_view and values and (names or not needs_grad) and is_grad_enabled() and shows(y, values[0])
    if names and not views:
        args, needs_grad = current_args(args)
    if not primitive.complete:  # a node in the place of a constant doesn't count
        rules = primitive.rules_for(len(args))
        found = [arg._requires_grad for arg, rule in zip(args, rules) if rule and type(arg) is node_type]  # noqa: B905
        if not found:
            return y
        needs_grad = any(found)
    needs_grad = needs_grad and is_grad_enabled()
    if (needs_grad or views) and (kwargs or not primitive.complete or len(args) != primitive.arity):
        args, kwargs = _kept(primitive, args, kwargs)
    if type(y) is not ndarray or (y.dtype is not _FLOAT64 and y.dtype.kind not in "fc"):
        if isinstance(y, tuple):
            return _outputs(node_type, primitive, y, args, kwargs, saved, needs_grad)
        scalar = not isinstance(y, ndarray)
        y = floating(asarray(y) if isinstance(y, Node) else y, primitive.name)  # nodes may be in an array of objects
    else:
        scalar = False
    node = _new(node_type)  # new_node, written out: this is the path of every operation
    node._data = y
    node._grad = None
    node._order = next(orders)
    node.name = ""
    node._requires_grad = needs_grad
    if needs_grad or views:
        node._op, node._args, node._kwargs = primitive, args, kwargs
        if primitive.saves:
            node._saved = saved
        elif views:
            node._saved = VIEW
    else:
        node._op = node._args = node._kwargs = None
    if scalar and not primitive.saves and not views:
        node._saved = SCALAR
    return node


def retried_or_explained(error: Exception, func: Any, name: str, args: Any, kwargs: dict | None) -> Any:
    """What a function gives for each array of a batch, where it has failed on all at once; or the error, explained."""
    try:
        y = done_otherwise(func, args, kwargs)
        return retried(error, func, args, kwargs) if y is None else y
    except (ValueError, TypeError, IndexError, OverflowError) as again:
        raise explained(again, name, args) from error


def recorded_with_versions(node_type: type[Node], primitive: Primitive, y: Any, args: tuple) -> Any:
    """The node of what an operator gave while there are names: computed from versions."""
    args, needs_grad = current_args(args)
    node = new_node(node_type, floating(y, primitive.name), needs_grad and is_grad_enabled(), primitive, args)
    if type(y) is not ndarray:
        node._saved = SCALAR
    return node


def _bound(primitive: Primitive, args: tuple, kwargs: dict) -> tuple[tuple, dict | None]:
    """Arguments and keyword arguments where the rules expect them; an error for a node where there is no rule."""
    if kwargs or primitive.signature.out is not None:
        args, kwargs = primitive.bind(args, kwargs)
    known = len(args) if primitive.rest else len(primitive.rules)
    for i, arg in enumerate(args[known:], known + 1):
        if type(arg) not in HOLD_NO_NODE and holds_node(arg):
            raise no_derivative(f"argument {i} of {primitive.name}")
    for name, value in kwargs.items():
        if holds_node(value):
            raise no_derivative(f"the argument {name}= of {primitive.name}")
    if primitive is _RESHAPE and "A" in (kwargs.get("order"), *args[2:]):
        args, kwargs = args[:2], {**kwargs, "order": index_order(args[0], "A")}  # definite: other data lie otherwise
    return args, kwargs or None


def _kept(primitive: Primitive, args: tuple, kwargs: dict | None) -> tuple[tuple, dict | None]:
    """The same, with copies of the arrays and lists that have no rule (indices, masks): others may change theirs."""
    n = len(primitive.rules)
    if not primitive.complete or (len(args) > n and not IMMUTABLE.issuperset(map(type, args[n:]))):
        rules = primitive.rules_for(len(args))
        rules += (None,) * (len(args) - len(rules))
        args = tuple([arg if rule else copied(arg) for arg, rule in zip(args, rules, strict=False)])
    if kwargs and not IMMUTABLE.issuperset(map(type, kwargs.values())):
        kwargs = {name: copied(value) for name, value in kwargs.items()}
    return args, kwargs


def copied(value: Any) -> Any:
    """A copy of the arrays in a setting; what can't change stays as it is."""
    if type(value) is list or (type(value) is tuple and not IMMUTABLE.issuperset(map(type, value))):
        return type(value)(map(copied, value))
    return value.copy() if hasattr(value, "__array_function__") and not isinstance(value, (Node, type)) else value


def holds_node(value: Any) -> bool:
    """Whether value is a node, or a list or tuple with one in it."""
    if isinstance(value, (list, tuple)):
        return not HOLD_NO_NODE.issuperset(map(type, value)) and any(map(holds_node, value))
    return isinstance(value, Node)


def _outputs(
    node_type: type[Node], primitive: Primitive, y: tuple, args: Any, kwargs: Any, saved: Any, needs_grad: bool
) -> tuple:
    """The nodes of a function with several outputs: each is picked out of one node that holds them all."""
    arrays = tuple(p if hasattr(p, "dtype") and not isinstance(p, np.generic) else as_0d(p) for p in y)
    whole = new_node(node_type, arrays, needs_grad, primitive, args, kwargs)
    if needs_grad and primitive.saves:
        whole._saved = saved
    parts = [output(whole, i, needs_grad) if p.dtype.kind in "fc" else p for i, p in enumerate(arrays)]
    return tuple(parts) if type(y) is tuple else type(y)(*parts)


def output(whole: Any, i: int, needs_grad: bool = True) -> Any:
    """The node of one of the outputs that a node holds."""
    return new_node(type(whole), whole._data[i], needs_grad, pick, (whole, i))


pick = Primitive(operator.getitem, (lambda g, y, whole, i: tuple(g if k == i else None for k in range(len(whole))),))


def floating(y: Any, name: str) -> Any:
    """What a function gave, as an array of floats; NumPy gives scalars for 0-d arrays."""
    if isinstance(y, np.generic) or not hasattr(y, "dtype"):
        y = as_0d(y)
    require_no_subclass(type(y), name)
    if not hasattr(y, "__array_function__"):
        raise TypeError(
            f"{name}: a {type(y).__module__}.{type(y).__name__} and a Tensor aren't of one kind; pass np.asarray(it), "
            f"or call functions of that library through tensorgrad.interop"
        )
    if y.dtype.kind not in "fc":
        raise TypeError(f"{name}: the result has dtype {y.dtype}; a Tensor is floating, so that it can have a gradient")
    return y


# The backward walk ---------------------------------------------------------------------------------------------------


def backpropagate(
    root: Any, grad: Any, *, create_graph: bool = False, free: bool = False, needed: set | None = None
) -> dict[Any, Any]:
    """The gradient of `sum(root * grad)` with respect to every node that root was made from (or those in `needed`).

    The newest node is always the next: whatever was made from it is newer, so its gradient is complete. With
    create_graph the rules are fed nodes instead of arrays, and record themselves; with free the graph, and the
    gradients of what isn't a leaf, are dropped on the way.
    """
    node_type, latest_change, past = type(root), changes.latest, None
    grad, keep = (grad, ()) if type(grad) is type(root._data) is ndarray else with_batches_of(root._data, grad)
    grads = {root: grad}
    newest_first = [(-root._order, root)] if root._op is not None else []
    while newest_first:
        _, node = heappop(newest_first)
        op, args, kwargs = node._op, node._args, node._kwargs
        if args is None:
            raise op.error(node)
        order = node._order
        if order <= latest_change:
            past = past or Past()
            args, inputs, kwargs = past_call(node, past, grads, create_graph, free)
        else:
            grad = grads.pop(node) if free else grads[node]
            y = node if create_graph else node._data
            if type(grad) is tuple:
                grad, y = complete_outputs(grad, node, create_graph)
            if create_graph:
                inputs = [grad, y, *args]
            else:
                inputs = [grad, y]
                for arg in args:
                    inputs.append(arg._data if type(arg) is node_type else arg)
            if kwargs or op.saves:
                kwargs = rule_kwargs(node, create_graph)
        rules = op.rules if op.rest is None else op.rules_for(len(args))
        for rule, parent in zip(rules, args):  # noqa: B905 (arguments without a rule are constants)
            if type(parent) is not node_type:
                continue
            if parent._order > order:
                raise data_changed(parent.name, parent.shape, op.name)
            if rule is None or not parent._requires_grad or (needed is not None and parent not in needed):
                continue
            try:
                d = rule(*inputs, **kwargs) if kwargs else rule(*inputs)
            except Exception as error:
                shape = getattr(parent._data, "shape", None)
                shape = [part.shape for part in parent._data] if shape is None else shape  # several arrays as one
                error.add_note(f"(in the derivative of {op.name} with respect to an argument of shape {shape})")
                d = retried(error, rule, inputs, kwargs)
            data = parent._data
            if type(d) is not ndarray or d.shape != data.shape or d.dtype is not data.dtype:
                if d is None:
                    require_own(rule, op.name)
                    continue
                if parent in grads and can_be_accumulated(d, parent, keep):
                    grads[parent] = accumulate_part(grads.pop(parent), d)
                    continue
                d = unbroadcast(d, parent, op.name, keep)
            elif past is not None and past.holds(d):
                d = d.copy()
            if parent in grads:
                grads[parent] = accumulate(grads.pop(parent), d, create_graph)
                continue
            grads[parent] = d
            if parent._op is not None:
                heappush(newest_first, (-parent._order, parent))
        if free:
            node._op, node._args, node._kwargs = FREED_NODE, None, None
            if op.saves:
                node._saved = None
    return grads


def require_own(rule: Any, name: str) -> None:
    """An error, unless a rule that gave None is the library's own, for which that is 0: a `return` is forgotten easily.

    Raises:
        TypeError: the rule is a user's.
    """
    while isinstance(rule, functools.partial):
        rule = rule.func
    if not (getattr(rule, "__module__", None) or "").startswith(f"{__package__}."):
        raise TypeError(
            f"a rule of {name}, {getattr(rule, '__name__', rule)}, gave None, as a function without a return does; "
            f"return the gradient, or give None in the place of the rule for an argument that is a constant"
        )


def past_call(node: Any, past: Past, grads: dict, create_graph: bool, free: bool) -> tuple[tuple, list, dict | None]:
    """The arguments of a node that is older than the latest change, and what its rules are given: data as they were."""
    op = node._op
    args, values = past.arguments(node, keep=create_graph)
    kwargs: dict | None = rule_kwargs(node, create_graph) if node._kwargs or op.saves else None
    if op is ASSIGN and not create_graph:
        grad = grads.pop(node)
        if not free and not is_past(node):
            grads[node] = grad
        return args, [grad if is_owned(grad) else own_copy(grad), None, *values], {"in_place": True}
    grad = grads.pop(node) if free else grads[node]
    y = past.output(node, keep=create_graph or type(grad) is tuple)
    if type(grad) is tuple:
        grad, y = complete_outputs(grad, node, create_graph)
    return args, [grad, y, *values], kwargs


def rule_kwargs(node: Any, create_graph: bool = False) -> dict:
    """The keyword arguments of a node's rules: what they know of the function's own, and what it saved for them."""
    op, kwargs = node._op, node._kwargs
    if not op.saves:
        return op.known_kwargs(kwargs) if kwargs else {}
    saved = None if create_graph else node._saved
    return {**op.known_kwargs(kwargs), "saved": saved} if kwargs else {"saved": saved}


def complete_outputs(grad: tuple, node: Any, create_graph: bool) -> tuple[tuple, tuple]:
    """The gradient of a node with several outputs, zeros for those that were not used, and these outputs."""
    y: Any = node._data
    grad = tuple(np.zeros_like(part) if d is None else d for d, part in zip(grad, y, strict=True))
    return grad, tuple(output(node, i) for i in range(len(y))) if create_graph else y


# Data that changes ---------------------------------------------------------------------------------------------------


def mark_changed(node: Any, in_place: bool = False) -> None:
    """Note that data has been replaced, or changed in place: what was computed from it can't go backward any more."""
    node._order = next(orders)
    if in_place:
        changes.note(node._data, (node._order, node.name, node._data.shape))
    if node._op is not None:
        node._op, node._args, node._kwargs = OVERWRITTEN_NODE if node._requires_grad else None, None, None
        node._saved = None
