"""tensorgrad.scipy as a package: how its modules are imported, and what is said of those that aren't there; and the
page about it."""

import subprocess
import sys
from importlib import import_module

import pytest

from tensorgrad import special

pytest.importorskip("scipy")
package = import_module("tensorgrad.scipy")


def printed(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_modules_are_imported_when_they_are_asked_for():
    program = """
import sys
import tensorgrad.scipy
print([name for name in ("linalg", "stats", "special") if f"tensorgrad.scipy.{name}" in sys.modules])
print(tensorgrad.scipy.stats.norm.logpdf(0.0) < 0, "tensorgrad.scipy.linalg" in sys.modules)
"""
    assert printed(program) == "[]\nTrue False\n"


def test_public_modules_are_named_as_those_of_scipy():
    assert {"integrate", "interpolate", "linalg", "ndimage", "optimize", "signal", "special", "stats"} <= set(
        package.__all__
    )
    for name in package.__all__:
        module = getattr(package, name)
        assert module is import_module(f"tensorgrad.scipy.{name}")
        assert set(module.__all__) <= set(dir(import_module(f"scipy.{name}")))
        assert all(hasattr(module, function) for function in module.__all__)
    assert set(package.__all__) <= set(dir(package))


def test_special_is_that_of_the_library():
    assert package.special.__all__ == special.__all__
    assert all(getattr(package.special, name) is getattr(special, name) for name in special.__all__)


@pytest.mark.parametrize("name", ["spatial", "fft", "nothing"])
def test_a_module_that_is_not_there(name):
    with pytest.raises(
        AttributeError, match=rf"tensorgrad\.scipy has no '{name}'; it has .*stats.* takes tensor\.data"
    ):
        getattr(package, name)
    with pytest.raises(ImportError, match=name):
        exec(f"from tensorgrad.scipy import {name}")


def test_what_modules_lack_is_an_error_with_a_way_out():
    for name in package.__all__:
        with pytest.raises(AttributeError, match=rf"tensorgrad\.scipy\.{name} has no 'no_such_thing'; .*tensor\.data"):
            getattr(getattr(package, name), "no_such_thing")  # noqa: B009
