"""No function of scipy.special takes a Tensor for a constant: each is recorded, or refuses it.

All of them are called, in every place with Tensors or numbers, also where that makes no sense.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tensorgrad import Tensor

scipy_special = pytest.importorskip("scipy.special")
special = pytest.importorskip("tensorgrad.special")

EVERY = sorted(
    name
    for name in set(scipy_special.__all__)
    if callable(getattr(scipy_special, name)) and not isinstance(getattr(scipy_special, name), type)
)
# Where SciPy makes a Python int or bool of an argument, which can't be told from int(tensor): how many, and whether
COUNTS_AND_FLAGS = {"n", "m", "nt", "mu", "monic", "derivative", "complex", "exact"}
# These have no signature: their first argument is a count, or they leave out what comes before their last arguments
WITHOUT_SIGNATURE = {"assoc_legendre_p", "legendre_p", "legendre_p_all", "sph_legendre_p", "sph_harm_y"}


def calls(most: int = 4) -> Iterator[tuple[Any, ...]]:
    """Arguments of up to four places, in each a Tensor or a number."""
    for count in range(1, most + 1):
        for places in itertools.product((True, False), repeat=count):
            for value, number in itertools.product((0.5, 2.0, [0.3, 0.7]), (1, 0.5)):
                if any(places):
                    yield tuple(Tensor(value) if is_tensor else number for is_tensor in places)


def is_plain(y: Any) -> bool:
    """Whether there is a number that isn't part of a graph; ints and bools are constants."""
    if isinstance(y, list | tuple):
        return any(map(is_plain, y))
    return not isinstance(y, Tensor) and np.asarray(y).dtype.kind not in "biu"


def lost(func: Any, args: tuple) -> set[str]:
    """The arguments, by name, of the Tensors that a call took for constants."""
    try:
        names = list(inspect.signature(func).bind(*args).arguments)
    except (TypeError, ValueError):  # a ufunc of an older NumPy tells no names
        names = [str(i) for i in range(len(args))]
    return {name for name, arg in zip(names, args, strict=False) if isinstance(arg, Tensor)}


@pytest.mark.filterwarnings("ignore")
def test_no_function_takes_a_tensor_for_a_constant():
    recorded, tried = set(), 0
    for name in EVERY:
        func = getattr(scipy_special, name)
        for args in calls():
            tried += 1
            try:
                y = func(*args)
            except (TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError):
                continue
            if is_plain(y):
                assert name in WITHOUT_SIGNATURE or lost(func, args) <= COUNTS_AND_FLAGS, (name, args)
            elif isinstance(y, Tensor | tuple):
                recorded.add(name)
    assert tried > 50_000
    made_of_others = {"jvp", "yvp", "ivp", "kvp", "h1vp", "h2vp", "sinc", "softplus", "jn"}
    made_of_others |= {"assoc_laguerre", "factorial", "factorial2", "factorialk"}  # of a single number they call gamma
    no_ufuncs = {"softmax", "log_softmax", "logsumexp", "multigammaln", "polygamma", "comb", "perm"}
    assert recorded - made_of_others == set(special.__all__) - no_ufuncs


@pytest.mark.parametrize("name", ["factorial", "logsumexp", "polygamma", "diric", "spherical_jn", "ellip_harm", "comb"])
def test_the_error_names_the_way_out(name: str):
    count = {"logsumexp": 1, "factorial": 1, "ellip_harm": 5}.get(name, 2)
    with pytest.raises(TypeError, match=r"tensor\.data|coercible"):
        getattr(scipy_special, name)(*([1] * (count - 1)), Tensor([2.0, 3.0]))


@pytest.mark.parametrize("name", ["voigt_profile", "mathieu_a", "chndtr", "elliprj", "smirnov"])
def test_a_ufunc_without_rules_says_so(name: str):
    ufunc = inspect.unwrap(getattr(scipy_special, name))
    with pytest.raises(TypeError, match=f"{name} has no derivative in tensorgrad"):
        ufunc(*([1.0] * (ufunc.nin - 1)), Tensor(0.5))
