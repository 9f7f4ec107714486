"""Pictures of a computation: its graph, and its backward pass step by step. The code is in draw/."""

from .draw.dot import draw_dot_tensor
from .draw.page import Walkthrough, draw_backward

__all__ = ["Walkthrough", "draw_backward", "draw_dot_tensor"]
