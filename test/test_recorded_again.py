"""A recorded operation, called again on its arguments, gives its output again; and on others, what it should.

So nothing of a function is computed outside of what is recorded, and handed over as if it were a constant.
"""

import importlib
from pathlib import Path

import numpy as np
import pytest
from cases import CASES, THOROUGH, chosen
from helpers import behind

import tensorgrad as tg
from tensorgrad import Tensor, functions, losses
from tensorgrad.derivatives.arrays import whole
from tensorgrad.derivatives.shapes import flatten
from tensorgrad.past import Past
from tensorgrad.versions import arguments, current

for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of values at which a function isn't defined


def tensors(y):
    """The Tensors of a result: one, or those of a list or tuple."""
    if isinstance(y, list | tuple):
        return [t for part in y for t in tensors(part)]
    return [y] if isinstance(y, Tensor) else []


def recorded(outputs):
    """The nodes of the operations behind the outputs, oldest first."""
    nodes = {current(node) for y in outputs for node in behind(y) if node._op is not None}
    return sorted(nodes, key=lambda node: node._order)


def assert_equal(got, want, of):
    got, want = (tuple(map(whole, v)) if isinstance(v, tuple) else (whole(v),) for v in (got, want))
    assert len(got) == len(want), of
    for a, b in zip(got, want, strict=True):
        dtype = np.asarray(b).dtype
        assert np.asarray(a).dtype == dtype, of
        # NumPy's last bit may depend on where in memory the numbers lie
        rtol = 4 * np.finfo(dtype).eps if dtype.kind in "fc" else 0
        np.testing.assert_allclose(a, b, rtol=rtol, err_msg=repr(of))


def data_of(node, values):
    """Its data, of a version those of then, or what `values` has in their place."""
    return values[node] if node in values else Past().data(node)


def again(node, values):
    """The operation of a node, called on other data where `values` has some for its arguments."""
    args = [data_of(a, values) if isinstance(a, Tensor) else a for a in arguments(node)]
    return node._op.output(*args, **(node._kwargs or {}))


def replayed(outputs, values):
    """What the recorded operations give for other leaves, all of them called again."""
    values = dict(values)
    for node in recorded(outputs):
        values[node] = again(node, values)
    return [values.get(current(y), y._data) for y in outputs]


@THOROUGH
@pytest.mark.parametrize("dtype", [float, np.float32])
def test_every_operation_of_the_table_gives_its_output_again(dtype, cases):
    count = 0
    for case in chosen(cases):
        for node in recorded(tensors(case.call([Tensor(v) for v in case.draw(dtype)]))):
            assert_equal(again(node, {}), Past().data(node), case)
            count += 1
    assert count > 2 * len(chosen(cases))


def test_every_loss_and_every_function_is_among_the_cases():
    called = {case.func for case in CASES}
    for module in (functions, losses):
        assert {getattr(module, name) for name in module.__all__} <= called | {functions.tanh, functions.conv2d}


# These are made of others, and choose among elements, or between formulas, by their values: the choice is recorded, as
# it is where a program says x[np.argsort(x)]. No function that has rules itself is among them, but for np.reshape.
CHOOSE = {
    np.sort, np.sort_complex, np.partition, np.median, np.quantile, np.percentile, np.interp, np.piecewise,
    np.pad,  # by the median
    np.reshape, np.ravel, flatten,  # with order="A", by how the elements lie in memory
    np.linalg.svd,  # of a Hermitian matrix, by its eigenvalues
    np.linalg.pinv,  # by singular vectors, where a limit leaves out more than rounding errors
    np.nanmax, np.nanmin, np.nansum, np.nanprod, np.nancumsum, np.nancumprod, np.nanmean, np.nanvar, np.nanmedian,
    np.nanquantile, np.nanpercentile,
}  # fmt: skip


@THOROUGH
def test_all_recorded_operations_called_on_others_give_what_the_function_gives(cases):
    different = set()
    for case in chosen(cases):
        leaves = [Tensor(v) for v in case.draw()]
        outputs = tensors(case.call(leaves))
        others = [np.flip(v) for v in case.draw()]
        expected = tensors(case.call([Tensor(v) for v in others]))
        try:
            got = replayed(outputs, dict(zip(leaves, others, strict=True)))
            for a, b in zip(got, expected, strict=True):
                assert_equal(a, b._data, case)
        except (AssertionError, ValueError):
            different.add(case.func)
    assert different == CHOOSE


def test_a_recorded_loss_called_on_other_logits_gives_their_loss():
    rng = np.random.default_rng(0)
    logits, others, labels = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), np.array([0, 2, 1, 1])
    for loss, targets in (
        (tg.softmax_cross_entropy, labels),
        (tg.softmax_cross_entropy, np.eye(3)[labels]),
        (tg.sigmoid_cross_entropy, np.eye(3)[labels]),
        (tg.mse_loss, np.eye(3)[labels]),
    ):
        node = loss(Tensor(logits), targets)
        (x,) = node.parents
        assert again(node, {x: others}) == loss(others, targets) != node.data


@pytest.mark.parametrize("bias", [False, True])
def test_a_recorded_convolution_called_on_another_image_gives_its_convolution(bias):
    rng = np.random.default_rng(0)
    images, others, kernels = (
        rng.normal(size=(2, 3, 5, 5)),
        rng.normal(size=(2, 3, 5, 5)),
        rng.normal(size=(4, 3, 2, 2)),
    )
    x, bias = Tensor(images), rng.normal(size=4) if bias else None
    y = tg.conv2d(x, kernels, bias, stride=2, padding=1)
    np.testing.assert_array_equal(replayed([y], {x: others})[0], tg.conv2d(others, kernels, bias, stride=2, padding=1))


def test_a_conversion_is_part_of_what_is_recorded():
    x = Tensor(np.ones(3))
    for y in (np.add(x, 1, dtype=np.float32), np.exp(x, dtype=np.float32), np.sum(x, dtype=np.float32)):
        assert again(y, {}).dtype == y.dtype == np.float32
