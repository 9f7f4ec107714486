"""A picture of a small graph, with the shape and the numbers of each Tensor in it: seed_graph.svg."""

import numpy as np

from tensorgrad import Tensor
from tensorgrad.graph_utils import draw_dot_tensor

np.random.seed(0)
a = Tensor(np.random.random((2, 3)), name="a")
b = Tensor(np.random.random((2, 3)), name="b")
c = a + b  # not a part of d, and so not in its picture
d = a * b + b**3
d.name = "d"

d_dot = draw_dot_tensor(d)
d_dot.view("seed_graph", cleanup=True)
