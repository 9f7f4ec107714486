"""Losses of numbers, of classes and of distributions, as modules: each keeps the options of a function, and calls it.

The functions, of which `functions` has each, say more about shapes and values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as f
from ..arguments import integer, non_negative, one_of, positive_number, probability, yes_or_no
from ..derivatives.arrays import as_numbers
from ..module import Module

__all__ = [
    "L1Loss", "SmoothL1Loss", "HuberLoss", "MSELoss", "NLLLoss", "CrossEntropyLoss", "KLDivLoss", "BCELoss",
    "BCEWithLogitsLoss", "PoissonNLLLoss", "GaussianNLLLoss", "CTCLoss",
]  # fmt: skip


class Loss(Module):
    """What the losses share: a reduction, 'mean', 'sum' or 'none'; and weights, which are buffers."""

    _reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean"):
        self.reduction = one_of(f"{type(self).__name__}: reduction", reduction, self._reductions)

    def _keep_weight(self, name: str, weight: Any, of_classes: bool = False) -> None:
        """A copy of it as a buffer; None isn't saved."""
        if weight is not None:
            weight = np.copy(as_numbers(type(self).__name__, name, weight, "f"))
            if of_classes and weight.ndim != 1:
                kind = type(self).__name__
                raise ValueError(f"{kind}: {name} must be one number for each class, (C,), not of shape {weight.shape}")
        self.register_buffer(name, weight)

    def extra_repr(self) -> str:
        kept = {name: value for name, value in vars(self).items() if isinstance(value, int | float | str)}
        return ", ".join(f"{name}={value!r}" for name, value in kept.items() if not name.startswith("_"))


# Of numbers ----------------------------------------------------------------------------------------------------------


class L1Loss(Loss):
    """abs(input - target), as `torch.nn.L1Loss`; called with input and target of the same shape.

    >>> L1Loss()([1.0, 2.0], [1.0, 4.0]).item()
    1.0
    """

    def forward(self, input: Any, target: Any) -> Any:
        return f.l1_loss(input, target, self.reduction)


class MSELoss(Loss):
    """(input - target)^2, as `torch.nn.MSELoss`; called with input and target of the same shape.

    >>> MSELoss()([1.0, 2.0], [1.0, 4.0]).item()
    2.0
    """

    def forward(self, input: Any, target: Any) -> Any:
        return f.mse_loss(input, target, self.reduction)


class SmoothL1Loss(Loss):
    """d^2 / (2 beta) where d = abs(input - target) < beta, else d - beta / 2, as `torch.nn.SmoothL1Loss`.

    Called with input and target of the same shape.

    Raises:
        ValueError: beta is negative, the reduction is unknown, or shapes differ.

    >>> SmoothL1Loss(reduction="none")([0.5, 3.0], [0.0, 0.0])
    array([0.125, 2.5  ])
    """

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        super().__init__(reduction)
        self.beta = non_negative("SmoothL1Loss: beta", beta)

    def forward(self, input: Any, target: Any) -> Any:
        return f.smooth_l1_loss(input, target, self.reduction, self.beta)


class HuberLoss(Loss):
    """d^2 / 2 where d = abs(input - target) < delta, else delta (d - delta / 2), as `torch.nn.HuberLoss`.

    Called with input and target of the same shape.

    Raises:
        ValueError: delta isn't positive, the reduction is unknown, or shapes differ.

    >>> HuberLoss(reduction="none", delta=2.0)([0.5, 3.0], [0.0, 0.0])
    array([0.125, 4.   ])
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__(reduction)
        self.delta = positive_number("HuberLoss: delta", delta)

    def forward(self, input: Any, target: Any) -> Any:
        return f.huber_loss(input, target, self.reduction, self.delta)


# Of classes ----------------------------------------------------------------------------------------------------------


class CrossEntropyLoss(Loss):
    """-log(softmax(input)) of the class in target, as `torch.nn.CrossEntropyLoss`.

    Args:
        weight: (C,), the weight of each class, or None. A buffer.
        ignore_index: class numbers that are this don't count.
        reduction: 'mean', weighted by the weights of the classes; 'sum' or 'none'.
        label_smoothing: e from 0 to 1: the class in target counts 1 - e, and e is shared by all.

    Called with logits of shape (C,), (N, C) or (N, C, d1, ...), and class numbers of that shape without C, or
    probabilities of that shape.

    Raises:
        ValueError: an option out of range, shapes that don't fit, class numbers out of range.
        TypeError: ignore_index or class numbers aren't ints, weight or input aren't real numbers.

    >>> CrossEntropyLoss(weight=[3.0, 1.0])(np.zeros((2, 2)), [0, 1]).round(4).item()
    0.6931
    """

    weight: Any

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ):
        super().__init__(reduction)
        self._keep_weight("weight", weight, of_classes=True)
        self.ignore_index = integer("CrossEntropyLoss: ignore_index", ignore_index)
        self.label_smoothing = probability("CrossEntropyLoss: label_smoothing", label_smoothing)

    def forward(self, input: Any, target: Any) -> Any:
        return f.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, label_smoothing=self.label_smoothing
        )


class NLLLoss(Loss):
    """-input of the class in target, as `torch.nn.NLLLoss`: for inputs that are log-probabilities.

    Args:
        weight: (C,), the weight of each class, or None. A buffer.
        ignore_index: class numbers that are this don't count.
        reduction: 'mean', weighted by the weights of the classes; 'sum' or 'none'.

    Called with input of shape (C,), (N, C) or (N, C, d1, ...), and class numbers of that shape without C.

    Raises:
        ValueError: an option out of range, shapes that don't fit, class numbers out of range.
        TypeError: ignore_index or class numbers aren't ints, weight or input aren't real numbers.

    >>> NLLLoss()(np.log([[0.5, 0.5], [0.25, 0.75]]), [0, 0]).round(4).item()
    1.0397
    """

    weight: Any

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"):
        super().__init__(reduction)
        self._keep_weight("weight", weight, of_classes=True)
        self.ignore_index = integer("NLLLoss: ignore_index", ignore_index)

    def forward(self, input: Any, target: Any) -> Any:
        return f.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class BCELoss(Loss):
    """-y log(p) - (1 - y) log(1 - p), as `torch.nn.BCELoss`, for input p and target y, both from 0 to 1.

    Args:
        weight: a factor for each loss, whose shape broadcasts to that of the input, or None. A buffer.
        reduction: 'mean', 'sum' or 'none'.

    Called with input and target of the same shape.

    Raises:
        ValueError: an unknown reduction, shapes that don't fit, numbers outside 0 to 1.
        TypeError: weight, input or target aren't real numbers.

    >>> BCELoss()([0.5, 0.5], [1.0, 0.0]).round(4).item()
    0.6931
    """

    weight: Any

    def __init__(self, weight: Any = None, reduction: str = "mean"):
        super().__init__(reduction)
        self._keep_weight("weight", weight)

    def forward(self, input: Any, target: Any) -> Any:
        return f.binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(Loss):
    """-pos_weight y log(p) - (1 - y) log(1 - p), p = sigmoid(input), as `torch.nn.BCEWithLogitsLoss`.

    Args:
        weight: a factor for each loss, whose shape broadcasts to that of the input, or None. A buffer.
        reduction: 'mean', 'sum' or 'none'.
        pos_weight: the weight of a yes, whose shape broadcasts to that of the input, or None. A buffer.

    Called with input, logits, and target, y from 0 to 1, of the same shape.

    Raises:
        ValueError: an unknown reduction, shapes that don't fit, a target outside 0 to 1.
        TypeError: a weight, input or target aren't real numbers.

    >>> BCEWithLogitsLoss(pos_weight=3.0)([0.0, 100.0], [1.0, 1.0]).round(4).item()
    1.0397
    """

    weight: Any
    pos_weight: Any

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None):
        super().__init__(reduction)
        self._keep_weight("weight", weight)
        self._keep_weight("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return f.binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)


# Of distributions ----------------------------------------------------------------------------------------------------


class KLDivLoss(Loss):
    """q (log(q) - log(p)), as `torch.nn.KLDivLoss`, for input log(p) and target q.

    Args:
        reduction: 'mean' over all elements, 'batchmean' (the sum divided by the number of examples), 'sum' or 'none'.
        log_target: whether the target is log(q).

    Called with input and target of the same shape.

    Raises:
        ValueError: an unknown reduction, or shapes that differ.
        TypeError: log_target isn't a bool, input or target aren't real numbers.

    >>> KLDivLoss(reduction="batchmean")(np.log([[0.5, 0.5]]), [[0.5, 0.5]]).item()
    0.0
    """

    _reductions = ("mean", "batchmean", "sum", "none")

    def __init__(self, reduction: str = "mean", log_target: bool = False):
        super().__init__(reduction)
        self.log_target = yes_or_no("KLDivLoss: log_target", log_target)

    def forward(self, input: Any, target: Any) -> Any:
        return f.kl_div(input, target, self.reduction, self.log_target)


class PoissonNLLLoss(Loss):
    """rate - target log(rate), as `torch.nn.PoissonNLLLoss`, for counts in target.

    Args:
        log_input: whether the input is the logarithm of the rate.
        full: whether Stirling's approximation of log(target!) is added.
        eps: is added to a rate of which the logarithm is taken.
        reduction: 'mean', 'sum' or 'none'.

    Called with input and target of the same shape.

    Raises:
        ValueError: eps is negative, the reduction is unknown, or shapes differ.
        TypeError: log_input or full isn't a bool, input or target aren't real numbers.

    >>> PoissonNLLLoss()([0.0, 0.0], [2, 3]).item()
    1.0
    """

    def __init__(self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean"):
        super().__init__(reduction)
        self.log_input = yes_or_no("PoissonNLLLoss: log_input", log_input)
        self.full = yes_or_no("PoissonNLLLoss: full", full)
        self.eps = non_negative("PoissonNLLLoss: eps", eps)

    def forward(self, input: Any, target: Any) -> Any:
        return f.poisson_nll_loss(input, target, self.log_input, self.full, self.eps, self.reduction)


class GaussianNLLLoss(Loss):
    """(log(var) + (input - target)^2 / var) / 2, as `torch.nn.GaussianNLLLoss`.

    Args:
        full: whether log(2 pi) / 2 is added.
        eps: the least variance.
        reduction: 'mean', 'sum' or 'none'.

    Called with input and target of the same shape, and var, variances of that shape, or of one that broadcasts to it.

    Raises:
        ValueError: eps or a variance is negative, the reduction is unknown, or shapes don't fit.
        TypeError: full isn't a bool, or one of the three isn't real numbers.

    >>> GaussianNLLLoss()([0.0, 1.0], [1.0, 2.0], [1.0, 1.0]).item()
    0.5
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
        super().__init__(reduction)
        self.full = yes_or_no("GaussianNLLLoss: full", full)
        self.eps = non_negative("GaussianNLLLoss: eps", eps)

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        return f.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class CTCLoss(Loss):
    """-log of the probability of labels, summed over all alignments with the steps, as `torch.nn.CTCLoss`.

    Args:
        blank: the class that says nothing.
        reduction: 'mean' of the losses, each divided by its number of labels; 'sum' or 'none'.
        zero_infinity: whether the loss of labels that no alignment leaves is 0 in place of inf, and so its gradient.

    Called with log_probs (T, N, C), targets (N, S), input_lengths (N,) and target_lengths (N,); see `ctc_loss`.

    Raises:
        ValueError: an option or length out of range, or shapes that don't fit.
        TypeError: blank isn't an int, zero_infinity isn't a bool, or labels or lengths aren't ints.

    >>> CTCLoss()(np.log(np.full((2, 1, 3), 0.5)), [[1]], [2], [1]).round(4).item()  # -log(0.75)
    0.2877
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False):
        super().__init__(reduction)
        self.blank = integer("CTCLoss: blank", blank)
        self.zero_infinity = yes_or_no("CTCLoss: zero_infinity", zero_infinity)

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        return f.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
