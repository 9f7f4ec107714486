"""Losses that are a distribution's negative log-likelihood, or a divergence from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import non_negative, yes_or_no
from ..derivatives import derivative
from ..derivatives.arrays import all_lie
from ..derivatives.distances import at_least
from ..derivatives.formulas import formula
from ..tensor import data_of
from .reduction import alike, checked, each, in_dtype_of, real, reduced, require_reduction

__all__ = ["kl_div", "poisson_nll_loss", "gaussian_nll_loss"]


def _log_ratio(input: Any, target: Any) -> Any:
    """log(q) - log(p), and 0 where q is 0, whatever p is: q log(q) is 0 there, too."""
    is_zero = target == 0
    return np.log(np.where(is_zero, 1, target)) - np.where(is_zero, 0, input)


@formula("reduced(where(target == 0, 0, target * (log(target) - input)), reduction)")
def _kl_div(input: Any, target: Any, reduction: str) -> Any:
    return reduced(target * _log_ratio(input, target), reduction)


@formula("where(target == 0, 0, log(target) - input + 1) * each(g, target.size, reduction)")
def _kl_div_gradient(g, y, input, target, reduction):  # type: ignore[no-untyped-def]
    return each(g, target.size, reduction) * (_log_ratio(input, target) + (target != 0))


_recorded_kl_div = derivative(
    _kl_div,
    lambda g, y, input, target, reduction: -target * each(g, target.size, reduction),
    _kl_div_gradient,
)


def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """The Kullback-Leibler divergence of the target from the input, q (log(q) - log(p)), elementwise.

    Args:
        input: any shape; logarithms, log(p), as log_softmax gives them.
        target: the same shape; q itself, or with log_target its logarithm. Where q is 0, so is the loss, and its slope
            along q; where it is negative, the loss is nan.
        reduction: 'mean' over all elements, 'sum', 'none', or 'batchmean': the sum divided by the length of the first
            axis, which is the divergence itself.
        log_target: whether the target is given as its logarithm.

    Raises:
        ValueError: shapes differ, or the reduction is unknown.
        TypeError: input or target aren't real numbers, log_target isn't a bool.

    >>> from tensorgrad import Tensor
    >>> kl_div(Tensor(np.log([[0.5, 0.5]])), [[0.25, 0.75]], reduction="batchmean")
    Tensor(0.13081204)
    """
    name = "kl_div"
    require_reduction(name, reduction, ("mean", "batchmean", "sum", "none"))
    input, target = real(name, "input", input), real(name, "target", target)
    target = alike(name, "input", input, "target", target)
    reduced_to = "sum" if reduction == "batchmean" else reduction
    if yes_or_no(f"{name}: log_target", log_target):
        total = reduced(np.exp(target) * (target - input), reduced_to)
    else:
        total = _recorded_kl_div(input, target, reduced_to)
    return total / (input.shape[0] if input.ndim else 1) if reduction == "batchmean" else total


@formula("where(n > 1, n * log(n) - n + log(2 * pi * n) / 2, 0)")
def _log_factorial(n: Any) -> Any:
    """Stirling's approximation of log(n!) where n > 1, else 0."""
    m = np.where(n > 1, n, 1)
    return np.where(n > 1, m * np.log(m) - m + 0.5 * np.log(2 * math.pi * m), 0)


@formula("g * where(n > 1, log(n) + 1 / (2 * n), 0)")
def _log_factorial_gradient(g, y, n):  # type: ignore[no-untyped-def]
    m = np.where(n > 1, n, 1)
    return g * np.where(n > 1, np.log(m) + 0.5 / m, 0)


_recorded_log_factorial = derivative(_log_factorial, _log_factorial_gradient)


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean"
) -> Any:
    """The negative log-likelihood of counts with a Poisson distribution, rate - target * log(rate) (+ log(target!)).

    Args:
        input: any shape; the logarithms of the rates, or the rates.
        target: the same shape; the counts.
        log_input: whether input is the logarithm of the rate.
        full: whether Stirling's approximation of log(target!), which doesn't depend on the input, is added where the
            target is more than 1: n log(n) - n + log(2 pi n) / 2.
        eps: is added to a rate of which the logarithm is taken.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes differ, eps is negative, or the reduction is unknown.
        TypeError: input or target aren't real numbers, log_input or full isn't a bool.

    >>> from tensorgrad import Tensor
    >>> poisson_nll_loss(Tensor([0.0, 1.0]), [2, 3], reduction="none")
    Tensor([ 1.         -0.28171817])
    """
    name = "poisson_nll_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target = alike(name, "input", input, "target", target)
    eps = non_negative(f"{name}: eps", eps)
    if yes_or_no(f"{name}: log_input", log_input):
        losses = np.exp(input) - target * input
    else:
        losses = input - target * np.log(input + eps)
    if yes_or_no(f"{name}: full", full):
        losses = losses + _recorded_log_factorial(target)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """The negative log-likelihood of numbers with normal distributions, (log(var) + (input - target)^2 / var) / 2.

    (Nix and Weigend, Estimating the mean and variance of the target probability distribution, 1994.)

    Args:
        input: (..., n), the means.
        target: (..., n).
        var: the variances, not negative: (..., n); with a 1 in the place of one length; (...), the same along the last
            axis; or one number for all.
        full: whether log(2 pi) / 2 is added.
        eps: the least variance; a smaller one counts as this, with a gradient as if it were a variance of that value.
        reduction: 'mean', 'sum' or 'none'.

    Raises:
        ValueError: shapes that don't fit, a variance or eps that is negative, an unknown reduction.
        TypeError: input, target or var aren't real numbers, full isn't a bool.

    >>> from tensorgrad import Tensor
    >>> gaussian_nll_loss(Tensor([0.0, 1.0]), [0.0, 3.0], var=4.0, reduction="none")
    Tensor([0.69314718 1.19314718])
    """
    name = "gaussian_nll_loss"
    input, target = checked(name, "input", input, "target", target, reduction)
    target, var = alike(name, "input", input, "target", target), in_dtype_of(input, real(name, "var", var))
    if var.ndim and var.shape != input.shape:
        ones_apart = (
            var.ndim == input.ndim and sum(m for n, m in zip(input.shape, var.shape, strict=True) if n != m) == 1
        )
        if var.shape != input.shape[:-1] and not ones_apart:
            raise ValueError(
                f"{name}: var must have the shape {input.shape} of the input, that without its last axis, or a 1 in "
                f"the place of one length, not {var.shape}"
            )
        var = var if ones_apart else np.expand_dims(var, -1)
    if not all_lie(data_of(var), 0, math.inf):
        raise ValueError(f"{name}: var must not be negative, nor nan")
    var = at_least(var, non_negative(f"{name}: eps", eps))
    away = input - target
    losses = 0.5 * (np.log(var) + away * away / var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if yes_or_no(f"{name}: full", full) else losses, reduction)
