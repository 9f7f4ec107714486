"""What the tests of linear algebra share: random matrices, gradients, and the comparison with PyTorch."""

import numpy as np
from helpers import recorded_gradients

from tensorgrad import Tensor

rng = np.random.default_rng(0)


def restart():
    """Before each test, so that it draws the same numbers in whatever order the tests run."""
    rng.bit_generator.state = np.random.default_rng(0).bit_generator.state


def random(*shape, dtype=float):
    a = rng.normal(size=shape)
    return a + 1j * rng.normal(size=shape) if dtype is complex else a


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


def close(a, b, rtol=1e-9, atol=1e-9):
    np.testing.assert_allclose(a, b, rtol, atol)


def symmetric(*values):
    """A symmetric matrix with these eigenvalues."""
    q = np.linalg.qr(random(len(values), len(values)))[0]
    return q * values @ q.T


def check_against_pytorch(torch, loss, dtype):
    """A loss(xp, la, a, b), its gradients and those of their product with random directions, in both libraries.

    loss computes in a library `xp`, with functions `la`; it is real, and doesn't depend on a choice of vectors.
    """
    a, b, u, v = (random(3, 3, dtype=dtype) for _ in range(4))

    x, z = Tensor(a), Tensor(b)
    L = loss(np, np.linalg, x, z)
    first = [np.zeros_like(a) if g is None else g.data for g in recorded_gradients(L, (x, z), (u, v))]

    p, q = (torch.tensor(m, requires_grad=True) for m in (a, b))
    zero = sum((t * 0).abs().sum() for t in (p, q))  # so that both are in the graph
    M = loss(torch, torch.linalg, p, q) + zero
    theirs = torch.autograd.grad(M, (p, q), create_graph=True)
    w = sum((t.conj() * torch.tensor(m)).real.sum() for t, m in zip(theirs, (u, v), strict=True)) + zero
    w.backward()

    close(L.data, M.item(), 1e-12)
    for ours, their in zip((*first, x.grad, z.grad), (*theirs, p.grad, q.grad), strict=True):
        close(ours, their.detach().numpy(), 1e-7, 1e-8)
