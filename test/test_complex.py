"""Complex Tensors: gradients by PyTorch's convention, real and complex mixed, descent, Fourier transforms."""

import numpy as np
import pytest
from helpers import close, gradient, recorded_gradients

from tensorgrad import Tensor, check_grads, grad, jvp, vjp


def random(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


# The convention -------------------------------------------------------------------------------------------------------


def test_gradient_of_a_real_loss_is_the_derivative_along_both_axes():
    """L = |z|^2 = x^2 + y^2 has dL/dx + i dL/dy = 2 z."""
    z = random(3)
    close(gradient(lambda z: np.sum(np.abs(z) ** 2), z), 2 * z)
    close(gradient(lambda z: np.sum(z * np.conj(z)), z), 2 * z)
    close(gradient(lambda z: np.sum(np.real(z)), z), np.ones(3))
    close(gradient(lambda z: np.sum(np.imag(z)), z), 1j * np.ones(3))


HOLOMORPHIC = {
    np.exp: np.exp,
    np.sin: np.cos,
    np.log: lambda z: 1 / z,
    np.sqrt: lambda z: 0.5 / np.sqrt(z),
    np.square: lambda z: 2 * z,
    np.tanh: lambda z: 1 / np.cosh(z) ** 2,
    np.arctan: lambda z: 1 / (1 + z * z),
}


@pytest.mark.parametrize("f", HOLOMORPHIC, ids=lambda f: f.__name__)
def test_holomorphic_functions_have_the_conjugate_of_their_derivative(f):
    """Backward from ones is the gradient of the real part; that of the imaginary part follows (Cauchy and Riemann)."""
    z = random(4)
    derivative = HOLOMORPHIC[f](z)
    close(gradient(f, z), np.conj(derivative))
    close(gradient(lambda z: np.imag(f(z)), z), 1j * np.conj(derivative))
    close(jvp(f, (z,), (np.full(4, 1 + 2j),))[1], derivative * (1 + 2j))


def test_backward_from_a_complex_gradient():
    """It is a gradient in the same convention: w stands for the loss Re(conj(w) y)."""
    z, w = random(3), random(3, seed=1)
    t = Tensor(z)
    np.square(t).backward(w)
    close(t.grad, gradient(lambda z: np.real(np.sum(np.conj(w) * z**2)), z))
    with pytest.raises(TypeError, match="dtype complex128"):
        Tensor([1.0, 2.0, 3.0]).backward(w)


LOSSES = {
    "polynomial": lambda xp, z, w, x: xp.sum(xp.abs(z**3 - 2 * z * w + 1j) ** 2 * x),
    "quotient": lambda xp, z, w, x: xp.sum(xp.real(w / z) + xp.imag(x / w)),
    "powers": lambda xp, z, w, x: xp.sum(xp.abs(z**w) + xp.abs(x**z) + xp.abs(w**x)),
    "polar": lambda xp, z, w, x: xp.sum(xp.angle(z * w) ** 2 + xp.abs(z) * x),
    "signs": lambda xp, z, w, x: xp.sum(xp.real(z / xp.abs(z) * w)),
    "conjugates": lambda xp, z, w, x: xp.sum(xp.imag(xp.conj(z) * w) * xp.real(xp.conj(w * x))),
    "functions": lambda xp, z, w, x: xp.sum(xp.abs(xp.exp(z) + xp.sin(w) * xp.log(z) - xp.sqrt(w) + xp.tanh(z * x))),
    "real powers of negative numbers": lambda xp, z, w, x: xp.sum(xp.abs((-x) ** z)),
    "products": lambda xp, z, w, x: xp.sum(xp.abs(xp.outer(z, w) @ (x + 0j)) ** 2),
    "einsum": lambda xp, z, w, x: xp.sum(xp.abs(xp.einsum("i,j,i->j", z, w, x + 0j)) ** 2),
    "cumulative": lambda xp, z, w, x: xp.sum(xp.abs(xp.cumprod(z, 0) + xp.cumsum(w * x, 0)) ** 2),
    "moments": lambda xp, z, w, x: xp.abs(xp.mean(z * x)) + xp.sum(xp.abs(z - xp.mean(z)) ** 2),
    "stack": lambda xp, z, w, x: xp.sum(xp.abs(xp.stack([z, w, x + 0j])) ** 3),
    "spectrum": lambda xp, z, w, x: xp.sum(xp.abs(xp.fft.fft(z * x)) ** 3) + xp.sum(xp.abs(xp.fft.rfft(x)) ** 3),
}


@pytest.mark.parametrize("name", LOSSES)
def test_first_and_second_derivatives_as_in_pytorch(name):
    """First derivatives, and second ones along a direction, of two complex arguments and a real one."""
    torch = pytest.importorskip("torch")
    values = [random(4), random(4, seed=1), np.abs(random(4, seed=2))]
    along = [random(4, seed=3), random(4, seed=4), random(4, seed=5).real]

    ours = [Tensor(v) for v in values]
    L = LOSSES[name](np, *ours)
    first = recorded_gradients(L, ours, along)

    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    M = LOSSES[name](torch, *theirs)
    grads = torch.autograd.grad(M, theirs, create_graph=True, allow_unused=True)
    sum((g.conj() * torch.tensor(v)).real.sum() for g, v in zip(grads, along, strict=True) if g is not None).backward()

    close(L.data, M.item())
    for t, g, their_t, their_g in zip(ours, first, theirs, grads, strict=True):
        assert (g is None) == (their_g is None)
        if g is not None:
            close(g.data, their_g.detach().resolve_conj().numpy())
        close(t.grad, 0 if their_t.grad is None else their_t.grad.resolve_conj().numpy(), 1e-9, 1e-9)


@pytest.mark.parametrize("n", [None, 3, 8])
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_fourier_transforms_as_in_pytorch(name, n, norm):
    torch = pytest.importorskip("torch")
    values = random(2, 5)
    values = values.real.copy() if name in ("rfft", "ihfft") else values
    p = torch.tensor(values, requires_grad=True)
    y = getattr(torch.fft, name)(p, n=n, norm=norm)
    w = random(*y.shape, seed=1)
    (y * torch.tensor(w)).real.sum().backward()
    close(
        gradient(lambda a: np.sum(np.real(getattr(np.fft, name)(a, n=n, norm=norm) * w)), values),
        p.grad.resolve_conj().numpy(),
    )


# Real and complex -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("real, complex_", [(np.float32, np.complex64), (np.float64, np.complex128)])
def test_gradients_keep_the_dtype(real, complex_):
    x, z = Tensor(np.ones(3, real)), Tensor(random(3).astype(complex_))
    y = np.fft.fft(x * z) + 2j * x - z / 3.0
    assert y.dtype == complex_
    L = np.sum(np.abs(y) ** 2) + np.linalg.norm(y)
    assert L.dtype == real
    L.backward()
    assert x.grad.dtype == real and z.grad.dtype == complex_ and y.grad.dtype == complex_
    assert L.grad.dtype == real


def test_a_real_argument_gets_the_real_part():
    z = random(3)
    close(gradient(lambda x: np.real(np.sum(x * z)), np.ones(3)), z.real)
    close(gradient(lambda x: np.imag(np.sum(x * z)), np.ones(3)), z.imag)
    close(gradient(lambda x: np.real(np.sum(np.exp(1j * x))), np.array([0.3, 2.0])), -np.sin([0.3, 2.0]))


def test_a_complex_tensor_from_two_real_ones():
    x, y = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    gx, gy = gradient(lambda x, y: np.sum(np.abs(np.exp(x + 1j * y)) ** 2), x, y)
    close(gx, 2 * np.exp(2 * x))
    close(gy, 0)


def test_broadcasting():
    z = random(2, 3)
    x = gradient(lambda x: np.sum(np.abs(x * z) ** 2), np.array([[2.0], [3.0]]))
    close(x, 2 * np.array([[2.0], [3.0]]) * np.sum(np.abs(z) ** 2, axis=1, keepdims=True))


# Values at the edges --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.abs, np.angle, np.linalg.norm, lambda z: np.real(np.sign(z)), np.std])
def test_at_0_the_gradient_is_0(f):
    np.testing.assert_array_equal(gradient(lambda z: np.sum(f(z)), np.zeros(3, complex)), 0)


def test_sign_of_a_real_tensor_is_a_plain_array():
    y = np.sign(Tensor([2.0, -3.0, 0.0, np.nan]))
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, [1, -1, 0, np.nan])
    assert np.sign(Tensor(np.float32([2.0]))).dtype == np.float32


def test_real_if_close():
    z = Tensor(np.array([1 + 1e-16j, 2.0]))
    assert np.real_if_close(z).dtype == np.float64
    far = Tensor(np.array([1 + 1e-3j, 2.0]))
    assert np.real_if_close(far) is far


@pytest.mark.parametrize(
    "call",
    [
        lambda z: np.arctan2(z, 1.0),
        lambda z: np.hypot(z, 1.0),
        lambda z: np.cbrt(z),
        lambda z: np.floor(z),
        lambda z: np.fft.rfft(z),
        lambda z: np.logaddexp(z, 1.0),
        lambda z: z % 2,
    ],
)
def test_what_is_an_error_for_complex_arrays_is_an_error(call):
    with pytest.raises(TypeError):
        call(Tensor(random(4)))


# Transforms -----------------------------------------------------------------------------------------------------------


def test_transforms():
    z = random(3)
    close(grad(lambda z: np.sum(np.abs(z) ** 2))(z), 2 * z)
    with pytest.raises(TypeError, match="real"):
        grad(lambda z: np.sum(z))(z)
    _, pullback = vjp(np.square, z)
    close(pullback(np.ones(3, complex))[0], 2 * np.conj(z))
    check_grads(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 3), z, order=2)
    check_grads(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 3), z.real.copy(), order=2)


# Descent --------------------------------------------------------------------------------------------------------------


def test_transforms_give_arrays_for_a_single_number():
    def energy(z):
        return np.abs(z) ** 2

    found = [grad(energy)(1 + 2j), vjp(energy, 1 + 2j)[1](1.0)[0], *jvp(np.exp, (1j,), (1j,))]
    assert [type(d) for d in found] == [np.ndarray] * 4
    close(found[0], 2 + 4j)


def test_descent_finds_a_root():
    """z -= lr * grad goes down: |z^3 - 1|^2 ends at a cube root of 1."""
    z = Tensor(np.array([0.8 + 0.9j, -1.0 + 0.2j, 0.3 - 1.2j]))
    losses = []
    for _ in range(200):
        z.zero_grad()
        L = np.sum(np.abs(z**3 - 1) ** 2)
        losses.append(L.item())
        L.backward()
        z.data -= 0.02 * z.grad
    assert np.all(np.diff(losses) <= 0)
    close(z.data**3, 1, 1e-6)


def test_descent_through_a_fourier_transform():
    """A real filter is found from what it makes of a signal; the signal's spectrum says how far to step."""
    rng = np.random.default_rng(0)
    signal, h = rng.normal(size=32), rng.normal(size=5)
    target = np.fft.irfft(np.fft.rfft(signal) * np.fft.rfft(h, 32), 32)
    lr = 0.5 / np.max(np.abs(np.fft.rfft(signal)) ** 2)
    x = Tensor(np.zeros(5))
    for _ in range(300):
        x.zero_grad()
        L = np.sum((np.fft.irfft(np.fft.rfft(signal) * np.fft.rfft(x, 32), 32) - target) ** 2)
        L.backward()
        x.data -= lr * x.grad
    close(x.data, h, 1e-5)


def test_energy_of_a_spectrum():
    """Parseval: sum |fft(x)|^2 = n sum |x|^2, so the gradient is 2 n x, for whatever transform."""
    z = random(6)
    close(gradient(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 2), z), 12 * z)
    close(gradient(lambda z: np.sum(np.abs(np.fft.fft(z, norm="ortho")) ** 2), z), 2 * z)
    image = random(3, 4)
    close(gradient(lambda z: np.sum(np.abs(np.fft.fftshift(np.fft.fft2(z))) ** 2), image), 24 * image)
    twice = np.array([1, 2, 2, 1])  # how often each coefficient stands in the whole spectrum
    close(gradient(lambda x: np.sum(twice * np.abs(np.fft.rfft(x)) ** 2), z.real), 12 * z.real)


def test_eigenvalue_of_a_hermitian_matrix_by_its_quotient():
    """Rayleigh's quotient goes down to the least eigenvalue, along complex vectors."""
    a = random(4, 4)
    a = a + np.conj(a.T)
    v = Tensor(random(4, seed=1))
    for _ in range(500):
        v.zero_grad()
        L = np.real(np.vdot(v, a @ v)) / np.real(np.vdot(v, v))
        L.backward()
        v.data -= 0.1 * v.grad
    close(L.data, np.linalg.eigvalsh(a)[0], 1e-6)


def test_jitter_makes_a_singular_kernel_usable():
    """log|K + 1e-6| with K of rank 2: by Cholesky and by slogdet, with the gradient 2 (K + 1e-6)^-1 B."""
    b = random(4, 2)

    def by_cholesky(b):
        lower = np.linalg.cholesky(b @ np.conj(b.T) + 1e-6 * np.eye(4))
        return 2 * np.sum(np.log(np.real(np.diagonal(lower))))

    expected = 2 * np.linalg.inv(b @ np.conj(b.T) + 1e-6 * np.eye(4)) @ b
    close(gradient(by_cholesky, b), expected, 1e-7)
    close(gradient(lambda b: np.linalg.slogdet(b @ np.conj(b.T) + 1e-6 * np.eye(4))[1], b), expected, 1e-7)
