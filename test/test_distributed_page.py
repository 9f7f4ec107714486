"""The page on distributed: its code runs, and gives what stands there."""

import doctest
from pathlib import Path

import pytest

pytest.importorskip("distributed")


@pytest.mark.slow
def test_the_page_of_distributed_runs():
    path = Path(__file__).resolve().parent.parent / "docs" / "distributed.md"
    failed, tried = doctest.testfile(str(path), module_relative=False)
    assert tried >= 30 and not failed
