"""Gradients of data in chunks, beside those of the same data in one piece; computed in this thread."""

import dataclasses
import functools
import random
import threading

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import MLP, Module, Tensor, losses, nn

pytest.importorskip("dask")
import cloudpickle
import dask
import dask.array as da
from dask import delayed
from dask.core import flatten

from tensorgrad.distributed import value_and_grad

N = 13
CHUNKS = {"even": (5, 5, 3), "uneven": (1, 9, 3), "one": (13,), "each": (1,) * 13, "with empty ones": (0, 6, 0, 7, 0)}


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def data(rng):
    return rng.normal(size=(N, 4)), rng.integers(0, 3, N)


def cross_entropy(model, X, y):
    return tg.softmax_cross_entropy(model(X), y)


def square(w, X, reduction="mean"):
    return getattr(np, reduction)((X @ w) ** 2)


def model_of(rng=1, dtype=np.float64):
    return MLP(4, [5, 3], activation="tanh", rng=rng, dtype=dtype)


def assert_close(got, wanted, rtol=1e-12):
    """The value and the gradient of both, in structure, dtype and numbers."""
    (value, gradient), (v, g) = got, wanted
    assert_same(value, v, rtol)
    assert_same(gradient, g, rtol)


def assert_same(a, b, rtol=1e-12):
    if isinstance(b, dict):
        assert type(a) is type(b) and list(a) == list(b)
        for key in b:
            assert_same(a[key], b[key], rtol)
    elif isinstance(b, list | tuple):
        assert type(a) is type(b) and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y, rtol)
    elif b is None:
        assert a is None
    else:
        b = b.data if isinstance(b, Tensor) else b
        assert type(a) is np.ndarray and a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * max(1.0, np.max(np.abs(b), initial=0.0)))


# Values and gradients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_it_is_the_gradient_of_all_examples(chunks, reduction, data):
    X, y = data
    model = model_of()

    def loss(model, X, y):
        return tg.softmax_cross_entropy(model(X), y, reduction=reduction)

    got = value_and_grad(loss, reduction)(model, da.from_array(X, chunks=(chunks, 4)), da.from_array(y, chunks=chunks))
    assert_close(got, tg.value_and_grad(loss)(model, X, y))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_it_is_the_gradient_that_numpy_gives_by_hand(reduction, data):
    X, w = data[0], np.arange(4.0)
    loss = functools.partial(square, reduction=reduction)
    value, gradient = value_and_grad(loss, reduction)(w, da.from_array(X, chunks=((6, 7), 4)))
    scale = 1 if reduction == "sum" else 1 / N
    np.testing.assert_allclose(value, scale * np.sum((X @ w) ** 2), rtol=1e-13)
    np.testing.assert_allclose(gradient, scale * 2 * X.T @ (X @ w), rtol=1e-12)


@dataclasses.dataclass
class Weights:
    w: object
    rest: object


STRUCTURES = {
    "an array": np.arange(4.0),
    "a Tensor": Tensor(np.arange(4.0)),
    "a dict": {"w": np.arange(4.0), "b": 0.5, "name": "text", "none": None, "f": np.tanh},
    "a list": [np.arange(4), [1, Tensor(2.0)]],
    "a dataclass": Weights(np.arange(4.0), (1.0, {"c": np.float32(2)})),
    "two modules": [MLP(4, [2], rng=0), {"head": MLP(2, [1], rng=1)}],
    "float32": {"w": np.ones(4, np.float32)},
    "complex numbers": {"w": np.ones(4) + 1j},
}


@pytest.mark.parametrize("parameters", STRUCTURES.values(), ids=STRUCTURES)
def test_parameters_in_a_structure(parameters, data):
    X = data[0].astype(np.float32)

    def loss(parameters, X):
        if isinstance(parameters, Weights):
            return np.mean((X @ parameters.w) ** 2 * parameters.rest[0]) + parameters.rest[1]["c"] ** 2
        if isinstance(parameters, list):
            if isinstance(parameters[0], Module):
                return np.mean(parameters[1]["head"](parameters[0](X)) ** 2)
            return np.mean((X @ parameters[0] + parameters[1][0]) ** 2) * parameters[1][1]
        w = parameters["w"] if isinstance(parameters, dict) else parameters
        b = parameters.get("b", 0) if isinstance(parameters, dict) else 1
        return np.mean(np.abs(X @ w + b) ** 2)

    got = value_and_grad(loss)(parameters, da.from_array(X, chunks=(5, 4)))
    with tg.no_grad():  # of Tensors, the gradients are Tensors
        expected = tg.value_and_grad(loss)(parameters, X)
    if isinstance(parameters, Weights):
        got, expected = ((v, [g.w, *g.rest[:1], g.rest[1]]) for v, g in (got, expected))
    assert_close(got, expected, rtol=1e-12 if expected[0].dtype == np.float64 else 2e-6)


def test_float32_stays_float32(data):
    X, y = data[0].astype(np.float32), data[1]
    model = model_of(dtype=np.float32)
    got = value_and_grad(cross_entropy)(model, da.from_array(X, chunks=(4, 4)), da.from_array(y, chunks=4))
    assert got[0].dtype == np.float32 and all(g.dtype == np.float32 for g in got[1].values())
    assert_close(got, tg.value_and_grad(cross_entropy)(model, X, y), rtol=3e-6)


def test_one_chunk_gives_the_same_bits(data):
    X, w = data[0], np.arange(4.0)
    value, gradient = value_and_grad(square)(w, da.from_array(X, chunks=(N, 4)))
    v, g = tg.value_and_grad(square)(w, X)
    assert value == v and np.array_equal(gradient, g)


def test_frozen_parameters_have_no_gradient(data):
    X, y = data
    model = model_of()
    model.layers[0].freeze()
    got = value_and_grad(cross_entropy)(model, da.from_array(X, chunks=(4, 4)), da.from_array(y, chunks=4))
    assert_close(got, tg.value_and_grad(cross_entropy)(model, X, y))
    assert list(got[1]) == ["layers.1.weight", "layers.1.bias"]


def test_parameters_that_the_loss_ignores_have_gradients_of_zero(data):
    parameters = {"w": np.ones(4), "unused": np.ones((2, 3), np.float32)}
    _, gradient = value_and_grad(lambda p, X: np.mean((X @ p["w"]) ** 2))(parameters, da.from_array(data[0], chunks=4))
    assert gradient["unused"].dtype == np.float32 and np.array_equal(gradient["unused"], np.zeros((2, 3)))


def test_nan_stays_nan(data):
    X = data[0].copy()
    X[3, 1] = np.nan
    value, gradient = value_and_grad(square)(np.ones(4), da.from_array(X, chunks=((3, 5, 0, 5), 4)))
    assert np.isnan(value) and np.isnan(gradient).all()


def test_float16_does_not_overflow():
    """Though the sum over all examples would."""
    X = da.from_array(np.full((4000, 1), 4, np.float16), chunks=(500, 1))
    value, gradient = value_and_grad(square)(np.full(1, 2, np.float16), X)
    assert value == 64 and gradient == 64 and gradient.dtype == np.float16


def test_auxiliary_results_come_chunk_by_chunk(data):
    X = da.from_array(data[0], chunks=((0, 6, 7), 4))

    def loss(w, X):
        return np.mean((X @ w) ** 2), {"outputs": X @ w, "n": len(X)}

    (value, aux), gradient = value_and_grad(loss, has_aux=True)(np.ones(4), X)
    (v, _), g = tg.value_and_grad(loss, has_aux=True)(np.ones(4), data[0])
    assert_close((value, gradient), (v, g))
    assert aux[0] is None and [part["n"] for part in aux[1:]] == [6, 7]
    np.testing.assert_array_equal(np.concatenate([part["outputs"] for part in aux[1:]]), data[0] @ np.ones(4))


def test_a_network_as_a_keyword_argument_must_be_frozen(data):
    X, teacher = da.from_array(data[0], chunks=(4, 4)), MLP(4, [1], rng=0)

    def loss(w, X, teacher):
        return np.mean((X @ w - teacher(X)[:, 0]) ** 2)

    with pytest.raises(TypeError, match="none of the parameters"):
        value_and_grad(loss)(np.ones(4), X, teacher=teacher)
    teacher.freeze()
    assert_close(
        value_and_grad(loss)(np.ones(4), X, teacher=teacher),
        tg.value_and_grad(loss)(np.ones(4), data[0], teacher=teacher),
    )


def test_keyword_arguments_go_to_the_loss(data):
    X = da.from_array(data[0], chunks=(4, 4))
    got = value_and_grad(square, "sum")(np.ones(4), X, reduction="sum")
    assert_close(got, tg.value_and_grad(square)(np.ones(4), data[0], reduction="sum"))


def test_it_is_one_computation(data):
    """Of the data too: what both arrays are made of is loaded once, with the loss and the gradient."""
    loads = []

    def load(block):
        loads.append(len(block))
        return block

    both = da.from_array(np.column_stack([data[0], data[1]]), chunks=((6, 7), 5)).map_blocks(
        load, dtype=float, meta=np.ones((0, 0))
    )
    model = model_of()
    got = value_and_grad(cross_entropy)(model, both[:, :4], both[:, 4].astype(int))
    assert sorted(loads) == [6, 7]
    assert_close(got, tg.value_and_grad(cross_entropy)(model, *data))


@pytest.mark.parametrize("has_aux", [False, True])
def test_one_sum_is_asked_for_and_no_gradient_of_a_chunk(has_aux, data):
    asked = []

    def get(graph, keys, **options):
        asked.append([*flatten(keys)])
        return dask.get(graph, keys, **options)

    def loss(w, X):
        return (np.mean((X @ w) ** 2), len(X)) if has_aux else np.mean((X @ w) ** 2)

    with dask.config.set(scheduler=get):
        value_and_grad(loss, has_aux=has_aux)(np.ones(4), da.from_array(data[0], chunks=(4, 4)))
    ((total, *auxes),) = asked
    assert total.startswith("mean_of_two") and len(auxes) == (4 if has_aux else 0)
    assert all(key.startswith("aux_of") for key in auxes)


def test_gradients_are_added_in_pairs():
    """Of 8 chunks, 7 sums of two, three deep."""
    from tensorgrad.distributed.gradient import summed

    def add(a, b):
        return (f"({a[0]} {b[0]})", max(a[1], b[1]) + 1)

    assert summed([delayed((str(i), 0)) for i in range(8)], add).compute() == ("(((0 1) (2 3)) ((4 5) (6 7)))", 3)
    assert summed([delayed((str(i), 0)) for i in range(5)], add).compute()[0] == "(((0 1) (2 3)) 4)"


# Data -----------------------------------------------------------------------------------------------------------------


def test_chunks_of_unknown_lengths(data):
    X, y = (da.from_array(x, chunks=5) for x in data)
    keep = y != 1
    X, y = X.rechunk((5, 4))[keep], y[keep]
    assert np.isnan(X.shape[0])
    model, kept = model_of(), data[1] != 1
    got = value_and_grad(cross_entropy)(model, X, y)
    assert_close(got, tg.value_and_grad(cross_entropy)(model, data[0][kept], data[1][kept]))


def test_chunks_along_other_axes_are_joined(data):
    X, y = data
    got = value_and_grad(cross_entropy)(model_of(), da.from_array(X, chunks=(5, 2)), da.from_array(y, chunks=5))
    assert_close(got, tg.value_and_grad(cross_entropy)(model_of(), X, y))
    unknown = da.from_array(X, chunks=(5, 2))
    unknown = unknown[unknown[:, 0] > -np.inf]
    got = value_and_grad(square)(np.ones(4), unknown)
    assert_close(got, tg.value_and_grad(square)(np.ones(4), X))


def test_data_that_are_cut_differently_are_aligned(data):
    X, y = data
    got = value_and_grad(cross_entropy)(model_of(), da.from_array(X, chunks=(5, 4)), da.from_array(y, chunks=(2, 11)))
    assert_close(got, tg.value_and_grad(cross_entropy)(model_of(), X, y))


def test_lists_of_batches(data):
    X, y = data
    cuts = [slice(0, 5), slice(5, 6), slice(6, 13)]
    batches = [X[:5], delayed(lambda: X[5:6])(), da.from_array(X[6:], chunks=(7, 2)).rechunk(-1)]
    got = value_and_grad(cross_entropy)(model_of(), batches, tuple(y[cut] for cut in cuts))
    assert_close(got, tg.value_and_grad(cross_entropy)(model_of(), X, y))
    lengths = [cut.stop - cut.start for cut in cuts]
    got = value_and_grad(cross_entropy)(model_of(), batches, da.from_array(y, chunks=(tuple(lengths),)))
    assert_close(got, tg.value_and_grad(cross_entropy)(model_of(), X, y))


def test_three_data_arguments(data):
    weight = np.arange(1.0, N + 1)

    def loss(w, X, y, weight):
        return np.mean(weight * (X @ w - y) ** 2)

    arrays = [da.from_array(x, chunks=4) for x in (*data, weight)]
    assert_close(value_and_grad(loss)(np.ones(4), *arrays), tg.value_and_grad(loss)(np.ones(4), *data, weight))


ONES = da.ones((6, 2), chunks=(3, 2))
WRONG_DATA = {
    "none": ((), TypeError, "there are no data"),
    "an array": ((np.ones((6, 2)),), TypeError, r"data argument 0 .*from_array"),
    "a Tensor": ((ONES, Tensor(np.ones(6))), TypeError, "data argument 1 must be a Dask array"),
    "no axis": ((da.ones(()),), ValueError, r"first axis.*\(\)"),
    "other lengths": ((ONES, da.ones(7, chunks=3)), ValueError, "6 and 7 examples"),
    "other numbers of batches": ((ONES, [np.ones(6)]), ValueError, r"\[2, 1\] chunks"),
    "other lengths of batches": (([np.ones(3)], [np.ones(4)]), ValueError, r"\(3,\), \(4,\)"),
    "no batches": (([],), ValueError, "no batches"),
    "numbers": (([1.0, 2.0],), TypeError, "batch 0"),
    "a batch without axes": (([np.ones(())],), ValueError, "first axis"),
    "a list of arrays in chunks": (([ONES],), ValueError, "2 chunks"),
    "batches of lists": (([delayed(lambda: [1.0, 2.0])()],), TypeError, r"must be arrays, not list"),
    "no examples": ((ONES[:0],), ValueError, "no example"),
    "unknown lengths": ((ONES, da.ones(6, chunks=2)[da.ones(6, chunks=2) > 0]), ValueError, "compute_chunk_sizes"),
    "unknown columns": ((ONES.T.rechunk(1)[:, ONES[:, 0] > 0],), ValueError, "along axis 1.*compute_chunk_sizes"),
    "a delayed": ((delayed(np.ones)(3),), TypeError, "data argument 0"),
    "unknown lengths that differ": (
        (ONES[ONES[:, 0] > 0], da.ones(6, chunks=3)[da.arange(6, chunks=3) > 0]), ValueError, r"\(3, 2\), \(2,\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "kind", "text"), WRONG_DATA.values(), ids=WRONG_DATA)
def test_wrong_data_raise_a_clear_error(given, kind, text):
    with pytest.raises(kind, match=f"distributed.value_and_grad.*{text}"):
        value_and_grad(lambda w, *data: w * np.mean(data[0]))(1.0, *given)


# Losses ---------------------------------------------------------------------------------------------------------------

OUTER = Tensor(2.0)
RNG = np.random.default_rng(0)


def draws(w, X, rng=RNG):
    return np.mean(X * w * rng.random())


def draws_of_a_global(w, X):
    return np.mean(X * w * RNG.random())


def has_attribute(w, X):
    return np.mean(X * w) + 0 * getattr(X, "RNG", 0) + (X.RNG if w is None else 0)


def with_closure(rng):
    return lambda w, X: np.mean(X * w * rng.random())


class Noisy:
    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, w, X):
        return np.mean(X * w * self.rng.random())

    loss = __call__


def noise_of(X):
    return RNG.random() * X


def calls_what_draws(w, X):
    return np.mean(noise_of(X) * w)


def draws_in_a_comprehension(w, X):
    return np.mean(X * w) * sum([RNG.random() for _ in range(2)])


def draws_of(random):
    """A loss that draws by way of this."""
    return lambda w, X: np.mean(X * w) + 0 * len([random])


WRONG_LOSSES = {
    "no number": (lambda w, X: X * w, TypeError, "one real number"),
    "complex": (lambda w, X: np.mean(X * w) * 1j, TypeError, "one real number"),
    "a float": (lambda w, X: 1.0, TypeError, "float"),
    "outside the graph": (lambda w, X: np.mean(X * w.data), TypeError, "not a Tensor"),
    "closes over a Tensor": (
        lambda w, X: np.mean(X * w * OUTER),
        TypeError,
        "requires a gradient and is none of the parameters",
    ),
    "no pair": (lambda w, X: np.mean(X * w), TypeError, "pair"),
    "a generator in a global": (draws_of_a_global, TypeError, "the random generator RNG"),
    "a generator in a closure": (with_closure(RNG), TypeError, "the random generator rng"),
    "a generator as a default": (draws, TypeError, "the random generator rng"),
    "a generator in a partial": (functools.partial(square, rng=RNG), TypeError, "the random generator rng"),
    "a generator in an object": (Noisy(), TypeError, "the random generator rng"),
    "a generator in the object of a method": (Noisy().loss, TypeError, "the random generator rng"),
    "a function that draws": (calls_what_draws, TypeError, "the random generator noise_of: RNG"),
    "a method that draws": (draws_of(Noisy().loss), TypeError, r"the random generator random: rng"),
    "a partial that draws": (draws_of(functools.partial(max, RNG)), TypeError, "the random generator random: argument"),
    "a comprehension": (draws_in_a_comprehension, TypeError, "the random generator RNG"),
    "a generator in a structure": (draws_of([{"a": RNG}]), TypeError, r"the random generator random\[0\]\['a'\]"),
    "a generator in an object of a closure": (draws_of(Noisy()), TypeError, r"the random generator random\.rng"),
    "a layer that draws": (draws_of(nn.Sequential(nn.Dropout(rng=0))), TypeError, r"random generator random\..*rng"),
    "a RandomState": (draws_of(np.random.RandomState(0)), TypeError, "the random generator random"),
    "Python's generator": (draws_of(random.Random(0)), TypeError, "the random generator random"),
    "a BitGenerator": (draws_of(np.random.PCG64(0)), TypeError, "the random generator random"),
    "no function": (3.0, TypeError, "must be a function"),
    "a delayed function": (delayed(square), TypeError, "must be a function .*Delayed"),
}


@pytest.mark.parametrize(("loss", "kind", "text"), WRONG_LOSSES.values(), ids=WRONG_LOSSES)
def test_a_wrong_loss_raises_a_clear_error(loss, kind, text):
    with pytest.raises(kind, match=f"distributed.value_and_grad.*{text}"):
        value_and_grad(loss, has_aux=text == "pair")(1.0, ONES)


@pytest.mark.parametrize("argument", [Noisy(), [Noisy()], np.random.RandomState(0), {"a": random.Random(0)}])
def test_an_argument_whose_generator_cannot_be_divided_is_an_error(argument):
    with pytest.raises(TypeError, match=r"distributed.value_and_grad: the arguments hold the (Gen|Ran)\w+ noise"):
        value_and_grad(lambda w, X, noise: np.mean(X * w))(1.0, ONES, noise=argument)


def test_a_layer_with_a_random_state_is_an_error():
    model = nn.Sequential(nn.Linear(2, 1, rng=0))
    model[0].state = np.random.RandomState(0)
    with pytest.raises(TypeError, match=r"the arguments hold the RandomState .*state"):
        value_and_grad(mean_output)(model, ONES)


def test_a_frozen_network_that_does_not_train_may_have_dropout():
    teacher = nn.Sequential(nn.Linear(2, 1, rng=0), nn.Dropout(rng=0)).freeze().eval()
    got = value_and_grad(lambda w, X: np.mean(teacher(X) * w))(1.0, ONES)
    assert_close(got, tg.value_and_grad(lambda w: np.mean(teacher(np.ones((6, 2))) * w))(1.0))
    teacher[1].train()
    with pytest.raises(TypeError, match=r"random generator teacher\.1\.rng"):
        value_and_grad(lambda w, X: np.mean(teacher(X) * w))


def test_an_attribute_that_is_called_as_a_generator_is_none():
    assert value_and_grad(has_attribute)(1.0, ONES)[0] == 1


def test_errors_of_the_loss_arrive_as_they_are():
    class OwnError(Exception):
        pass

    def loss(w, X):
        raise OwnError("of the user")

    with pytest.raises(OwnError, match="of the user"):
        value_and_grad(loss)(1.0, ONES)


def test_a_label_out_of_range_is_the_error_that_it_is_elsewhere(data):
    X, y = da.from_array(data[0], chunks=(5, 4)), da.from_array(np.where(np.arange(N) == 7, 3, data[1]), chunks=5)
    with pytest.raises(ValueError, match="class numbers must lie from 0 to 2"):
        value_and_grad(cross_entropy)(model_of(), X, y)


@pytest.mark.parametrize("parameters", [None, "text", [], {"a": None}, np.array(["text"]), {1.0}])
def test_parameters_that_are_no_numbers(parameters):
    with pytest.raises(TypeError, match=r"distributed.value_and_grad: .*parameters"):
        value_and_grad(square)(parameters, ONES)


LAZY = {
    "an array": (ONES[0], {}, r"parameters is a Dask Array"),
    "in a structure": ({"w": [ONES[0]]}, {}, r"parameters\['w'\]\[0\] is a Dask Array"),
    "a delayed": (delayed(np.ones)(2), {}, r"parameters is a Dask Delayed"),
    "a keyword argument": (1.0, {"c": ONES[0]}, r"keyword argument c is a Dask Array"),
    "in a keyword argument": (1.0, {"c": [delayed(3)]}, r"keyword argument c\[0\] is a Dask Delayed"),
}


@pytest.mark.parametrize(("parameters", "kwargs", "text"), LAZY.values(), ids=LAZY)
def test_lazy_arrays_that_are_no_data(parameters, kwargs, text):
    with pytest.raises(TypeError, match=rf"distributed.value_and_grad: {text}.*compute\(\).*with the data"):
        value_and_grad(lambda w, X, c=0: np.mean(X * w))(parameters, ONES, **kwargs)


def in_another_process(graph, keys, **options):
    """Of Dask's scheduler of processes, what it sends."""
    cloudpickle.dumps(graph)
    return dask.get(graph, keys, **options)


SENT = {
    "the loss": (lambda lock: lambda w, X, c: np.mean(X * w) + 0 * len([lock]), False),
    "the keyword argument c": (lambda lock: lambda w, X, c: np.mean(X * w), True),
}


@pytest.mark.parametrize("what", SENT)
def test_what_cannot_be_sent_to_workers_is_named(what):
    lock, (make, as_argument) = threading.Lock(), SENT[what]
    with (
        dask.config.set(scheduler=in_another_process),
        pytest.raises(TypeError, match=f"distributed.value_and_grad: {what} can't be sent to the workers: .*lock"),
    ):
        value_and_grad(make(lock))(1.0, ONES, c=lock if as_argument else 0)


@pytest.mark.parametrize("text", ["can't pickle that", "Could not serialize"])
def test_an_error_of_the_loss_about_pickles_stays_as_it_is(text):
    def loss(w, X):
        raise TypeError(text)

    with pytest.raises(TypeError, match=f"^{text}$"):
        value_and_grad(loss)(1.0, ONES)


def test_a_computed_parameter_is_an_error():
    w = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"was computed.*detach"):
        value_and_grad(square)(w * 2, ONES)
    assert value_and_grad(square)((w * 2).detach(), ONES)[0] == 36


def test_a_gradient_of_the_gradient_is_an_error():
    with pytest.raises(TypeError, match="not a Tensor"):
        tg.grad(lambda w: value_and_grad(square)(w, ONES)[0])(np.ones(2))


@pytest.mark.parametrize("arguments", [{"reduction": "none"}, {"has_aux": 1}, {"reduction": None}])
def test_wrong_arguments(arguments):
    with pytest.raises((TypeError, ValueError), match=f"distributed.value_and_grad: {next(iter(arguments))}"):
        value_and_grad(square, **arguments)


# Modules --------------------------------------------------------------------------------------------------------------


def with_dropout(rng):
    return nn.Sequential(nn.Linear(4, 64, rng=0), nn.Dropout(0.5, rng=rng), nn.Linear(64, 1, rng=1))


def mean_output(model, X):
    return np.mean(model(X))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_dropout_draws_other_numbers_in_each_chunk_and_again_the_same(scheduler):
    X = da.ones((8, 4), chunks=(1, 4))  # equal rows: what differs has been drawn

    def loss(model, X):
        return np.mean(model(X)), model(X)

    with dask.config.set(scheduler=scheduler):
        runs = [value_and_grad(loss, has_aux=True)(with_dropout(rng=3), X) for _ in range(2)]
        model = with_dropout(rng=3)
        twice = [value_and_grad(loss, has_aux=True)(model, X) for _ in range(2)]
    for run in (*runs, *twice):
        assert len({float(out[0, 0]) for out in run[0][1]}) == 8
    assert_same(runs[0], runs[1])
    assert_same(twice[0], runs[0])
    assert twice[0][0][0] != twice[1][0][0]


def test_a_generator_as_a_keyword_argument_draws_other_numbers_in_each_chunk():
    X = da.ones((4, 2), chunks=(1, 2))

    def loss(w, X, rng):
        noise = rng["noise"].random()
        return np.mean(X * w) * noise, noise

    def run(seed):
        return value_and_grad(loss, has_aux=True)(1.0, X, rng={"noise": np.random.default_rng(seed)})

    noises = run(0)[0][1]
    assert len({*noises}) == 4 and noises == run(0)[0][1] != run(1)[0][1]


def test_layers_that_share_a_generator_share_it_in_each_chunk():
    shared = np.random.default_rng(0)
    model = nn.Sequential(nn.Dropout(0.5, rng=shared), nn.Dropout(0.5, rng=shared), nn.Linear(4, 1, rng=0))

    def loss(model, X):
        return np.mean(model(X)), (model[0].rng is model[1].rng, model[0].rng.random())

    one, two = value_and_grad(loss, has_aux=True)(model, da.ones((4, 4), chunks=(2, 4)))[0][1]
    assert one[0] and two[0] and one[1] != two[1]


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_batch_norm_in_training_is_an_error_and_in_eval_is_right(scheduler, data):
    X, y = da.from_array(data[0], chunks=(5, 4)), da.from_array(data[1], chunks=5)
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3))
    before = model.state_dict()
    with dask.config.set(scheduler=scheduler):
        with pytest.raises(TypeError, match=r"buffer 1\.running_mean .*eval\(\).*LayerNorm"):
            value_and_grad(cross_entropy)(model, X, y)
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])
        model.eval()
        assert_close(value_and_grad(cross_entropy)(model, X, y), tg.value_and_grad(cross_entropy)(model, *data))


def test_a_model_is_left_as_it_is(data):
    X, y = da.from_array(data[0], chunks=(5, 4)), da.from_array(data[1], chunks=5)
    model = model_of()
    for p in model.parameters():
        p.grad = np.ones(p.shape)
    before = model.state_dict()
    value_and_grad(cross_entropy)(model, X, y)
    for (name, p), q in zip(model.named_parameters(), before.values(), strict=True):
        assert np.array_equal(p.data, q) and np.array_equal(p.grad, np.ones(p.shape)), name


def test_gradients_do_not_travel_with_the_parameters():
    import pickle

    from tensorgrad.distributed.work import travelling

    model = MLP(100, [100], rng=0)
    sizes = [len(pickle.dumps(travelling("test", model)))]
    cross = (model(np.ones((1, 100))) ** 2).sum()
    cross.backward()
    sizes.append(len(pickle.dumps(travelling("test", model))))
    assert sizes[0] == sizes[1] > 80_000


def test_shared_parameters(data):
    class Tied(Module):
        def __init__(self):
            self.a = nn.Linear(4, 4, rng=0)
            self.b = nn.Linear(4, 4, rng=1)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(np.tanh(self.a(x)))

    X, y = da.from_array(data[0], chunks=(5, 4)), da.from_array(data[1], chunks=5)
    model = Tied()
    assert_close(value_and_grad(cross_entropy)(model, X, y), tg.value_and_grad(cross_entropy)(model, *data))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses_of_the_library(reduction, data):
    """Each that goes by example: the classes of torch.nn's names, with the reduction that is said."""
    X, y = data[0], np.abs(data[0])
    arrays = [da.from_array(x, chunks=((6, 7), 4)) for x in (X, y)]
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss"):
        function = getattr(losses, name)

        def loss(w, X, y, function=function):
            return function(X * w, y, reduction=reduction)

        assert_close(value_and_grad(loss, reduction)(0.5, *arrays), tg.value_and_grad(loss)(0.5, X, y))


def changes_data(w, X):
    X -= 1.0
    return np.mean(X * w)


def changes_data_by_index(w, X):
    X[X > 0] = 0.0
    return np.mean(X * w)


def changes_keyword(w, X, shift):
    shift += 1.0
    return np.mean((X + shift) * w)


def changes_keyword_inside(w, X, shift):
    shift["by"][0] = 5.0
    return np.mean((X + shift["by"]) * w)


CHANGING = {
    "data": (changes_data, lambda x: {}),
    "data by an index": (changes_data_by_index, lambda x: {}),
    "a keyword argument": (changes_keyword, lambda x: {"shift": x}),
    "in a keyword argument": (changes_keyword_inside, lambda x: {"shift": {"by": x}}),
}


@pytest.mark.parametrize(("loss", "kwargs"), CHANGING.values(), ids=CHANGING)
def test_a_loss_cannot_change_what_stays_for_the_next_step(loss, kwargs, data):
    """Else a second call has other data than the first, and a chunk another keyword argument than the one before it."""
    X, x = data[0].copy(), np.zeros(4)
    lazy = da.from_array(X, chunks=(5, 4)).persist()
    with pytest.raises(ValueError, match="read-only") as error:
        value_and_grad(loss)(1.0, lazy, **kwargs(x))
    assert "distributed.value_and_grad" in error.value.__notes__[0] and "copy" in error.value.__notes__[0]
    np.testing.assert_array_equal(lazy.compute(), data[0])
    np.testing.assert_array_equal(x, np.zeros(4))
    assert X.flags.writeable and x.flags.writeable


def test_a_loss_may_change_parameters_and_copies(data):
    def loss(w, X):
        X = X.copy()
        X -= 1.0
        w *= 2.0
        return np.mean((X @ w) ** 2)

    got = value_and_grad(loss)(np.ones(4), da.from_array(data[0], chunks=(5, 4)))
    assert_close(got, tg.value_and_grad(loss)(np.ones(4), data[0]))


def test_the_size_of_what_is_sent_is_known():
    """Of Tensors too: Dask warns of larger graphs than are meant."""
    from tensorgrad.distributed.work import job_of

    job = job_of("test", square, {"w": Tensor(np.ones(4)), "b": np.ones(3)}, {"c": np.ones(2), "text": "c"}, ())
    assert job.nbytes == 8 * (4 + 3 + 2)
    assert job_of("test", square, nn.Linear(4, 2, rng=0), {}, ()).nbytes >= 8 * (4 * 2 + 2)
