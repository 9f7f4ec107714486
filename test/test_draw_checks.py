"""Gradients of a page beside differences, where the page itself can't change its numbers."""

import numpy as np
import pytest
from drawn import GRAPHS

from tensorgrad import Tensor, derivative, draw_backward, functions, vmap
from tensorgrad.draw import checks

pytest.importorskip("graphviz")


def checked(root):
    """The checks of a page, by the names of values: numeric, gradient, and the note."""
    page = draw_backward(root)
    return {
        v["name"]: (page.arrays[v["check"]["numeric"]], page.arrays[v["check"]["gradient"]], v["check"]["note"])
        for v in page.values
        if "check" in v
    }


@pytest.mark.parametrize("name", ["complex_numbers", "several_outputs"])
def test_differences_are_near_the_gradients(name):
    found = checked(GRAPHS[name]())
    assert len(found) > 5
    for numeric, gradient, note in found.values():
        if note.startswith("one half of this matrix is read"):
            numeric, gradient = numeric + numeric.T, gradient + gradient.T
        np.testing.assert_allclose(numeric, gradient, rtol=1e-6, atol=1e-8)


def test_of_a_matrix_of_which_one_half_is_read_it_is_said():
    A = Tensor([[2.0, 0.3], [0.3, 1.0]], name="A")
    found = checked(np.linalg.eigvalsh(A)[0])
    assert found["A"][2].startswith("one half of this matrix is read")


def test_a_wrong_rule_shows():
    wrong = derivative(lambda x: x**3, lambda g, y, x: 2.9 * g * x * x * (1 if [g] else 0))
    page = checked(wrong(Tensor(2.0, name="x")) + np.linalg.eigvalsh(Tensor(np.eye(2))).sum())
    numeric, gradient, _ = page["x"]
    assert float(numeric) == pytest.approx(12, rel=1e-6) and float(gradient) == pytest.approx(11.6)


def test_a_large_array_is_checked_along_a_direction():
    z = Tensor(np.linspace(-1, 1, 40) * (1 + 1j), name="z")
    numeric, gradient, note = checked((z * z).real.sum())["z"]
    assert numeric.shape == gradient.shape == () and note == "along a random direction of length 1"
    np.testing.assert_allclose(numeric, gradient, rtol=1e-6)


def test_assignments_are_computed_again():
    x, A = Tensor([1.0, 2.0, 3.0], name="x"), Tensor(np.ones((2, 3)), name="A", requires_grad=False)
    row = A[0]
    A[1] = x * 2
    row += x
    row[0] = 5.0
    found = checked((A**3).sum())
    for numeric, gradient, _ in found.values():
        np.testing.assert_allclose(numeric, gradient, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found["x"][0], [24, 96 + 27, 216 + 48], rtol=1e-6)


def test_what_isnt_the_same_twice_isnt_checked():
    rng = np.random.default_rng(0)
    noisy = derivative(lambda x: x * rng.normal(), lambda g, y, x: g * (y / x if [g] else 0))
    assert checked(noisy(Tensor(2.0, name="x"))) == {}
    x = Tensor(np.ones((3, 2)), name="x")
    assert checked(vmap(lambda r: (np.sin(r) * r).sum())(x).sum()) == {}


def test_dropout_is_checked_with_the_mask_that_it_drew():
    x = Tensor(np.linspace(1, 2, 6), name="x")
    found = checked((functions.dropout(x, 0.5, rng=0) * (1 + 0j)).real.sum())
    numeric, gradient, _ = found["x"]
    np.testing.assert_allclose(numeric, gradient, rtol=1e-6, atol=1e-9)
    assert set(np.round(gradient)) == {0, 2}


def test_no_more_is_computed_than_there_is_time_for(monkeypatch):
    monkeypatch.setattr(checks, "MOST_CALLS", 40)
    z = Tensor(1 + 1j, name="z")
    y = z
    for _ in range(12):
        y = y * z
    found = checked(y.real)
    assert 0 < len(found) < 5 and "z" in found
