"""What several modules of tests use."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def make():
    """pictures/make.py, as a module."""
    path = Path(__file__).resolve().parent.parent / "pictures" / "make.py"
    spec = importlib.util.spec_from_file_location("pictures_make", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
