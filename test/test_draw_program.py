"""The program of a page, run in a browser: it computes what NumPy computes, for every function that it has."""

import json

import cases
import numpy as np
import pytest
from drawn import GRAPHS, network

from tensorgrad import Tensor, draw_backward
from tensorgrad.draw.javascript import WEB

pytest.importorskip("graphviz")

DUMP = """
  const array = a => a === null ? null : [a.shape, [...a.data].map(x => Number.isFinite(x) ? x : String(x))];
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
    parts = [(WEB / "numpy.js").read_text(), page.program(), (WEB / "model.js").read_text(), script, DUMP]
    return tab.evaluate("(() => { " + "\n".join(parts) + " })()")


def numbers(told):
    """An array that the browser told of."""
    shape, data = told
    return np.array([float(x.replace("Infinity", "inf")) if isinstance(x, str) else x for x in data]).reshape(shape)


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


COMPUTE_ANEW = "if (model.editable) model.reset();"


def total(out):
    """A root of whatever a function returns: the sum of all that is a Tensor in it."""
    tensors = [t for t in (out if isinstance(out, tuple | list) else [out]) if isinstance(t, Tensor) and t.requires_grad]
    return sum((t.sum() for t in tensors[1:]), tensors[0].sum()) if tensors else None


def walk(root, **options):
    page = draw_backward(root, **options)
    assert page.reason == ""
    return page


CASES = [c for c in cases.CASES if not c.of_scipy and c.quick]


def drawn(case, shift=0.0):
    """The page of a case, its variables moved; None where no gradient comes back, or the page has no program."""
    xs = [Tensor(x + shift, name=f"x{i}") for i, x in enumerate(case.draw())]
    root = total(case.call(xs))
    if root is None or root._op is None:
        return None
    page = draw_backward(root)
    return None if page.reason else (page, xs)


@pytest.mark.parametrize("chunk", range(8))
def test_what_a_page_computes_is_what_numpy_computed(chunk, tab):
    found = 0
    for case in CASES[chunk::8]:
        page = drawn(case)
        if page:
            assert_same(after(tab, page[0], COMPUTE_ANEW), expected(page[0]), repr(case))
            found += 1
    assert found > 20
