"""Every message that the package can raise stands on the pages of errors, with its cause and its cure.

What can be raised is read from the source. That this misses nothing is tried by calls with wrong values: what they
raise stands there, too.
"""

import ast
import collections
import functools
import itertools
import re
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nbformat")

import test_wrong_calls
from messages import HOLE, PACKAGE, pattern, raised, said_by_others, tree_of, words, written
from pages import ROOT
from wrong_values import VALUES

from tensorgrad import Tensor, interop

RAISED, WRITTEN = raised(), written()
OTHERS = said_by_others()
PATTERNS = {message: pattern(message) for message in WRITTEN | OTHERS}

# Messages that consist of what is put in. What that is, is made elsewhere, and found there; or is another library's
PUT_TOGETHER = {message for message in RAISED if words(message) < 3}

MODULES = sorted({place.rpartition(":")[0] for places in RAISED.values() for place in places})


def test_messages_are_found():
    assert len(RAISED) > 900
    assert len(PUT_TOGETHER) <= 8, PUT_TOGETHER


@pytest.mark.parametrize("module", MODULES)
def test_each_is_on_the_page(module):
    for message, places in RAISED.items():
        here = [place for place in places if place.startswith(f"{module}:")]
        if here and message not in PUT_TOGETHER:
            assert any(p.fullmatch(message) for p in PATTERNS.values()), f"{here[0]}: {message.replace(HOLE, '<...>')}"


@pytest.mark.parametrize("message", WRITTEN, ids=lambda message: message.replace(HOLE, "…")[:60])
def test_each_on_the_page_is_raised(message):
    assert words(message) >= 3, "says too little: it would fit too much"
    assert any(PATTERNS[message].fullmatch(m) for m in RAISED), "nothing raises it"
    assert len(WRITTEN[message]) == 1, "stands there twice"
    ((_, cause, cure),) = WRITTEN[message]
    assert words(cause) >= 4 and words(cure) >= 2


# What others say ------------------------------------------------------------------------------------------------------

t, X = Tensor(np.ones(3)), Tensor(np.ones((3, 2)))


def set_element():
    array = np.zeros(3)
    array[0] = t


def forward_mode_of_jax():
    jax = pytest.importorskip("jax")
    f = interop.to_jax(lambda x: np.sum(x**2))
    jax.hessian(f)(jax.numpy.ones(2))


# What is in a message of the page, and calls of which each raises such
PROVOKED = {
    "is out of bounds for axis": [
        lambda: t[5],
        lambda: np.take(t, 5),
        lambda: np.delete(t, 7),
        lambda: t.at[5].set(1.0),
    ],
    "too many indices": [lambda: t[0, 0]],
    "is out of bounds for array": [lambda: np.sum(t, axis=1), lambda: X.sort(axis=3), lambda: np.swapaxes(t, 0, 1)],
    "only integers": [lambda: t[1.0], lambda: t["w"]],
    "boolean index": [lambda: t[np.array([True, False])]],
    "squeeze out": [lambda: X.squeeze(0)],
    "unexpected keyword": [lambda: np.sum(t, dim=0), lambda: np.std(t, unbiased=False)],
    "object has no attribute": [lambda: t.view(-1), lambda: [t].sum()],
    "truth value": [lambda: 1 if t > 0 else 0, lambda: Tensor(np.zeros(3)) in [t]],
    "array element": [set_element],
    "Singular": [lambda: np.linalg.inv(0 * np.eye(2) * Tensor(1.0))],
    "positive definite": [lambda: np.linalg.cholesky(-np.eye(2) * Tensor(1.0))],
    "must be square": [lambda: np.linalg.inv(X)],
    "unsized": [lambda: len(t[0])],
    "need at least one": [lambda: np.stack([]), lambda: np.concatenate([])],
    "zero-size": [lambda: np.max(t[:0])],
    "ufunc": [lambda: t < "a"],
    f": {HOLE}": [lambda: np.cumsum(t, axis=0.5), lambda: np.tile(t, -1)],  # all else
    "invalid value": [lambda: np.sqrt(-t)],
    "divide by zero": [lambda: 1 / (t * 0), lambda: np.log(t * 0)],
    "overflow": [lambda: np.exp(1000 * t)],
    "unsupported operand": [lambda: t * pytest.importorskip("torch").ones(3)],
    "must be Tensor, not Tensor": [lambda: pytest.importorskip("torch").sin(t)],
    "mat1 and mat2": [lambda: interop.from_torch(pytest.importorskip("torch").nn.Linear(3, 2))(t)],
    "custom_vjp": [forward_mode_of_jax],
}


@pytest.mark.parametrize("message", OTHERS, ids=lambda message: message.replace(HOLE, "…")[:60])
def test_what_others_say(message):
    """It is still said, in the words of the page."""
    (part,) = [part for part in PROVOKED if part in message]
    for call in PROVOKED[part]:
        with warnings.catch_warnings(), pytest.raises(Exception) as caught:
            warnings.simplefilter("error")
            call()
        assert PATTERNS[message].fullmatch(str(caught.value))
    ((_, cause, cure),) = OTHERS[message]
    assert words(cause) >= 4 and words(cure) >= 2


# What calls raise -----------------------------------------------------------------------------------------------------

PLACES_PUT_TOGETHER = {place for message in PUT_TOGETHER for place in RAISED[message]}
EXPLAINED = re.compile(r"[\w.]+ of shapes [^:]*: ")  # what errors.explained puts before the text of another error
UNKNOWN_LENGTH = "; a length that isn't known"  # what it puts behind it
# What fits a text as it is raised, where what is put in may be empty; and by place, what has fitted before
AS_RAISED = [re.compile(p.pattern.replace(".+?", ".*?"), re.S) for p in PATTERNS.values()]
FITTED = collections.defaultdict(list)


@functools.cache
def raising_lines(path):
    """The lines of a module where statements raise errors that they make, or give warnings."""
    return {
        node.lineno
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Raise) and node.exc)
        or (isinstance(node, ast.Call) and "warn" in ast.unparse(node.func))
    }


def place_of(error):
    """Where in the package an error was raised, as path:line; None if no statement of the package did that, but a
    function of C that it called (whose errors end in that line), another library, or Python itself."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    path = Path(frame.f_code.co_filename)
    is_ours = PACKAGE in path.parents and line in raising_lines(path)
    return f"{path.relative_to(ROOT).as_posix()}:{line}" if is_ours else None


def is_on_the_page(text, place):
    """Whether a text fits a message of the pages; those that others from this place have fitted are tried first."""
    known = FITTED[place]
    found = next((p for p in itertools.chain(known, AS_RAISED) if p.fullmatch(text)), None)
    if found is not None and found not in known:
        known.append(found)
    return found is not None


def is_explained_here(error):
    """Whether an error that the package raises stands on the pages; of one that it passes on, what was put before it or
    behind it is left out, and what isn't the package's own is left to its library."""
    place = place_of(error)
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    text = re.sub(r"\s*\n\s*", " ", text).partition(UNKNOWN_LENGTH)[0]
    if place is None or place in PLACES_PUT_TOGETHER or is_on_the_page(text, place):
        return True
    origin = error.__cause__ or error.__context__
    return bool(EXPLAINED.match(text) and origin is not None and is_explained_here(origin))


def errors_of_calls():
    """The errors of calls with wrong values, one after the other: the call, and its error."""
    for name, entry in test_wrong_calls.ENTRIES.items():
        for parameter in entry.parameters():
            for label, make in VALUES.items():
                if label not in test_wrong_calls.UNNOTICED.get(f"{name}({parameter})", ()):
                    result = entry.result(entry.func, {parameter: make()})
                    if isinstance(result, test_wrong_calls.Raised):
                        yield f"{name}({parameter} = {label})", result.error


@pytest.mark.slow
def test_what_calls_with_wrong_values_raise_is_on_the_page():
    seen, lacking = collections.Counter(), {}
    for call, error in errors_of_calls():
        place = place_of(error)
        seen[place is not None] += 1
        if not is_explained_here(error):
            lacking.setdefault(place, f"{place}: {call} raises {type(error).__name__}: {error}")
    assert seen[True] > 100_000, seen
    assert not lacking, f"{len(lacking)} places:\n" + "\n".join(lacking.values())
