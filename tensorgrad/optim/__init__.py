"""Optimisers and schedules, with PyTorch's names and numbers."""

from . import lr_scheduler as lr_scheduler
from .adam import Adam, AdamW
from .clipping import clip_grad_norm_, clip_grad_value_, get_total_norm
from .lr_scheduler import *  # noqa: F403
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["Optimizer", "SGD", "Adam", "AdamW", "clip_grad_norm_", "clip_grad_value_", "get_total_norm"]
__all__ += lr_scheduler.__all__
