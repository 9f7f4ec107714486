"""All schedules of learning rates, as torch.optim.lr_scheduler has them."""

from .cycles import OneCycleLR
from .decays import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .scheduling import ChainedScheduler, LRScheduler, SequentialLR

__all__ = [
    "LRScheduler", "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "LambdaLR",
    "MultiplicativeLR", "CosineAnnealingLR", "OneCycleLR", "SequentialLR", "ChainedScheduler",
]  # fmt: skip
