"""Whose memory an array is, and what importing the library tells the allocator."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from tensorgrad.memory import is_owned, share_memory


def test_an_array_is_owned_by_its_only_name():
    array = np.ones(3)
    assert is_owned(array)
    second = array
    assert not is_owned(array)
    del second
    assert is_owned(array)
    kept = [array]
    assert not is_owned(array)
    kept.clear()
    assert is_owned(array)


def test_a_view_is_not_owned_nor_is_an_array_that_a_function_holds():
    array = np.ones((2, 3))
    view = array[0]
    assert not is_owned(view)
    frozen = np.broadcast_to(1.0, (2,))
    assert not is_owned(frozen)

    def held():
        return array

    assert not is_owned(array) and held is not None


def test_what_may_share_memory():
    a, b = np.ones((2, 3)), np.ones(3)
    assert share_memory(a, a[0]) and share_memory(a.T, a) and not share_memory(a, b)
    assert share_memory((b, a[1]), a) and not share_memory((b, b[:1]), a)
    assert not share_memory([1.0], a) and not share_memory(None, a)


PROGRAM = """
import tensorgrad, numpy as np
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
before = resident()
array = np.ones(20 * 2**20, np.uint8)
del array
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's allocator")
@pytest.mark.parametrize("setting, kept", [(None, True), ("1", True), ("0", False)])
def test_freed_memory_is_kept_unless_the_environment_says_otherwise(setting, kept):
    names = ("MALLOC_", "GLIBC_TUNABLES", "TENSORGRAD_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(names)}
    environment |= {"TENSORGRAD_KEEP_MEMORY": setting} if setting else {}
    out = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert (int(out.stdout) > 10 * 2**20) == kept


def test_gradients_of_long_arrays_keep_no_memory():
    from tensorgrad.derivatives.reductions import KEPT_LENGTH, ones, sum_rows

    ones.cache_clear()
    for n in (10, KEPT_LENGTH, KEPT_LENGTH + 1, 10 * KEPT_LENGTH):
        assert sum_rows(np.ones((n, 1))) == n
    assert ones.cache_info().currsize == 2
