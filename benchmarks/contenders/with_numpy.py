"""The floor: the same steps with their derivatives worked out on paper, in ordinary NumPy."""

import numpy as np
from workloads import DRAG, DT, HEADS

from contenders.pieces import (
    ROOT,
    adam,
    as_matrix,
    channels_last,
    gelu,
    gelu_gradient,
    gravity_gradient,
    logistic,
    maxima,
    maxima_gradient,
    norm,
    norm_gradient,
    patches,
    perceptron,
    pull,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    unpatch,
)

VERSION = np.__version__
MISSING: dict[str, str] = {}


def weights(w):
    n = len(w.params) // 2
    return ([w.params[f"{name}{i}"] for i in range(n)] for name in "Wb")


def mlp(w):
    W, b = weights(w)
    loss_and_gradient = sigmoid_cross_entropy if w.Y.ndim == 2 else softmax_cross_entropy

    def step():
        loss, dW, db = perceptron(W, b, w.X, w.Y, loss_and_gradient)
        for i in range(len(W)):
            W[i] -= w.lr * dW[i]
            b[i] -= w.lr * db[i]
        return loss

    return step


def mlp_adam(w):
    W, b = weights(w)
    update = adam([*W, *b], w.lr)

    def step():
        loss, dW, db = perceptron(W, b, w.X, w.Y, sigmoid_cross_entropy)
        update([*dW, *db])
        return loss

    return step


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


def lstm(w):
    Wx, Wh, bx, bh, W0, b0 = (w.params[name] for name in ("Wx", "Wh", "bx", "bh", "W0", "b0"))
    steps, batch, nin = w.X.shape
    width, dtype, X = Wh.shape[1], w.X.dtype, w.X.reshape(steps * batch, nin)
    first, second, third = slice(0, width), slice(width, 2 * width), slice(2 * width, 3 * width)
    fourth = slice(3 * width, 4 * width)
    i, f, g, o, tanh = (np.empty((steps, batch, width), dtype) for _ in range(5))
    hs, cs = (np.zeros((steps + 1, batch, width), dtype) for _ in range(2))
    da = np.empty((steps, batch, 4 * width), dtype)

    def step():
        gates = (X @ Wx.T + (bx + bh)).reshape(da.shape)
        for t in range(steps):
            a = gates[t] + hs[t] @ Wh.T
            i[t], f[t] = logistic(a[:, first]), logistic(a[:, second])
            g[t], o[t] = np.tanh(a[:, third]), logistic(a[:, fourth])
            cs[t + 1] = f[t] * cs[t] + i[t] * g[t]
            tanh[t] = np.tanh(cs[t + 1])
            hs[t + 1] = o[t] * tanh[t]
        h = hs[steps]
        away = h @ W0 + b0 - w.Y
        loss = (away * away).mean()

        d = away * (2 / away.size)
        dW0, db0 = h.T @ d, d.sum(axis=0)
        dh, dc = d @ W0.T, np.zeros_like(h)
        for t in reversed(range(steps)):
            dc += dh * o[t] * (1 - tanh[t] * tanh[t])
            da[t, :, first] = dc * g[t] * i[t] * (1 - i[t])
            da[t, :, second] = dc * cs[t] * f[t] * (1 - f[t])
            da[t, :, third] = dc * i[t] * (1 - g[t] * g[t])
            da[t, :, fourth] = dh * tanh[t] * o[t] * (1 - o[t])
            dc *= f[t]
            dh = da[t] @ Wh
        rows = da.reshape(steps * batch, 4 * width)
        dWx, dWh, db = rows.T @ X, rows.T @ hs[:-1].reshape(steps * batch, width), rows.sum(axis=0)
        for param, grad in ((Wx, dWx), (Wh, dWh), (bx, db), (bh, db), (W0, dW0), (b0, db0)):
            param -= w.lr * grad
        return loss

    return step


def embedding(w):
    """The gradient of the table by np.bincount, a column after the other: faster than np.add.at."""
    table, W, b = (w.params[name] for name in ("table", "W0", "b0"))
    length = w.X.shape[1]
    words = w.X.T.ravel()

    def step():
        h = table[w.X].mean(axis=1)
        loss, d = softmax_cross_entropy(h @ W + b, w.Y)
        dW, db = h.T @ d, d.sum(axis=0)
        dh = d @ W.T / length
        dtable = np.empty_like(table)
        for j, column in enumerate(dh.T):
            dtable[:, j] = np.bincount(words, np.tile(column, length), len(table))
        for param, grad in ((table, dtable), (W, dW), (b, db)):
            param -= w.lr * grad
        return loss

    return step


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


def normal_cdf(x):
    """The approximation with tanh, and its derivative."""
    square = x * x
    t = np.tanh(ROOT * x * (1 + 0.044715 * square))
    return 0.5 + 0.5 * t, (0.5 * ROOT) * (1 - t * t) * (1 + 3 * 0.044715 * square)


def black_scholes(w):
    spot, volatility, rate, time = (w.params[name] for name in ("spot", "volatility", "rate", "time"))
    strike = w.X

    def step():
        root = np.sqrt(time)
        deviation = volatility * root
        drift = rate + 0.5 * (volatility * volatility)
        d1 = (np.log(spot / strike) + drift * time) / deviation
        discounted = strike * np.exp(-rate * time)
        (n1, slope1), (n2, slope2) = normal_cdf(d1), normal_cdf(d1 - deviation)
        value = (spot * n1 - discounted * n2).sum()

        g2 = discounted * slope2
        above = (spot * slope1 - g2) / deviation  # the gradient of what is divided by the deviation
        ddeviation = g2 - above * d1
        through = n2 * discounted  # minus the gradient of the exponent
        dspot = n1 + above / spot
        dvolatility = above * volatility * time + ddeviation * root
        drate = (above + through) * time
        dtime = above * drift + through * rate + 0.5 * ddeviation * volatility / root
        return value, (dspot, dvolatility, drate, dtime)

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
