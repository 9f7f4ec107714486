"""backward(create_graph=True): gradients that are recorded, and can be differentiated again."""

import numpy as np
import pytest
from helpers import close
from hypothesis import given, settings
from programs import differentiable_programs, run

import tensorgrad as tg
from tensorgrad import Tensor, no_grad


def test_a_gradient_of_a_gradient():
    x = Tensor([1.0, 2.0])
    y = (x**3).sum()
    y.backward(create_graph=True)
    g = x.grad
    assert isinstance(g, Tensor)
    close(g.data, [3.0, 12.0])
    x.grad = None
    (g**2).sum().backward()
    close(x.grad, [2 * 3 * 6.0, 2 * 12 * 12.0])  # 2 g dg/dx
    x.grad = None
    y.backward(create_graph=True)
    y.backward()  # adds, as ever
    close(x.grad.data, [6.0, 24.0])
    with pytest.raises(ValueError, match="freed"):
        y.backward(create_graph=True, retain_graph=False)


def test_backward_from_a_tensor():
    g, x = Tensor([1.0, 10.0]), Tensor([3.0, 4.0])
    with no_grad():  # and recording is on again
        pass
    (x**2).backward(g, create_graph=True)
    dx = x.grad
    x.grad = None
    dx.sum().backward()
    close(g.grad, [6.0, 8.0]), close(x.grad, [2.0, 20.0])


@given(differentiable_programs)
@settings(max_examples=100, deadline=None)
def test_recorded_gradients_share_no_memory(program):
    plain, tensors = run(program), run(program)
    plain[-1].backward()
    tensors[-1].backward(create_graph=True)
    assert type(tensors[-1].grad) is Tensor
    gradients = [t.grad.data for t in {id(t): t for t in tensors}.values()]
    for i, g in enumerate(gradients):
        assert not any(np.may_share_memory(g, t.data) for t in tensors)
        assert not any(np.may_share_memory(g, h) for h in gradients[:i])
    for t, p in zip(tensors, plain, strict=True):
        np.testing.assert_allclose(t.grad.data, p.grad, rtol=1e-13, atol=1e-15)
    tensors[-1].backward()
    for t, p in zip(tensors, plain, strict=True):
        np.testing.assert_allclose(t.grad.data, 2 * p.grad, rtol=1e-13, atol=1e-15)
    for t in tensors:
        t.grad = None


def test_an_optimiser_takes_recorded_gradients():
    for make in (tg.SGD, lambda p, lr: tg.SGD(p, lr, momentum=0.9, weight_decay=0.1), tg.Adam, tg.AdamW):
        results = []
        for create_graph in (False, True):
            w = Tensor([1.0, 2.0])
            optimizer = make([w], 0.1)
            for _ in range(3):
                optimizer.zero_grad()
                (w**3).sum().backward(create_graph=create_graph)
                optimizer.step()
            results.append(w.tolist())
            w.grad = None
        assert results[0] == results[1]


def test_gradient_penalty_against_torch():
    """PyTorch style: the gradient with respect to the input is part of the loss."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    w, x = Tensor(rng.normal(size=3)), Tensor(rng.normal(size=(4, 3)))
    out = np.tanh(x @ w).sum()
    out.backward(create_graph=True)
    penalty = (x.grad**2).sum()
    x.grad = w.grad = None
    penalty.backward()
    wt, xt = (torch.tensor(t.data, requires_grad=True) for t in (w, x))
    (gx,) = torch.autograd.grad((xt @ wt).tanh().sum(), xt, create_graph=True)
    (gx**2).sum().backward()
    close(w.grad, wt.grad.numpy()), close(x.grad, xt.grad.numpy())


def test_complex_numbers_against_torch():
    torch = pytest.importorskip("torch")
    z = Tensor([1 + 2j, 3 - 1j])
    np.sum(np.abs(z) ** 4).backward(create_graph=True)
    g = z.grad
    z.grad = None
    np.sum(np.real(g) * np.imag(g)).backward()
    zt = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)
    (gt,) = torch.autograd.grad((zt.abs() ** 4).sum(), zt, create_graph=True)
    (gt.real * gt.imag).sum().backward()
    close(g.data, gt.detach().numpy()), close(z.grad, zt.grad.numpy())
