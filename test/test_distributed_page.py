"""The page on distributed: its code runs, and gives what stands there."""

import doctest
import os
from pathlib import Path
from unittest import mock

import pytest

pytest.importorskip("distributed")


@pytest.mark.slow
def test_the_page_of_distributed_runs():
    path = Path(__file__).resolve().parent.parent / "docs" / "distributed.md"
    with mock.patch.dict(os.environ):  # in which Dask leaves what its processes are started with
        failed, tried = doctest.testfile(str(path), module_relative=False)
    assert tried >= 30 and not failed
