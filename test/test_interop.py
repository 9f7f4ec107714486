"""interop without its neighbours: what it says where PyTorch or JAX isn't installed."""

import sys

import numpy as np
import pytest
from wrong_values import VALUES

from tensorgrad import interop


@pytest.mark.parametrize("name", interop.__all__)
def test_a_missing_library_is_an_error_that_says_how_to_install_it(name, monkeypatch):
    library = name.rpartition("_")[2]
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"{name} needs .*: pip install {library}"):
        getattr(interop, name)(np.sin)


@pytest.mark.parametrize("name", interop.__all__)
def test_what_is_no_function_is_an_error_before_the_library_is_looked_for(name):
    tried = [value() for value in VALUES.values()]
    for value in [value for value in tried if not callable(value)]:
        with pytest.raises(TypeError, match=f"^{name}: f must be a function, not "):
            getattr(interop, name)(value)
    assert len(tried) > 50
