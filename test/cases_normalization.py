"""Cases of normalization."""

import numpy as np
from cases import case, positive, x

from tensorgrad import functions as f
from tensorgrad.derivatives.normalization import normalize, window_sum


def normalized(a, weight, bias, axes, eps, centred=True):
    z = a - np.mean(a, axis=axes, keepdims=True) if centred else a
    z = z / np.sqrt(np.mean(z**2, axis=axes, keepdims=True) + np.asarray(eps, a.dtype))
    return z * (1 if weight is None else weight) + (0 if bias is None else bias)


for axes, shape in {((0, 2), (2, 1)), ((0,), (2, 3)), ((1, 2), (2, 3)), ((2,), (3,)), ((0, 1, 2), ())}:
    case(normalize, x(4, 2, 3), x(*shape), x(*shape), axes, 0.1, like=normalized)
    case(normalize, x(4, 2, 3), x(*shape), None, axes, 0.1, centred=False, like=normalized)
case(normalize, x(4, 3, layout="F"), None, None, (1,), 1e-5, like=normalized)
case(normalize, x(4, 3, layout="strided"), None, x(3), (0,), 1e-5, like=normalized)
case(normalize, x(0, 3), x(3), x(3), (1,), 1e-5, like=normalized)
case(normalize, x(2, 3), x(2, 1), x(3), (1,), 0.1, False, like=normalized)


def of_channels(p, a):
    return None if p is None else p.reshape(-1, *(1,) * (a.ndim - 2))


def batch_normalized(a, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    weight, bias = of_channels(weight, a), of_channels(bias, a)
    if training:
        return normalized(a, weight, bias, (0, *range(2, a.ndim)), eps)
    z = (a - of_channels(mean, a)) * of_channels(1 / np.sqrt(var + np.asarray(eps, var.dtype)), a)
    return z * (1 if weight is None else weight) + (0 if bias is None else bias)


def instance_normalized(a, mean=None, var=None, weight=None, bias=None, use_input_stats=True, eps=1e-5):
    if not use_input_stats:
        return batch_normalized(a, mean, var, weight, bias, eps=eps)
    return normalized(a, of_channels(weight, a), of_channels(bias, a), tuple(range(2, a.ndim)), eps)


def group_normalized(a, groups, weight=None, bias=None, eps=1e-5):
    grouped = a.reshape(a.shape[0], groups, -1)
    z = normalized(grouped, None, None, (2,), eps).reshape(a.shape)
    weight, bias = of_channels(weight, a), of_channels(bias, a)
    return z * (1 if weight is None else weight) + (0 if bias is None else bias)


def of_single(*running):
    """Running statistics for a case, which is tried in float32, too: what is constant has the dtype of x there."""
    return [np.array(r, np.float32) for r in running]


mean, var = of_single([0.5, -0.25], [1.5, 0.5])
case(f.batch_norm, x(4, 2), None, None, training=True, eps=0.1, like=batch_normalized)
case(f.batch_norm, x(4, 2, 3), None, None, x(2), x(2), training=True, eps=0.1, like=batch_normalized)
case(f.batch_norm, x(4, 2), mean, var, x(2), x(2), like=batch_normalized)
case(f.batch_norm, x(3, 2, 2), mean, var, x(2), None, like=batch_normalized)
case(f.batch_norm, x(3, 2, 2, layout="F"), mean, var, like=batch_normalized)
case(f.batch_norm, x(0, 2, 2), mean, var, like=batch_normalized)
case(f.instance_norm, x(2, 2, 3), eps=0.1, like=instance_normalized)
case(f.instance_norm, x(2, 2, 3), None, None, x(2), x(2), eps=0.1, like=instance_normalized)
case(f.instance_norm, x(2, 2, 3), mean, var, x(2), use_input_stats=False, like=instance_normalized)
case(f.layer_norm, x(2, 3), 3, like=lambda a, n: normalized(a, None, None, (1,), 1e-5))
case(f.layer_norm, x(2, 2, 3), (2, 3), x(2, 3), x(2, 3), like=lambda a, n, w, b: normalized(a, w, b, (1, 2), 1e-5))
case(f.layer_norm, x(4), [4], x(4), eps=0.1, like=lambda a, n, w, eps: normalized(a, w, None, (0,), eps))
case(f.rms_norm, x(2, 3), 3, like=lambda a, n: normalized(a, None, None, (1,), np.finfo(a.dtype).eps, False))
case(f.rms_norm, x(2, 3), 3, x(3), eps=0.1, like=lambda a, n, w, eps: normalized(a, w, None, (1,), eps, False))
case(f.group_norm, x(2, 4, 3), 2, x(4), x(4), eps=0.1, like=group_normalized)
case(f.group_norm, x(2, 4), 2, eps=0.1, like=group_normalized)
case(f.group_norm, x(1, 2, 2, 3), 1, None, x(2), eps=0.1, like=group_normalized)


def window_summed(a, before, after):
    return sum(shifted(a, i) for i in range(-before, after + 1))


def shifted(a, i):
    y, n = np.zeros_like(a), a.shape[1]
    if abs(i) < n:
        y[:, max(-i, 0) : n - max(i, 0)] = a[:, max(i, 0) : n + min(i, 0)]
    return y


def response(a, size, alpha=1e-4, beta=0.75, k=1.0):
    return a / (k + alpha / size * window_summed(a * a, size // 2, (size - 1) // 2)) ** np.asarray(beta, a.dtype)


for before, after in {(0, 0), (2, 1), (1, 2), (7, 5)}:
    case(window_sum, x(2, 4, 2), before, after, like=window_summed)
case(f.local_response_norm, positive(2, 4, 2), 3, 0.5, like=response)
case(f.local_response_norm, positive(1, 3, 2), size=2, alpha=0.5, beta=1.5, k=2, like=response)
case(f.local_response_norm, x(0, 3, 2), 5, like=response)
