"""graph_utils: where the pictures of a computation are imported from."""

from tensorgrad import draw_backward, draw_dot_tensor
from tensorgrad import graph_utils as pictures


def test_both_pictures_are_in_graph_utils():
    assert pictures.draw_backward is draw_backward and pictures.draw_dot_tensor is draw_dot_tensor
    assert set(pictures.__all__) == {"Walkthrough", "draw_backward", "draw_dot_tensor"}
