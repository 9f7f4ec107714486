"""The program of a page, run in a browser: it computes what NumPy computes, for every function that it has."""

import importlib
import json
import operator
from pathlib import Path

import numpy as np
import pytest
from cases import THOROUGH, chosen

import tensorgrad as tg
from tensorgrad import Tensor, draw_backward, losses
from tensorgrad.draw.javascript import web

pytest.importorskip("graphviz")
for path in sorted(Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

DUMP = """
  const array = a => a === null ? null : [a.shape, [...a.data]];
  return {
    reason: model.reason,
    values: model.values.map(v => [array(v.data), array(v.grad)]),
    operations: model.operations.map(o => [
      o.computes ? o.computes.where.map(w => array(w.array)) : [], o.arrives.map(a => array(a.array)),
      o.rules.map(r => [r.gives, r.arrives, r.before, r.total, ...r.where.map(w => w.array)].map(array)),
    ]),
  };
"""


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    tab.set_content('<script type="application/json" id="data"></script>')
    yield tab
    tab.close()


def after(tab, page, script):
    """All arrays of a page after a script of its own, of which the model is the global `model`."""
    tab.evaluate("data => { document.getElementById('data').textContent = data; }", json.dumps(page.data()))
    parts = [web("numpy.js"), page.program(), web("model.js"), script, DUMP]
    return tab.evaluate("(() => { " + "\n".join(parts) + " })()")


def numbers(told):
    """An array that the browser told of."""
    shape, data = told
    return np.array(data, float).reshape(shape)


def expected(page):
    """The same, as Python sent it."""
    a = page.arrays

    def array(i):
        return None if i is None else a[i]

    return {
        "values": [[array(v["data"]), array(v["grad"])] for v in page.values],
        "operations": [
            [
                [array(w["array"]) for w in o["computes"]["where"]] if o["computes"] else [],
                [array(x["array"]) for x in o["arrives"]],
                [
                    [array(r[k]) for k in ("gives", "arrives", "before", "total")]
                    + [array(w["array"]) for w in r["where"]]
                    for r in o["rules"]
                ],
            ]
            for o in page.operations
        ],
    }


def assert_same(told, wanted, path="", rtol=1e-12):
    if wanted is None or told is None:
        assert told is None and wanted is None, path
    elif isinstance(wanted, np.ndarray):
        got = numbers(told)
        assert got.shape == wanted.shape, path
        scale = np.maximum(1, np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0)) if wanted.size else 1
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol * scale, err_msg=path)
    else:
        pairs = wanted.items() if isinstance(wanted, dict) else enumerate(wanted)
        assert len(told) == len(wanted), path
        for key, part in pairs:
            assert_same(told[key], part, f"{path}/{key}", rtol)


def assert_computes(tab, page, script="model.reset();", like=None):
    """That the browser's program gives the numbers of NumPy, those of another page if numbers are changed."""
    told = after(tab, page, script)
    assert told.pop("reason") == page.reason == ""
    assert_same(told, expected(like or page))


def total(out):
    """The sum of all that depends on a Tensor in what a function returns; None if nothing does."""
    parts = out if isinstance(out, tuple | list) else [out]
    tensors = [t for t in parts if isinstance(t, Tensor) and t.requires_grad]
    return sum((t.sum() for t in tensors[1:]), tensors[0].sum()) if tensors else None


def page_of(case):
    """The page of a case; None where nothing in it is recorded."""
    root = total(case.call([Tensor(x, name=f"x{i}") for i, x in enumerate(case.draw())]))
    return None if root is None or root._op is None else draw_backward(root)


# What the page must be able to compute: of each function a call or more
WANTED = {
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.power, np.square, np.sqrt, np.reciprocal, np.exp,
    np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan,
    np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.arctan2, np.hypot, np.logaddexp, np.absolute,
    np.maximum, np.minimum, np.where, np.clip, np.sum, np.mean, np.var, np.std, np.max, np.min, np.cumsum, np.matmul,
    np.dot, np.inner, np.outer, np.einsum, np.tensordot, np.reshape, np.transpose, np.swapaxes, np.moveaxis,
    np.expand_dims, np.squeeze, np.concatenate, np.stack, np.broadcast_to, np.flip, np.roll, np.repeat, np.tile,
    np.take, np.diagonal, np.trace, np.tril, np.triu, np.linalg.inv, np.linalg.solve, np.linalg.norm,
    operator.getitem, tg.relu, tg.sigmoid, tg.softplus, tg.softmax, tg.log_softmax, tg.logsumexp, tg.gelu, tg.silu,
    tg.sigmoid_cross_entropy, tg.softmax_cross_entropy, tg.mse_loss, losses.l1_loss, losses.smooth_l1_loss,
    losses.huber_loss, losses.nll_loss, losses.cross_entropy,
}  # fmt: skip


@THOROUGH
def test_a_page_computes_what_numpy_computes(cases, tab):
    found, reasons = set(), {}
    for case in chosen(cases):
        if case.of_scipy or (cases == "quick" and case.func in found):
            continue
        page = page_of(case)
        if page and page.reason:
            reasons.setdefault(case.func, page.reason)
        elif page:
            told = after(tab, page, "if (model.editable) model.reset();")
            if reason := told.pop("reason"):  # said on the page, which then computes nothing anew
                reasons.setdefault(case.func, reason)
            else:
                assert_same(told, expected(page), repr(case))
                found.add(case.func)
    wanted = {f for f in WANTED if any(f is case.func for case in chosen(cases))}
    assert {f: reasons.get(f) for f in wanted - found} == {}
    assert len(found) > 200


def scalars(a, b):
    return (a * b + np.sin(a)) ** 2 / b


def network(W, b, V):
    X = np.array([[0.1, 0.2], [-1.0, 0.5], [0.3, -0.4]])
    return tg.softmax_cross_entropy(np.tanh(X @ W + b) @ V, np.array([0, 1, 1]))


def picked(x, y):
    rows = x[[0, 2, 0]] * y[1:] + x[1]
    return tg.logsumexp(np.concatenate([rows, x[:, ::-1]]), axis=0).sum() + np.maximum(y, y**3).max()


def used_often(w, x):
    y = x
    for _ in range(30):
        y = np.tanh(y * w) + 0.1
    return tg.mse_loss(y, np.zeros(2))


def recurrent(W, U):
    h = np.zeros((1, 2))
    for x in np.linspace(-1, 1, 8).reshape(4, 1, 2):
        h = np.tanh(x @ W + h @ U)
    return tg.sigmoid_cross_entropy(h, [[0.0, 1.0]])


PROGRAMS = {
    scalars: [(), ()],
    network: [(2, 3), (3,), (3, 2)],
    picked: [(3, 3), (4, 3)],
    used_often: [(), (2,)],
    recurrent: [(2, 2), (2, 2)],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_changed_number_changes_all_that_follows_from_it(program, tab, rng):
    arrays = [rng.uniform(0.3, 1.2, shape) for shape in PROGRAMS[program]]

    def page(arrays):
        return draw_backward(program(*(Tensor(a.copy(), name=f"leaf{i}") for i, a in enumerate(arrays))))

    before = page(arrays)
    for i, array in enumerate(arrays):
        (value,) = [k for k, v in enumerate(before.values) if v["name"] == f"leaf{i}"]
        for flat in range(min(array.size, 3)):
            changed = [a.copy() for a in arrays]
            changed[i].ravel()[flat] = number = array.ravel()[flat] * -1.5
            assert_computes(tab, before, f"model.set({value}, {flat}, {number});", like=page(changed))
    assert_computes(tab, before, f"model.set({value}, 0, 7); model.reset();")


def test_differences_in_the_page_are_near_the_gradients(tab, rng):
    W, b, V = (Tensor(rng.normal(size=shape)) for shape in PROGRAMS[network])
    page = draw_backward(network(W, b, V))
    after(tab, page, "window.checks = model.values.map((v, i) => model.check(i));")
    checks = tab.evaluate("checks.map(c => c && [c.distance, [...c.numeric.data], [...c.gradient.data]])")
    for check, value in zip(checks, page.values, strict=True):
        assert (check is None) == (value["grad"] is None)
        if check:
            np.testing.assert_allclose(check[1], check[2], rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(check[2], page.arrays[value["grad"]].ravel(), rtol=1e-12)
            assert check[0] < 1e-8


def twice(x):
    return 2 * x


def twice_slope(g, y, x):
    total = g
    for _ in range(1):
        total = total + g
    return total


unreadable = tg.derivative(twice, twice_slope)


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (lambda: np.linalg.eigh(Tensor(np.eye(2)))[0].sum(), "the page has no program for eigh"),
        (lambda: (Tensor([1 + 2j]) * 1j).real.sum(), "there are complex numbers in it"),
        (lambda: Tensor(np.ones(20_001)).sum(), "there are more than 20,000 numbers in it"),
        (lambda: unreadable(Tensor(1.0)), "the page has no program for twice"),
    ],
)
def test_why_numbers_cant_be_changed_is_said(root, reason, tab):
    page = draw_backward(root())
    assert reason in page.reason
    assert after(tab, page, "if (model.editable) throw new Error('it can');")["reason"] == page.reason


def test_a_program_that_gives_other_numbers_is_not_used(tab):
    page = draw_backward(np.sin(Tensor(1.0, name="x")) * 2)
    wrong = page.program().replace("np.sin", "np.cos")
    page.program = lambda: wrong
    assert after(tab, page, "if (model.editable) throw new Error('it can');")["reason"].endswith("otherwise than NumPy")
