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

from collections.abc import Callable
from typing import Any

from .gradcheck import check_grads
from .jacobian import hessian, jacobian, laplacian
from .tensor import Tensor
from .trace import Argnum, Trace, conj, named, scalar_trace, value_and_gradient
from .tree import matching_leaves, tree_map

__all__ = [
    "grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp", "laplacian", "check_grads", "stop_gradient",
]  # fmt: skip


def value_and_grad(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives f's value together with its gradient, for the cost of one: `(y, gradient)`. See `grad`.

    >>> import numpy as np
    >>> from tensorgrad import value_and_grad
    >>> value_and_grad(lambda x: (x**2).sum())(np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """

    @named("value_and_grad", f)
    def evaluate(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        return value_and_gradient("grad", f, argnum, args, kwargs)

    return evaluate


def grad(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives the gradient of f.

    Args:
        f: takes arrays, returns one real number: a Tensor of shape () or any other of size 1.
        argnum: which argument, or a tuple of them. An argument may be a structure of arrays, or a Module, of which f
            is given a copy (see `Module.with_parameters`).

    Returns:
        A function of f's arguments. The gradient has the structure, shapes and (floating) dtypes of the argument; for a
        tuple argnum it is a tuple, for a Module a dict by the names of its parameters. Arrays in, arrays out; Tensors
        in, Tensors out that can be differentiated again, and so for the parameters of a Module. If f closes over a
        Tensor that requires a gradient, the result is a Tensor connected to it.

    Raises:
        TypeError: f returned something that is not one real number, or no Tensor. A number that was computed outside
            the graph has a gradient of zero only by accident, so it is an error: return Tensor(c, requires_grad=False).

    >>> from tensorgrad import grad
    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    >>> grad(lambda p: (p["w"] * 3 + p["b"])**2)({"w": 1.0, "b": 0.5})
    {'w': array(21.), 'b': array(7.)}
    """

    @named("grad", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        return value_and_gradient("grad", f, argnum, args, kwargs)[1]

    return evaluate


def vjp(f: Callable, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], tuple]]:
    """The value of f, and the function that takes a gradient back through it: a product of a vector and the Jacobian.

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        *args: where; all of them are differentiated. Keyword arguments go to f as they are.

    Returns:
        `(y, pullback)`. `pullback(g)`, with g of the structure and shapes of y, is a tuple: one gradient for each
        argument. It can be called many times.

    Raises:
        ValueError: g has another structure or shape than y. TypeError: f returned no Tensor.

    >>> import numpy as np
    >>> from tensorgrad import vjp
    >>> y, pullback = vjp(lambda a, b: a * b, np.array([1.0, 2.0]), 3.0)
    >>> y
    array([3., 6.])
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 30.]), array(21.))
    """
    trace = Trace("vjp", f, range(len(args)), args, kwargs)

    def pullback(g: Any) -> tuple:
        seeds = matching_leaves("vjp", "gradient", trace.result, g)
        return trace.like_given([conj(d) for d in trace.vjp([conj(s) for s in seeds])], seeds)

    return trace.like_result(trace.outputs), pullback


def jvp(f: Callable, args: tuple, tangents: tuple, **kwargs: Any) -> tuple[Any, Any]:
    """The value of f, and its derivative in one direction: a product of the Jacobian and a vector, in forward mode.

    The tangents are sent forward through what the call recorded, with the rules of the table transposed: an elementwise
    function costs one evaluation of its rule, any other two. (benchmarks/transforms.py compares it with the gradient.)

    Args:
        f: takes arrays (or structures of them), returns a Tensor, or a structure of Tensors.
        args: a tuple of arguments.
        tangents: a tuple of directions, one for each argument, of its structure and shapes.

    Returns:
        `(y, dy)`, of the same structure and shapes.

    Raises:
        ValueError: the tangents don't fit the arguments. TypeError: f returned no Tensor.

    >>> import numpy as np
    >>> from tensorgrad import jvp
    >>> jvp(lambda x: np.sin(x) * 2, (0.0,), (1.0,))
    (array(0.), array(2.))
    """
    trace = Trace("jvp", f, range(len(args)), tuple(args), kwargs)
    vs = matching_leaves("jvp", "tangent", tuple(args), tuple(tangents))
    return trace.like_result(trace.outputs, vs), trace.like_result(trace.jvp(vs), vs)


def hvp(f: Callable, argnum: Argnum = 0) -> Callable:
    """A function that gives the product of the Hessian of f and a vector, without the Hessian: O(n) time and memory.

    Args:
        f: as for `grad`.
        argnum: which argument, or a tuple of them.

    Returns:
        A function of f's arguments and then of a vector v, of the structure and shapes of the argument; so is the
        result. It is the gradient of the number `(grad(f)(x) * v).sum()` (Pearlmutter, Fast exact multiplication by the
        Hessian, 1994).

    >>> import numpy as np
    >>> from tensorgrad import hvp
    >>> hvp(lambda x: x[0]**2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """

    @named("hvp", f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        *args, v = args  # type: ignore
        trace = scalar_trace("hvp", f, argnum, tuple(args), kwargs).derived()
        seeds = matching_leaves("hvp", "vector", trace.given, v)
        products = trace.vjp([conj(s) for s in seeds])
        return trace.like_given([conj(p) for p in products], seeds)

    return evaluate


def stop_gradient(x: Any) -> Any:
    """x, as a constant: no derivative, of any order, goes through. Of a structure, each Tensor in it.

    Of a Module it gives a copy that holds constants, and so has no parameters.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    array(3.)
    """
    return tree_map(lambda leaf: leaf.detach() if isinstance(leaf, Tensor) else leaf, x)
