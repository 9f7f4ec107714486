"""Many operations in one small graph: the gradient of everything, and a picture of how it flows.

Prints the gradients of some of the Tensors, and draws the graph in seed_operations.svg.
"""

import numpy as np

from tensorgrad import Tensor
from tensorgrad.graph_utils import draw_dot_tensor

np.random.seed(0)
a = Tensor(np.random.random((2, 3)))
b = Tensor(np.random.random((2, 3)))
c = a + b
d = a * b + b**3
e = c + d
f = e**2 / 4
g = Tensor(np.random.random((3, 4)))
h = f @ g
i = Tensor(np.random.random(4))
j = h + i.relu()  # broadcast: h is (2, 4), i is (4,), and j is (2, 4)
k = j.tanh()
L = k.sigmoid()
a_g_tensor = a.grad
b_g_tensor = b.grad

L.backward()
print("a:", a.grad)
print("b:", b.grad)
print("c:", c.grad)
print("e:", e.grad)
assert a_g_tensor is a.grad and b_g_tensor is b.grad  # backward adds into the arrays read before it

L_dot = draw_dot_tensor(L, rankdir="TB", names=globals())  # names: the Tensors are called as the variables here
L_dot.view("seed_operations", cleanup=True)
