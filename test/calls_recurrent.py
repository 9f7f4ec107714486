"""Valid calls of recurrent layers, and of tables that are looked up, for test_wrong_calls.py."""

import numpy as np
from wrong_values import (
    Either,
    Free,
    New,
    Wrong,
    _plain_numbers,
    dtype_of_floats,
    exactly_whole,
    flag,
    nothing,
    number,
    numbers,
    or_none,
    perhaps,
    rate,
    seed,
    within,
)

from tensorgrad import Tensor, functions, nn

width, probability, unsure = exactly_whole(1, 10**6), within(0, 1, rate()), perhaps(number(low=0))
WEIGHT = np.arange(8.0).reshape(4, 2) / 8


def rows(count, *shapes):
    """Ints from 0 to below the count, of these shapes, or of any."""

    def kind(value):
        if isinstance(value, Tensor) or (isinstance(value, list | tuple) and any(isinstance(v, Tensor) for v in value)):
            raise Wrong
        array = _plain_numbers(value)
        array = array.astype(int) if not array.size and isinstance(value, list | tuple) else array
        fits = array.dtype.kind in "iu" and (not shapes or array.shape in shapes)
        if not fits or (array.size and (array.min() < 0 or array.max() >= count)):
            raise Wrong
        return array

    return kind


def begins(value):
    """Where bags of two numbers begin."""
    array = rows(3)(value)
    if array.ndim != 1 or not array.size or array[0] or np.any(np.diff(array) < 0):
        raise Wrong
    return array


def table(value):
    """Numbers in rows, of which there are four where another argument asks for that."""
    array = numbers(tensors=False)(value)
    if array.ndim != 2:
        raise Wrong
    return Either(array)


def p_norm(value):
    """Any real number; which norm it gives is NumPy's to say."""
    return number()(value) and Free()


OF_ALL = {"rng": (0, seed), "dtype": (np.float32, dtype_of_floats)}
SIZES = {"input_size": (3, width), "hidden_size": (2, width)}
OF_LAYERS = {"bias": (True, flag), "batch_first": (False, flag), "dropout": (0.0, probability)}
OF_LAYERS |= {"bidirectional": (False, flag)}
layers = {"num_layers": (2, exactly_whole(1, 100))}
nonlinearity = {"nonlinearity": ("relu", nothing)}
OF_TABLES = {
    "max_norm": (None, or_none(rate())),
    "norm_type": (2.0, perhaps(p_norm)),
    "scale_grad_by_freq": (False, flag),
}
padding = {"padding_idx": (None, or_none(exactly_whole(-4, 3)))}
TABLE = {"num_embeddings": (4, width), "embedding_dim": (2, width)}

X = np.ones((2, 3))
x, h = numbers((2, 3), (3,)), or_none(numbers((2, 2)))
ALONE = New(lambda: Tensor(X.copy()))
states, first = (None, or_none(nothing)), {"h_0": (np.ones((1, 2)), or_none(numbers((1, 2))))}


def made(kind, *args, **options):
    return New(lambda: kind(*args, **options, rng=0))


CALLS = {
    "RNN": (nn.RNN, SIZES | layers | nonlinearity | OF_LAYERS | OF_ALL),
    "LSTM": (nn.LSTM, SIZES | layers | OF_LAYERS | {"proj_size": (1, exactly_whole(0, 1))} | OF_ALL),
    "GRU": (nn.GRU, SIZES | layers | OF_LAYERS | OF_ALL),
    "RNNCell": (nn.RNNCell, SIZES | {"bias": (True, flag)} | nonlinearity | OF_ALL),
    "LSTMCell": (nn.LSTMCell, SIZES | {"bias": (True, flag)} | OF_ALL),
    "GRUCell": (nn.GRUCell, SIZES | {"bias": (True, flag)} | OF_ALL),
    "RNN.forward": (nn.RNN.forward, {"self": made(nn.RNN, 3, 2), "x": (ALONE, x), **first}),
    "LSTM.forward": (nn.LSTM.forward, {"self": made(nn.LSTM, 3, 2), "x": (ALONE, x), "state": states}),
    "GRU.forward": (nn.GRU.forward, {"self": made(nn.GRU, 3, 2), "x": (ALONE, x), **first}),
    "RNNCell.forward": (nn.RNNCell.forward, {"self": made(nn.RNNCell, 3, 2), "x": (ALONE, x), "h": (None, h)}),
    "LSTMCell.forward": (nn.LSTMCell.forward, {"self": made(nn.LSTMCell, 3, 2), "x": (ALONE, x), "state": states}),
    "GRUCell.forward": (nn.GRUCell.forward, {"self": made(nn.GRUCell, 3, 2), "x": (ALONE, x), "h": (None, h)}),
    "embedding": (
        functions.embedding, {"x": ([0, 2], rows(4)), "weight": (WEIGHT, numbers((4, 2)))} | padding | OF_TABLES
    ),
    "embedding_bag": (
        functions.embedding_bag,
        {
            "x": ([0, 2], rows(4, (2,), (3,))), "weight": (WEIGHT, numbers((4, 2))), "offsets": ([0, 2], begins),
            **OF_TABLES, "mode": ("sum", nothing),
            "per_sample_weights": (np.ones(2), or_none(numbers((2,)))), "include_last_offset": (False, flag), **padding,
        },
    ),
    "one_hot": (functions.one_hot, {"x": ([0, 0], rows(4)), "num_classes": (4, exactly_whole(1, 10**6))}),
    "Embedding": (nn.Embedding, TABLE | padding | OF_TABLES | OF_ALL),
    "Embedding.forward": (nn.Embedding.forward, {"self": made(nn.Embedding, 4, 2), "x": ([0, 2], rows(4))}),
    "Embedding.from_pretrained": (
        nn.Embedding.from_pretrained, {"embeddings": (WEIGHT, table), "freeze": (True, flag)} | padding | OF_TABLES,
    ),
    "EmbeddingBag": (
        nn.EmbeddingBag,
        TABLE | OF_TABLES | {"mode": ("max", nothing), "include_last_offset": (False, flag)} | padding | OF_ALL,
    ),
    "EmbeddingBag.forward": (
        nn.EmbeddingBag.forward,
        {
            "self": made(nn.EmbeddingBag, 4, 2, mode="sum"), "x": ([0, 2], rows(4, (2,), (3,))),
            "offsets": ([0, 2], begins), "per_sample_weights": (None, or_none(numbers((2,)))),
        },
    ),
    "EmbeddingBag.from_pretrained": (
        nn.EmbeddingBag.from_pretrained,
        {"embeddings": (WEIGHT, table), "freeze": (True, flag)}
        | OF_TABLES | {"mode": ("sum", nothing), "include_last_offset": (False, flag)} | padding,
    ),
}  # fmt: skip
