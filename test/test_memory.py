"""Whose memory an array is, and what importing the library tells the allocator."""

import os
import platform
import subprocess
import sys
import threading

import numpy as np
import pytest
from duck import Duck

from tensorgrad.memory import Changes, _references_of_one_name, is_owned


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


def test_an_argument_is_owned_if_it_was_moved_in():
    def passed_on(array):
        return is_owned(array)

    kept = np.ones(3)
    arrays = {"temporary": np.ones(3), "kept": kept}
    owned = [passed_on(np.ones(3)), passed_on(arrays.pop("temporary"))]  # pytest would hold what stands in an assert
    shared = [passed_on(arrays.pop("kept"))]
    assert all(owned) and not any(shared) and len(kept) == 3


def test_an_array_that_another_thread_holds_is_not_owned():
    array = np.ones(3)
    holds, ends = threading.Event(), threading.Event()

    def hold(arrays):
        held = arrays.pop()
        holds.set()
        ends.wait()
        assert len(held) == 3

    thread = threading.Thread(target=hold, args=([array],))
    thread.start()
    holds.wait()
    shared = is_owned(array)
    ends.set()
    thread.join()
    assert not shared and is_owned(array)


def test_changed_memory_is_found_by_any_array_that_has_an_element_of_it():
    changes, a, b = Changes(), np.zeros((4, 4)), np.zeros(3)
    changes.note(a[:, 0], (5, "a", (4,)))
    assert changes.latest == 5
    assert changes.since(a, 4) and changes.since(a.T[0, 1:], 4) and changes.since(a[:, ::2], 4)
    assert not changes.since(a, 5)  # used after the change
    assert not changes.since(a[:, 1::2], 4) and not changes.since(b, 4)
    changes.note(a, (7, "a", None))
    assert changes.since(a[:, 1], 6) and not changes.since(a[:, 1], 7)


def test_changed_memory_is_forgotten_with_its_last_array():
    changes, a = Changes(), np.zeros((4, 4))
    view = a[1:]
    changes.note(view, (5, "", None))
    changes.note(Duck(a), (6, "", None))  # nothing holds it any more
    assert len(changes.of_memory) == 1
    del a
    assert changes.since(view, 4)
    del view
    assert not changes.of_memory


def test_where_references_are_counted_otherwise_nothing_is_owned():
    """On a Python that doesn't count what a second name, a list or a closure holds, or doesn't count at all."""

    def count(array):
        return sys.getrefcount(array)

    of_one = _references_of_one_name(count)
    assert of_one > 0
    for other in (lambda array: 0, lambda array: 1, lambda array: min(count(array), of_one), id):
        assert _references_of_one_name(other) == -1


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
