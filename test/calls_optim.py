"""What optimisers, schedules and clipping are called with, for test_wrong_calls.py."""

import functools
import math
from collections.abc import Iterator

import numpy as np
from wrong_values import (
    Either,
    Free,
    New,
    Wrong,
    above_zero,
    exactly_whole,
    flag,
    function,
    is_a,
    leaves,
    nothing,
    number,
    numbers,
    or_none,
    perhaps,
    rate,
    rates,
)

from tensorgrad import Tensor, optim


def parameters():
    p = Tensor([1.0, 2.0])
    p.grad = np.ones(2)
    return [p]


def made(name):
    return getattr(optim, name)(parameters(), 0.1)


def loss():
    return 1.0


def schedule(kind=optim.ConstantLR):
    return kind(optim.SGD(parameters(), 0.1, momentum=0.9))


class LRScheduler(optim.LRScheduler):
    """A schedule that changes nothing."""

    def get_lr(self):
        return self.base_lrs


# Kinds of values -----------------------------------------------------------------------------------------------------


def tensors(value):
    """Tensors in a list or a tuple, or one of them."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(part, Tensor) for part in value):
        raise Wrong
    return value


def real_tensors(value):
    if isinstance(value, Tensor) and value.dtype.kind == "c":
        raise Wrong
    return tensors(value)


def arrays(value):
    """Arrays or Tensors in a list or a tuple, or one of them."""
    if isinstance(value, list | tuple):
        for part in value:
            numbers(real=False)(part)
        return Free()
    if not isinstance(value, np.ndarray | Tensor):
        raise Wrong
    numbers(real=False)(value)
    return Free()


def rate_or_inf(value):
    return value if isinstance(value, float) and value == math.inf else rate()(value)


def _is_row(value):
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1)


def factors(value):
    """Two numbers, one below 1 and one above."""
    raise Wrong


def ends(value):
    """Two numbers, the second not below the first."""
    if not _is_row(value) or len(value) != 2:
        raise Wrong
    low, high = (rate()(part) for part in value)
    if low > high:
        raise Wrong
    return low, high


def epochs(value):
    """Several ints that aren't negative."""
    if isinstance(value, Iterator):
        if any(type(part) is not int for part in value):
            raise Wrong
        return Free()
    if not _is_row(value) and not isinstance(value, range):
        raise Wrong
    return [exactly_whole(0)(part) for part in value]


def measure(value):
    """What float() takes, but text and complex numbers."""
    try:
        if isinstance(value, str | bytes) or np.iscomplexobj(value):
            raise Wrong
        return Either(float(value))
    except (TypeError, ValueError, OverflowError):
        raise Wrong from None


positive, not_negative, up_to_one = exactly_whole(1, 2**59), exactly_whole(0), number(0, 1)
last_epoch = {"last_epoch": (-1, perhaps(exactly_whole(-1)))}

# Optimisers ----------------------------------------------------------------------------------------------------------

PARAMS = {"params": (New(parameters), leaves)}
LR, DECAY, EPS = {"lr": (0.1, rate())}, {"weight_decay": (0.1, rate())}, {"eps": (1e-8, rate())}
BETAS, MAXIMIZE = {"betas": ((0.9, 0.99), rates)}, {"maximize": (False, flag)}
DECOUPLED = {"decoupled_weight_decay": (False, flag)}
ADAM = LR | BETAS | EPS | DECAY
SETTINGS = {
    "SGD": LR | {"momentum": (0.9, rate()), "dampening": (0, rate())} | DECAY | {"nesterov": (False, flag)} | MAXIMIZE,
    "Adam": ADAM | {"amsgrad": (True, flag)} | MAXIMIZE | DECOUPLED,
    "AdamW": ADAM | {"amsgrad": (True, flag)} | MAXIMIZE,
    "Adamax": ADAM | MAXIMIZE,
    "NAdam": ADAM | {"momentum_decay": (0.1, rate())} | DECOUPLED | MAXIMIZE,
    "RAdam": ADAM | DECOUPLED | MAXIMIZE,
    "Adagrad": LR | {"lr_decay": (0.1, rate())} | DECAY | {"initial_accumulator_value": (0.1, rate())} | EPS | MAXIMIZE,
    "Adadelta": LR | {"rho": (0.9, up_to_one)} | EPS | DECAY | MAXIMIZE,
    "RMSprop": LR
    | {"alpha": (0.9, rate())}
    | EPS
    | DECAY
    | {"momentum": (0.9, rate()), "centered": (True, flag)}
    | MAXIMIZE,
    "Rprop": LR | {"etas": ((0.5, 1.2), factors), "step_sizes": ((1e-6, 50), ends)} | MAXIMIZE,
    "ASGD": LR | {"lambd": (0.1, rate()), "alpha": (0.5, rate()), "t0": (3, rate())} | DECAY | MAXIMIZE,
    "Lion": LR | BETAS | DECAY | MAXIMIZE,
    "LBFGS": LR
    | {
        "max_iter": (5, positive),
        "max_eval": (7, or_none(positive)),
        "tolerance_grad": (0.1, rate()),
        "tolerance_change": (0.1, rate()),
        "history_size": (3, positive),
        "line_search_fn": ("strong_wolfe", or_none(nothing)),
    },
}
OPTIMISERS = {name: (getattr(optim, name), PARAMS | settings) for name, settings in SETTINGS.items()}
SETTERS = {name: (New(functools.partial(made, name)), dict(given)) for name, given in SETTINGS.items()}
SETTERS["LBFGS"][1]["max_eval"] = (7, positive)

# Schedules -----------------------------------------------------------------------------------------------------------

OPTIMIZER = {"optimizer": (New(lambda: optim.SGD(parameters(), 0.1, momentum=0.9)), nothing)}
MOMENTA = {
    "cycle_momentum": (True, flag), "base_momentum": (0.5, rate(1)), "max_momentum": (0.9, rate(1)),
}  # fmt: skip


def sequential(milestones, last_epoch):
    first, second = (schedule() for _ in range(2))
    second.optimizer = first.optimizer
    return optim.SequentialLR(first.optimizer, [first, second], milestones, last_epoch)


SCHEDULES = {
    "LRScheduler": (LRScheduler, OPTIMIZER | last_epoch),
    "StepLR": (optim.StepLR, OPTIMIZER | {"step_size": (3, positive), "gamma": (0.5, rate())} | last_epoch),
    "MultiStepLR": (optim.MultiStepLR, OPTIMIZER | {"milestones": ([3], epochs), "gamma": (0.5, rate())} | last_epoch),
    "ConstantLR": (
        optim.ConstantLR,
        OPTIMIZER | {"factor": (0.5, up_to_one), "total_iters": (3, positive)} | last_epoch,
    ),
    "LinearLR": (
        optim.LinearLR,
        OPTIMIZER
        | {"start_factor": (0.5, number(5e-324, 1)), "end_factor": (0.5, up_to_one), "total_iters": (3, positive)}
        | last_epoch,
    ),
    "ExponentialLR": (optim.ExponentialLR, OPTIMIZER | {"gamma": (0.5, rate())} | last_epoch),
    "PolynomialLR": (optim.PolynomialLR, OPTIMIZER | {"total_iters": (3, positive), "power": (2, rate())} | last_epoch),
    "LambdaLR": (optim.LambdaLR, OPTIMIZER | {"lr_lambda": (lambda epoch: 0.5, function)} | last_epoch),
    "MultiplicativeLR": (optim.MultiplicativeLR, OPTIMIZER | {"lr_lambda": (lambda epoch: 0.5, function)} | last_epoch),
    "CosineAnnealingLR": (
        optim.CosineAnnealingLR,
        OPTIMIZER | {"T_max": (3, positive), "eta_min": (0.01, rate())} | last_epoch,
    ),
    "CosineAnnealingWarmRestarts": (
        optim.CosineAnnealingWarmRestarts,
        OPTIMIZER | {"T_0": (3, positive), "T_mult": (2, positive), "eta_min": (0.01, rate())} | last_epoch,
    ),
    "CyclicLR": (
        optim.CyclicLR,
        OPTIMIZER
        | {
            "base_lr": (0.1, rate()),
            "max_lr": (0.2, rate()),
            "step_size_up": (3, positive),
            "step_size_down": (3, or_none(positive)),
            "mode": ("triangular", nothing),
            "gamma": (0.5, rate()),
            "scale_fn": (None, or_none(function)),
            "scale_mode": ("cycle", nothing),
        }
        | MOMENTA
        | last_epoch,
    ),
    "OneCycleLR": (
        optim.OneCycleLR,
        OPTIMIZER
        | {
            "max_lr": (0.2, rate()),
            "total_steps": (10, or_none(positive)),
            "epochs": (5, or_none(positive)),
            "steps_per_epoch": (2, or_none(positive)),
            "pct_start": (0.3, up_to_one),
            "anneal_strategy": ("cos", nothing),
        }
        | MOMENTA
        | {"div_factor": (25, above_zero), "final_div_factor": (10, above_zero), "three_phase": (True, flag)}
        | last_epoch,
    ),
    "ReduceLROnPlateau": (
        optim.ReduceLROnPlateau,
        OPTIMIZER
        | {
            "mode": ("min", nothing),
            "factor": (0.5, rate(1)),
            "patience": (3, not_negative),
            "threshold": (0.1, rate()),
            "threshold_mode": ("rel", nothing),
            "cooldown": (3, not_negative),
            "min_lr": (0.1, rate()),
            "eps": (0.1, rate()),
        },
    ),
    "SequentialLR": (sequential, {"milestones": ([1], nothing), "last_epoch": (-1, exactly_whole(-1))}),
    "ChainedScheduler": (
        optim.ChainedScheduler,
        {"schedulers": (New(lambda: [schedule()]), nothing), "optimizer": (None, or_none(nothing))},
    ),
}

METHODS = {
    "SGD.step": (optim.SGD.step, {"self": New(lambda: optim.SGD(parameters())), "closure": (loss, or_none(function))}),
    "SGD.zero_grad": (
        optim.SGD.zero_grad,
        {"self": New(lambda: optim.SGD(parameters())), "set_to_none": (False, flag)},
    ),
    "SGD.load_state_dict": (
        optim.SGD.load_state_dict,
        {
            "self": New(lambda: optim.SGD(parameters())),
            "state_dict": (New(lambda: optim.SGD(parameters()).state_dict()), nothing),
        },
    ),
    "LBFGS.step": (optim.LBFGS.step, {"self": New(lambda: optim.LBFGS(parameters())), "closure": (loss, function)}),
    "ReduceLROnPlateau.step": (
        optim.ReduceLROnPlateau.step,
        {"self": New(lambda: schedule(optim.ReduceLROnPlateau)), "metrics": (0.5, measure)},
    ),
    "LRScheduler.load_state_dict": (
        optim.LRScheduler.load_state_dict,
        {"self": New(schedule), "state_dict": (New(lambda: schedule().state_dict()), nothing)},
    ),
}

# Clipping ------------------------------------------------------------------------------------------------------------

CLIPPING = {
    "clip_grad_norm_": (
        optim.clip_grad_norm_,
        {
            "parameters": (New(parameters), tensors),
            "max_norm": (0.5, rate_or_inf),
            "norm_type": (2, rate_or_inf),
            "error_if_nonfinite": (True, flag),
        },
    ),
    "clip_grad_value_": (
        optim.clip_grad_value_,
        {"parameters": (New(parameters), real_tensors), "clip_value": (0.5, rate_or_inf)},
    ),
    "get_total_norm": (
        optim.get_total_norm,
        {"tensors": ([np.ones(2)], arrays), "norm_type": (2, rate_or_inf), "error_if_nonfinite": (False, flag)},
    ),
}

DEFAULTS = {"lr": 0.1, "weight_decay": 0.0, "maximize": False}
CALLS = (
    {"Optimizer": (optim.Optimizer, PARAMS | {"defaults": (DEFAULTS, perhaps(is_a(dict)))})}
    | OPTIMISERS
    | SCHEDULES
    | METHODS
    | CLIPPING
)
