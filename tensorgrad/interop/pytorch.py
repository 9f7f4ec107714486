"""PyTorch as a neighbour: a function of ours as an operation of PyTorch's, and a function of PyTorch's as one of ours.

Each side records what it computes, and goes back through it when the other asks for gradients. A gradient of higher
order goes back through what was recorded of that: an operation again, of the inputs and of the gradient that arrived.

Tensors that the function closes over are connected as well. On the other side a *stand-in* takes the place of each, a
leaf; what arrives there is passed on.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..batch import holds_batch, one_by_one
from ..calls import require_call
from ..closures import Call, Lifted, record
from ..derivatives.arrays import conj
from ..derivatives.locks import locked
from ..errors import imported
from ..grad_mode import is_grad_enabled, no_grad
from ..gradients import accumulating, elsewhere
from ..node import orders
from ..tensor import Tensor, data_of
from ..trace import named
from ..tree import Tree, tree_leaves, tree_map
from .foreign import Foreign, as_ours, is_array, numpys, replaced

torch: Any = None  # the module, once it is needed


def _require_torch(name: str) -> None:
    global torch
    torch = imported(name, "torch", "PyTorch")


# Arrays and tensors --------------------------------------------------------------------------------------------------


def _array(name: str, tensor: Any) -> Any:
    """The array of a tensor's memory.

    Raises:
        TypeError: it has none that NumPy could read.
    """
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided:
        raise TypeError(
            f"{name}: a tensor on the device {str(tensor.device)!r}, of layout {tensor.layout}, can't be an array of "
            f"NumPy's; pass tensor.cpu(), and of a sparse one to_dense()"
        )
    try:
        return tensor.detach().resolve_conj().resolve_neg().numpy()
    except TypeError as error:
        raise TypeError(f"{name}: NumPy has no {tensor.dtype}; pass tensor.float(): {error}") from error
    except RuntimeError as error:  # of a tensor without memory
        raise TypeError(
            f"{name}: torch.func's transforms (grad, vmap, jacrev) don't see what NumPy computes; use "
            f"torch.autograd.grad, or transforms of tensorgrad: {error}"
        ) from error


def _tensor(name: str, array: Any) -> Any:
    """A tensor of an array's memory; of memory that PyTorch can't take, of a copy.

    Raises:
        TypeError: it is no array of NumPy's, or of a dtype that PyTorch doesn't have.
    """
    array = numpys(name, "PyTorch", array)
    if not array.flags.writeable or not array.dtype.isnative or min(array.strides, default=0) < 0:
        array = array.astype(array.dtype.newbyteorder("="), order="C")
    try:
        return torch.from_numpy(array)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: no tensor can be made of an array of {array.dtype}: {error}") from error


# A function of ours in PyTorch ---------------------------------------------------------------------------------------


def to_torch(f: Callable) -> Callable:
    """A function of PyTorch's tensors, which computes f, a function of ours. It needs PyTorch, `pip install torch`.

    PyTorch's `backward`, `torch.autograd.grad` with create_graph=True, `gradcheck` and `gradgradcheck` go through it,
    to any order, and PyTorch's `no_grad` holds. Forward mode, `torch.func` and CUDA don't: those raise. (To compile
    what calls it, pass it through `torch.compiler.disable`.)

    Args:
        f: takes Tensors and arrays, also in lists, dicts and keyword arguments, beside anything else; returns a Tensor,
            an array, or a structure of them. In the place of a tensor of floats it is given a Tensor of the same
            memory, of its shape and dtype, and for one of ints or bools an array, which is read-only. It may be a
            Module.

    Returns:
        A function of f's arguments that returns what f does, with tensors, which have memory of their own.

        What f closes over is connected: of a Tensor that requires a gradient, such as a parameter of a Module,
        PyTorch's `backward` adds to `.grad`, as ours does. To train it by an optimiser of PyTorch's, pass it as an
        argument.

    Raises:
        ImportError: PyTorch isn't installed.
        TypeError: f is no function; a tensor isn't on the CPU, is sparse, or has a dtype that NumPy doesn't have;
            in PyTorch's forward mode and in `torch.func`.
        RuntimeError: a tensor was changed between the call and backward; in a backward with create_graph=True, there
            is a Tensor that f closes over (torch.autograd.grad goes through).

    >>> import numpy as np
    >>> import torch
    >>> from tensorgrad.interop import to_torch
    >>> length = to_torch(lambda x: np.sqrt(np.sum(x**2)))
    >>> x = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> length(x).backward()
    >>> x.grad
    tensor([0.6000, 0.8000])
    """
    require_call("to_torch", f)
    _require_torch("to_torch")

    @named("to_torch", f)
    def function(*args: Any, **kwargs: Any) -> Any:
        lifted = Lifted((args, kwargs), lambda leaf: isinstance(leaf, torch.Tensor))
        tensors = lifted.taken()
        values = [_given_to_ours(tensor) for tensor in tensors]
        places = [i for i, tensor in enumerate(tensors) if tensor.requires_grad and torch.is_grad_enabled()]

        def of_inputs(*inputs: Any) -> Any:
            args, kwargs = lifted.filled(replaced(values, places, inputs))
            return f(*args, **kwargs)

        connects = is_grad_enabled() and torch.is_grad_enabled()
        if not places and not connects:
            with no_grad():
                return tree_map(_constant_of_torch, of_inputs(), whole=(Tree,))
        call = Call("to_torch", of_inputs, [data_of(values[i]) for i in places])
        return _recorded_by_torch(call, [tensors[i] for i in places], connects)

    return function


def _given_to_ours(tensor: Any) -> Any:
    """What f is given for a tensor: a Tensor of floats, or an array of ints or bools, which f must not change."""
    if torch.autograd.forward_ad.unpack_dual(tensor).tangent is not None:
        raise TypeError("to_torch: there are no derivatives in PyTorch's forward mode; use backward, or tensorgrad.jvp")
    array = _array("to_torch", tensor)
    if array.dtype.kind in "fc":
        return Tensor(array, requires_grad=False)
    array = array.view()
    array.flags.writeable = False
    return array


def _constant_of_torch(leaf: Any) -> Any:
    """What f returned, as a tensor without gradient; what is no array as it is."""
    leaf = data_of(leaf)
    return _tensor("to_torch", np.array(leaf)) if isinstance(leaf, np.ndarray | np.generic) else leaf


def _recorded_by_torch(call: Call, tensors: Sequence[Any], connects: bool) -> Any:
    """What a call of ours returned, as tensors that PyTorch knows to be computed from these."""
    leaves = [_leaf_for(node) for node in call.outer] if connects else []
    outputs = iter(_operation().apply(call, connects, *tensors, *leaves) if call.outputs else ())

    def result(leaf: Any) -> Any:
        return next(outputs) if isinstance(leaf, Tensor) and leaf.requires_grad else _constant_of_torch(leaf)

    return tree_map(result, call.result, whole=(Tree,))


@functools.lru_cache
def _operation() -> Any:
    """The operation of PyTorch's that is a call of ours."""

    class OfTensorgrad(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, call: Call, connects: bool, *tensors: Any) -> tuple:
            ctx.call, ctx.connects = call, connects
            ctx.save_for_backward(*tensors)  # so that PyTorch notices if one has been changed
            return tuple([_tensor("to_torch", y._data.copy()) for y in call.outputs])

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> tuple:
            call, tensors = ctx.call, ctx.saved_tensors
            arrays = [_array("to_torch", g) for g in grads]
            if torch.is_grad_enabled():
                inputs = [*tensors[: len(call.inputs)], *grads]
                found = _recorded_by_torch(call.derived([Tensor(g) for g in arrays]), inputs, ctx.connects)
            else:
                found = call.pullback([np.conj(g) for g in arrays], call.outer, create_graph=False)
                found = [None if d is None else _tensor("to_torch", np.conj(d)) for d in found]
            return None, None, *found[: len(tensors)]

    return OfTensorgrad


# A function of PyTorch's among ours ----------------------------------------------------------------------------------


def from_torch(f: Callable) -> Callable:
    """A function of Tensors, which computes f, a function or a module of PyTorch's. It needs PyTorch,
    `pip install torch`.

    `backward`, `grad`, `hessian`, `vmap` and the other transforms go through it, to any order PyTorch has; `compile`
    doesn't. `no_grad` holds.

    Args:
        f: takes tensors, also in lists, dicts and keyword arguments, beside anything else; returns a tensor, or a
            structure of them. In the place of a Tensor or an array it is given a tensor of the same memory (of memory
            that PyTorch can't take, which is read-only or runs backwards, of a copy), of its shape and dtype, which
            it mustn't change. It may be a `torch.nn.Module`.

    Returns:
        A function of f's arguments that returns what f does: Tensors, and of ints and bools arrays. They have memory of
        their own.

        Leaves of PyTorch's that f closes over, such as the parameters of a module, are connected: `backward` adds to
        their `.grad`, as PyTorch's does; a transform treats them as Tensors that a function closes over. To have their
        gradients from a transform, or from an optimiser of ours, pass them as arguments: `torch.func.functional_call`.

    Raises:
        ImportError: PyTorch isn't installed.
        TypeError: f is no function, or changes an argument in place; an array isn't NumPy's own, or of a dtype that
            PyTorch doesn't have; what f returns isn't on the CPU. In a compiled step, a CompileError.
        RuntimeError: what was computed with has been changed before backward; after `backward(create_graph=True)` a
            leaf of PyTorch's would get a `.grad` that can't be differentiated again.

    >>> import torch
    >>> from tensorgrad import Tensor, hessian
    >>> from tensorgrad.interop import from_torch
    >>> smooth = from_torch(torch.nn.functional.huber_loss)
    >>> x = Tensor([0.5, 3.0])
    >>> smooth(x, Tensor([0.0, 0.0], requires_grad=False), reduction="sum").backward()
    >>> x.grad
    array([0.5, 1. ])
    >>> hessian(from_torch(lambda x: (x**3).sum()))(x.data)
    array([[ 3.,  0.],
           [ 0., 18.]])
    """
    require_call("from_torch", f)
    _require_torch("from_torch")

    @named("from_torch", f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if holds_batch([args, kwargs]):
            return one_by_one(function, args, kwargs)
        lifted = Lifted((args, kwargs), is_array)
        values = lifted.taken()
        parts = [v for v in values if isinstance(v, Tensor) and v.requires_grad and is_grad_enabled()]
        connects = is_grad_enabled() and torch.is_grad_enabled()
        with torch.inference_mode(False), torch.set_grad_enabled(bool(parts) or connects):
            given = [_given_to_torch(value) for value in values]
            new_args, new_kwargs = lifted.filled(given)
            result = f(*new_args, **new_kwargs)
            if any([tensor._version for tensor in given]):
                raise TypeError("from_torch: the function changes an argument in place; have it change a clone()")
            return _recorded_by_us(result, [tensor for tensor in given if tensor.requires_grad], parts, connects)

    return function


def _given_to_torch(value: Any) -> Any:
    """What f is given for a Tensor or an array."""
    tensor = _tensor("from_torch", data_of(value))
    if isinstance(value, Tensor) and value.requires_grad and is_grad_enabled():
        _stand_ins()[tensor.requires_grad_()] = value
    return tensor


def _recorded_by_us(result: Any, inputs: Sequence[Any], parts: Sequence[Any], connects: bool) -> Any:
    """What a function of PyTorch's returned, as Tensors that we know to be computed from these parts."""
    is_output = lambda leaf: isinstance(leaf, torch.Tensor) and leaf.requires_grad  # noqa: E731
    outputs = [leaf for _, leaf in tree_leaves(result) if is_output(leaf)]
    graph = _OfTorch(inputs, outputs, connects)
    found: Any = ()
    if outputs:
        data = tuple([_array("from_torch", y).copy() for y in outputs])
        outer = [_stand_in_for(leaf) for leaf in graph.leaves]
        found = record("from_torch", data if len(data) > 1 else data[0], [*parts, *outer], graph)
    supply = iter(found if len(outputs) > 1 else (found,))

    def of_ours(leaf: Any) -> Any:
        if is_output(leaf):
            return next(supply)
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return as_ours(_array("from_torch", leaf).copy())

    return tree_map(of_ours, result, whole=(Tree,))


class _OfTorch(Foreign):
    """What PyTorch recorded: outputs that were computed from inputs, and from further leaves."""

    name = "from_torch"

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[Any], connects: bool):
        self.inputs, self.outputs, self.connects, self.arity = inputs, outputs, connects, len(inputs)
        given = {id(tensor) for tensor in inputs}
        self.leaves = [leaf for leaf in _leaves_behind(outputs) if id(leaf) not in given] if connects else []

    def plain_gradients(self, gs: tuple) -> list:
        found = self._pulled([_tensor("from_torch", np.conj(g)) for g in gs], create_graph=False)
        return [None if d is None else np.conj(_array("from_torch", d)) for d in found]

    def recorded_gradients(self, gs: tuple, parts: tuple) -> list:
        seeds = [_tensor("from_torch", np.conj(data_of(g))).requires_grad_() for g in gs]
        found = self._pulled(seeds, create_graph=True)
        grads = _recorded_by_us(found, [*self.inputs, *seeds], [*parts, *[conj(g) for g in gs]], self.connects)
        return [None if d is None else conj(d) for d in grads]

    def _pulled(self, seeds: Sequence[Any], create_graph: bool) -> Any:
        """The gradients of the inputs and the leaves; None where one is zero."""
        return torch.autograd.grad(
            self.outputs, [*self.inputs, *self.leaves], seeds, True, create_graph, allow_unused=True
        )  # fmt: skip


def _leaves_behind(outputs: Sequence[Any]) -> list:
    """The leaves that PyTorch computed outputs from and that require a gradient."""
    found = {id(y): y for y in outputs if y.grad_fn is None}
    stack = [y.grad_fn for y in outputs if y.grad_fn is not None]
    seen = set(stack)
    while stack:
        node = stack.pop()
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        for before, _ in node.next_functions:
            if before is not None and before not in seen:
                seen.add(before)
                stack.append(before)
    return list(found.values())


# Stand-ins -----------------------------------------------------------------------------------------------------------


@functools.lru_cache
def _stand_ins() -> Any:
    """By a leaf of PyTorch's, the Tensor of ours that is the same; as long as the leaf is there."""
    return import_module("torch.utils.weak").WeakTensorKeyDictionary()


_OLDEST = next(orders)


class _PassedOn:
    """What is done with the gradient of a Tensor that stands for a leaf of PyTorch's: the leaf gets it."""

    def __init__(self, leaf: Any):
        self.leaf = weakref.ref(leaf)

    def __call__(self, grad: Any) -> None:
        locked(accumulating, self._add, np.array(grad))

    def _add(self, grad: np.ndarray) -> None:
        leaf = self.leaf()
        if leaf is None:
            return
        if leaf.grad is None:
            leaf.grad = torch.from_numpy(grad)
        else:
            with torch.no_grad():
                leaf.grad += torch.from_numpy(grad)


def _stand_in_for(leaf: Any) -> Any:
    """The Tensor of ours that stands for a leaf of PyTorch's, and is older than any call of a function."""
    array, node = _array("from_torch", leaf), _stand_ins().get(leaf)
    if node is None or (id(node) in elsewhere and not _same_memory(node._data, array)):
        node = Tensor(array)
        node._order = _OLDEST
        elsewhere[id(node)] = _PassedOn(leaf)
        weakref.finalize(node, elsewhere.pop, id(node), None)
        _stand_ins()[leaf] = node
    return node


def _same_memory(a: Any, b: Any) -> bool:
    return bool(a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.dtype == b.dtype)


def _leaf_for(node: Any) -> Any:
    """The leaf of PyTorch's that stands for a Tensor of ours, which gets what the leaf gets; for one that stands for a
    leaf itself, that."""
    if id(node) in elsewhere:
        return elsewhere[id(node)].leaf()  # type: ignore[attr-defined]

    def pass_on(leaf: Any) -> None:
        grad, leaf.grad = leaf.grad, None
        if grad.requires_grad:
            raise RuntimeError(
                "to_torch: with create_graph=True, the .grad of a Tensor that the function closes over can't be "
                "differentiated by PyTorch; pass it as an argument, a tensor, and use torch.autograd.grad"
            )
        node.backward(_array("to_torch", grad))

    leaf = _tensor("to_torch", node._data).requires_grad_()
    leaf.register_post_accumulate_grad_hook(pass_on)
    _stand_ins()[leaf] = node
    return leaf
