"""JAX as a neighbour: a function of ours as one of JAX's, and a function of JAX's as one of ours.

JAX's functions are pure: what they close over is constant, and they may be called again. So a gradient of higher order
is that of a function which computes the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..batch import holds_batch, one_by_one
from ..calls import described, require_call
from ..closures import Call, Lifted, record
from ..errors import imported
from ..grad_mode import is_grad_enabled
from ..linearity import irregular
from ..tensor import Tensor, data_of
from ..trace import named
from ..tree import tree_leaves, tree_map
from .foreign import Foreign, as_ours, is_array, numpys, replaced

# A function of ours in JAX -------------------------------------------------------------------------------------------


def to_jax(f: Callable, result: Any = None) -> Callable:
    """A function of JAX's arrays, which computes f, a function of ours. It needs JAX, `pip install jax`.

    `jax.jit` and `jax.vmap` (which calls f for one example after the other) go through it, and `jax.grad`, `jax.vjp`
    and `jax.jacrev` to any order; forward mode (`jax.jvp`, `jax.hessian`) doesn't: of a gradient, take `jax.jacrev`. f
    is called back by `jax.pure_callback`: it must be pure, and JAX may call it any number of times.

    Args:
        f: takes Tensors and arrays, also in lists, dicts and keyword arguments, beside anything else; returns a Tensor,
            an array or number, or a structure of them. In the place of a JAX array of floats it is given a Tensor, and
            for one of ints or bools an array, which is read-only.
        result: what f returns, but for the numbers: arrays, or `jax.ShapeDtypeStruct(shape, dtype)`, in the same
            structure. By default f is called once more, with numbers between 0.5 and 1.5 (ints are 0, bools False), to
            see that: of one that can't take these, or returns other shapes then, give it.

    Returns:
        A function of f's arguments that returns what f does, with JAX's arrays, of dtypes that JAX has: float32 in the
        place of float64, unless `jax_enable_x64` is set.

    Raises:
        ImportError: JAX isn't installed.
        TypeError: f is no function, closes over a Tensor that requires a gradient, or returned anything else.
        ValueError: f returned arrays of other shapes than expected. (Where JAX calls f, it wraps its errors.)

    >>> import jax
    >>> import jax.numpy as jnp
    >>> import numpy as np
    >>> from tensorgrad.interop import to_jax
    >>> length = to_jax(lambda x: np.sqrt(np.sum(x**2)))
    >>> print(jax.jit(jax.grad(length))(jnp.array([3.0, 4.0])))
    [0.6 0.8]
    """
    require_call("to_jax", f)
    jax = imported("to_jax", "jax", "JAX")

    @named("to_jax", f)
    def function(*args: Any, **kwargs: Any) -> Any:
        lifted = Lifted((args, kwargs), lambda leaf: isinstance(leaf, jax.Array))

        def of_arrays(*values: Any) -> Any:
            args, kwargs = lifted.filled(values)
            return f(*args, **kwargs)

        arrays = lifted.taken()
        for array in arrays:
            _require_numpys_dtype(jax, "to_jax", array)
        expected = result
        if result is None:
            with jax.ensure_compile_time_eval():  # f may call functions of JAX's, also inside jit
                expected = _result_of(of_arrays, arrays)
        return _called_by_jax(jax, of_arrays, arrays, expected)

    return function


def _called_by_jax(jax: Any, f: Callable, arrays: Sequence[Any], result: Any) -> Any:
    """f of JAX's arrays, as an operation of JAX's with a gradient; result is what f returns, but for the numbers."""

    def struct(leaf: Any) -> Any:
        if hasattr(leaf, "dtype"):
            _require_numpys_dtype(jax, "to_jax", leaf)
        return jax.ShapeDtypeStruct(np.shape(leaf), jax.dtypes.canonicalize_dtype(_dtype(leaf)))

    structs = [struct(leaf) for _, leaf in tree_leaves(result) if leaf is not None]
    places = [i for i, array in enumerate(arrays) if _is_floating(array)]

    def compute(*given: Any) -> list:
        found = [data_of(leaf) for _, leaf in tree_leaves(_call(f, given).result) if leaf is not None]
        if [np.shape(y) for y in found] != [s.shape for s in structs]:
            raise ValueError(
                f"to_jax: the function returned arrays of shapes {[np.shape(y) for y in found]}, and "
                f"{[s.shape for s in structs]} were expected; pass result="
            )
        return [np.asarray(y, s.dtype) for y, s in zip(found, structs, strict=True)]

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def operation(*arrays: Any) -> list:
        return list(jax.pure_callback(compute, structs, *arrays, vmap_method="sequential"))

    def forward(*arrays: Any) -> tuple:
        return operation(*arrays), arrays

    def backward(arrays: tuple, grads: list) -> tuple:
        seeds = [g for g, s in zip(grads, structs, strict=True) if _is_floating(s)]

        def pullback(*values: Any) -> list:
            call = _call(f, values[: len(arrays)])
            gs = dict(zip([i for i, s in enumerate(structs) if _is_floating(s)], values[len(arrays) :], strict=True))
            leaves = [leaf for _, leaf in tree_leaves(call.result) if leaf is not None]
            wanted = [gs[i] for i, y in enumerate(leaves) if isinstance(y, Tensor) and y.requires_grad]
            found = call.pullback(wanted, [], create_graph=True)
            return [np.zeros_like(x._data) if d is None else d for d, x in zip(found, call.inputs, strict=True)]

        found = _called_by_jax(jax, pullback, [*arrays, *seeds], [struct(arrays[i]) for i in places])
        by_place = dict(zip(places, found, strict=True))
        return tuple([by_place.get(i) for i in range(len(arrays))])

    operation.defvjp(forward, backward)
    supply = iter(operation(*arrays))
    return tree_map(lambda leaf: None if leaf is None else next(supply), result)


def _require_numpys_dtype(jax: Any, name: str, array: Any) -> None:
    """An error for floats that NumPy hasn't got, such as bfloat16, which would have no gradient; and for keys."""
    kinds = jax.numpy.inexact, jax.dtypes.extended
    if any(jax.numpy.issubdtype(array.dtype, kind) for kind in kinds) and getattr(array.dtype, "kind", "V") == "V":
        hint = "" if jax.numpy.issubdtype(array.dtype, kinds[1]) else "; pass or return x.astype(np.float32)"
        raise TypeError(f"{name}: NumPy has no {array.dtype}{hint}")


def _is_floating(array: Any) -> bool:
    return np.dtype(_dtype(array)).kind in "fc"


def _dtype(leaf: Any) -> Any:
    """The dtype of what a function returned."""
    if not isinstance(leaf, int | float | complex) and not hasattr(leaf, "dtype"):
        raise TypeError(f"to_jax: the function returned {described(leaf)}; it must return Tensors and arrays")
    return leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype


def _call(f: Callable, values: Sequence[Any]) -> Call:
    """A call of f: floats are inputs of it, ints and bools are arrays.

    Raises:
        TypeError: f closes over a Tensor that requires a gradient.
    """
    given = [value if isinstance(value, Tensor) else np.asarray(value) for value in values]
    places = [i for i, value in enumerate(given) if _is_floating(value)]

    def of_inputs(*inputs: Any) -> Any:
        return f(*replaced(given, places, inputs))

    call = Call("to_jax", of_inputs, [given[i] for i in places])
    if call.outer and not any([isinstance(value, Tensor) for value in values]):
        raise TypeError(
            f"to_jax: the function closes over a Tensor of shape {call.outer[0].shape} that requires a gradient, which "
            f"JAX doesn't know; pass its data as an argument, or detach() it"
        )
    return call


def _result_of(f: Callable, arrays: Sequence[Any]) -> Any:
    """What f returns for arrays of such shapes, computed for some numbers."""
    some = [irregular(np.empty(a.shape, a.dtype)) if _is_floating(a) else np.zeros(a.shape, a.dtype) for a in arrays]
    try:
        return _call(f, some).result
    except Exception as error:  # of a user's function
        error.add_note(
            "(to_jax called the function with numbers between 0.5 and 1.5, to see what it returns; if it can't take "
            "those, pass result=, such as jax.ShapeDtypeStruct((3,), float))"
        )
        raise


# A function of JAX's among ours --------------------------------------------------------------------------------------


def from_jax(f: Callable) -> Callable:
    """A function of Tensors, which computes f, a function of JAX's. It needs JAX, `pip install jax`.

    `backward`, `grad`, `hessian`, `vmap` and the other transforms go through it, to any order; `compile` doesn't.

    Args:
        f: takes JAX's arrays, also in lists, dicts and keyword arguments, beside anything else; returns one, or a
            structure that JAX knows. In the place of a Tensor or an array it is given a copy of it. It may be `jax.jit`
            of a function.

    Returns:
        A function of f's arguments that returns what f does: Tensors, and of ints and bools arrays. JAX arrays that f
        closes over are constants, as they are in JAX: pass what is to have a gradient as an argument.

    Raises:
        ImportError: JAX isn't installed.
        TypeError: f is no function; an array isn't NumPy's own, or has a dtype that JAX would round, as it does float64
            unless `jax_enable_x64` is set. In a compiled step, a CompileError.

    >>> import jax.numpy as jnp
    >>> import numpy as np
    >>> from tensorgrad import grad
    >>> from tensorgrad.interop import from_jax
    >>> length = from_jax(jnp.linalg.norm)
    >>> grad(length)(np.array([3.0, 4.0], np.float32))
    array([0.6, 0.8], dtype=float32)
    """
    require_call("from_jax", f)
    jax = imported("from_jax", "jax", "JAX")

    @named("from_jax", f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if holds_batch([args, kwargs]):
            return one_by_one(function, args, kwargs)
        lifted = Lifted((args, kwargs), is_array)
        values = lifted.taken()
        places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad and is_grad_enabled()]
        given = [_as_jax(jax, value) for value in values]

        def of_inputs(*inputs: Any) -> Any:
            args, kwargs = lifted.filled(replaced(given, places, inputs))
            return f(*args, **kwargs)

        if not places:
            return jax.tree.map(lambda y: _constant_of_ours(jax, y), of_inputs())
        return _recorded_by_us(jax, of_inputs, [given[i] for i in places], [values[i] for i in places])

    return function


def _constant_of_ours(jax: Any, y: Any) -> Any:
    """What f returned, without gradient."""
    y = jax.numpy.asarray(y)
    _require_numpys_dtype(jax, "from_jax", y)
    return as_ours(np.array(y))


def _as_jax(jax: Any, value: Any) -> Any:
    """A copy of an array, as JAX's, which never change.

    Raises:
        TypeError: JAX would round its numbers, or has no such dtype.
    """
    array = numpys("from_jax", "JAX", value)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    try:
        new = jax.numpy.array(array)
    except TypeError as error:
        raise TypeError(f"from_jax: no array of JAX's can be made of one of {array.dtype}: {error}") from error
    if new.dtype != array.dtype and (array.dtype.kind in "fc" or not np.array_equal(np.asarray(new), array)):
        raise TypeError(
            f"from_jax: JAX would make {new.dtype} of {array.dtype}; call jax.config.update('jax_enable_x64', True) "
            f"when the program starts, or pass astype(np.{new.dtype})"
        )
    return new


def _recorded_by_us(jax: Any, f: Callable, inputs: Sequence[Any], parts: Sequence[Any]) -> Any:
    """What a function of JAX's returns, as Tensors that we know to be computed from these parts."""
    result, pullback = jax.vjp(f, *inputs)
    leaves, structure = jax.tree.flatten(result)
    for leaf in leaves:
        _require_numpys_dtype(jax, "from_jax", leaf)
    data = [np.array(y) for y in leaves]
    outputs = tuple([y for y in data if y.dtype.kind in "fc"])
    if not outputs:
        return structure.unflatten(data)
    found = record(
        "from_jax",
        outputs if len(outputs) > 1 else outputs[0],
        parts,
        _OfJax(jax, f, inputs, data, structure, pullback),
    )
    supply = iter(found if len(outputs) > 1 else (found,))
    return structure.unflatten([next(supply) if y.dtype.kind in "fc" else y for y in data])


class _OfJax(Foreign):
    """What JAX computed, with the function that takes gradients back through it."""

    name = "from_jax"

    def __init__(
        self, jax: Any, f: Callable, inputs: Sequence[Any], data: Sequence[Any], structure: Any, pullback: Any
    ):
        self.jax, self.f, self.inputs, self.structure, self.pullback = jax, f, inputs, structure, pullback
        self.arity = len(inputs)
        self.no_gradients = [None if y.dtype.kind in "fc" else np.zeros(y.shape, jax.dtypes.float0) for y in data]

    def _like_result(self, gs: Sequence[Any]) -> Any:
        supply = iter(gs)
        return self.structure.unflatten([next(supply) if zero is None else zero for zero in self.no_gradients])

    def plain_gradients(self, gs: tuple) -> list:
        return [np.array(d) for d in self.pullback(self._like_result([_as_jax(self.jax, g) for g in gs]))]

    def recorded_gradients(self, gs: tuple, parts: tuple) -> list:
        def gradients(*values: Any) -> list:
            _, pullback = self.jax.vjp(self.f, *values[: self.arity])
            return list(pullback(self._like_result(values[self.arity :])))

        inputs = [*self.inputs, *[_as_jax(self.jax, g) for g in gs]]
        found: list = _recorded_by_us(self.jax, gradients, inputs, [*parts, *gs])
        return found
