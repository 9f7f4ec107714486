"""The pages for those who come from other libraries: every name in their tables exists, and their programs run."""

import ast
import builtins
import contextlib
import importlib
import inspect
import io
import re
import sys

import numpy as np
import pytest
from pages import DOCS, run, run_alone

import tensorgrad as tg
from tensorgrad import Tensor, nn, optim

PAGES = ["pytorch", "jax", "autograd", "micrograd"]
PACKAGES = {"pytorch": "torch", "jax": "jax", "autograd": "autograd", "micrograd": "micrograd"}


def page(name):
    return DOCS / "coming_from" / f"{name}.md"


def spans(name, column):
    """The code spans in a column of the page's tables."""
    text = page(name).read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]
    assert all(len(row) == 3 for row in cells), "a row has three columns"
    return [span for row in cells for span in re.findall(r"`([^`]+)`", row[column])]


def our_names():
    model = tg.MLP(2, [1], rng=0)
    tensors = dict.fromkeys(("x", "y", "a", "b", "p"), Tensor(1.0))
    others = {"rng": np.random.default_rng(0), "model": model, "optimizer": optim.SGD(model.parameters(), lr=0.1)}
    others |= {"X": tensors["x"], "tensorgrad": tg, "tg": tg, "np": np, "nn": nn, "optim": optim, "Tensor": Tensor}
    return tensors | others


def their_names(name):
    package = pytest.importorskip(PACKAGES[name])
    if name == "pytorch":
        model = package.nn.Linear(1, 1)
        optimizer = package.optim.Adam(model.parameters())
        return {"torch": package, "model": model, "optimizer": optimizer, "x": package.ones(1), "y": package.ones(1)}
    if name == "jax":
        return {"jax": package, "x": package.numpy.ones(1)}
    if name == "micrograd":
        nn, engine = importlib.import_module("micrograd.nn"), importlib.import_module("micrograd.engine")
        values = dict.fromkeys(("a", "b", "p"), engine.Value(1.0))
        return {"Value": engine.Value, "nn": nn, "model": nn.MLP(1, [1]), **values}
    return {"autograd": package}


ARGUMENTS = {
    "f",
    "rule",
    "x",
    "y",
    "v",
    "X",
    "z",
    "index",
    "state",
    "params",
    "g",
    "ans",
    "mask",
    "p",
}  # no names of a library


def found(node, names):
    """What a dotted name stands for. A module that nobody has imported yet is."""
    if isinstance(node, ast.Name):
        return names[node.id]
    owner = found(node.value, names)
    if inspect.ismodule(owner) and not hasattr(owner, node.attr):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(f"{owner.__name__}.{node.attr}")
    return getattr(owner, node.attr)


def dotted(node):
    """Whether a node is a name with attributes, and nothing else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def check(span, names):
    """Look up what a span of code names, and the keywords with which it calls that."""
    tree = ast.parse(span)
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and dotted(node)}
    for node in ast.walk(tree):
        argument = isinstance(node, ast.Name) and (node.id in ARGUMENTS or hasattr(builtins, node.id))
        if isinstance(node, ast.Attribute | ast.Name) and dotted(node) and id(node) not in inner and not argument:
            found(node, names)
        if (
            isinstance(node, ast.Call)
            and node.keywords
            and dotted(node.func)
            and ast.unparse(node.func) not in ARGUMENTS
        ):
            try:
                parameters = inspect.signature(found(node.func, names)).parameters
            except ValueError:  # a compiled function, which doesn't tell
                continue
            if not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters.values()):
                assert {keyword.arg for keyword in node.keywords} <= parameters.keys(), span


@pytest.mark.parametrize("name", PAGES)
def test_our_names_exist(name):
    pytest.importorskip("scipy")
    names = our_names()
    assert len(spans(name, 1)) > 10
    for span in spans(name, 1):
        if span not in ("for", "while", "if"):
            check(span, names)


@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("name", PAGES)
def test_their_names_exist(name):
    names = their_names(name)
    assert len(spans(name, 0)) > 10
    for span in spans(name, 0):
        check(span, names)


def test_a_name_that_does_not_exist_is_found():
    for span in ("np.cosine(x)", "x.permute(0)", "tg.grad(f, argnumber=0)", "torch.sum(x)"):
        with pytest.raises((AttributeError, AssertionError, KeyError)):
            check(span, our_names())


def run_theirs(name):
    """Their programs, on the variables of our page: what they are about, if they don't say so themselves."""
    names = run(page(name))
    text = page(name).read_text(encoding="utf-8")
    programs = re.findall(r"^```text\n(.*?)^```$", text, re.M | re.S)
    assert programs
    for program in programs:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(program, f"{name}.md", "exec"), names)
        assert "False" not in printed.getvalue()


@pytest.mark.parametrize("name", PAGES)
def test_their_programs_run(name, tmp_path):
    pytest.importorskip(PACKAGES[name])
    run_alone(tmp_path, "-W", "ignore", __file__, name)  # warnings are theirs


if __name__ == "__main__":
    run_theirs(sys.argv[1])
