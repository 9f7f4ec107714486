"""Fixtures that several files of tests use."""

import gc
import importlib.util
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def make():
    """docs/make_images.py, as a module."""
    path = Path(__file__).resolve().parent.parent / "docs" / "make_images.py"
    spec = importlib.util.spec_from_file_location("make_images", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rng():
    """A generator that draws the same numbers for each test, in whatever order tests run."""
    return np.random.default_rng(0)


@pytest.fixture
def no_collector():
    """The garbage collector is off, so that what is freed is freed by reference counts alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
