"""Trainings over data in chunks: the same as in one piece by hand, and broken off and taken up again."""

import numpy as np
import pytest

from tensorgrad import MLP, Tensor, mse_loss, nn, optim, softmax_cross_entropy

pytest.importorskip("dask")
import dask
import dask.array as da

from tensorgrad.distributed import fit

N, LENGTHS = 23, (7, 0, 10, 6)


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def arrays(rng):
    return rng.normal(size=(N, 3)), rng.integers(0, 4, N)


@pytest.fixture
def data(arrays):
    return [da.from_array(x, chunks=(LENGTHS, *x.shape[1:])) for x in arrays]


def cross_entropy(model, X, y):
    return softmax_cross_entropy(model(X), y)


def model_of(seed=0, dropout=None):
    parts = [] if dropout is None else [nn.Dropout(0.3, rng=dropout)]
    return nn.Sequential(nn.Linear(3, 6, rng=seed), *parts, nn.Tanh(), nn.Linear(6, 4, rng=seed + 1))


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "Adamax": optim.Adamax,
    "NAdam": optim.NAdam,
    "RAdam": optim.RAdam,
    "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta,
    "RMSprop": lambda p: optim.RMSprop(p, momentum=0.5, centered=True),
    "Rprop": optim.Rprop,
    "ASGD": optim.ASGD,
    "Lion": lambda p: optim.Lion(p, lr=1e-3),
    "LBFGS": lambda p: optim.LBFGS(p, lr=0.5, max_iter=4),
    "LBFGS with a line search": lambda p: optim.LBFGS(p, max_iter=4, line_search_fn="strong_wolfe"),
}


def by_hand(model, optimizer, arrays, epochs, batch_size=None, seed=None, reduction="mean"):
    """The same training on arrays, in batches that are put together as fit does."""
    X, y = arrays
    steps = 1 if batch_size is None else -(-N // batch_size)
    rng, losses = np.random.default_rng(seed), []
    starts = np.cumsum((0, *LENGTHS))
    for _ in range(epochs):
        orders = [np.arange(n) for n in LENGTHS]
        if seed is not None:
            drawn = int(rng.integers(2**63))
            orders = [np.random.default_rng([drawn, i]).permutation(n) for i, n in enumerate(LENGTHS)]
        total = 0.0
        for step in range(steps):
            rows = [
                start + order[n * step // steps : n * (step + 1) // steps]
                for start, order, n in zip(starts, orders, LENGTHS, strict=False)
            ]
            rows = np.concatenate(rows)
            if not len(rows):
                continue

            def closure(rows=rows):
                optimizer.zero_grad()
                loss = softmax_cross_entropy(model(X[rows]), y[rows], reduction=reduction)
                loss.backward()
                return loss

            loss = float(optimizer.step(closure).data)
            total += loss if reduction == "sum" else loss * len(rows) / N
        losses.append(total)
    return losses


def assert_same_state(model, other, rtol=1e-9):
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol, err_msg=name)


def quick(names, *chosen):
    """All of these, but those that aren't chosen when all is tried."""
    return [pytest.param(name, marks=[] if name in chosen else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", quick(OPTIMIZERS, "SGD", "Adam", "LBFGS"))
def test_each_optimiser_takes_the_steps_that_it_takes_by_hand(name, arrays, data):
    make, model, other = OPTIMIZERS[name], model_of(), model_of()
    optimizer, other_optimizer = make(model.parameters()), make(other.parameters())
    batches = {} if isinstance(optimizer, optim.LBFGS) else {"batch_size": 8, "rng": 5}  # LBFGS wants all examples
    losses = fit(model, optimizer, cross_entropy, *data, epochs=3, **batches)
    np.testing.assert_allclose(losses, by_hand(other, other_optimizer, arrays, 3, *batches.values()), rtol=1e-9)
    assert_same_state(model, other, rtol=1e-8)
    assert losses[2] < losses[0]


@pytest.mark.parametrize(
    "arguments", [{}, {"batch_size": 5, "shuffle": False}, {"batch_size": 1000}, {"batch_size": 1}]
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_batches(arguments, reduction, arrays, data):
    def loss(model, X, y):
        return softmax_cross_entropy(model(X), y, reduction=reduction)

    model, other = model_of(), model_of()
    losses = fit(
        model, optim.SGD(model.parameters(), lr=0.01), loss, *data, epochs=2, rng=3, reduction=reduction, **arguments
    )
    size, seed = arguments.get("batch_size"), None if "shuffle" in arguments or not arguments else 3
    expected = by_hand(other, optim.SGD(other.parameters(), lr=0.01), arrays, 2, size, seed, reduction)
    np.testing.assert_allclose(losses, expected, rtol=1e-10)
    assert_same_state(model, other)


def test_every_example_is_seen_once_an_epoch_and_in_another_order_each_time():
    X = da.arange(50, chunks=((20, 0, 30),))
    seen = []

    def loss(model, X):
        seen.append([*X])
        return np.mean(model.weight[0, 0] * X)

    model = nn.Linear(1, 1, rng=0)
    fit(model, optim.SGD(model.parameters()), loss, X, epochs=2, batch_size=10, rng=0)
    first, second = (seen[i * len(seen) // 2 : (i + 1) * len(seen) // 2] for i in range(2))
    first, second = (np.concatenate(part) for part in (first, second))
    assert sorted(first) == sorted(second) == [*range(50)]
    assert not np.array_equal(first, second) and not np.array_equal(first, np.arange(50))
    assert {len(part) for part in seen} == {4, 6}  # of each chunk its share


def test_the_data_are_computed_once():
    loads = []

    def load(block):
        loads.append(len(block))
        return block

    X = da.ones((20, 2), chunks=(10, 2)).map_blocks(load, meta=np.ones((0, 0)))
    model = nn.Linear(2, 1, rng=0)
    fit(model, optim.SGD(model.parameters()), lambda m, X: np.mean(m(X)), X, epochs=4, batch_size=5, rng=0)
    assert loads == [10, 10]


def test_chunks_of_unknown_lengths(arrays, data):
    X, y = data
    keep = y >= 0
    model, other = model_of(), model_of()
    losses = fit(model, optim.SGD(model.parameters()), cross_entropy, X[keep], y[keep], epochs=2, batch_size=6, rng=0)
    np.testing.assert_allclose(losses, by_hand(other, optim.SGD(other.parameters()), arrays, 2, 6, 0))
    assert_same_state(model, other)


def test_frozen_parameters_stay(data):
    model = model_of()
    model(data[0].compute()).sum().backward()  # gradients that are there from before
    model[0].freeze()
    before = model.state_dict()
    fit(model, optim.SGD(model.parameters(), lr=0.5), cross_entropy, *data, epochs=2)
    after = model.state_dict()
    assert np.array_equal(before["0.weight"], after["0.weight"]) and (before["2.weight"] != after["2.weight"]).all()


def test_float32_is_trained_in_float32(data):
    model = MLP(3, [4], rng=0, dtype=np.float32)
    fit(model, optim.Adam(model.parameters()), cross_entropy, data[0].astype(np.float32), data[1], batch_size=7, rng=0)
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}


# Checkpoints ----------------------------------------------------------------------------------------------------------

SCHEDULES = {
    "none": lambda optimizer: None,
    "StepLR": lambda optimizer: optim.StepLR(optimizer, step_size=2),
    "ReduceLROnPlateau": lambda optimizer: optim.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5),
    "MultiStepLR": lambda optimizer: optim.MultiStepLR(optimizer, [1, 3]),
    "CosineAnnealingLR": lambda optimizer: optim.CosineAnnealingLR(optimizer, 4),
    "CosineAnnealingWarmRestarts": lambda optimizer: optim.CosineAnnealingWarmRestarts(optimizer, 2),
    "LambdaLR": lambda optimizer: optim.LambdaLR(optimizer, lambda epoch: 0.9**epoch),
    "OneCycleLR": lambda optimizer: optim.OneCycleLR(optimizer, 0.1, total_steps=8),
    "CyclicLR": lambda optimizer: optim.CyclicLR(optimizer, 0.01, 0.1, step_size_up=2),
    "SequentialLR": lambda optimizer: optim.SequentialLR(
        optimizer, [optim.ConstantLR(optimizer), optim.MultiStepLR(optimizer, [2])], [2]
    ),
    "ChainedScheduler": lambda optimizer: optim.ChainedScheduler(
        [optim.ExponentialLR(optimizer, 0.9), optim.MultiStepLR(optimizer, [1, 1, 3])]
    ),
}


class Broken(Exception):
    """What breaks a run off."""


def run(data, make, schedule, path, rng=7, stop=None, **arguments):
    model = model_of(dropout=11)
    optimizer = make(model.parameters())

    def callback(epoch, loss):
        if epoch == stop:
            raise Broken

    losses = fit(
        model, optimizer, cross_entropy, *data, **{"epochs": 5, "batch_size": 8, **arguments}, rng=rng,
        schedule=schedule(optimizer), checkpoint=path, callback=callback,
    )  # fmt: skip
    return losses, model, optimizer


RUNS = [(name, "none", "npz") for name in OPTIMIZERS]
RUNS += [("Adam", "none", "safetensors"), ("LBFGS", "none", "safetensors")]
RUNS += [("SGD", schedule, "npz") for schedule in SCHEDULES if schedule != "none"]


@pytest.mark.parametrize(
    "run_of", quick(RUNS, ("Adam", "none", "npz"), ("SGD", "MultiStepLR", "npz")), ids=[" ".join(run) for run in RUNS]
)
def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(run_of, data, tmp_path):
    make, schedule, suffix = OPTIMIZERS[run_of[0]], SCHEDULES[run_of[1]], run_of[2]
    losses, model, optimizer = run(data, make, schedule, tmp_path / f"whole.{suffix}")
    path = tmp_path / f"broken.{suffix}"
    for stop in (0, 2):
        with pytest.raises(Broken):
            run(data, make, schedule, path, stop=stop, resume=stop > 0)
    again, other, other_optimizer = run(data, make, schedule, path, rng=None, resume=True)  # whose state is in the file
    assert again == losses
    assert [group["lr"] for group in optimizer.param_groups] == [group["lr"] for group in other_optimizer.param_groups]
    for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        assert np.array_equal(a, b)
    assert run(data, make, schedule, path, resume=True)[0] == losses  # there is nothing left to do
    longer = run(data, make, schedule, path, resume=True, epochs=6)[0]
    assert longer[:5] == losses and len(longer) == 6


def test_a_generator_of_another_kind_is_an_error(data, tmp_path):
    rest = (data, OPTIMIZERS["SGD"], SCHEDULES["none"], tmp_path / "run.npz")
    run(*rest, epochs=1)
    with pytest.raises(ValueError, match=r"of another training: generator rng is a PCG64, and now a MT19937"):
        run(*rest, rng=np.random.Generator(np.random.MT19937(0)), resume=True)


@pytest.mark.parametrize("bits", quick(("MT19937", "Philox", "SFC64", "PCG64DXSM"), "MT19937"))
def test_each_kind_of_generator_goes_on(bits, data, tmp_path):
    def losses(stop=None, **more):
        rng = np.random.Generator(getattr(np.random, bits)(3))
        return run(data, OPTIMIZERS["SGD"], SCHEDULES["none"], tmp_path / "run.npz", rng=rng, stop=stop, **more)[0]

    whole = losses()
    (tmp_path / "run.npz").unlink()
    with pytest.raises(Broken):
        losses(stop=1)
    assert losses(resume=True) == whole


def test_a_checkpoint_that_is_there_is_not_overwritten(data, tmp_path):
    path = tmp_path / "run.npz"
    run(data, OPTIMIZERS["SGD"], SCHEDULES["none"], path, epochs=1)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="resume=True"):
        run(data, OPTIMIZERS["SGD"], SCHEDULES["none"], path)
    assert path.read_bytes() == before


OTHERS = {
    "optimizer": {"make": OPTIMIZERS["Adam"]},
    "schedule": {"schedule": SCHEDULES["StepLR"]},
    "batches in an epoch": {"batch_size": 4},
    "shuffle": {"shuffle": False},
    "lengths of the chunks": {"data": [da.ones((N, 3), chunks=(10, 3)), da.zeros(N, chunks=10, dtype=int)]},
}


@pytest.mark.parametrize(("what", "other"), OTHERS.items(), ids=OTHERS)
def test_a_checkpoint_of_another_training_is_an_error(what, other, data, tmp_path):
    first = {"data": data, "make": OPTIMIZERS["SGD"], "schedule": SCHEDULES["none"], "path": tmp_path / "run.npz"}
    run(**first, epochs=1)
    with pytest.raises(ValueError, match=f"distributed.fit: the checkpoint is of another training: {what}"):
        run(**first | other, resume=True)


def test_a_file_that_is_no_checkpoint_is_an_error(data, tmp_path):
    model_of().save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"model\.npz is no checkpoint"):
        run(data, OPTIMIZERS["SGD"], SCHEDULES["none"], tmp_path / "model.npz", resume=True)


def test_a_checkpoint_of_another_model_changes_nothing(data, tmp_path):
    path = tmp_path / "run.npz"
    run(data, OPTIMIZERS["SGD"], SCHEDULES["none"], path)
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Dropout(rng=3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    before = model.state_dict()
    with pytest.raises((KeyError, ValueError)):
        fit(model, optimizer, cross_entropy, *data, epochs=9, batch_size=8, checkpoint=path, resume=True)
    assert all(np.array_equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))


# Errors ---------------------------------------------------------------------------------------------------------------

MODEL = nn.Linear(3, 4, rng=0)
SGD = optim.SGD(MODEL.parameters())
WRONG = {
    "model": ({"model": [Tensor(1.0)]}, TypeError, "model must be a Module"),
    "optimizer": ({"optimizer": MODEL}, TypeError, "optimizer must be one of"),
    "another model's optimizer": (
        {"optimizer": optim.SGD(nn.Linear(3, 4, rng=0).parameters())}, ValueError, "the optimizer has a parameter",
    ),
    "loss": ({"loss": 1}, TypeError, "loss must be a function"),
    "epochs": ({"epochs": -1}, ValueError, "epochs"),
    "batch_size": ({"batch_size": 0}, ValueError, "batch_size"),
    "rng": ({"rng": "seed"}, TypeError, "rng"),
    "shuffle": ({"shuffle": 1}, TypeError, "shuffle"),
    "reduction": ({"reduction": "none"}, ValueError, "reduction"),
    "schedule": ({"schedule": SGD}, TypeError, "schedule"),
    "another optimiser's schedule": (
        {"schedule": optim.StepLR(optim.SGD(MODEL.parameters()), 1)}, TypeError, "schedule",
    ),
    "a delayed model": ({"model": dask.delayed(MODEL)}, TypeError, "model must be a Module, not Delayed"),
    "checkpoint": ({"checkpoint": 3}, TypeError, "checkpoint"),
    "suffix": ({"checkpoint": "run.pickle"}, ValueError, r"checkpoint.*\.safetensors or \.npz"),
    "folder": ({"checkpoint": "no/such/run.npz"}, FileNotFoundError, "checkpoint.*no/such"),
    "resume": ({"resume": 1, "checkpoint": "run.npz"}, TypeError, "resume"),
    "nothing to resume": ({"resume": True}, ValueError, "resume is True"),
    "callback": ({"callback": 1}, TypeError, "callback"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "kind", "text"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_raise_a_clear_error_before_anything_is_trained(given, kind, text, data):
    before = MODEL.state_dict()
    arguments = {"model": MODEL, "optimizer": SGD, "loss": cross_entropy, **given}
    positional = [arguments.pop(name) for name in ("model", "optimizer", "loss")]
    with pytest.raises(kind, match=f"distributed.fit: {text}"):
        fit(*positional, *data, **arguments)
    assert all(np.array_equal(a, b) for a, b in zip(before.values(), MODEL.state_dict().values(), strict=True))


def test_no_examples(data):
    with pytest.raises(ValueError, match=r"distributed.fit: .*no example"):
        fit(MODEL, SGD, cross_entropy, *(x[:0] for x in data))


def test_batch_norm_is_an_error():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4))
    X = da.ones((8, 3), chunks=(4, 3))
    with pytest.raises(TypeError, match=r"distributed.fit: .*BatchNorm"):
        fit(model, optim.SGD(model.parameters()), lambda m, X: mse_loss(m(X), np.zeros((len(X), 4))), X)
