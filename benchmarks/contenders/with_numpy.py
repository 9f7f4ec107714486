"""The floor: the same steps with their derivatives worked out on paper, in ordinary NumPy."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from workloads import DRAG, DT, EPS, HEADS, SOFTENING

VERSION = np.__version__
MISSING: dict[str, str] = {}


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


def mlp(w):
    n = len(w.params) // 2
    W, b = ([w.params[f"{name}{i}"] for i in range(n)] for name in "Wb")
    loss_and_gradient = sigmoid_cross_entropy if w.Y.ndim == 2 else softmax_cross_entropy

    def step():
        inputs, h = [], w.X
        for i in range(n):
            inputs.append(h)
            h = h @ W[i] + b[i]
            if i < n - 1:
                h = np.maximum(h, 0)
        loss, d = loss_and_gradient(h, w.Y)
        for i in reversed(range(n)):
            dW, db = inputs[i].T @ d, d.sum(axis=0)
            if i:
                d = (d @ W[i].T) * (inputs[i] > 0)
            W[i] -= w.lr * dW
            b[i] -= w.lr * db
        return loss

    return step


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


def convolution(w):
    """Channels last, so that a convolution is one product of matrices."""
    p = w.params
    X = np.ascontiguousarray(w.X.transpose(0, 2, 3, 1))
    K0, K1, W = as_matrix(p["K0"]), as_matrix(p["K1"]), channels_last(p["W0"], 32, 4)
    c0, c1, b = p["c0"], p["c1"], p["b0"]

    def step():
        rows0 = patches(X)
        h0 = np.maximum(rows0 @ K0 + c0, 0)
        rows1 = patches(h0, 2)
        h1 = np.maximum(rows1 @ K1 + c1, 0)
        flat = h1.reshape(len(h1), -1)
        loss, d = softmax_cross_entropy(flat @ W + b, w.Y)

        dW, db = flat.T @ d, d.sum(axis=0)
        d = (d @ W.T).reshape(h1.shape) * (h1 > 0)
        d = d.reshape(-1, 32)
        dK1, dc1 = rows1.reshape(-1, len(K1)).T @ d, d.sum(axis=0)
        d = unpatch((d @ K1.T).reshape(rows1.shape), h0.shape, 2) * (h0 > 0)
        d = d.reshape(-1, 16)
        dK0, dc0 = rows0.reshape(-1, len(K0)).T @ d, d.sum(axis=0)
        for param, grad in ((W, dW), (b, db), (K1, dK1), (c1, dc1), (K0, dK0), (c0, dc0)):
            param -= w.lr * grad
        return loss

    return step


def maxima(x):
    """The largest of each 2x2 square, and what tells where they were."""
    n, height, width, channels = x.shape
    squares = x.reshape(n, height // 2, 2, width // 2, 2, channels)
    y = squares.max(axis=(2, 4))
    return y, squares == y[:, :, None, :, None]


def maxima_gradient(g, places):
    n, height, _, width, _, channels = places.shape
    return (g[:, :, None, :, None] * places).reshape(n, 2 * height, 2 * width, channels)


def convnet(w):
    """Channels last; a linear layer sees the channels of each place beside each other."""
    p = w.params
    X = np.ascontiguousarray(w.X.transpose(0, 2, 3, 1))
    K0, K1, W = as_matrix(p["K0"]), as_matrix(p["K1"]), channels_last(p["W0"], 32, 7)
    c0, c1, b = p["c0"], p["c1"], p["b0"]

    def step():
        rows0 = patches(X)
        h0 = np.maximum(rows0 @ K0 + c0, 0)
        m0, places0 = maxima(h0)
        rows1 = patches(m0)
        h1 = np.maximum(rows1 @ K1 + c1, 0)
        m1, places1 = maxima(h1)
        flat = m1.reshape(len(m1), -1)
        loss, d = softmax_cross_entropy(flat @ W + b, w.Y)

        dW, db = flat.T @ d, d.sum(axis=0)
        d = maxima_gradient((d @ W.T).reshape(m1.shape), places1) * (h1 > 0)
        d = d.reshape(-1, 32)
        dK1, dc1 = rows1.reshape(-1, len(K1)).T @ d, d.sum(axis=0)
        d = maxima_gradient(unpatch((d @ K1.T).reshape(rows1.shape), m0.shape), places0) * (h0 > 0)
        d = d.reshape(-1, 16)
        dK0, dc0 = rows0.reshape(-1, len(K0)).T @ d, d.sum(axis=0)
        for param, grad in ((W, dW), (b, db), (K1, dK1), (c1, dc1), (K0, dK0), (c0, dc0)):
            param -= w.lr * grad
        return loss

    return step


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


def transformer(w):
    p, layers = w.params, 2
    batch, length, width = w.X.shape
    hidden = np.triu(np.ones((length, length), bool), 1)
    factor = (HEADS / width) ** 0.5
    X, Y = w.X.reshape(-1, width), w.Y.reshape(-1)

    def split(x):
        return x.reshape(batch, length, HEADS, -1).transpose(0, 2, 1, 3)

    def join(x):
        return x.transpose(0, 2, 1, 3).reshape(batch * length, width)

    def step():
        x, saved = X, []
        for i in range(layers):
            h, norm1 = norm(x, p[f"{i}.norm1.scale"], p[f"{i}.norm1.shift"])
            q, k, v = (split(h @ p[f"{i}.{n}.W"] + p[f"{i}.{n}.b"]) for n in ("query", "key", "value"))
            a = q @ k.swapaxes(-1, -2)
            a *= factor
            a[..., hidden] = -np.inf
            a -= a.max(axis=-1, keepdims=True)
            np.exp(a, out=a)
            a /= a.sum(axis=-1, keepdims=True)
            mixed = join(a @ v)
            x = x + (mixed @ p[f"{i}.out.W"] + p[f"{i}.out.b"])
            h2, norm2 = norm(x, p[f"{i}.norm2.scale"], p[f"{i}.norm2.shift"])
            u = h2 @ p[f"{i}.up.W"] + p[f"{i}.up.b"]
            active, t = gelu(u)
            x = x + (active @ p[f"{i}.down.W"] + p[f"{i}.down.b"])
            saved.append((h, norm1, q, k, v, a, mixed, h2, norm2, u, active, t))
        h, top = norm(x, p["norm.scale"], p["norm.shift"])
        loss, d = softmax_cross_entropy(h @ p["head.W"] + p["head.b"], Y)

        grads = {}

        def linear_gradient(name, x, d):
            grads[f"{name}.W"], grads[f"{name}.b"] = x.T @ d, d.sum(axis=0)
            return d @ p[f"{name}.W"].T

        d = linear_gradient("head", h, d)
        dx, grads["norm.scale"], grads["norm.shift"] = norm_gradient(d, p["norm.scale"], top)
        for i in reversed(range(layers)):
            h, norm1, q, k, v, a, mixed, h2, norm2, u, active, t = saved[i]
            d = gelu_gradient(linear_gradient(f"{i}.down", active, dx), u, t)
            d = linear_gradient(f"{i}.up", h2, d)
            name = f"{i}.norm2"
            d, grads[f"{name}.scale"], grads[f"{name}.shift"] = norm_gradient(d, p[f"{name}.scale"], norm2)
            dx = dx + d
            d = split(linear_gradient(f"{i}.out", mixed, dx))
            da, dv = d @ v.swapaxes(-1, -2), a.swapaxes(-1, -2) @ d
            da = a * (da - (da * a).sum(axis=-1, keepdims=True))
            da *= factor
            dq, dk = da @ k, da.swapaxes(-1, -2) @ q
            d = linear_gradient(f"{i}.query", h, join(dq))
            d += linear_gradient(f"{i}.key", h, join(dk))
            d += linear_gradient(f"{i}.value", h, join(dv))
            name = f"{i}.norm1"
            d, grads[f"{name}.scale"], grads[f"{name}.shift"] = norm_gradient(d, p[f"{name}.scale"], norm1)
            dx = dx + d
        for name in p:
            p[name] -= w.lr * grads[name]
        return loss

    return step


def recurrent(w):
    Wx, Wh, b, W0, b0 = (w.params[name] for name in ("Wx", "Wh", "b", "W0", "b0"))

    def step():
        h = np.zeros((w.X.shape[1], len(Wh)), w.X.dtype)
        states = [h]
        for x in w.X:
            h = np.tanh(x @ Wx + h @ Wh + b)
            states.append(h)
        away = h @ W0 + b0 - w.Y
        loss = (away * away).mean()

        d = away * (2 / away.size)
        dW0, db0 = h.T @ d, d.sum(axis=0)
        dh = d @ W0.T
        dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
        for t in reversed(range(len(w.X))):
            h = states[t + 1]
            d = dh * (1 - h * h)
            dWx += w.X[t].T @ d
            dWh += states[t].T @ d
            db += d.sum(axis=0)
            dh = d @ Wh.T
        for param, grad in ((Wx, dWx), (Wh, dWh), (b, db), (W0, dW0), (b0, db0)):
            param -= w.lr * grad
        return loss

    return step


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


def simulation(w):
    position, velocity, mass = w.params["position"], w.params["velocity"], w.X
    steps = len(w.Y) - 1

    def step():
        x, velocities, pulls = np.empty_like(w.Y), np.empty_like(w.Y), []
        x[0], velocities[0] = position, velocity
        for t in range(steps):
            v = velocities[t]
            away, inverse, factor = pull(mass, x[t])
            speed = np.sqrt((v * v).sum(axis=-1, keepdims=True))
            gravity = (factor[:, :, None] * away).sum(axis=1)
            velocities[t + 1] = v + DT * (gravity - DRAG * speed * v)
            x[t + 1] = x[t] + DT * velocities[t + 1]
            pulls.append((away, inverse, factor, speed))
        missed = x - w.Y
        loss = (missed * missed).mean()

        missed *= 2 / missed.size
        dx, dv = missed[steps], np.zeros_like(velocity)
        for t in reversed(range(steps)):
            away, inverse, factor, speed = pulls[t]
            v = velocities[t]
            dv += DT * dx
            da = DT * dv
            dv -= DRAG * (speed * da + (v * da).sum(axis=-1, keepdims=True) / speed * v)
            dx = dx + missed[t] + gravity_gradient(da, away, inverse, factor)
        for param, grad in ((position, dx), (velocity, dv)):
            param -= w.lr * grad
        return loss

    return step


def record(w):
    a, b = w.a, w.b

    def step():
        for _ in range(w.ops):
            y = a + b
        return y.sum()

    return step


def chain(w):
    a, b = w.a, w.b

    def step():
        y = a
        for _ in range(w.ops):
            y = y + b
        g, db = np.ones_like(y), np.zeros_like(b)
        for _ in range(w.ops):
            db += g
        return y.sum() + db.sum()

    return step
