"""Writing a file as a whole or not at all: beside the old one, which it then replaces."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@contextlib.contextmanager
def replacing(name: str, path: Any) -> Iterator[Path]:
    """A path to write to inside the block. What is there at its end replaces the file at `path`; if it fails, nothing
    is changed. Links are followed, and the permissions stay those of the old file. `name` is the caller, for errors.

    Raises:
        TypeError: path is no path.
        FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError: nothing can be written there.
    """
    import shutil  # here, since only what is saved needs them
    import tempfile
    from pathlib import Path

    target = _target(name, path)
    old = os.stat(target) if target.exists() else None
    beside = (old is None or stat.S_ISREG(old.st_mode)) and os.access(target.parent, os.W_OK)
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=target.parent if beside else None) as folder:
        draft = Path(folder, target.name)
        yield draft
        if not beside:  # a device or a pipe, or a directory that takes no new files: all that can be done
            with open(draft, "rb") as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink)
            return
        if old is not None:
            with contextlib.suppress(AttributeError, PermissionError):  # not on Windows; or the file is another user's
                os.chown(draft, old.st_uid, old.st_gid)
            os.chmod(draft, stat.S_IMODE(old.st_mode))
        for other in set(Path(folder).iterdir()) - {draft}:  # such as the frames of an animation
            shutil.copytree(other, target.parent / other.name, dirs_exist_ok=True)
        os.replace(draft, target)


def as_path(name: str, path: Any) -> Path:
    """path as a Path; an error for what is none."""
    from pathlib import Path

    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name}: path must be a str or a Path, not {type(path).__name__} {path!r}")
    return Path(path)


def _target(name: str, path: Any) -> Path:
    """The file that is written when `path` is opened for writing."""
    from pathlib import Path

    target = Path(os.path.realpath(as_path(name, path)))
    if target.is_symlink():
        raise OSError(errno.ELOOP, f"{name}: links lead round in a circle", str(path))
    if target.is_dir():
        raise IsADirectoryError(f"{name}: {path} is a directory; give the path of a file in it")
    if not target.parent.is_dir():
        kind = NotADirectoryError if target.parent.exists() else FileNotFoundError
        raise kind(f"{name}: there is no directory {target.parent} to write {target.name} into; make it first")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{name}: {path} is read-only")
    return target
