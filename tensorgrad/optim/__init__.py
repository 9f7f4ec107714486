"""Optimisers and schedules, with PyTorch's names and numbers."""

from . import lr_scheduler as lr_scheduler
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .clipping import clip_grad_norm_, clip_grad_value_, get_total_norm
from .lbfgs import LBFGS
from .lion import Lion
from .lr_scheduler import *  # noqa: F403
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "Optimizer", "SGD", "ASGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop", "Rprop",
    "Lion", "LBFGS",
    "clip_grad_norm_", "clip_grad_value_", "get_total_norm",
]  # fmt: skip
__all__ += lr_scheduler.__all__
