"""What version 0.1.0 has pickled can be loaded, and is what it was: it wrote test/data/version_0_1_0.pickle."""

import pickle
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def kept():
    return pickle.loads((Path(__file__).parent / "data" / "version_0_1_0.pickle").read_bytes())


def test_models_with_every_activation_give_the_same_outputs(kept):
    assert len(kept["models"]) == 9
    for name, model in kept["models"].items():
        np.testing.assert_allclose(model(kept["x"]).data, kept["outputs"][name], rtol=1e-15, err_msg=name)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again(kept["x"]).data, model(kept["x"]).data)


def test_a_tensor_has_its_data_name_and_gradient(kept):
    t = kept["tensor"]
    assert t.name == "t" and t.requires_grad and t.data.tolist() == [1, 2] and t.grad.tolist() == [2, 4]
    (t * 3).backward()
    assert t.grad.tolist() == [5, 7]


def test_optimisers_go_on_where_they_were(kept):
    for optimizer, after in zip(kept["optimizers"], kept["after"], strict=True):
        (p,) = optimizer.parameters
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.step()
        np.testing.assert_allclose(p.data, after, rtol=1e-15)
