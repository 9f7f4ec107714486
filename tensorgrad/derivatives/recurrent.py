"""Recurrent networks over all steps of a sequence: RNN, LSTM and GRU, and backpropagation through time (Werbos,
Backpropagation through time: what it does and how to do it, 1990).

Each is a pair of functions. The first goes forward: `gates` (T, N, k H) is what the input contributes to the k gates,
which doesn't depend on the states, so that it is one product for all steps, made before. The second gives the gradients
of all arguments, given `g`, that of the output. These have one sweep back through the steps in common, and so they are
computed together; `tensorgrad.nn.recurrent` records both as one operation.

The second is written as every rule: given arrays it computes, given Tensors it records itself, and so can be
differentiated again. `saved` is what the forward pass has computed; where it is None, it is computed again from the
arguments and the outputs, for all steps at once.
"""

from typing import Any

import numpy as np

from .activations import one_where_positive
from .arrays import ARRAYS, array_in, inside
from .products import long_matrix

# What they share -----------------------------------------------------------------------------------------------------


def rows_to_write(shape: tuple, *values: Any) -> tuple[Any, list]:
    """An array and its rows, which are given as out=, where all values that aren't None are NumPy's own arrays; else
    None and Nones: then each step makes a row of its own, and they are stacked."""
    values = tuple([value for value in values if value is not None])
    if all([type(value) in ARRAYS for value in values]):
        whole = np.empty(shape, np.result_type(*values), like=array_in(*values))
        return whole, list(whole)
    return None, [None] * shape[0]


def stacked(whole: Any, rows: list) -> Any:
    """The rows as one: the array that they have been written into, or a stack."""
    return np.stack(rows) if whole is None else whole


def parts(a: Any, count: int) -> list:
    """Equal parts of the last axis."""
    n = a.shape[-1] // count
    return [a[..., i * n : (i + 1) * n] for i in range(count)]


def before(first: Any, states: Any) -> Any:
    """The state before each step, (T, N, H)."""
    return np.concatenate([np.expand_dims(first, 0), states[:-1]])


def weight_gradient(d: Any, states: Any) -> Any:
    """The sum of d[t].T @ states[t] over all steps, as one product."""
    return long_matrix(d).T @ long_matrix(states)


# sigmoid(x) = tanh(x / 2) / 2 + 1/2: so with a scale of 1/2 for each sigmoid, and 1 for each tanh, one call does all.


def scales(like: Any, *each: float) -> Any:
    """The scale of each column, for gates of equal width."""
    return np.repeat(np.asarray(each, like.dtype, like=inside(like)), like.shape[-1] // len(each))


def activated(a: Any, scale: Any) -> Any:
    """sigmoid(a) or tanh(a), by the scale of the column; written into a, where that is an array."""
    if type(a) not in ARRAYS:
        return np.tanh(a * scale) * scale + (1 - scale)
    a *= scale
    np.tanh(a, out=a)
    a *= scale
    a += 1 - scale
    return a


def slopes(u: Any, scale: Any) -> Any:
    """The derivative of that, given its value: u (1 - u) of a sigmoid, 1 - u^2 = (1 + u) (1 - u) of tanh."""
    return (1 - u) * (u + (2 * scale - 1))


# RNN: h' = tanh(a) or relu(a), a = gates + h W^T ---------------------------------------------------------------------


def rnn(gates: Any, h: Any, weight: Any, relu: bool = False) -> tuple[Any, Any]:
    """The states (T, N, H), from gates (T, N, H), the first state h (N, H) and weight (H, H); and nothing saved."""
    whole, rows = rows_to_write((*gates.shape[:2], weight.shape[1]), gates, h, weight)
    for t in range(len(rows)):
        a = h @ weight.T + gates[t]
        h = rows[t] = np.maximum(a, 0, out=rows[t]) if relu else np.tanh(a, out=rows[t])
    return stacked(whole, rows), None


def rnn_gradients(g: Any, y: Any, saved: Any, gates: Any, h: Any, weight: Any, relu: bool = False) -> list:
    whole, rows = rows_to_write(y.shape, g, y, gates, h, weight)
    dh: Any = 0
    for t in reversed(range(len(rows))):
        slope = one_where_positive(y[t]) if relu else 1 - y[t] * y[t]
        d = rows[t] = np.multiply(g[t] + dh, slope, out=rows[t])
        dh = d @ weight
    d = stacked(whole, rows)
    return [d, dh, weight_gradient(d, before(h, y))]


# LSTM: c' = f c + i g, h' = o tanh(c'), sigmoids i, f, o and g = tanh of the parts of gates + h W^T ------------------

LSTM = (0.5, 0.5, 1.0, 0.5)


def lstm(gates: Any, h: Any, c: Any, weight: Any, projection: Any = None) -> tuple[tuple, tuple]:
    """The states h (T, N, P) and the last c (N, H), from gates (T, N, 4 H), the first h (N, P) and c (N, H), weight
    (4 H, P), and projection (P, H), by which h' is multiplied, or None: then P is H.

    Saved are the activated gates, the c before each step, and tanh(c) after it.
    """
    whole, rows = rows_to_write((*gates.shape[:2], weight.shape[1]), gates, h, c, weight, projection)
    scale, us, cs, tanhs = scales(gates, *LSTM), [], [c], []
    for t in range(len(rows)):
        u = activated(h @ weight.T + gates[t], scale)
        i, f, g, o = parts(u, 4)
        c = f * c + i * g
        tanh = np.tanh(c)
        if projection is None:
            h = rows[t] = np.multiply(o, tanh, out=rows[t])
        else:
            h = rows[t] = np.matmul(o * tanh, projection.T, out=rows[t])
        us.append(u)
        cs.append(c)
        tanhs.append(tanh)
    return (stacked(whole, rows), c), (us, cs, tanhs)


def _lstm_again(y: Any, gates: Any, h: Any, c: Any, weight: Any) -> tuple:
    """What lstm saves, from its arguments and its states."""
    u = activated(before(h, y) @ weight.T + gates, scales(gates, *LSTM))
    i, f, g, _ = parts(u, 4)
    added, cs = i * g, [c]
    for t in range(gates.shape[0]):
        cs.append(f[t] * cs[-1] + added[t])
    return u, cs, np.tanh(np.stack(cs[1:]))


def lstm_gradients(
    g: Any, y: Any, saved: Any, gates: Any, h: Any, c: Any, weight: Any, projection: Any = None
) -> list:
    (gh, dc), (y, _), dh = g, y, 0
    us, cs, tanhs = _lstm_again(y, gates, h, c, weight) if saved is None else saved
    whole, rows = rows_to_write(gates.shape, gh, dc, y, gates, h, c, weight, projection)
    scale, dhs = scales(gates, *LSTM), []
    for t in reversed(range(len(rows))):
        i, f, g, o = parts(us[t], 4)
        dh = gh[t] + dh
        if projection is not None:
            dhs.append(dh)
            dh = dh @ projection
        dc = dc + dh * (o * (1 - tanhs[t] * tanhs[t]))
        d = np.concatenate([dc * g, dc * cs[t], dc * i, dh * tanhs[t]], axis=-1)
        d = rows[t] = np.multiply(d, slopes(us[t], scale), out=rows[t])
        dc = dc * f
        dh = d @ weight
    d = stacked(whole, rows)
    found = [d, dh, dc, weight_gradient(d, before(h, y))]
    if projection is not None:
        outputs = np.stack([parts(us[t], 4)[3] * tanhs[t] for t in range(len(rows))])
        found.append(weight_gradient(np.stack(dhs[::-1]), outputs))
    return found


# GRU: h' = (1 - z) n + z h, n = tanh(gates + r b), sigmoids r, z of gates + b, where b = h W^T + bias ----------------


def gru(gates: Any, h: Any, weight: Any, bias: Any = None) -> tuple[Any, Any]:
    """The states (T, N, H), from gates (T, N, 3 H), the first state h (N, H), weight (3 H, H) and bias (3 H), or None.

    Saved are r and z beside each other, n, and b_n.
    """
    whole, rows = rows_to_write((*gates.shape[:2], weight.shape[1]), gates, h, weight, bias)
    n, us, ns, bs = weight.shape[1], [], [], []
    scale = scales(gates[..., : 2 * n], 0.5, 0.5)
    for t in range(len(rows)):
        b = h @ weight.T if bias is None else h @ weight.T + bias
        u = activated(gates[t][..., : 2 * n] + b[..., : 2 * n], scale)
        r, z = parts(u, 2)
        bn = b[..., 2 * n :]
        new = np.tanh(gates[t][..., 2 * n :] + r * bn)
        h = rows[t] = np.add(new, z * (h - new), out=rows[t])
        us.append(u)
        ns.append(new)
        bs.append(bn)
    return stacked(whole, rows), (us, ns, bs)


def _gru_again(y: Any, gates: Any, h: Any, weight: Any, bias: Any) -> tuple:
    """What gru saves, from its arguments and its states."""
    n, b = weight.shape[1], before(h, y) @ weight.T
    b = b if bias is None else b + bias
    u, bn = activated(gates[..., : 2 * n] + b[..., : 2 * n], scales(gates[..., : 2 * n], 0.5, 0.5)), b[..., 2 * n :]
    return u, np.tanh(gates[..., 2 * n :] + u[..., :n] * bn), bn


def gru_gradients(g: Any, y: Any, saved: Any, gates: Any, h: Any, weight: Any, bias: Any = None) -> list:
    us, ns, bs = _gru_again(y, gates, h, weight, bias) if saved is None else saved
    given = (g, y, gates, h, weight, bias)
    whole, rows = rows_to_write(gates.shape, *given)  # the gradient of the gates
    whole_b, rows_b = rows_to_write(gates.shape, *given)  # and that of b, which differs in the last third
    dh: Any = 0
    for t in reversed(range(len(rows))):
        (r, z), new = parts(us[t], 2), ns[t]
        dh = g[t] + dh
        dn = dh * (1 - z) * (1 - new * new)
        dr, dz = dn * bs[t] * (r * (1 - r)), dh * ((y[t - 1] if t else h) - new) * (z * (1 - z))
        rows[t] = np.concatenate([dr, dz, dn], axis=-1, out=rows[t])
        db = rows_b[t] = np.concatenate([dr, dz, dn * r], axis=-1, out=rows_b[t])
        dh = dh * z + db @ weight
    db = stacked(whole_b, rows_b)
    found = [stacked(whole, rows), dh, weight_gradient(db, before(h, y))]
    return found if bias is None else [*found, np.sum(db, axis=(0, 1))]
