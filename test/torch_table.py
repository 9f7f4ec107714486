"""Every class of PyTorch's networks: whether it is here, and how far its numbers are from PyTorch's.

docs/make_networks_page.py prints what is found as docs/networks.md, and test_nn_table.py holds it against a bound.
Modules are tried over PyTorch's own sample inputs, where it has them, and those of torch_samples.py.
"""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from beside_torch import Constant, differences, distance
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db
from torch_samples import INITIALISERS, METRICS, MODULES, SCHEDULES

import tensorgrad
from tensorgrad import Tensor, nn, optim

STEPS = 50  # of optimisers and schedules

# Where PyTorch's numbers are further off, and by how much
BOUND = 1e-9
LESS_EXACT = {
    "BCELoss": (1e-8, "PyTorch's second derivatives have 1e-12 added to x and 1 - x"),
    "Hardsigmoid": (1e-7, "PyTorch's gradient has 1/6 as a float32"),
}

# What is not here, and why -------------------------------------------------------------------------------------------

LAZY = "the number of inputs is said, not guessed from the first call, so that parameters are there before it"
OLD = "PyTorch has it for old programs only"
LEFT_OUT = {
    "torch.nn": {
        **{
            f"Lazy{name}": LAZY
            for name in [
                "Linear",
                *[f"{kind}{d}d" for kind in ("BatchNorm", "InstanceNorm", "Conv", "ConvTranspose") for d in (1, 2, 3)],
            ]
        },
        "AdaptiveLogSoftmaxWithLoss": "for vocabularies of hundreds of thousands of words",
        "FractionalMaxPool2d": "its windows are drawn anew in each call, and it is hardly used",
        "FractionalMaxPool3d": "its windows are drawn anew in each call, and it is hardly used",
        "LinearCrossEntropyLoss": "Linear and CrossEntropyLoss in one, new in PyTorch 2.13",
        "Container": f"{OLD}; use Module",
        "NLLLoss2d": f"{OLD}; NLLLoss takes (N, C, H, W)",
        "CrossMapLRN2d": f"{OLD}; LocalResponseNorm is the same",
        "RNNBase": "no layer, but what PyTorch's layers share",
        "RNNCellBase": "no layer, but what PyTorch's cells share",
        "DataParallel": "for several graphics cards",
        "SyncBatchNorm": "for several graphics cards",
    },
    "torch.optim": {
        "Adafactor": "for models that leave no memory for Adam's state",
        "Muon": "for matrices alone, and in bfloat16, so PyTorch's own numbers have three digits",
        "SparseAdam": "for sparse gradients, which there are none of here",
    },
    "torch.optim.lr_scheduler": {},
    "torch.nn.init": {},
}
SECTIONS = {"torch.nn": nn, "torch.optim": optim, "torch.optim.lr_scheduler": optim, "torch.nn.init": nn.init}
BASES = {"Optimizer", "LRScheduler"}  # what others are made of: nothing to measure


def names_of(module: str) -> list[str]:
    """The public classes of one of PyTorch's modules, or functions of torch.nn.init, that have a meaning here."""
    if module == "torch.nn":
        return sorted(name for name, kind in vars(torch.nn).items() if _is_subclass(kind, torch.nn.Module))
    if module == "torch.optim":
        return sorted(name for name, kind in vars(torch.optim).items() if _is_subclass(kind, torch.optim.Optimizer))
    if module == "torch.optim.lr_scheduler":
        return sorted(torch.optim.lr_scheduler.__all__)
    return [n for n in sorted(torch.nn.init.__all__) if n.endswith("_") or n == "calculate_gain"]  # others: old names


def _is_subclass(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def is_here(module: str, name: str) -> bool:
    return name in SECTIONS[module].__all__


# Modules --------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Sample:
    """How a module is made, of our classes and of PyTorch's, and what it is called with."""

    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    args: list[Any]
    kwargs: dict[str, Any]
    training: bool
    about: str
    before: tuple[Callable, Callable] | None = None


def samples(name: str) -> Iterator[Sample]:
    """PyTorch's own samples of a class, then ours."""
    yield from _samples_of_torch(name)
    for make, args in MODULES.get(name, []):
        for training in (True, False):
            yield Sample(lambda m=make: m(nn), lambda m=make: m(torch.nn), args, {}, training, f"{args}"[:80])


def _samples_of_torch(name: str) -> Iterator[Sample]:
    kind = getattr(torch.nn, name)
    for info in [info for info in module_db if info.module_cls is kind]:
        for training in (True, False) if info.train_and_eval_differ else (True,):
            torch.manual_seed(0)
            for case in info.module_inputs_func(info, "cpu", torch.float64, requires_grad=True, training=training):
                made, called = case.constructor_input, case.forward_input
                args, kwargs = [_ours(v) for v in made.args], {k: _ours(v) for k, v in made.kwargs.items()}
                inputs = {k: _arrays(v) for k, v in called.kwargs.items()}
                first = [inputs.pop("input")] if "input" in inputs else []  # which is x here
                yield Sample(
                    lambda args=args, kwargs=kwargs: getattr(nn, name)(*args, **kwargs),
                    lambda made=made: kind(*made.args, **made.kwargs),
                    [*first, *(_arrays(v) for v in called.args)],
                    inputs,
                    training,
                    f"{name}({str(made.args)[:60]}, {made.kwargs}), {case.desc}",
                    BEFORE.get(name),
                )


def _ours(value: Any) -> Any:
    """What one of PyTorch's constructors is given, for ours."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        return nn.TransformerEncoderLayer(
            value.linear1.in_features,
            value.self_attn.num_heads,
            value.linear1.out_features,
            value.dropout.p,
            getattr(value.activation, "__name__", "relu"),
            value.norm1.eps,
            value.self_attn.batch_first,
            value.norm_first,
            value.linear1.bias is not None,
        )
    if callable(value):
        return getattr(nn.functional, value.__name__)
    return value


def _arrays(value: Any) -> Any:
    """What PyTorch's module is called with, in arrays."""
    if isinstance(value, torch.Tensor):
        array = value.detach().numpy().copy()
        return Constant(array) if value.is_floating_point() and not value.requires_grad else array
    return type(value)(map(_arrays, value)) if type(value) in (list, tuple) else value


def draws(module: torch.nn.Module) -> bool:
    """Whether PyTorch's module, in training mode, draws numbers."""
    return any(
        isinstance(part, torch.nn.modules.dropout._DropoutNd | torch.nn.RReLU)
        or (isinstance(getattr(part, "dropout", None), float) and part.dropout > 0)
        for part in module.modules()
    )


# A function that stands before a class, for which alone PyTorch's gradient is meant: it takes numbers for normalised.
BEFORE = {"CTCLoss": (lambda x: nn.functional.log_softmax(x), lambda x: torch.log_softmax(x, -1))}
NOT_TWICE = ("not implemented", "not supported for", "is not differentiable")  # so PyTorch, of second derivatives


def measured(sample: Sample) -> dict[str, float]:
    """The largest differences for one sample, by kind."""
    try:
        return _measured(sample, twice=True)
    except (NotImplementedError, RuntimeError) as error:
        if not any(text in str(error) for text in NOT_TWICE):
            raise
        return _measured(sample, twice=False)


def _measured(sample: Sample, twice: bool) -> dict[str, float]:
    torch.manual_seed(0)
    with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH):  # the attention that has second derivatives
        warnings.simplefilter("ignore")  # PyTorch's, of old names and the like
        theirs = sample.theirs().to(torch.float64)
        training = sample.training and not draws(theirs)
        theirs.train(training)
        ours = sample.ours().train(training)
        called, they_called = (ours, theirs) if sample.before is None else _behind(*sample.before, ours, theirs)
        found = differences(called, they_called, *sample.args, twice=twice, **sample.kwargs)
    state, their_state = ours.state_dict(), theirs.state_dict()
    assert state.keys() == their_state.keys()
    found["outputs"] = max([found["outputs"], *(distance(state[k], v.numpy()) for k, v in their_state.items())])
    return found


def _behind(before: Callable, their_before: Callable, ours: Any, theirs: Any) -> tuple[Callable, Callable]:
    """Both modules, called with the output of another function."""
    return lambda x, *args: ours(before(x), *args), lambda x, *args: theirs(their_before(x), *args)


def module_row(name: str, most: int | None = None) -> tuple[int, dict[str, float]]:
    """How many samples a class was tried with, and the largest differences."""
    count, worst = 0, {}
    for sample in itertools.islice(samples(name), most):
        count += 1
        for kind, value in measured(sample).items():
            worst[kind] = max(value, worst.get(kind, 0.0))
    return count, worst


# Optimisers, schedules, initialisers ----------------------------------------------------------------------------------

START = [np.linspace(-1, 1, 12).reshape(4, 3), np.linspace(0.5, 2, 5), np.array(0.3)]


def loss_of(parameters: list[Any]) -> Any:
    """Something with one minimum, so that steps that differ in the last bits don't lead to different places."""
    return sum([(p.sin() + p * p).sum() for p in parameters])


def optimizer_settings(name: str) -> list[dict[str, Any]]:
    """PyTorch's own settings of an optimiser."""
    kind = getattr(torch.optim, name)
    cases = [
        case.kwargs for info in optim_db if info.optim_cls is kind for case in info.optim_inputs_func(device="cpu")
    ]
    return [{k: v.item() if isinstance(v, torch.Tensor) else v for k, v in case.items()} for case in cases]


def optimizer_row(name: str, steps: int = STEPS) -> tuple[int, float]:
    """How many settings an optimiser was tried with, and the largest difference of a parameter over so many steps."""
    worst, settings = 0.0, optimizer_settings(name)
    for setting in settings:
        ours = [Tensor(p.copy()) for p in START]
        theirs = [torch.tensor(p, requires_grad=True) for p in START]
        optimizer, their_optimizer = (
            getattr(optim, name)(ours, **setting),
            getattr(torch.optim, name)(theirs, **setting),
        )
        for _ in range(steps):
            for one, parameters in ((optimizer, ours), (their_optimizer, theirs)):
                one.step(lambda one=one, parameters=parameters: _closure(one, parameters))
            apart = [distance(p.data, q.detach().numpy()) for p, q in zip(ours, theirs, strict=True)]
            worst = max(worst, *apart)
    return len(settings), worst


def _closure(optimizer: Any, parameters: list[Any]) -> Any:
    """What LBFGS calls more than once a step."""
    optimizer.zero_grad()
    loss = loss_of(parameters)
    loss.backward()
    return loss


def schedule_row(name: str) -> tuple[int, float]:
    """How many settings a schedule was tried with, and the largest difference over 50 steps of what it sets."""
    worst = 0.0
    for make in SCHEDULES.get(name, []):
        ours = _schedule(make, optim, optim, [Tensor(p.copy()) for p in START])
        theirs = _schedule(make, torch.optim, torch.optim.lr_scheduler, [torch.tensor(p) for p in START])
        for setting, their_setting in zip(ours, theirs, strict=True):
            worst = max(worst, distance(setting, their_setting))
    return len(SCHEDULES.get(name, [])), worst


def _schedule(make: Callable, optimizers: Any, schedules: Any, parameters: list[Any]) -> Iterator[np.ndarray]:
    """The learning rates and momenta of each step."""
    for p in parameters:
        p.requires_grad = True
    groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.02, "momentum": 0.8}]
    optimizer = optimizers.SGD(groups, lr=0.1, momentum=0.9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of what its schedules call in each other
        schedule = make(schedules, optimizer)
        for metric in METRICS[:STEPS]:
            yield np.array([[group["lr"], group["momentum"]] for group in optimizer.param_groups])
            optimizer.step()
            schedule.step(metric) if type(schedule).__name__ == "ReduceLROnPlateau" else schedule.step()


def initialiser_row(name: str) -> float | str:
    """The largest difference of an initialiser from PyTorch's, or 'distribution', if it draws numbers."""
    ours, theirs = getattr(nn.init, name), getattr(torch.nn.init, name)
    if name == "calculate_gain":
        return max(abs(ours(kind, 0.2) - theirs(kind, 0.2)) for kind in nn.init.NONLINEARITIES)
    if INITIALISERS[name] == "distribution":
        return "distribution"
    return max(
        distance(
            ours(Tensor(np.zeros(shape)), **setting).data,
            theirs(torch.zeros(shape, dtype=torch.float64), **setting).numpy(),
        )
        for shape, setting in INITIALISERS[name]
    )


def only_here(module: str) -> list[str]:
    """Modules and optimisers that PyTorch hasn't."""
    if module not in ("torch.nn", "torch.optim"):
        return []
    known = {*names_of("torch.optim"), *names_of("torch.optim.lr_scheduler")} | {*names_of("torch.nn")}
    kinds = (tensorgrad.Module, optim.Optimizer)
    return [n for n in SECTIONS[module].__all__ if n not in known and _is_subclass(getattr(SECTIONS[module], n), kinds)]
