"""What a worker does: the loss of a chunk and its gradient, and the sum of two such results."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import dis
import functools
import inspect
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np
from dask.base import is_dask_collection

from ..calls import described
from ..derivatives.arrays import is_array
from ..grad_mode import enable_grad
from ..module import Module
from ..tensor import Tensor, data_of
from ..trace import value_and_gradient
from ..tree import LEAVES, children, is_variable, tree_leaves, tree_map


class Part(NamedTuple):
    """The loss of some examples and its gradient, one array for each leaf of the parameters."""

    examples: int
    value: Any
    gradients: Sequence[Any]
    aux: Any = None


NOTHING = Part(0, None, ())  # of no examples
RANDOM = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random)
_UNCHANGED = (
    "{name}: the arrays that the loss is given can't be changed in place, since they stay for the next step, and for "
    "other chunks; compute others, X = X - 1 rather than X -= 1, or take a copy"
)


@dataclasses.dataclass(frozen=True)
class Job:
    """What is done with each chunk. It goes to the workers once, with the parameters; what is found in these and in the
    keyword arguments is the same objects there, as all travels together."""

    name: str
    loss: Callable[..., Any]
    parameters: Any
    kwargs: Mapping[str, Any]
    has_aux: bool
    shared: Sequence[Any]  # arrays and Tensors, which no chunk can change
    generators: Sequence[tuple[np.random.Generator, int]]  # each with the seed of this call
    buffers: Sequence[tuple[str, Any]]  # of modules, with their names

    @property
    def nbytes(self) -> int:
        return sum(getattr(data_of(x), "nbytes", 0) for x in self.shared)  # a Tensor has none


def job_of(
    name: str,
    loss: Callable[..., Any],
    parameters: Any,
    kwargs: Mapping[str, Any],
    seeds: Sequence[int],
    has_aux: bool = False,
) -> Job:
    """`seeds` has one for each generator in the parameters and the keyword arguments, in the order of generators_in."""
    for where, tree in (("parameters", parameters), *((f"keyword argument {key}", kwargs[key]) for key in kwargs)):
        _require_no_lazy(f"{name}: {where}", tree)
    given = (travelling(name, parameters), kwargs)
    modules = [*modules_in(given)]
    shared = [leaf for _, leaf in tree_leaves(given) if is_variable(leaf)]
    shared += [item for _, module in modules for _, item in module.walk() if isinstance(item, Tensor)]
    generators = [*zip(generators_in(given).values(), seeds, strict=True)]
    _require_seeds(name, loss, given, [rng for rng, _ in generators])
    buffers = [pair for _, module in modules for pair in module.named_buffers()]
    return Job(name, loss, *given, has_aux, shared, generators, buffers)


def part_of_chunk(job: Job, number: int, order: Any, place: slice, *chunk: Any) -> Part:
    """The loss of some rows of a chunk, and its gradient: of those that lie in this place if the rows are put into an
    order, or as they are if that is None. `number` is that of the chunk."""
    length(job.name, *chunk)
    rows = place if order is None else order[place]
    chunk = tuple([_read_only(x[rows]) for x in chunk])
    if not (n := length(job.name, *chunk)):
        return NOTHING
    parameters, kwargs, own = _own(job, number)
    leaves = [data_of(leaf) for _, leaf in tree_leaves(parameters) if is_variable(leaf)]

    def loss(*arrays: Any) -> Any:
        supply = iter(arrays)
        tree = tree_map(lambda leaf: next(supply) if is_variable(leaf) else leaf, parameters)
        try:
            return job.loss(tree, *chunk, **kwargs)
        except ValueError as error:
            if "read-only" in str(error):
                error.add_note(_UNCHANGED.format(name=job.name))
            raise

    with enable_grad():  # which may be off in this thread; it shows what the loss closes over
        value, gradients = value_and_gradient(
            job.name, loss, range(len(leaves)), tuple(leaves), {}, has_aux=job.has_aux
        )
    value, aux = value if job.has_aux else (value, None)
    if isinstance(value, Tensor):
        raise TypeError(
            f"{job.name}: the loss depends on a Tensor that requires a gradient and is none of the parameters: it "
            f"closes over it, or has it as a keyword argument; pass it with the parameters, or its data"
        )
    _require_same_buffers(job, own)
    return Part(n, value, gradients, aux)


def length(name: str, *chunk: Any) -> int:
    """How many examples a chunk has."""
    for x in chunk:
        if not is_array(x) or hasattr(x, "iloc"):  # pandas has rows by their labels
            raise TypeError(f"{name}: the data of a chunk must be arrays, not {described(x)}")
    shapes = [x.shape for x in chunk]
    if not all(shapes):
        raise ValueError(
            f"{name}: each chunk must have a first axis, which counts the examples; the shapes are {shapes}"
        )
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"{name}: the data of a chunk must be of one length, but have the shapes {shapes}")
    return int(shapes[0][0])


def _read_only(x: Any) -> Any:
    """A view of an array by which the loss can't change it; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


def shuffled(seed: int, number: int, n: int) -> np.ndarray:
    """An order of the n rows of a chunk."""
    return np.random.default_rng([seed, number]).permutation(n)


def aux_of(part: Part) -> Any:
    return part.aux


# Sums -----------------------------------------------------------------------------------------------------------------


def sum_of_two(a: Part, b: Part) -> Part:
    """Of losses that are sums over their examples."""
    if not a.examples or not b.examples:
        return b if not a.examples else a
    gradients = [x + y for x, y in zip(a.gradients, b.gradients, strict=True)]
    return Part(a.examples + b.examples, a.value + b.value, gradients)


def mean_of_two(a: Part, b: Part) -> Part:
    """Of losses that are means over their examples: each counts by how many it has."""
    if not a.examples or not b.examples:
        return b if not a.examples else a
    n = a.examples + b.examples
    p, q = a.examples / n, b.examples / n  # Python's numbers, which leave float32 what it is
    gradients = [p * x + q * y for x, y in zip(a.gradients, b.gradients, strict=True)]
    return Part(n, p * a.value + q * b.value, gradients)


# What a chunk has of its own ------------------------------------------------------------------------------------------


def _own(job: Job, number: int) -> tuple[Any, Mapping[str, Any], dict[int, Any]]:
    """The parameters and keyword arguments for one chunk: with modules of its own, for in threads several chunks are
    worked on at once, and with generators that draw for no other chunk. And what of the job has become what there."""
    own: dict[int, Any] = {id(x): _read_only(x) for x in job.shared}
    own |= {id(rng): np.random.default_rng([seed, number]) for rng, seed in job.generators}
    parameters, kwargs = copy.deepcopy((job.parameters, job.kwargs), own)
    return parameters, kwargs, own


def _require_same_buffers(job: Job, own: Mapping[int, Any]) -> None:
    """An error, if the loss has changed buffers of a module, for these changes would be lost."""
    for name, buffer in job.buffers:
        old, new = data_of(buffer), data_of(own.get(id(buffer), buffer))
        if old is not new and not np.array_equal(old, new, equal_nan=new.dtype.kind in "fc"):
            raise TypeError(
                f"{job.name}: the loss changed the buffer {name} of a module, as BatchNorm does in training. It "
                f"would be lost, and what is computed of a chunk isn't what is computed of all examples; call eval() "
                f"on that layer, or take one that goes by each example, such as LayerNorm or GroupNorm"
            )


def modules_in(tree: Any, path: str = "") -> Iterator[tuple[str, Module]]:
    """The outermost modules in a structure, and where they are."""
    if isinstance(tree, Module):
        yield path, tree
        return
    for place, part in (children(tree) or {}).items():
        yield from modules_in(part, path + place)


def generators_in(tree: Any) -> dict[str, np.random.Generator]:
    """The random generators in a structure and in the modules of it, each once, by where they are."""
    found: dict[int, tuple[str, np.random.Generator]] = {}

    def look(path: str, item: Any) -> None:
        if isinstance(item, np.random.Generator):
            found.setdefault(id(item), (path, item))

    for path, leaf in tree_leaves(tree):
        look(path, leaf)
    for path, module in modules_in(tree):
        for name, part in module.named_modules():
            for attribute, value in vars(part).items():
                for place, leaf in tree_leaves(value):
                    look(".".join(filter(None, [path, name, attribute])) + place, leaf)
    return dict(found.values())


# Before it is sent ----------------------------------------------------------------------------------------------------


def _require_no_lazy(where: str, tree: Any) -> None:
    for place, leaf in tree_leaves(tree):
        if is_dask_collection(leaf):
            raise TypeError(
                f"{where}{place} is a Dask {type(leaf).__name__}, which isn't computed for the loss; call compute() on "
                f"it, or pass it with the data, if it is cut as they are"
            )


def travelling(name: str, parameters: Any) -> Any:
    """The parameters as they travel: numbers are arrays, and Tensors have no gradients with them.

    Raises:
        TypeError: a leaf isn't numbers, or there is none; or a Tensor was computed, whose graph can't travel.
    """
    some = False

    def as_it_travels(leaf: Any) -> Any:
        nonlocal some
        if not is_variable(leaf):
            return leaf
        some = True
        if isinstance(leaf, Tensor):
            if leaf.parents:
                raise TypeError(
                    f"{name}: a parameter, {described(leaf)}, was computed, and its graph can't travel; pass what it "
                    f"was computed from, and compute it in the loss, or pass detach()"
                )
            return Tensor(leaf.data, leaf.name, requires_grad=leaf.requires_grad)
        try:
            return Tensor(leaf).data
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name}: the parameters hold {described(leaf)}, which isn't numbers: {error}") from error

    new = tree_map(as_it_travels, parameters)
    if not some:
        raise TypeError(f"{name}: there is no number among the parameters: {described(parameters)}")
    return new


def require_loss(name: str, loss: Any) -> None:
    """An error for what is no function, and for one that closes over a random generator: of that each chunk would have
    a copy, which draws the same numbers."""
    if not callable(loss) or is_dask_collection(loss):  # a Delayed can be called
        raise TypeError(f"{name}: loss must be a function of the parameters and the data, not {described(loss)}")
    for place, _ in _random_in("", [*_used_by(loss)], _program_of(loss), {}):
        raise TypeError(
            f"{name}: loss uses the random generator {place}, of which each chunk would have a copy that draws the "
            f"same numbers; let a Module hold it, or pass it with each call as a keyword argument of the loss"
        )


def _require_seeds(name: str, loss: Any, given: Any, generators: Sequence[np.random.Generator]) -> None:
    """An error for random generators among the arguments that no chunk can be given one of its own for."""
    known = {id(rng): rng for rng in generators}
    for place, item in _random_in("", [("", given[0]), *given[1].items()], _program_of(loss), known):
        raise TypeError(
            f"{name}: the arguments hold the {type(item).__name__} {place}, of which each chunk would have a copy that "
            f"draws the same numbers; take a numpy.random.Generator, and let a Module hold it, or pass it by itself"
        )


def _program_of(loss: Any) -> set[str]:
    """The modules whose functions and classes are looked into: not those of libraries."""
    while isinstance(loss, functools.partial):
        loss = loss.func
    owner = getattr(loss, "__self__", None)
    return {"__main__", getattr(loss, "__module__", ""), type(loss).__module__, type(owner).__module__} - {"builtins"}


def _random_in(
    place: str, items: Sequence[tuple[str, Any]], program: set[str], seen: dict[int, Any]
) -> Iterator[tuple[str, Any]]:
    """Random generators in what has these names, and where they are: in structures, in Modules in training, and in the
    program's own functions and objects."""
    for name, item in items:
        if type(item) in LEAVES or id(item) in seen:
            continue
        seen[id(item)] = item
        path = place + name
        if isinstance(item, RANDOM):
            yield path, item
        elif isinstance(item, Module):
            for inside, module in item.named_modules():
                if module.training:
                    where = ".".join(filter(None, [path, inside]))
                    yield from _random_in(where, _attributes(module), program, seen)
        elif (parts := children(item)) is not None:
            yield from _random_in(path, [*parts.items()], program, seen)
        elif isinstance(item, functools.partial) or (
            isinstance(item, FunctionType | MethodType) and item.__module__ in program
        ):
            yield from _random_in(f"{path}: ", [*_used_by(item)], program, seen)
        elif type(item).__module__ in program:
            yield from _random_in(path, _attributes(item), program, seen)


def _attributes(item: Any) -> list[tuple[str, Any]]:
    return [(f".{name}", part) for name, part in getattr(item, "__dict__", {}).items()]


def _used_by(loss: Any) -> Iterator[tuple[str, Any]]:
    """What a function finds outside of its call, by name: in its closure, its globals and its defaults."""
    if isinstance(loss, functools.partial):
        yield from ((f"argument {i}", value) for i, value in enumerate(loss.args))
        yield from loss.keywords.items()
        yield from _used_by(loss.func)
    function = getattr(loss, "__func__", loss)
    if isinstance(loss, MethodType) or not isinstance(loss, FunctionType | BuiltinFunctionType | type):
        yield from getattr(getattr(loss, "__self__", loss), "__dict__", {}).items()
    if not isinstance(function, FunctionType):
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # of one that is empty still
            yield name, cell.cell_contents
    for name in sorted({*_globals_of(function.__code__)}):
        yield name, function.__globals__.get(name)
    yield from ((name, p.default) for name, p in inspect.signature(function).parameters.items())


def _globals_of(code: CodeType) -> Iterator[str]:
    """The names of the globals that code reads, and what is defined in it: lambdas, comprehensions."""
    yield from (step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL")
    for inside in code.co_consts:
        if isinstance(inside, CodeType):
            yield from _globals_of(inside)
