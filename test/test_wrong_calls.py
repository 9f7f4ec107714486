"""Every public function, class, method and setter is called with wrong values, and only raises clear errors.

CALLS is a table of valid calls: for each parameter a value, and the kind of values that are right there; what layers,
their functions, and optimisers are called with stands in calls_<subject>.py beside this file. One parameter after the
other is given each of the values of wrong_values.py. A value of the kind gives what its plainest form gives. Any other
raises an error that names the function, and the argument or what it got. What NumPy answers for (methods,
operators, special functions) is in NUMPYS: of Tensors it gives what it gives of arrays, or an error.

python test/test_wrong_calls.py prints how many calls that are.
"""

import contextlib
import functools
import importlib
import inspect
import io
import operator
import re
import signal
import types
import warnings
from pathlib import Path

import calls_optim
import numpy as np
import pytest
import scipy.special
from matplotlib import pyplot
from matplotlib.figure import Figure
from wrong_values import (
    VALUES,
    Either,
    Free,
    New,
    Wrong,
    anything,
    argnums,
    axes,
    class_numbers,
    dtype_of_floats,
    exactly_whole,
    flag,
    function,
    history,
    is_a,
    names,
    nothing,
    number,
    numbers,
    or_none,
    pair,
    perhaps,
    plain,
    rate,
    seed,
    slope,
    structure,
    texts,
    whole,
    wholes,
    within,
)

import tensorgrad as tg
from tensorgrad import (
    Layer,
    Module,
    Tensor,
    coverage,
    functions,
    graph_utils,
    losses,
    network,
    nn,
    optim,
    plots,
    profiler,
    special,
)
from tensorgrad.calls import FIRST

# Valid calls ---------------------------------------------------------------------------------------------------------


def square(x):
    return (x * x).sum()


def cubes(x):
    return x * x * x


def first_column(x):
    return x[..., 0]


def of_transform(transform, f=square, then=lambda g: g(X)):
    """The entry of a transform that makes a function of a function."""
    number = (FIRST, argnums(1))  # the default, with which the other name may be used
    given = {"f": (f, function), "argnum": number, "has_aux": (False, flag), "argnums": number}
    return transform, given, then


def of_anything(*args):
    return None


def cleared(ax):
    ax.clear()


def forgotten(animation):
    """An animation that nobody is going to see."""
    animation._draw_was_started = True
    pyplot.close("all")


X = np.array([[0.5, 1.5, 2.5], [3.5, 0.25, 1.25]])
V = np.array([1.0, 2.0])
T, ONE = New(lambda: Tensor(X.copy())), New(lambda: Tensor(2.0))
ROOT, VECTOR = New(lambda: (Tensor(X, name="x") * 2).sum()), New(lambda: Tensor(V.copy()))
LAYER, MODEL = New(lambda: Layer(2, 3, rng=0)), New(lambda: tg.MLP(2, [3, 1], rng=0))
IMAGES, FILTERS = np.arange(50.0).reshape(1, 2, 5, 5), np.ones((2, 2, 3, 3))
STATE = {"weight": np.ones((2, 3)), "bias": np.zeros(3)}

real, complex_too = numbers(), numbers(real=False)
no_tensors = numbers(real=False, tensors=False)
like_x, two_columns = numbers((2, 3)), numbers(last=2, real=False)
points = perhaps(numbers((2, 2)))
some, few = exactly_whole(1, 10**6), exactly_whole(2, 10**6)
width, activation = exactly_whole(1, 10**9), or_none(function)
text, only_none = is_a(str), or_none(nothing)
AX = Figure().subplots()

OF_LAYERS = {"activation": ("relu", activation), "rng": (0, seed), "dtype": (np.float32, dtype_of_floats)}

# By name: the function, its parameters, and what is done with the result, if that is a function too.
CALLS = {
    "relu": (tg.relu, {"x": (T, real)}),
    "sigmoid": (tg.sigmoid, {"x": (T, real)}),
    "softplus": (tg.softplus, {"x": (T, real)}),
    "silu": (tg.silu, {"x": (T, real)}),
    "tanh": (functions.tanh, {"x": (T, complex_too)}),
    "leaky_relu": (tg.leaky_relu, {"x": (T, real), "negative_slope": (0.1, slope)}),
    "gelu": (tg.gelu, {"x": (T, real), "approximate": ("tanh", nothing)}),
    "softmax": (tg.softmax, {"x": (T, complex_too), "axis": (-1, axes(2))}),
    "log_softmax": (tg.log_softmax, {"x": (T, complex_too), "axis": (-1, axes(2))}),
    "logsumexp": (tg.logsumexp, {"x": (T, complex_too), "axis": (0, axes(2)), "keepdims": (True, flag)}),
    "linear": (
        tg.linear,
        {
            "x": (T, numbers(last=3, real=False)),
            "weight": (np.ones((3, 2)), numbers((3, 2))),
            "bias": (np.ones(2), numbers((2,), (1,), (), real=False)),
        },
    ),
    "conv2d": (
        tg.conv2d,
        {
            "x": (New(lambda: Tensor(IMAGES)), numbers(IMAGES.shape)),
            "weight": (FILTERS, numbers(FILTERS.shape)),
            "bias": (np.ones(2), or_none(numbers((2,), real=False))),
            "stride": (1, pair(1)),
            "padding": (1, pair(0)),
            "dilation": (1, pair(1)),
            "groups": (1, exactly_whole(1, 2)),
        },
    ),
    # Losses
    "sigmoid_cross_entropy": (
        tg.sigmoid_cross_entropy,
        {"logits": (T, like_x), "labels": (np.ones((2, 3)), within(0, 1, like_x)), "reduction": ("mean", nothing)},
    ),
    "softmax_cross_entropy": (
        tg.softmax_cross_entropy,
        {"logits": (T, like_x), "labels": ([0, 2], class_numbers((2,), 3)), "reduction": ("sum", nothing)},
    ),
    "mse_loss": (
        tg.mse_loss,
        {
            "predictions": (T, like_x),
            "targets": (X, like_x),
            "reduction": ("none", nothing),
            "weight": (X, or_none(like_x)),
        },
    ),
    # Networks
    "Neuron": (tg.Neuron, {"nin": (2, width), **OF_LAYERS}),
    "Layer": (Layer, {"nin": (2, width), "nout": (3, width), **OF_LAYERS}),
    "MLP": (tg.MLP, {"nin": (2, width), "nouts": ([4, 1], wholes(1, 10**9)), **OF_LAYERS}),
    "Sequential": (tg.Sequential, {"layers": (LAYER, function)}),
    "Neuron.forward": (tg.Neuron.forward, {"self": New(lambda: tg.Neuron(2, rng=0)), "x": (V, two_columns)}),
    "Layer.forward": (Layer.forward, {"self": LAYER, "x": (V, two_columns)}),
    "MLP.forward": (tg.MLP.forward, {"self": MODEL, "x": (V, numbers(last=2))}),
    "Module.apply": (Module.apply, {"self": LAYER, "function": (of_anything, function)}),
    "Module.register_buffer": (
        Module.register_buffer,
        {"self": LAYER, "name": ("mask", perhaps(text)), "value": (X, perhaps(anything)), "persistent": (True, flag)},
    ),
    "Module.add_module": (
        Module.add_module, {"self": LAYER, "name": ("part", perhaps(text)), "module": (LAYER, or_none(is_a(Module)))}
    ),
    "Module.register_parameter": (
        Module.register_parameter,
        {"self": LAYER, "name": ("part", perhaps(text)), "param": (New(lambda: Tensor(1.0)), or_none(is_a(Tensor)))},
    ),
    "Module.zero_grad": (Module.zero_grad, {"self": LAYER, "set_to_none": (True, flag)}),
    "Module.register_forward_hook": (
        Module.register_forward_hook, {"self": LAYER, "hook": (of_anything, function), "with_kwargs": (False, flag)}
    ),
    "Module.register_forward_pre_hook": (
        Module.register_forward_pre_hook, {"self": LAYER, "hook": (of_anything, function), "with_kwargs": (False, flag)}
    ),
    "Module.requires_grad_": (Module.requires_grad_, {"self": LAYER, "requires_grad": (False, flag)}),
    "Module.train": (Module.train, {"self": LAYER, "mode": (False, flag)}),
    "Module.load_state_dict": (
        Module.load_state_dict, {"self": LAYER, "state": (STATE, nothing), "strict": (True, flag)}
    ),
    "Module.to": (Module.to, {"self": LAYER, "dtype": (np.float32, dtype_of_floats)}),
    "Module.with_parameters": (Module.with_parameters, {"self": LAYER, "parameters": (STATE, nothing)}),
    # Tensors
    "Tensor": (Tensor, {"data": (X, no_tensors), "name": ("", text), "requires_grad": (True, flag)}),
    "Tensor.backward": (
        Tensor.backward,
        {"self": ROOT, "grad": (1.0, or_none(numbers(()))), "retain_graph": (True, flag), "create_graph": (True, flag)},
    ),
    "derivative": (
        tg.derivative,
        {"func": (cubes, function), "rules": (None, activation), "saves": (False, perhaps(flag))},
    ),
    "no_grad.__call__": (tg.no_grad.__call__, {"self": New(tg.no_grad), "func": (square, function)}),
    "enable_grad.__call__": (tg.enable_grad.__call__, {"self": New(tg.enable_grad), "func": (square, function)}),
    # Transforms
    **{name: of_transform(getattr(tg, name)) for name in ("grad", "value_and_grad", "jacobian", "hessian")},
    "hvp": of_transform(tg.hvp, then=lambda g: g(X, X)),
    "laplacian": of_transform(tg.laplacian, f=lambda x: (x * x).sum(axis=-1)),
    "vjp": (tg.vjp, {"f": (cubes, function), "args": (X, structure), "has_aux": (False, flag)}, lambda y: y[1](X)),
    "pullback of vjp": (tg.vjp(cubes, X)[1], {"g": (X, like_x)}),
    "jvp": (
        tg.jvp,
        {"f": (cubes, function), "args": ((X,), nothing), "tangents": ((X,), nothing), "has_aux": (False, flag)},
    ),
    "check_grads": (
        tg.check_grads,
        {
            "f": (square, function),
            "args": (V, structure),
            "order": (1, whole(1, 2)),
            "rtol": (1e-5, number(low=0)),
            "atol": (1e-6, number(low=0)),
        },
    ),
    "stop_gradient": (tg.stop_gradient, {"x": (T, anything)}),
    "checkpoint": (tg.checkpoint, {"f": (cubes, function)}, lambda f: f(X)),
    "vmap": (
        tg.vmap,
        {
            "f": (square, function),
            "in_axes": (0, or_none(whole(0, 1))),
            "out_axes": (0, whole(0, 0)),
            "axis_size": (None, or_none(whole(2, 2))),
        },
        lambda g: g(X),
    ),
    # Watching
    "profile": (
        tg.profile,
        {"top": (20, whole(0)), "file": (New(io.StringIO), or_none(nothing))},
        lambda block: contextlib.ExitStack().enter_context(block),
    ),
    "Profile.table": (profiler.Profile.table, {"self": New(profiler.Profile), "top": (5, whole(0))}),
    "functions": (coverage.functions, {"module": (np.fft, is_a(types.ModuleType))}),
    "others_of_scipy": (coverage.others_of_scipy, {"module": ("scipy.linalg", nothing)}),
    "kinds": (coverage.kinds, {"func": (np.sin, function)}),
    # Pictures
    "draw_dot_tensor": (
        tg.draw_dot_tensor,
        {
            "root": (ROOT, is_a(Tensor)),
            "format": ("svg", nothing),
            "rankdir": ("LR", only_none),
            "show_data": (True, flag),
            "model": (LAYER, or_none(is_a(Module))),
            "names": ({}, or_none(names)),
            "max_nodes": (100, or_none(whole(10))),
            "legend": (True, flag),
        },
    ),
    "draw_backward": (
        tg.draw_backward,
        {
            "root": (ROOT, is_a(Tensor)),
            "model": (LAYER, or_none(is_a(Module))),
            "names": ({}, or_none(names)),
            "title": ("text", text),
        },
    ),
    "plot_history": (
        plots.plot_history,
        {"history": ([1.0, 0.5], history), "ax": (AX, only_none), "log": (False, flag)},
        cleared,
    ),
    "plot_decision_boundary": (
        plots.plot_decision_boundary,
        {
            "model": (first_column, function),
            "X": ([[-1.0, 0.0], [1.0, 0.0]], points),
            "labels": ([0, 1], class_numbers((2,), 2)),
            "ax": (AX, only_none),
            "names": (["a", "b"], or_none(texts(2))),
            "resolution": (5, few),
            "margin": (0.4, rate()),
        },
        cleared,
    ),
    "plot_histograms": (
        plots.plot_histograms,
        {"model": (LAYER, is_a(Module)), "of": ("data", nothing), "ax": (AX, only_none), "bins": (5, some)},
        cleared,
    ),
    "animate_training": (
        plots.animate_training,
        {
            "model": (New(lambda: Layer(2, 1, rng=0)), nothing),
            "states": ([{"weight": np.ones((2, 1)), "bias": [0.0]}], nothing),
            "losses": ([1.0, 0.5], history),
            "X": ([[-1.0, 0.0], [1.0, 0.0]], points),
            "labels": ([0, 1], class_numbers((2,), 2)),
            "at": (None, only_none),
            "function": (None, or_none(function)),
            "resolution": (5, few),
            "interval": (80, rate()),
        },
        forgotten,
    ),
}  # fmt: skip

OF_NETWORKS = {}
for path in sorted(Path(__file__).parent.glob("calls_*.py")):
    OF_NETWORKS |= importlib.import_module(path.stem).CALLS  # of one subject
CALLS |= OF_NETWORKS


# What NumPy answers for -----------------------------------------------------------------------------------------------


def each(names, given):
    return {name: given for name in names}


OF_SUMS = {"axis": 0, "keepdims": True, "out": None}
METHODS = {  # by name, with arguments of NumPy's function of that name
    **each(("sum", "prod"), {**OF_SUMS, "dtype": np.float64, "initial": 1.0, "where": True}),
    **each(("max", "min"), {**OF_SUMS, "initial": 0.0, "where": True}),
    **each(("mean",), {**OF_SUMS, "dtype": np.float64, "where": True}),
    **each(("var", "std"), {**OF_SUMS, "dtype": np.float64, "ddof": 1, "where": True}),
    **each(("cumsum", "cumprod"), {"axis": 0, "dtype": np.float64, "out": None}),
    **each(("argmax", "argmin"), OF_SUMS),
    **each(("all", "any"), {**OF_SUMS, "where": True}),
    **each(("trace", "diagonal"), {"offset": 0, "axis1": 0, "axis2": 1}),
    **each(("ravel", "flatten", "copy"), {"order": "C"}),
    **each(("exp", "log", "sqrt", "square", "sin", "cos", "tan", "tanh", "abs", "conj", "conjugate"), {"out": None}),
    "argsort": {"axis": 0},
    "squeeze": {"axis": None},
    "swapaxes": {"axis1": 0, "axis2": 1},
    "repeat": {"repeats": 2, "axis": 0},
    "take": {"indices": [0, 1], "axis": 0, "mode": "raise", "out": None},
    "round": {"decimals": 1, "out": None},
    "clip": {"a_min": 0.0, "a_max": 1.0, "out": None},
    "dot": {"b": np.ones((3, 2)), "out": None},
    "reshape": {"shape": (3, 2)},
    "transpose": {"axes": (1, 0)},
    "astype": {"dtype": np.float32},
    "nonzero": {},
}
OPERATORS = {  # and how texts name them
    "add": ("+",), "sub": ("-", "subtract"), "mul": ("*", "multiply"),
    "truediv": ("/", "divide"), "floordiv": ("//", "floor_divide"), "mod": ("%", "remainder"), "pow": ("**", "power"),
    "matmul": ("@",), "lt": ("<", "less"), "le": ("<=", "less"), "gt": (">", "greater"), "ge": (">=", "greater"),
    "eq": ("==", "equal"), "ne": ("!=", "equal"), "getitem": ("index",), "contains": ("in",),
}  # fmt: skip

OTHERS = {"matmul": np.ones((3, 2))}  # what stands at the right of an operator, if it isn't 1


def of_array(name, array, **kwargs):
    """NumPy's function of this name, or the method of an array, where that takes other arguments."""
    if name in ("reshape", "transpose", "astype"):
        return getattr(array, name)(*kwargs.values())
    return getattr(np, {"flatten": "ravel"}.get(name, name))(array, **kwargs)


def of_tensor(name, tensor, **kwargs):
    """The method of a Tensor."""
    return (
        getattr(tensor, name)(*kwargs.values())
        if name in ("reshape", "transpose", "astype")
        else getattr(tensor, name)(**kwargs)
    )


def float64(value):
    array = like_x(value)
    if array.dtype != np.float64:
        raise Wrong
    return array


CONSTANT = New(lambda: Tensor(X.copy(), requires_grad=False))
IN_PLACE = {  # methods that change the array, and the functions that write into it
    "fill": {"value": 2.0},
    "put": {"indices": [0, -1], "values": [1.0, 2.0], "mode": "raise"},
    "sort": {"axis": 0, "kind": None, "order": None},
    "partition": {"kth": 1, "axis": 1, "kind": "introselect", "order": None},
    "copyto": {"src": 1.0, "casting": "same_kind", "where": True},
    "put_along_axis": {"indices": np.zeros((2, 1), int), "values": 1.0, "axis": 1},
    "place": {"mask": X > 1, "vals": [1.0]},
    "putmask": {"mask": X > 1, "values": [1.0]},
    "fill_diagonal": {"val": 1.0, "wrap": False},
}
AT = {  # what tensor.at[index] changes, and the ufunc that does it in place
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "power": np.power,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip


def changed(name, tensor, *args):
    """A copy of the array or Tensor after the method, or NumPy's function, has changed it."""
    copy = tensor.copy()
    answer = getattr(copy, name)(*args) if hasattr(np.ndarray, name) else getattr(np, name)(copy, *args)
    assert answer is None
    return copy


def of_at(name, tensor, index, value):
    """What tensor.at[index] gives; and of an array, the same by its assignment or ufunc.at."""
    if isinstance(tensor, Tensor):
        return getattr(tensor.at[index], name)(value)
    copy = tensor.copy()
    if name == "set":
        copy[index] = value
    else:
        AT[name].at(copy, index, value)
    return copy


def of_get(tensor, index):
    return tensor.at[index].get() if isinstance(tensor, Tensor) else tensor[index]


def in_flat(tensor, index, value):
    """A copy after elements, counted in C order, have been set."""
    copy = tensor.copy()
    copy.flat[index] = value
    return copy


def with_assigned(tensor, index, value):
    copy = tensor.copy()
    copy[index] = value
    return copy


def of_changes():
    """What changes a Tensor: by name the function, which does the same to an array, and its arguments."""
    yield from ((name, functools.partial(changed, name), given) for name, given in IN_PLACE.items())
    at = {"index": (0, [0, 2]), "value": 2.0}
    yield from ((f"at.{name}", functools.partial(of_at, name), at) for name in ("set", *AT))
    yield (
        "at.get",
        lambda tensor, index: tensor.at[index].get() if hasattr(tensor, "at") else tensor[index],
        {"index": 0},
    )
    yield "flat.__getitem__", lambda tensor, index: tensor.flat[index], {"index": 0}
    yield "flat.__setitem__", in_flat, {"index": [0, 1], "value": 2.0}
    yield "__setitem__", with_assigned, {"index": 0, "value": 2.0}


SMALL = New(lambda: Tensor(X / 10))
SPECIAL = {  # those that are no ufuncs; and that take whole numbers, or have their derivative in the first place
    "softmax": {"x": SMALL, "axis": 0},
    "log_softmax": {"x": SMALL, "axis": 0},
    "logsumexp": {"a": SMALL, "axis": 0, "b": 1.0, "keepdims": False, "return_sign": False},
    "multigammaln": {"a": New(lambda: Tensor(X + 3)), "d": 2},
    "polygamma": {"n": 1, "x": SMALL},
    "zeta": {"x": 2.0, "q": SMALL, "out": None},
    "comb": {"N": 5, "k": SMALL, "exact": False, "repetition": False},
    "perm": {"N": 5, "k": SMALL, "exact": False},
    "lambertw": {"z": SMALL, "k": 0, "tol": 1e-8},
    **{key: {"a": 2, "b": SMALL} for key in ["eval_hermite", "eval_hermitenorm"]},
    **{key: {"a": 1.0, "b": 2, "c": SMALL} for key in ["bdtr", "bdtrc", "bdtri"]},
    **{key: {"a": SMALL, "b": 0.5} for key in ["ellipkinc", "ellipeinc", "ellipj"]},
}


SETTERS = {  # what has the attribute, its name, a value, and its kind
    "Tensor": (T, {"data": (X, float64), "grad": (X, or_none(perhaps(float64)))}),
    **calls_optim.SETTERS,
}


def entries():
    """All calls by name."""
    found = {name: Entry(name, *parts) for name, parts in CALLS.items()}
    for name, given in METHODS.items():
        call, reference = functools.partial(of_tensor, name), functools.partial(of_array, name)
        found[f"Tensor.{name}"] = Entry(f"Tensor.{name}", call, as_numpy(given, tensor=T), reference=reference)
    for name, call, given in of_changes():
        given = as_numpy(given, tensor=CONSTANT)
        found[f"Tensor.{name}"] = Entry(f"Tensor.{name}", call, given, reference=call)
    for name in OPERATORS:
        op = getattr(operator, name)
        found[f"Tensor {name}"] = Entry(
            f"Tensor {name}", op, as_numpy({"other": OTHERS.get(name, 1)}, tensor=T), reference=op
        )
    for name in special.__all__:
        func, reference = getattr(special, name), getattr(scipy.special, name)
        found[f"special.{name}"] = Entry(f"special.{name}", func, as_numpy(arguments_of(name)), reference=reference)
    for owner, (make, given) in SETTERS.items():
        for attribute, part in given.items():
            name, set_it = f"{owner}.{attribute}", functools.partial(set_and_get, attribute)
            found[f"{name} ="] = Entry(name, set_it, {"self": (make, None), attribute: part})
    return found


def as_numpy(given, **more):
    """Values with no kind, for NumPy or SciPy tells what is right."""
    return {name: (value, None) for name, value in (more | given).items()}


def arguments_of(name):
    """Valid arguments of a special function: ones, and a Tensor in the last place."""
    func = getattr(special, name)
    if name in SPECIAL:
        return SPECIAL[name]
    return dict(zip("abcd"[: func.nin], [*[1.0] * (func.nin - 1), SMALL], strict=True))


def set_and_get(attribute, self, value):
    setattr(self, attribute, value)
    return getattr(self, attribute)


# What a call may do --------------------------------------------------------------------------------------------------


class Entry:
    """A call by its name: how it is made, with which arguments, and what is right for each."""

    def __init__(self, name, func, given, then=None, reference=None):
        self.name, self.func, self.then, self.reference = name, func, then, reference
        # by parameter a value and its kind; that of self is of no account
        self.given = {
            key: part if isinstance(part, tuple) and len(part) == 2 else (part, None) for key, part in given.items()
        }
        self.plain = {name: plain(value.make()) for name, (value, _) in self.given.items() if isinstance(value, New)}
        try:
            declared = inspect.signature(func).parameters
        except ValueError:
            declared = {}
        self.by_keyword = {
            key for key in given if key in declared and declared[key].kind is inspect.Parameter.KEYWORD_ONLY
        }
        if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in declared.values()):
            self.by_keyword |= given.keys() - declared.keys()

    def parameters(self):
        """Those that are given wrong values."""
        return [name for name in self.given if name not in ("self", "tensor")]

    def result(self, func, replaced=()):
        """What a call gives, some of its arguments replaced, or the error that it raises."""
        arguments = {name: value.make() if isinstance(value, New) else value for name, (value, _) in self.given.items()}
        arguments |= dict(replaced)
        keywords = {name: arguments.pop(name) for name in [*arguments] if name in self.by_keyword}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                result = func(*arguments.values(), **keywords)
                return self.then(result) if self.then else result
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt | SystemExit | pytest.fail.Exception):
                    raise
                return Raised(error)

    def expected(self, parameter, value):
        """What the call with this value should give, and whether it may raise an error as well."""
        if self.reference:  # as NumPy
            result = self.result(self.reference, self.plain | {parameter: plain(value)})
            if isinstance(result, Raised) and isinstance(value, bool | np.bool):  # which may pass for an int
                result = self.result(self.reference, self.plain | {parameter: int(value)})
            is_warning = isinstance(result, Raised) and isinstance(result.error, RuntimeWarning)
            return Free() if is_warning else result, True
        try:
            best = self.given[parameter][1](value)
        except Wrong:
            return Raised(None), True
        may_refuse = isinstance(best, Either)
        best = best.value if may_refuse else best
        return best if isinstance(best, Free) else self.result(self.func, {parameter: best}), may_refuse

    def complaint(self, parameter, label):
        """What is wrong with the call in which this parameter is given this value, or None."""
        expected, may_refuse = self.expected(parameter, VALUES[label]())
        value = VALUES[label]()
        got = self.result(self.func, {parameter: value})
        if isinstance(got, Raised):
            if not isinstance(expected, Raised | Free) and not may_refuse:
                return f"is right, but raises {got}"
            if isinstance(expected, Raised) and isinstance(got.error, RuntimeWarning | FloatingPointError):
                return None if type(got.error) is type(expected.error) else f"warns: {got}"
            as_numpy = self.reference and isinstance(expected, Raised) and isinstance(got.error, type(expected.error))
            clear = as_numpy or (got.names(self.name) and (self.reference or got.names_argument(parameter, value)))
            return None if isinstance(expected, Free) or clear else f"raises {got}"
        if isinstance(expected, Raised):
            return f"is taken, and gives {told(got)}"
        return None if isinstance(expected, Free) or same(got, expected) else f"gives {told(got)}, not {told(expected)}"


class Raised:
    """That a call raised an error; None is any clear one."""

    def __init__(self, error):
        self.error = error

    def __str__(self):
        return f"{type(self.error).__name__}: {self.error}"

    def names(self, function):
        """Whether the error is of a kind that bad arguments have, and its text names the function."""
        words = names_of(function)
        return isinstance(self.error, ERRORS) and (
            LEAVING in str(self.error) or any(w in str(self.error) for w in words)
        )

    def names_argument(self, parameter, value):
        """Whether the text names the argument, or what it got."""
        said = str(self.error)
        words = (re.escape(parameter), *SAID_OF.get(parameter, ()))
        named = any(re.search(rf"\b({word})\b", said) for word in (*words, r"argument \d"))
        return LEAVING in said or named or any(form in said for form in forms(value))


LEAVING = "can't become part of an array"  # of a Tensor that NumPy finds in a list, where it knows no function
ERRORS = (TypeError, ValueError, KeyError, IndexError)  # which bad arguments may raise
SAID_OF = {  # how else texts speak of an argument
    "x": ("the input",),
    "parameters": ("names",),
    "args": ("arguments",),
    "history": ("loss", "a"),  # the names of its curves
    "grad": ("gradient",),
    "g": ("gradient",),
    "argnums": ("argnum",),
}


def names_of(name):
    """How a text may name a function."""
    owner, _, last = name.rpartition(".")
    last = last.removeprefix("Tensor ").removeprefix("pullback of ")
    if last in ("forward", "__call__"):
        function = re.sub("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", owner).lower()  # the layer's
        called = {*getattr(nn, owner, Module).forward.__code__.co_names} & {*functions.__all__}
        return {owner, function, owner.lower(), *called, "Layer", "relu"}  # of an MLP, the part that fails
    if last in IN_PLACE or name.startswith(("Tensor.at.", "Tensor.flat.", "Tensor.__")):
        return {last, "assignment", "index", "flat", "stack", *{"min": ["minimum"], "max": ["maximum"]}.get(last, [])}
    return {last, "stack", *OPERATORS.get(last, ()), *(["ravel"] if last == "flatten" else [])}


def forms(value):
    """How a text may speak of a value."""
    yield repr(value)[:20]
    for part in (value, *(value if isinstance(value, list | tuple) else ())):
        yield type(part).__name__
        with contextlib.suppress(ValueError):  # rows of different lengths
            array = np.asarray(plain(part))
            yield str(array.shape)
            yield str(array.dtype)


def told(result):
    """A result in the text of a complaint, which may be about its repr too."""
    try:
        return " ".join(repr(result).split())[:150]
    except Exception as error:
        return f"a {type(result).__name__} whose repr raises {error!r}"


def same(a, b):
    """Whether two results tell the same, with nan equal to nan."""
    a, b = comparable(a), comparable(b)
    if isinstance(a, list | dict):
        keys = range(len(a)) if isinstance(a, list) else a
        return type(a) is type(b) and len(a) == len(b) and all(same(a[key], b[key]) for key in keys)
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return a == b
    if a.shape != b.shape or a.dtype.kind not in "iufcb":
        return a.shape == b.shape and repr(a) == repr(b)
    return np.allclose(a, b, rtol=1e-12, atol=1e-300, equal_nan=True)


def comparable(result):
    if isinstance(result, Tensor):
        return np.asarray(result.data)
    if isinstance(result, np.generic | int | float | complex | bool):
        return np.asarray(result)
    if isinstance(result, Module):
        return comparable(result.state_dict())
    if isinstance(result, list | tuple):
        return [comparable(part) for part in result]
    if isinstance(result, dict):
        return {key: comparable(part) for key, part in result.items()}
    return result if isinstance(result, np.ndarray) else type(result).__name__


# The tests -----------------------------------------------------------------------------------------------------------

ENTRIES = entries()

# What is taken where NumPy or SciPy refuses, or has another answer, and why.
UNNOTICED = {
    # np.repeat asks a Tensor that requires no gradient for ints, as np.asarray(tensor, int) does on purpose
    "Tensor.repeat(repeats)": {"a constant Tensor"},
    # np.minimum.at itself warns of nan, if the array is a vector
    "Tensor.at.min(value)": {"nan", "a list of nan"},
    "Tensor.at.max(value)": {"nan", "a list of nan"},
    # SciPy itself divides by zero there, and tells it to sys.unraisablehook
    "special.hyp0f1(b)": {"a large int"},
    # softmax of nothing is nothing, and bools are numbers
    "special.softmax(x)": {"an empty list", "an empty tuple", "an empty array", "an array of bools"},
    "special.log_softmax(x)": {"an empty list", "an empty tuple", "an empty array", "an array of bools"},
}


@contextlib.contextmanager
def limited(seconds):
    """An error, if the block takes longer."""

    def stop(*args):
        pytest.fail(f"it goes on for more than {seconds} seconds")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


IS_OLDER = np.lib.NumpyVersion(np.__version__) < "2.4.0"


def calls(name):
    """All calls of an entry: the parameter, the label of its value, and what is wrong with it."""
    entry = ENTRIES[name]
    for parameter in entry.parameters():
        for label in VALUES:
            if label not in UNNOTICED.get(f"{name}({parameter})", ()):
                yield parameter, label, entry.complaint(parameter, label)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_valid_call_is_valid(name):
    entry = ENTRIES[name]
    result = entry.result(entry.func)
    assert not isinstance(result, Raised), result


SLOW = {"animate_training", *OF_NETWORKS}  # each draws a figure; and there are many of those


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in ENTRIES])
def test_a_wrong_value_raises_a_clear_error(name):
    if name not in CALLS and IS_OLDER:
        pytest.skip("what NumPy answers for is compared with what it refuses from 2.4 on")
    with limited(60):
        wrong = [f"{parameter} = {label} {complaint}" for parameter, label, complaint in calls(name) if complaint]
    assert not wrong, f"{len(wrong)} calls of {name}:\n" + "\n".join(wrong)


# What takes no argument, or none that could be wrong: what is done with it is up to the caller, or it isn't called.
NOTHING_TO_TRY = {
    "functional", "init", "Parameter", "Identity", "CompileError",
    "no_grad", "enable_grad", "detect_anomaly", "Module", "Walkthrough", "Profile", "page",
    "of_scipy", "distributions",
    "T", "mT", "real", "imag", "shape", "ndim", "size", "dtype", "strides", "flags", "parents", "name", "requires_grad",
    "detach", "zero_grad", "numpy", "item", "tolist", "nonzero", "data", "grad",
    "walk", "modules", "named_modules", "children", "named_children", "named_parameters", "parameters_by_name",
    "parameters", "buffers", "named_buffers", "state_dict", "eval", "freeze", "extra_repr", "training",
    "save", "load", "summary", "register_module", "get_submodule", "get_parameter", "get_buffer",
    "forward",
    "device", "to_device", "compute", "persist",
}  # fmt: skip


def test_every_public_name_stands_in_the_table():
    modules = (tg, tg.nn, functions, losses, network, optim, plots, profiler, coverage, graph_utils, special)
    public = {name for module in modules for name in module.__all__}
    public |= {name for kind in (Tensor, Module) for name in dir(kind) if not name.startswith("_")}
    tried = {part for name in ENTRIES for part in name.removesuffix(" =").split(".")}
    assert public - tried - NOTHING_TO_TRY == set()
    assert NOTHING_TO_TRY - public == set()


@pytest.mark.parametrize("name", CALLS)
def test_every_parameter_stands_in_the_table(name):
    func, given, *_ = CALLS[name]
    declared = [p.name for p in inspect.signature(func).parameters.values() if p.kind is not p.VAR_KEYWORD]
    assert list(given) == declared


@pytest.mark.parametrize("name", [name for name in ENTRIES if name in CALLS and "rng" in CALLS[name][1]])
def test_what_draws_takes_rng_by_name_alone(name):
    """As Scientific Python's SPEC 7 has it: https://scientific-python.org/specs/spec-0007/"""
    parameter = inspect.signature(CALLS[name][0]).parameters["rng"]
    assert parameter.kind is parameter.KEYWORD_ONLY and parameter.default is None


if __name__ == "__main__":
    found = {name: list(calls(name)) for name in ENTRIES}
    complaints = [(name, *call) for name, made in found.items() for call in made if call[-1]]
    print(*[f"{name}({parameter} = {label}) {what}" for name, parameter, label, what in complaints], sep="\n")
    print(f"{sum(map(len, found.values()))} calls of {len(found)} functions, {len(complaints)} of them wrong")
