"""Gradients that are clipped: by their norm, and each number."""

import math
import threading

import numpy as np
import pytest

from tensorgrad import Tensor
from tensorgrad.derivatives.locks import locked
from tensorgrad.gradients import accumulating
from tensorgrad.optim import clip_grad_norm_, clip_grad_value_, get_total_norm

SHAPES = [(3, 2), (), (4,), (0, 2)]


def with_gradients(dtype=np.float64, scale=1.0):
    rng = np.random.default_rng(0)
    params = [Tensor(np.zeros(shape, dtype)) for shape in SHAPES]
    for p in params:
        draw = rng.normal(size=p.shape) + (1j * rng.normal(size=p.shape) if np.dtype(dtype).kind == "c" else 0)
        p.grad = np.array(scale * draw, dtype)
    return [*params, Tensor(np.ones(2, dtype))]  # the last has none


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("norm_type", [2, 1, 3.5, 0.5, math.inf, "inf", 0])
@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_norms_and_gradients_are_those_of_pytorch(dtype, norm_type, max_norm):
    torch = pytest.importorskip("torch")
    if norm_type == 0 and dtype == np.complex128:
        pytest.skip("PyTorch warns")
    ours = with_gradients(dtype)
    theirs = [torch.tensor(p.data, requires_grad=True) for p in ours]
    for p, t in zip(ours, theirs, strict=True):
        t.grad = None if p._grad is None else torch.tensor(p.grad.copy())
    arrays = [p._grad for p in ours]
    norm = clip_grad_norm_(ours, max_norm, norm_type)
    tolerance = 1e-12 if dtype != np.float32 else 1e-5
    wanted = torch.nn.utils.clip_grad_norm_([t for t in theirs if t.numel()], max_norm, float(norm_type))
    np.testing.assert_allclose(norm, wanted.numpy(), rtol=tolerance)
    assert norm.dtype == np.zeros(1, dtype).real.dtype
    for p, t, array in zip(ours, theirs, arrays, strict=True):
        assert p._grad is None or p._grad is array
        if p._grad is not None:
            np.testing.assert_allclose(p.grad, t.grad.numpy(), rtol=tolerance)
            assert p.grad.dtype == dtype


@pytest.mark.parametrize("clip_value", [0.5, 100.0, 0, math.inf])
def test_numbers_are_clipped_as_in_pytorch(clip_value):
    torch = pytest.importorskip("torch")
    ours = with_gradients(scale=2)
    theirs = [torch.tensor(p.data, requires_grad=True) for p in ours]
    for p, t in zip(ours[:-1], theirs, strict=False):
        t.grad = torch.tensor(p.grad.copy())
    assert clip_grad_value_(ours, clip_value) is None
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    for p, t in zip(ours[:-1], theirs, strict=False):
        np.testing.assert_array_equal(p.grad, t.grad.numpy())
    assert ours[-1]._grad is None


def test_the_norm_is_that_of_one_vector():
    params = with_gradients()
    vector = np.concatenate([p.grad.ravel() for p in params[:-1]])
    for p in (1, 2, 4.0, math.inf):
        np.testing.assert_allclose(get_total_norm([q.grad for q in params[:-1]], p), np.linalg.norm(vector, p))
        np.testing.assert_allclose(get_total_norm(vector, p), np.linalg.norm(vector, p))
    norm = clip_grad_norm_((p for p in params), 0.5)
    np.testing.assert_allclose(norm, np.linalg.norm(vector))
    clipped = np.concatenate([q.grad.ravel() for q in params[:-1]])
    np.testing.assert_allclose(clipped, vector * 0.5 / (np.linalg.norm(vector) + 1e-6))
    one = params[0]
    np.testing.assert_allclose(clip_grad_norm_(one, 10.0), np.linalg.norm(one.grad))
    assert clip_grad_norm_([params[-1]], 1.0) == 0 == clip_grad_norm_([], 1.0) == get_total_norm([])
    twice = Tensor([3.0])
    twice.grad = [3.0]
    assert clip_grad_norm_([twice, twice], 1.0) == 3 and abs(twice.grad[0] - 1) < 1e-6


def test_what_is_not_finite():
    for value in (math.inf, math.nan):
        p = Tensor([1.0, 2.0])
        p.grad = [value, 1.0]
        with pytest.raises(ValueError, match=r"clip_grad_norm_: the gradients of parameters have the norm (inf|nan)"):
            clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
        np.testing.assert_array_equal(p.grad, [value, 1])
        with pytest.raises(ValueError, match="get_total_norm: tensors have the norm"):
            get_total_norm([p.grad], error_if_nonfinite=True)
        with np.errstate(invalid="ignore"):
            clip_grad_norm_([p], 1.0)
        np.testing.assert_array_equal(p.grad, [math.nan, 0 if value == math.inf else math.nan])


def test_recorded_gradients_go_on_recording():
    w = Tensor([1.0, 2.0, -2.0])
    (w**3).sum().backward(create_graph=True)  # 3 w**2 = (3, 12, 12)
    norm = clip_grad_norm_([w], 2.0)
    assert isinstance(norm, Tensor) and isinstance(w.grad, Tensor)
    np.testing.assert_allclose(norm.data, math.sqrt(297))
    np.testing.assert_allclose(w.grad.data, np.array([3, 12, 12]) * 2 / (math.sqrt(297) + 1e-6))
    clipped, w._grad = w.grad, None
    clipped[1].backward()  # 12 w1**2 ... / (norm + 1e-6)
    step, numbers = 1e-6, []
    for i in range(3):
        ends = []
        for sign in (-1, 1):
            x = np.array([1.0, 2.0, -2.0])
            x[i] += sign * step
            g = 3 * x * x
            ends.append(g[1] * 2 / (np.linalg.norm(g) + 1e-6))
        numbers.append((ends[1] - ends[0]) / (2 * step))
    np.testing.assert_allclose(w.grad, numbers, rtol=1e-6)

    v = Tensor([1.0, 2.0])
    (v**3).sum().backward(create_graph=True)
    clip_grad_value_([v], 5.0)
    clipped, v._grad = v.grad, None
    np.testing.assert_array_equal(clipped.data, [3, 5])
    clipped.sum().backward()
    np.testing.assert_array_equal(v.grad, [6, 0])


def test_a_graph_that_has_used_a_gradient_notices():
    for clip in (clip_grad_norm_, clip_grad_value_):
        w, v = Tensor([3.0, 4.0]), Tensor([1.0, 1.0])
        (w * w).sum().backward()
        y = v * w.grad
        clip([w], 1.0)
        with pytest.raises(RuntimeError, match="was changed"):
            y.backward()


def test_what_is_no_parameter():
    for clip in (clip_grad_norm_, clip_grad_value_):
        for wrong in (None, 1.0, "w", np.ones(2), [np.ones(2)], [None]):
            with pytest.raises(TypeError, match=f"{clip.__name__}: parameters must be Tensors, as model.parameters"):
                clip(wrong, 1.0)
        with pytest.raises(ValueError, match=f"{clip.__name__}: (max_norm|clip_value) must be a finite number"):
            clip(Tensor([1.0]), -1)
    with pytest.raises(TypeError, match="clip_grad_value_: parameters must be real"):
        clip_grad_value_(with_gradients(np.complex128), 1.0)


def test_what_another_thread_adds_is_clipped_or_not_but_never_lost():
    w = Tensor(np.zeros(1000))
    stop = threading.Event()

    def add():
        while not stop.is_set():
            (w * 1.0).backward()

    thread = threading.Thread(target=add)
    thread.start()
    try:
        for _ in range(300):
            clip_grad_value_([w], 3.0)
            grad = locked(accumulating, w.grad.copy)
            assert np.all(grad == grad[0])
    finally:
        stop.set()
        thread.join()
