"""Loss functions: those of every day are one operation with one rule.

All take `reduction`: 'mean' over the examples (of losses of elements: over all elements), 'sum', or 'none' for the loss
of each. Targets are constants unless they are Tensors; a list of Tensors is stacked. The loss has the predictions'
dtype.
"""

from .binary import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    multilabel_soft_margin_loss,
    sigmoid_cross_entropy,
    soft_margin_loss,
)
from .ctc import ctc_loss
from .entropies import cross_entropy, nll_loss, softmax_cross_entropy
from .likelihoods import gaussian_nll_loss, kl_div, poisson_nll_loss
from .margins import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from .regression import huber_loss, l1_loss, mse_loss, smooth_l1_loss

__all__ = [
    "sigmoid_cross_entropy", "softmax_cross_entropy", "mse_loss",
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div",
    "poisson_nll_loss", "gaussian_nll_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "ctc_loss",
    "hinge_embedding_loss", "margin_ranking_loss", "cosine_embedding_loss", "soft_margin_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip
