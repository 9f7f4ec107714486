"""Pictures of a computation: its graph (drawing.py), and its backward pass step by step (walkthrough.py)."""

from .drawing import draw_dot_tensor
from .walkthrough import Walkthrough, draw_backward

__all__ = ["Walkthrough", "draw_backward", "draw_dot_tensor"]
