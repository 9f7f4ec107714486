"""What the hand-written steps are made of: losses and layers with their derivatives worked out on paper, in ordinary
NumPy."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from workloads import BETAS, EPS, EPSILON, SOFTENING


def softmax_cross_entropy(logits, labels):
    """The mean loss, and its gradient."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    d = np.exp(shifted)
    total = d.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - shifted[rows, labels]).mean()
    d /= total
    d[rows, labels] -= 1
    d /= len(labels)
    return loss, d


def sigmoid_cross_entropy(logits, labels):
    """The mean loss, and its gradient, without overflow."""
    z = np.exp(-np.abs(logits))
    loss = (np.maximum(logits, 0) - logits * labels + np.log1p(z)).mean()
    return loss, (np.where(logits >= 0, 1, z) / (1 + z) - labels) / len(labels)


def relu(x):
    return np.maximum(x, 0)


def relu_slope(y):
    """The derivative, from the result."""
    return y > 0


def perceptron(W, b, X, Y, loss_and_gradient, activation=relu, slope=relu_slope):
    """The loss of a multi-layer perceptron, and the gradients of W and b, which are lists."""
    n, inputs, h = len(W), [], X
    for i in range(n):
        inputs.append(h)
        h = h @ W[i] + b[i]
        if i < n - 1:
            h = activation(h)
    loss, d = loss_and_gradient(h, Y)
    dW, db = [None] * n, [None] * n
    for i in reversed(range(n)):
        dW[i], db[i] = inputs[i].T @ d, d.sum(axis=0)
        if i:
            d = (d @ W[i].T) * slope(inputs[i])
    return loss, dW, db


def adam(params, lr, decay=0.0):
    """Adam's update of these arrays by their gradients; with decay, AdamW's."""
    means = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    (beta1, beta2), t = BETAS, 0

    def update(grads):
        nonlocal t
        t += 1
        root = (1 - beta2**t) ** 0.5  # sqrt(v_hat) + eps is (sqrt(v) + eps * root) / root
        rate, eps = lr * root / (1 - beta1**t), EPSILON * root
        for p, g, (m, v) in zip(params, grads, means, strict=True):
            if decay:
                p *= 1 - lr * decay
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * (g * g)
            p -= rate * m / (np.sqrt(v) + eps)

    return update


def patches(x, stride=1):
    """Each 3x3 neighbourhood of x (N, H, W, C), zeros around it, as a row: (N, H', W', C * 3 * 3)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return windows.reshape(*windows.shape[:3], -1)


def unpatch(d, shape, stride=1):
    """The reverse: every element adds up what arrives at its copies."""
    n, height, width, channels = shape
    out = np.zeros((n, height + 2, width + 2, channels), d.dtype)
    d = d.reshape(*d.shape[:3], channels, 3, 3)
    for i in range(3):
        for j in range(3):
            out[:, i : i + height : stride, j : j + width : stride] += d[..., i, j]
    return out[:, 1:-1, 1:-1]


def as_matrix(filters):
    """(out, in, 3, 3) as (in * 3 * 3, out)."""
    return np.ascontiguousarray(filters.reshape(len(filters), -1).T)


def channels_last(weight, channels, size):
    """The weight of a linear layer on images, for images whose channels come last."""
    weight = weight.reshape(channels, size, size, -1).transpose(1, 2, 0, 3)
    return np.ascontiguousarray(weight.reshape(channels * size * size, -1))


def maxima(x):
    """The largest of each 2x2 square, and what tells where they were."""
    n, height, width, channels = x.shape
    squares = x.reshape(n, height // 2, 2, width // 2, 2, channels)
    y = squares.max(axis=(2, 4))
    return y, squares == y[:, :, None, :, None]


def maxima_gradient(g, places):
    n, height, _, width, _, channels = places.shape
    return (g[:, :, None, :, None] * places).reshape(n, 2 * height, 2 * width, channels)


def norm(x, scale, shift):
    """Layer norm, and what its gradient needs."""
    away = x - x.mean(axis=-1, keepdims=True)
    inverse = 1 / np.sqrt((away * away).mean(axis=-1, keepdims=True) + EPS)
    away *= inverse
    return away * scale + shift, (away, inverse)


def norm_gradient(g, scale, saved):
    """The gradients of x, scale and shift."""
    away, inverse = saved
    dscale, dshift = (g * away).sum(axis=0), g.sum(axis=0)
    g = g * scale
    dx = g - g.mean(axis=-1, keepdims=True) - away * (g * away).mean(axis=-1, keepdims=True)
    dx *= inverse
    return dx, dscale, dshift


ROOT = np.sqrt(2 / np.pi).item()


def gelu(x):
    """The approximation with tanh, and that tanh."""
    t = np.tanh(ROOT * (x + 0.044715 * (x * x * x)))
    return 0.5 * x * (1 + t), t


def gelu_gradient(g, x, t):
    return g * (0.5 * (1 + t) + (0.5 * ROOT) * x * (1 - t * t) * (1 + 3 * 0.044715 * (x * x)))


def logistic(x):
    return 1 / (1 + np.exp(-x))


def pull(mass, r):
    """The way from each body to each other one, 1 / (distance^2 + softening), and the factor of that way in gravity."""
    away = r - r[:, None]
    inverse = 1 / ((away * away).sum(axis=-1) + SOFTENING)
    return away, inverse, mass * (inverse * np.sqrt(inverse))


def gravity_gradient(g, away, inverse, factor):
    """The gradient of the positions, from that of the gravity on each body, sum_j factor_ij away_ij."""
    g = g[:, None]
    along = (g * away).sum(axis=-1)
    along *= factor
    along *= inverse
    along *= -3
    d = factor[:, :, None] * g
    d += along[:, :, None] * away
    return d.sum(axis=0) - d.sum(axis=1)
