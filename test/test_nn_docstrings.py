"""What users are told of layers, losses, functions and optimisers."""

import inspect

import pytest

from tensorgrad import data, functions, losses, nn, optim

BASES = {"LRScheduler", "Optimizer"}  # others are made of these, and they do nothing by themselves
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (nn, nn.init, functions, losses, optim, data)
    for name in sorted(module.__all__)
    if callable(getattr(module, name)) and name not in BASES
}


@pytest.mark.parametrize("name", PUBLIC)
def test_each_has_a_docstring_of_its_own_with_an_example(name):
    about = inspect.getdoc(PUBLIC[name])
    assert about and ">>> " in about, "an example, which runs as a doctest"
    if isinstance(PUBLIC[name], type):
        assert PUBLIC[name].__doc__, "not that of the class that it is derived from"
