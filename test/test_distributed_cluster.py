"""Gradients and trainings on two worker processes, beside those in this process; and when a worker is killed."""

import os
import signal
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import MLP, Module, Tensor, nn, optim

pytest.importorskip("distributed")
import dask
import dask.array as da
from distributed import Client, LocalCluster

from tensorgrad.distributed import fit, value_and_grad


@pytest.fixture(scope="module")
def client():
    with (
        mock.patch.dict(os.environ),  # in which Dask leaves what its processes are started with
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def cross_entropy(model, X, y):
    return tg.softmax_cross_entropy(model(X), y)


def model_of():
    return nn.Sequential(nn.Linear(20, 32, rng=0), nn.Tanh(), nn.Dropout(0.2, rng=5), nn.Linear(32, 3, rng=1))


def data_of(n=120, chunk=40):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, 20)), rng.integers(0, 3, n)
    return (X, y), (da.from_array(X, chunks=(chunk, 20)), da.from_array(y, chunks=chunk))


def train(data, loss=cross_entropy, epochs=3, **arguments):
    model = model_of()
    losses = fit(model, optim.Adam(model.parameters()), loss, *data, epochs=epochs, batch_size=50, rng=3, **arguments)
    return losses, model.state_dict()


def in_this_process(data, **arguments):
    with dask.config.set(scheduler="synchronous"):
        return train(data, **arguments)


def assert_same_run(run, other):
    """To rounding: which chunks are added up first is the same everywhere, so it is the same bits."""
    assert run[0] == other[0]
    for (name, a), b in zip(run[1].items(), other[1].values(), strict=True):
        assert np.array_equal(a, b), name


@pytest.mark.slow
def test_two_processes_give_what_one_gives(client):
    (X, y), data = data_of()
    model = model_of().eval()
    value, gradient = value_and_grad(cross_entropy)(model, *data)
    v, g = tg.value_and_grad(cross_entropy)(model, X, y)
    np.testing.assert_allclose(value, v.data, rtol=1e-12)
    for name, expected in g.items():
        np.testing.assert_allclose(gradient[name], expected.data, rtol=1e-12, atol=1e-14)
    assert_same_run(train(data, epochs=1), in_this_process(data, epochs=1))


# What is slow: each waits for workers, or starts them -----------------------------------------------------------------


@pytest.mark.slow
def test_errors_of_the_loss_arrive_as_they_are(client):
    def fails(model, X, y):
        raise ZeroDivisionError("of the user")

    with pytest.raises(ZeroDivisionError, match="of the user"):
        value_and_grad(fails)(model_of(), *data_of()[1])


@pytest.mark.slow
def test_losses_and_models_that_no_module_holds(client):
    """As those of a script or a notebook: they travel by value."""
    space = {"Module": Module, "Tensor": Tensor, "np": np, "__name__": "__main__"}
    exec(
        "class Scale(Module):\n"
        "    def __init__(self):\n"
        "        self.factor = Tensor(np.ones(20))\n"
        "    def forward(self, X):\n"
        "        return X @ self.factor\n",
        space,
    )
    (X, _), (lazy, _) = data_of()
    power = 2
    loss = lambda model, X: np.mean(model(X) ** power)  # noqa: E731
    value, gradient = value_and_grad(loss)(space["Scale"](), lazy)
    v, g = tg.value_and_grad(loss)(space["Scale"](), X)
    np.testing.assert_allclose(value, v.data, rtol=1e-12)
    np.testing.assert_allclose(gradient["factor"], g["factor"].data, rtol=1e-12)


@pytest.mark.slow
def test_large_parameters_are_no_warning(client):
    """Dask warns of graphs of more than 10 MB; here the parameters are meant to be in there."""
    model = MLP(20, [100_000, 3], rng=0)
    (X, y), data = data_of(8, 4)
    assert sum(p.data.nbytes for p in model.parameters()) > 15e6
    value, gradient = value_and_grad(cross_entropy)(model, *data)
    v, g = tg.value_and_grad(cross_entropy)(model, X, y)
    np.testing.assert_allclose(value, v.data, rtol=1e-10)
    np.testing.assert_allclose(gradient["layers.0.weight"], g["layers.0.weight"].data, rtol=1e-9, atol=1e-12)


# When a worker is lost ------------------------------------------------------------------------------------------------


class Killing:
    """A loss in whose middle the worker that computes it is killed, the first so many times."""

    def __init__(self, folder, times=1):
        self.folder, self.times = Path(folder), times

    def __call__(self, model, X, y):
        loss = cross_entropy(model, X, y)
        for i in range(self.times):
            try:
                (self.folder / f"killed{i}").touch(exist_ok=False)
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)
        return loss


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_killed_in_the_middle_of_a_gradient_changes_nothing(client, times, tmp_path):
    _, data = data_of()
    pids = {*client.run(os.getpid).values()}
    run = train(data, Killing(tmp_path, times))
    assert len([*tmp_path.iterdir()]) == times
    client.wait_for_workers(2, timeout=60)
    assert len(pids - {*client.run(os.getpid).values()}) >= 1
    assert_same_run(run, in_this_process(data))


@pytest.mark.slow
def test_a_worker_killed_between_steps_takes_data_with_it_which_are_computed_again(client):
    _, data = data_of()
    killed = []

    def kill(epoch, loss):
        if epoch == 0:
            pid = client.run(os.getpid)[min(client.has_what())]
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    run = train(data, callback=kill)
    client.wait_for_workers(2, timeout=60)
    assert killed[0] not in client.run(os.getpid).values()
    assert_same_run(run, in_this_process(data))


@pytest.mark.slow
def test_a_run_goes_on_in_another_cluster(client, tmp_path):
    """Or in none: what is in the checkpoint is all that it needs."""
    _, data = data_of()

    class Broken(Exception):
        pass

    def stop(epoch, loss):
        if epoch == 1:
            raise Broken

    path = tmp_path / "run.npz"
    with pytest.raises(Broken):
        train(data, checkpoint=path, callback=stop)
    assert_same_run(in_this_process(data, checkpoint=path, resume=True), in_this_process(data))
