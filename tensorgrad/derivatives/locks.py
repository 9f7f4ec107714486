"""Locks that a forked process can use, and that an interrupt doesn't leave held."""

import os
import threading


def fork_safe_lock():
    """A lock that the thread which holds it may take again, and that no forked process finds held: a child has only the
    thread that forked, so nobody there could release what another holds. It is taken by `locked`."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


def locked(lock, func, *args):
    """func(*args), while this thread holds the lock; released whatever happens, also at an interrupt (Ctrl+C).

    `with lock:` may keep it held: Python 3.14 handles signals between taking the lock and the beginning of the block,
    and Python 3.13 forgets some jumps of a loop in the block. Here the lock is taken and noted in one call of C, in a
    block without a loop; and no signal is handled between the end of that block and the first call of `finally`.
    """
    held = []
    try:
        held.extend(map(lock.acquire, (True,)))
        return func(*args)
    finally:
        for _ in held:
            lock.release()
