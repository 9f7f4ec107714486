"""Transforms of calculus: they take functions of arrays and give functions of arrays.

All of them run the function once, recorded (a `Trace`), and then walk what was recorded: backward with the rules of the
table, or forward with the same rules transposed. They nest, in any order and depth.

Arrays in, arrays out. Where an argument is a Tensor, or the function closes over one that requires a gradient, the
result is a Tensor that can be differentiated again (inside `no_grad` one that can't, which is faster).

An argument may be an array, a number, or lists, tuples, dicts, dataclasses and Modules of them, nested; a gradient has
the same structure, and of a Module it is a dict by the names of its parameters. Ints become floats; None, strings,
bools and functions in a structure are constants, their gradient is None.

Complex numbers follow PyTorch: the gradient of a real function is dL/d(Re x) + i dL/d(Im x), the direction in which it
grows fastest; a tangent is a plain difference, dy = f(x + dx) - f(x).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .calls import FIRST, Argnum, described, differentiated, matching_leaves, require_call
from .closures import Call, Differentiable, Lifted, is_recorded, record
from .derivatives.arrays import conj, is_chunked, largest
from .grad_mode import is_grad_enabled
from .gradcheck import check_grads
from .jacobian import hessian, jacobian, laplacian
from .memory import memory_of
from .tensor import Tensor, data_of
from .trace import Trace, named, scalar_trace, value_and_gradient
from .tree import Tree, tree_map

__all__ = [
    "grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp", "laplacian", "check_grads", "stop_gradient",
    "checkpoint",
]  # fmt: skip


def value_and_grad(f: Callable, argnum: Argnum = FIRST, has_aux: bool = False, *, argnums: Argnum = FIRST) -> Callable:
    """A function that gives f's value together with its gradient, for the cost of one: `(y, gradient)`. See `grad`.

    With has_aux, f returns a pair `(y, aux)`, and the result is `((y, aux), gradient)`.

    >>> import numpy as np
    >>> from tensorgrad import value_and_grad
    >>> value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """
    chosen = differentiated("value_and_grad", f, argnum, argnums, has_aux)

    @named("value_and_grad", f)
    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        return value_and_gradient("value_and_grad", f, chosen, args, kwargs, has_aux)

    return evaluate


def grad(f: Callable, argnum: Argnum = FIRST, has_aux: bool = False, *, argnums: Argnum = FIRST) -> Callable:
    """A function that gives the gradient of f.

    Args:
        f: takes arrays, returns one real number: a Tensor of shape () or any other of size 1.
        argnum: which argument, or a tuple of them, counted from 0, or from the end if negative. An argument may be a
            structure of arrays, or a Module, of which f is given a copy (see `Module.with_parameters`).
        has_aux: f returns a pair `(y, aux)`. The gradient is that of y, and the result is `(gradient, aux)`. aux may be
            anything: of Tensors in it (in lists, tuples, dicts, dataclasses, Modules) the values are given, as arrays
            or Tensors, like the gradient.
        argnums: another name for argnum, the one that JAX has.

    Returns:
        A function of f's arguments. The gradient has the structure, shapes and (floating) dtypes of the argument; for a
        tuple argnum it is a tuple, for a Module a dict by the names of its parameters. Arrays in, arrays out; Tensors
        in, Tensors out that can be differentiated again, and so for the parameters of a Module. If f closes over a
        Tensor that requires a gradient, the result is a Tensor connected to it.

    Raises:
        TypeError: f is no function, or returned something that is not one real number, or no Tensor. A number that was
            computed outside the graph has a gradient of zero only by accident, so it is an error, and so is a Tensor
            that f made of one: return Tensor(c, requires_grad=False). There is no argument of the number argnum.
        ValueError: argnum names no argument, or one twice.

    >>> from tensorgrad import grad
    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    >>> grad(lambda p: (p["w"] * 3 + p["b"])**2)({"w": 1.0, "b": 0.5})
    {'w': array(21.), 'b': array(7.)}
    >>> grad(lambda x, y: (x * y, {"sum": x + y}), argnums=(0, 1), has_aux=True)(2.0, 3.0)
    ((array(3.), array(2.)), {'sum': array(5.)})
    """
    chosen = differentiated("grad", f, argnum, argnums, has_aux)

    @named("grad", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        value, gradient = value_and_gradient("grad", f, chosen, args, kwargs, has_aux)
        return (gradient, value[1]) if has_aux else gradient

    return evaluate


def vjp(f: Callable, *args: Any, has_aux: bool = False, **kwargs: Any) -> tuple[Any, ...]:
    """The value of f, and the function that takes a gradient back through it: a product of a vector and the Jacobian.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        *args: where; all of them are differentiated. Keyword arguments go to f as they are.
        has_aux: f returns a pair `(y, aux)`; see `grad`.

    Returns:
        `(y, pullback)`, or `(y, pullback, aux)`. `pullback(g)`, with g of the structure and shapes of y, is a tuple:
        one gradient for each argument. It can be called many times.

    Raises:
        ValueError: g has another structure or shape than y.
        TypeError: f returned no Tensor, or g has a dtype that doesn't fit.

    >>> import numpy as np
    >>> from tensorgrad import vjp
    >>> y, pullback = vjp(lambda a, b: a * b, np.array([1.0, 2.0]), 3.0)
    >>> y
    array([3., 6.])
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 30.]), array(21.))
    """
    require_call("vjp", f, has_aux)
    if not args:
        raise TypeError("vjp: no argument was given; write vjp(f, x) for f of one argument")
    trace = Trace("vjp", f, range(len(args)), args, kwargs, has_aux)

    def pullback(g: Any) -> tuple:
        seeds = matching_leaves("pullback of vjp", "gradient", trace.result, g)
        return trace.like_given([conj(d) for d in trace.vjp([conj(s) for s in seeds])], seeds)

    recorded = trace.is_recorded()
    y = trace.like_result(trace.outputs if recorded else [y._data.copy() for y in trace.outputs])
    return (y, pullback, trace.aux()) if has_aux else (y, pullback)


def jvp(f: Callable, args: Sequence, tangents: Sequence, has_aux: bool = False, **kwargs: Any) -> tuple[Any, ...]:
    """The value of f, and its derivative in one direction: a product of the Jacobian and a vector, in forward mode.

    The tangents are sent forward through what the call recorded, with the rules of the table transposed: an elementwise
    function costs one evaluation of its rule, any other two. (benchmarks/transforms.py compares it with the gradient.)

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        args: a tuple of arguments, `(x,)` if there is one; or a list.
        tangents: a tuple of directions, one for each argument, of its structure and shapes.
        has_aux: f returns a pair `(y, aux)`; see `grad`.

    Returns:
        `(y, dy)`, of the same structure and shapes; or `(y, dy, aux)`.

    Raises:
        ValueError: the tangents don't fit the arguments.
        TypeError: args or tangents is no tuple, f returned no Tensor, or a rule that isn't the
            library's own makes plain numbers of the gradient that it is given.

    >>> import numpy as np
    >>> from tensorgrad import jvp
    >>> jvp(lambda x: np.sin(x) * 2, (0.0,), (1.0,))
    (array(0.), array(2.))
    """
    require_call("jvp", f, has_aux)
    for what, given in (("args", args), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"jvp: {what} must be a tuple with one entry for each argument of f, not {described(given)}; for one "
                f"argument write jvp(f, (x,), (v,))"
            )
    if len(args) != len(tangents):
        raise ValueError(
            f"jvp: args and tangents must be as many; there are {len(args)} args, and {len(tangents)} tangents"
        )
    trace = Trace("jvp", f, range(len(args)), tuple(args), kwargs, has_aux)
    vs = matching_leaves("jvp", "tangent", tuple(args), tuple(tangents))
    y, dy = trace.like_result(trace.outputs, vs), trace.like_result(trace.jvp(vs), vs)
    return (y, dy, trace.aux(vs)) if has_aux else (y, dy)


def hvp(f: Callable, argnum: Argnum = FIRST, has_aux: bool = False, *, argnums: Argnum = FIRST) -> Callable:
    """A function that gives the product of the Hessian of f and a vector, without the Hessian: O(n) time and memory.

    Args:
        f: as for `grad`.
        argnum, has_aux, argnums: as for `grad`.

    Returns:
        A function of f's arguments and then of a vector v, of the structure and shapes of the argument; so is the
        result (with has_aux, `(result, aux)`). It is the gradient of the number `(grad(f)(x) * v).sum()` (Pearlmutter,
        Fast exact multiplication by the Hessian, 1994).

    Raises:
        TypeError: as `grad`; and there is no vector after the arguments.
        ValueError: v doesn't fit the argument.

    >>> import numpy as np
    >>> from tensorgrad import hvp
    >>> hvp(lambda x: x[0]**2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """
    chosen = differentiated("hvp", f, argnum, argnums, has_aux)

    @named("hvp", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        if len(args) < 2:
            raise TypeError(f"hvp: after the arguments of f the vector is needed, as in hvp(f)(x, v); got {len(args)}")
        *args, v = args  # type: ignore[assignment]
        trace = scalar_trace("hvp", f, chosen, tuple(args), kwargs, has_aux)
        gradient = trace.derived()
        seeds = matching_leaves("hvp", "vector", gradient.given, v)
        products = gradient.vjp([conj(s) for s in seeds])
        product = gradient.like_given([conj(p) for p in products], seeds)
        return (product, trace.aux(seeds)) if has_aux else product

    return evaluate


def stop_gradient(x: Any) -> Any:
    """x, as a constant: no derivative, of any order, goes through. Of a structure, each Tensor in it.

    Of a Module it gives a copy that holds constants, and so has no parameters.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    array(3.)
    """
    return tree_map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, x)


# To compute again rather than to keep --------------------------------------------------------------------------------


def checkpoint(f: Callable) -> Callable:
    """A function like f, whose inside isn't kept for the gradient, but computed again when that is asked for.

    Of a call, the graph holds the arguments and the output alone. It costs one more call of f, and saves the memory of
    all that f computes on the way: of n steps in a row, about sqrt(n) of sqrt(n) steps each keep 2 sqrt(n) arrays in
    place of n (Griewank and Walther, Algorithm 799: revolve, 2000; Chen et al., Training deep nets with sublinear
    memory cost, 2016, arXiv:1604.06174). Checkpoints may stand in one another.

    f is called twice, and must do the same again: one that draws random numbers must be given a seed, or a fresh
    generator of one, and make all its numbers from that; what it changes outside is changed twice.

    Args:
        f: takes any arguments (arrays, Tensors, structures of them, Modules), returns a Tensor or a structure of
            Tensors. What it closes over gets its gradient too.

    Returns:
        A function of f's arguments that gives f's result, and can be differentiated to any order by the Tensors among
        the arguments (positional or by keyword, in structures, parameters of Modules) and by those that f closes over.

    Raises:
        TypeError: f is no function, or changes an argument in place.
        RuntimeError: in the backward pass, f gives another result than before, or uses other Tensors.

    >>> import numpy as np
    >>> from tensorgrad import checkpoint, grad
    >>> def steps(x):
    ...     for _ in range(30):
    ...         x = np.sin(x)
    ...     return x
    >>> bool(grad(checkpoint(steps))(1.0) == grad(steps)(1.0))
    True
    """
    require_call("checkpoint", f)

    @functools.wraps(f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        if not is_grad_enabled():
            return f(*args, **kwargs)
        lifted = Lifted((args, kwargs))
        return _Checkpointed(f, lifted).recorded(lifted.taken())

    return evaluate


class _Checkpointed(Differentiable):
    """A call of f, of which the graph keeps the arguments."""

    def __init__(self, f: Callable, lifted: Lifted):
        self.f, self.lifted = f, lifted
        self.outer: list = []

    def recorded(self, tensors: list) -> Any:
        """What f returns, given the Tensors among its arguments, computed from them in one operation."""
        call = self._call(tensors)
        if not call.outputs:
            return call.result
        self.outer = call.outer
        ours = {id(x._data) for x in (*call.inputs, *call.outer)}
        shared = [getattr(y._data, "base", None) is not None or id(y._data) in ours for y in call.outputs]
        data = tuple([y._data.copy() if is_shared else y._data for y, is_shared in zip(call.outputs, shared)])  # noqa: B905
        found = record("checkpoint", data if len(data) > 1 else data[0], [*tensors, *call.outer], self)
        supply = iter(found if len(data) > 1 else (found,))
        return tree_map(
            lambda y: next(supply) if isinstance(y, Tensor) and y.requires_grad else y, call.result, whole=(Tree,)
        )

    def _call(self, tensors: Sequence[Any]) -> Call:
        def f(*inputs: Any) -> Any:
            args, kwargs = self.lifted.filled(inputs)
            return self.f(*args, **kwargs)

        return Call("checkpoint", f, tensors)

    def value(self, parts: Sequence[Any]) -> Any:
        data = tuple([y._data for y in self._call(parts[: len(parts) - len(self.outer)]).outputs])
        return data if len(data) > 1 else data[0]

    def gradients(self, g: Any, y: Any, parts: Sequence[Any]) -> Sequence[Any]:
        call = self._call(parts[: len(parts) - len(self.outer)])
        _require_same(y if isinstance(y, tuple) else (y,), call.outputs)
        return call.pullback(g if isinstance(g, tuple) else (g,), self.outer, is_recorded(g, parts))


def _require_same(before: Sequence[Any], again: Sequence[Any]) -> None:
    """An error, if a function that was called again gave something else."""
    what = None if len(before) == len(again) else f"{len(again)} Tensors, and before {len(before)}"
    for old, new in zip(before, again, strict=False):
        if old.shape != new.shape or old.dtype != new.dtype:
            what = f"shape {new.shape} and dtype {new.dtype}, and before {old.shape} and {old.dtype}"
        elif not what and not _close(memory_of(data_of(old)), memory_of(new.data)):
            what = f"other numbers of shape {new.shape}"
    if what:
        raise RuntimeError(
            f"checkpoint: the function, called again in the backward pass, gave {what}; it must do the same each time: "
            f"give it the seed of its random numbers, and don't change what it uses before going backward"
        )


def _close(a: Any, b: Any) -> bool:
    """Whether arrays are the same but for rounding, which may differ where several threads compute."""
    if is_chunked(a) and a.name == b.name:  # made by the same graph
        return True
    eps = float(np.finfo(a.dtype).eps) ** 0.5
    return np.allclose(
        a, b, rtol=eps, atol=eps * float(largest(np.where(np.isfinite(a), np.abs(a), 0))), equal_nan=True
    )
