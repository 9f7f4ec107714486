"""Locks that a forked process can use."""

import os
import threading


def fork_safe_lock():
    """A lock that the thread which holds it may take again, and that no forked process finds held: a child has only the
    thread that forked, so nobody there could release what another holds."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
