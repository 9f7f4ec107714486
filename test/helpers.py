"""What several files of tests use."""

import numpy as np

from tensorgrad import Tensor
from tensorgrad.engine import backpropagate


def close(a, b, rtol=1e-10, atol=1e-12):
    np.testing.assert_allclose(a, b, rtol, atol)


def is_array(x):
    return type(x) is np.ndarray


def numerical_gradient(f, x, eps=1e-6):
    """The gradient of sum(f(x)) by central differences."""
    g = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        g[i] = (np.sum(f(up)) - np.sum(f(down))) / (2 * eps)
    return g


def value_and_grads(f, *arrays):
    """f of Tensors of the arrays, and the gradient of each after a backward pass from ones."""
    tensors = [Tensor(a) for a in arrays]
    y = f(*tensors)
    y.backward()
    return y, *(t.grad for t in tensors)


def gradient(f, *arrays):
    """The gradient of sum(f(*arrays)) with respect to the array, or a list of them for several arrays."""
    _, *grads = value_and_grads(f, *arrays)
    return grads[0] if len(grads) == 1 else grads


def recorded_gradients(loss, tensors, directions):
    """The gradients of a real loss, recorded, or None where the loss doesn't depend on a Tensor.

    In .grad of each Tensor stands then that of their products with the directions, sum(Re(conj(gradient) * direction)):
    the second derivatives of the loss along the directions.
    """
    grads = backpropagate(loss, np.ones_like(loss.data), create_graph=True)
    first = [np.conj(grads[t]) if t in grads else None for t in tensors]
    products = [np.sum(np.real(np.conj(g) * v)) for g, v in zip(first, directions, strict=True) if g is not None]
    sum(products).backward()
    return first


def behind(root):
    """root and every Tensor that it was computed from, each once, found without the help of what is tested."""
    seen, stack = {root}, [root]
    while stack:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return seen
