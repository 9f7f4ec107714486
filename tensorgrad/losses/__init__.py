"""Loss functions, each one operation with one rule.

All take `reduction`: 'mean' over the examples (for mse_loss and sigmoid_cross_entropy: over all elements), 'sum', or
'none' for the loss of each. Targets are constants unless they are Tensors; a list of Tensors is stacked. The loss has
the predictions' dtype.
"""

from .entropies import sigmoid_cross_entropy, softmax_cross_entropy
from .regression import mse_loss

__all__ = ["sigmoid_cross_entropy", "softmax_cross_entropy", "mse_loss"]
