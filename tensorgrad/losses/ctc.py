"""Connectionist temporal classification: the loss of a sequence of labels, when nobody has said which step is which.

(Graves et al., Connectionist temporal classification: labelling unsegmented sequence data with recurrent neural
networks, 2006.)

A network gives log-probabilities for each step. An alignment says a class for each step; its labels are what is left
when repetitions are taken out first, and blanks then. The loss is -log of the sum of the probabilities of all
alignments that leave the target.

An alignment goes through *states*: the labels with blanks before, between and behind them, L = 2 S + 1 of S labels.
From one step to the next it stays, goes one state on, or two, from a label to one that differs. So the sum over all
alignments up to a step goes over from each step to the next: the forward algorithm. Here it is done with logarithms,
for all states and all examples at once, one step after the other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arguments import is_int, yes_or_no
from ..derivatives import derivative
from ..derivatives.arrays import (
    ARRAYS,
    all_lie,
    arange,
    as_numbers,
    contiguous,
    in_one_call,
    inside,
    is_chunked,
    largest,
    whole,
)
from ..derivatives.chunked_index import take_lines
from ..derivatives.formulas import by_name, formula
from ..derivatives.indexing import scatter
from ..tensor import data_of
from .reduction import real, reduced, require_reduction

__all__ = ["ctc_loss"]


# The log-probability of each state's class at each step, and back: what states say of one class, added up


@formula("take_along_axis(log_probs, expand_dims(states, 0), axis=2)")
def _emissions(log_probs: Any, states: Any) -> Any:
    if is_chunked(log_probs):
        return take_lines(log_probs, np.broadcast_to(states, (log_probs.shape[0], *np.shape(states))), 2)
    picked = log_probs[:, np.expand_dims(arange(len(states), states), -1), states]
    return contiguous(picked) if type(picked) in ARRAYS else picked


@formula("sum(where(expand_dims(states, -1) == np.arange(classes), expand_dims(g, -1), 0), axis=2)")
@in_one_call
def _added_up(g: Any, states: Any, classes: int) -> Any:
    steps, n, _ = g.shape
    if type(g) not in ARRAYS:
        return scatter(g, (slice(None), np.expand_dims(arange(n, states), -1), states), (steps, n, classes))
    places = np.reshape(np.arange(0, steps * n * classes, classes), (steps, n, 1)) + states
    total = np.bincount(places.ravel(), g.ravel(), steps * n * classes)  # faster than np.add.at
    return total.reshape(steps, n, classes).astype(g.dtype, copy=False)


emissions_of: Any = derivative(
    _emissions,
    formula("_added_up(g, states, log_probs.shape[2])")(
        lambda g, y, log_probs, states: added_up(g, states, log_probs.shape[2])
    ),
)
added_up: Any = derivative(
    _added_up, formula("_emissions(h, states)")(lambda h, y, g, states, classes: emissions_of(h, states))
)


# The forward algorithm -----------------------------------------------------------------------------------------------


def _shifted(a: Any, n: int) -> Any:
    """What stands n states before each state; -inf where there is none."""
    none = np.full_like(data_of(a), -math.inf, shape=(*a.shape[:-1], n))
    return np.concatenate([none, a], axis=-1)[..., : a.shape[-1]]


def _sums(emissions: Any, first: Any, start: Any, skips: Any) -> Any:
    """log of the summed probabilities of all ways into each state at each step, without that step's own emission.

    Args:
        emissions: (T, N, L), the log-probability of each state's class at each step.
        first: (N,), at which step an example starts.
        start: (N, L), 0 for the states that it may start in, and -inf for the others.
        skips: (N, L), whether a state can be entered from the one before the last.
    """
    if type(emissions) in ARRAYS:
        return _sums_of_arrays(emissions, first, start, skips)
    sums: list[Any] = []
    for t, emission in enumerate(emissions):
        entered = start
        if t:
            a = sums[-1] + emissions[t - 1]
            entered = np.logaddexp(np.logaddexp(a, _shifted(a, 1)), np.where(skips, _shifted(a, 2), -math.inf))
            entered = np.where(np.expand_dims(first == t, -1), start, entered)
        elif np.any(whole(first)):
            entered = np.where(np.expand_dims(first == t, -1), start, -math.inf)
        sums.append(entered + 0 * emission if not t else entered)
    return np.stack(sums)


@in_one_call
def _sums_of_arrays(emissions: np.ndarray, first: np.ndarray, start: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """The same without a new array for each sum: log(e^a + e^b + e^c) is log(e^(a-m) + e^(b-m) + e^(c-m)) + m."""
    (_, n, states), dtype = emissions.shape, emissions.dtype
    sums = np.empty(emissions.shape, dtype)
    before = np.full((n, states + 2), -math.inf, dtype)  # of the last step, with two states before the first
    stay, one, two = before[:, 2:], before[:, 1:-1], before[:, :-2]
    no_skip = np.where(skips, 0, -math.inf).astype(dtype)
    lowest = np.finfo(dtype).min  # in place of -inf, which can't be subtracted from itself
    terms, m = np.empty((3, n, states), dtype), np.empty((n, states), dtype)
    a, b, c = terms
    starting = set(first.tolist())
    with np.errstate(divide="ignore"):  # log(0) is -inf, which is meant
        for t, (entered, emission) in enumerate(zip(sums, emissions, strict=True)):
            np.add(two, no_skip, out=c)
            np.maximum(stay, one, out=m)
            np.maximum(m, c, out=m)
            np.maximum(m, lowest, out=m)
            np.subtract(stay, m, out=a)
            np.subtract(one, m, out=b)
            np.subtract(c, m, out=c)
            np.exp(terms, out=terms)
            a += b
            a += c
            np.add(np.log(a, out=a), m, out=entered)
            if t in starting:
                np.copyto(entered, start, where=(first == t)[:, None])
            np.add(entered, emission, out=stay)
    return sums


@by_name("log of the probability of the targets, the sum over the two states in which an example may end")
def _log_likelihood(forward: Any, input_lengths: Any, target_lengths: Any) -> Any:
    """log of the sum over the two states that an example may end in, the last label and the last blank: (N,)."""
    if not forward.shape[0]:
        return np.where(target_lengths == 0, 0.0, -math.inf).astype(forward.dtype)
    examples, last = arange(len(target_lengths), target_lengths), np.maximum(input_lengths - 1, 0)
    blank = forward[last, examples, 2 * target_lengths]
    label = forward[last, examples, np.maximum(2 * target_lengths - 1, 0)]
    total = np.logaddexp(blank, np.where(target_lengths == 0, -math.inf, label))
    return np.where(input_lengths == 0, np.where(target_lengths == 0, 0, -math.inf), total).astype(forward.dtype)


@formula(
    lambda emissions, states, input_lengths, target_lengths, zero_infinity: (
        "where(isinf(log_p), 0, -log_p)" if zero_infinity else "-log_p"
    ),
    note="forward: the logarithm of the summed probabilities of all ways into each state at each step.",
    a="_forward(emissions, states)",
    log_p="_log_likelihood(a, input_lengths, target_lengths)",
)
def _ctc(emissions: Any, states: Any, input_lengths: Any, target_lengths: Any, zero_infinity: bool) -> tuple[Any, Any]:
    """The loss of each example, (N,). Saves the forward sums."""
    forward = _forward(emissions, states)
    loss = -_log_likelihood(forward, input_lengths, target_lengths)
    return np.where(loss == math.inf, 0, loss).astype(loss.dtype) if zero_infinity else loss, forward


@by_name("log of the summed probabilities of all ways from the start to each state at each step")
def _forward(emissions: Any, states: Any) -> Any:
    """log of the summed probabilities of all ways to be in each state at each step."""
    start = _zero_at(emissions, arange(states.shape[1], states) < 2)
    first = np.zeros_like(states, shape=len(states))
    return _sums(emissions, first, start, _can_skip(states)) + emissions


@by_name("log of the summed probabilities of all ways from each state at each step to the end")
def _backward(emissions: Any, states: Any, input_lengths: Any, target_lengths: Any) -> Any:
    """log of the summed probabilities of all ways from there to the end: the same with all turned round."""
    from_end = np.expand_dims(2 * target_lengths, -1) - arange(states.shape[1], states)
    start = _zero_at(emissions, np.flip((from_end == 0) | (from_end == 1), -1))
    turned = emissions[::-1, :, ::-1]
    first = len(emissions) - input_lengths
    sums = _sums(turned, first, start, _can_skip(np.flip(states, -1)))
    return sums[::-1, :, ::-1]


def _zero_at(emissions: Any, places: Any) -> Any:
    """(N, L), 0 in these places and -inf elsewhere."""
    return np.broadcast_to(np.where(places, 0, -math.inf), emissions.shape[1:]).astype(emissions.dtype)


def _can_skip(states: Any) -> Any:
    """Whether a state can be entered from the one before the last: it is a label, and another one."""
    differs = states[:, 2:] != states[:, :-2]  # two blanks don't
    none = np.zeros_like(differs, shape=(len(states), min(2, states.shape[1])))
    return np.concatenate([none, differs], axis=1)


def _occupancy_text(g, y, emissions, states, input_lengths, target_lengths, zero_infinity, saved=None):  # type: ignore[no-untyped-def]
    text = "-exp(a + b - expand_dims(log_p, -1)) * expand_dims(g, -1)"
    if np.all(np.isfinite(y) & (y != 0)):
        return text
    text = f"where(expand_dims(isinf(log_p), -1), 0, {text})"
    if zero_infinity:
        return text
    counts = f"expand_dims(np.arange({len(emissions)}), -1) < input_lengths"
    return f"where(expand_dims(isinf(log_p) & ({counts}), -1), nan, {text})"


@formula(
    _occupancy_text,
    note="forward and backward: the logarithms of the summed probabilities of all ways into each state at each step, "
    "and of all ways on from it.",
    a="_forward(emissions, states)",
    b="_backward(emissions, states, input_lengths, target_lengths)",
    log_p="_log_likelihood(a, input_lengths, target_lengths)",
)
def _occupancy(g, y, emissions, states, input_lengths, target_lengths, zero_infinity, saved=None):  # type: ignore[no-untyped-def]
    """-g times the probability to be in each state at each step, given the target: the derivative of log(sum)."""
    forward = _forward(emissions, states) if saved is None else saved
    log_p = _log_likelihood(forward, input_lengths, target_lengths)
    impossible = log_p == -math.inf
    both = forward + _backward(emissions, states, input_lengths, target_lengths)
    p = np.exp(both - np.expand_dims(np.where(impossible, 0, log_p), -1))
    if not zero_infinity:
        steps = np.expand_dims(arange(len(emissions), input_lengths), -1)
        counts = steps < input_lengths  # (T, N); later steps have no part in it
        g = np.where(impossible & counts, math.nan, g)
    return -p * np.expand_dims(g, -1)


_recorded_ctc: Any = derivative(_ctc, _occupancy, saves=True)


# What it is called with ----------------------------------------------------------------------------------------------


def _ints(name: str, what: str, value: Any, like: Any) -> Any:
    """value as an array of ints, of the kind of `like` if it isn't of another kind already; or an error."""
    value = as_numbers(name, what, value, "biuf")
    if value.dtype.kind not in "iu" and value.size:
        raise TypeError(f"{name}: {what} must be ints, not {value.dtype}")
    value = value.astype(np.int64)
    return np.asarray(value, like=inside(like)) if type(value) in ARRAYS else value


def _lengths(name: str, what: str, value: Any, n: int, of: str, most: int, like: Any) -> Any:
    value = np.reshape(_ints(name, what, value, like), -1)
    if value.shape != (n,):
        raise ValueError(f"{name}: {what} must be {n} ints, one for each example, not of shape {value.shape}")
    if not all_lie(value, 0, most):
        found = f"from {value.min()} to {value.max()}"
        raise ValueError(f"{name}: {what} must lie from 0 to {most}, for {of} of this length, not {found}")
    return value


def _padded(name: str, targets: Any, target_lengths: Any) -> Any:
    """The labels of each example in a row of an array, those behind its length being of no account."""
    longest = int(largest(target_lengths))
    if targets.ndim == 2:
        return targets[:, :longest]
    ends = np.cumsum(target_lengths)
    if targets.shape != (int(ends[-1]) if len(ends) else 0,):
        raise ValueError(
            f"{name}: targets of shape {targets.shape}, one example behind the other, must have as many labels as "
            f"target_lengths say, {int(ends[-1]) if len(ends) else 0}"
        )
    places = np.expand_dims(ends - target_lengths, -1) + arange(longest, ends)
    return targets[np.minimum(places, targets.size - 1)]


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """-log of the probability of labels, summed over all alignments with the steps (Graves et al., 2006).

    Args:
        log_probs: (T, N, C), or (T, C) for one example: logarithms of probabilities over C classes, as log_softmax
            gives them, for each of T steps.
        targets: (N, S), the labels of each example in a row; or those of all examples one behind the other, (sum of
            target_lengths,); for one example (S,), of which PyTorch wants no more than target_lengths says. Ints; the
            blank is none of them.
        input_lengths: (N,) ints, how many steps count of each example. (One int, for one example.)
        target_lengths: (N,) ints, how many labels count of each example.
        blank: the class that says nothing.
        reduction: 'mean' divides each loss by its number of labels (by 1, if there is none) before the mean over the
            examples; 'sum'; or 'none', which gives the shape (N,).
        zero_infinity: whether the loss of labels that no alignment leaves, there being too few steps, is 0 in place of
            inf, and its gradient 0 in place of nan.

    The gradient is the derivative by log_probs: minus the probability that a step says a class, given the labels.
    (PyTorch's is that by the logits before a log_softmax; through one, both are the same.) Memory and time grow as
    T N S.

    Raises:
        ValueError: shapes don't fit, a label, a length or the blank is out of range, unknown reduction.
        TypeError: log_probs aren't real numbers, labels or lengths aren't ints, zero_infinity isn't a bool.

    >>> from tensorgrad import Tensor
    >>> log_probs = Tensor(np.log(np.full((2, 1, 3), 1 / 3)))
    >>> ctc_loss(log_probs, [[1]], [2], [1])  # 1 1, 1 blank, blank 1: -log(3 / 9)
    Tensor(1.09861229)
    """
    name = "ctc_loss"
    require_reduction(name, reduction)
    zero_infinity = yes_or_no(f"{name}: zero_infinity", zero_infinity)
    log_probs = real(name, "log_probs", log_probs)
    targets = _ints(name, "targets", targets, log_probs)
    if log_probs.ndim not in (2, 3):
        raise ValueError(f"{name}: log_probs must be (T, N, C), or (T, C) for one example, not {log_probs.shape}")
    is_batch = log_probs.ndim == 3
    if not is_batch:
        log_probs = np.expand_dims(log_probs, 1)
        targets = np.expand_dims(targets, 0)
    steps, n, classes = log_probs.shape
    if targets.ndim != 1 and (targets.ndim != 2 or len(targets) != n):
        raise ValueError(
            f"{name}: for {n} examples, of log_probs of shape {log_probs.shape}, targets must be (N, S) = ({n}, S), or "
            f"the labels of all one behind the other, not of shape {targets.shape}"
        )
    if not is_int(blank) or not 0 <= blank < classes:
        raise ValueError(f"{name}: blank must be an int from 0 to {classes - 1}, for {classes} classes, not {blank!r}")
    input_lengths = _lengths(name, "input_lengths", input_lengths, n, "log_probs", steps, log_probs)
    most = targets.shape[-1]
    target_lengths = _lengths(name, "target_lengths", target_lengths, n, "targets", most, log_probs)

    labels = _padded(name, targets, target_lengths)
    counts = arange(labels.shape[1], labels) < np.expand_dims(target_lengths, -1)
    labels = np.where(counts, labels, blank)
    if not all_lie(labels, 0, classes - 1) or np.any(whole(counts & (labels == blank))):
        raise ValueError(
            f"{name}: labels in targets must lie from 0 to {classes - 1}, for {classes} classes, and none be the "
            f"blank, {blank}"
        )
    states = np.full_like(labels, blank, shape=(n, 2 * labels.shape[1] + 1))
    states[:, 1::2] = labels
    losses = _recorded_ctc(emissions_of(log_probs, states), states, input_lengths, target_lengths, zero_infinity)
    if reduction == "mean":
        losses = losses / np.maximum(target_lengths, 1).astype(losses.dtype)
    losses = reduced(losses, reduction)
    return losses if is_batch or reduction != "none" else losses[0]
