"""The Graphviz program: which formats there are, and pictures that draw themselves where no `dot` is installed.

The package graphviz writes sources and calls a program, `dot`. Where there is none, the wheel graphviz-pure stands in,
which brings a program of its own (svg, png, jpg). Both are looked for when the first picture is drawn; and what of
Python's library only pictures need is imported then, too, for it takes as long as a good part of NumPy.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from typing import TYPE_CHECKING, Any

from ..files import as_path, replacing

if TYPE_CHECKING:
    from pathlib import Path

_INSTALL = "pip install graphviz graphviz-pure"


def formats() -> frozenset[str]:
    """The formats that the package graphviz knows."""
    return frozenset(_package().FORMATS)


def new_picture(name: str, format: str) -> Any:
    """An empty picture: a `graphviz.Digraph`.

    Raises:
        ImportError: the package graphviz isn't installed.
    """
    return picture_class()(name, format=format)


def _package() -> Any:
    try:
        import graphviz
    except ImportError as error:
        raise ImportError(f"drawing needs the package graphviz; run: {_INSTALL}") from error
    return graphviz


@functools.cache
def picture_class() -> type:
    """The class of pictures: made when graphviz, its base, is there."""
    import shutil
    from pathlib import Path

    base = _package()

    class Picture(base.Digraph):  # type: ignore[name-defined, misc]
        """A graphviz.Digraph that draws with graphviz-pure where there is no `dot`, and needs no screen."""

        def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **options: Any) -> Any:
            """The picture as bytes, or as text in the given encoding."""
            if shutil.which("dot"):
                return super().pipe(format, *args, encoding=encoding, **{**options, "quiet": True})
            drawn = _drawn_by_pure(self.source, (format or self.format).lower(), options.get("engine") or self.engine)
            return drawn.decode(encoding) if encoding else drawn

        def save(self, filename: Any = None, directory: Any = None, *, skip_existing: bool | None = False) -> str:
            """Write the source, as graphviz does; its path. An old file is replaced when the new one is complete."""
            if filename is not None:
                self.filename = as_path("save", filename)
            if directory is not None:
                self.directory = as_path("save", directory)
            path: str = self.filepath
            if not (skip_existing and os.path.exists(path)):
                # If a file is in the way, that is said below
                with contextlib.suppress(FileExistsError, NotADirectoryError):
                    self._mkdirs(path)
                with replacing("save", path) as draft, open(draft, "w", encoding=self.encoding) as file:
                    file.writelines(self)
            return path

        def render(
            self, filename: Any = None, directory: Any = None, view: bool = False, cleanup: bool = False,
            format: str | None = None, *args: Any, outfile: Any = None, quiet_view: bool = False, **options: Any,
        ) -> str:  # fmt: skip
            """Write source and picture, as graphviz does; the path of the picture. Old files are replaced when the new
            ones are complete, and stay if drawing fails."""
            if filename is not None:
                filename = as_path("render", filename)
            if outfile is not None:
                path = Path(directory or self.directory, as_path("render", outfile))
                format = format or path.suffix[1:] or self.format
                filename = filename or Path(outfile).with_suffix(".gv")
            picture = self.pipe(format, *args, **options)
            source = self.save(filename, directory=directory)
            if outfile is None:
                path = Path(f"{source}.{format or self.format}")
            with replacing("render", path) as draft:
                draft.write_bytes(picture)
            if cleanup:
                os.remove(source)
            if view or quiet_view:
                _show(path)
            return str(path)

    return Picture


def pure_program() -> str | None:
    """The program of the wheel graphviz-pure: beside this Python (its environment may not be activated) or on PATH."""
    import shutil
    import sysconfig
    from pathlib import Path

    places = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return shutil.which("graphviz-pure", path=os.pathsep.join(places))


def _drawn_by_pure(source: str, format: str, engine: str) -> bytes:
    import subprocess

    program = pure_program()
    if program is None:
        raise RuntimeError(
            f"drawing needs a Graphviz program: neither dot nor graphviz-pure was found; run: {_INSTALL}"
        )
    done = subprocess.run([program, f"-K{engine}", f"-T{format}"], input=source.encode(), capture_output=True)
    if done.returncode or not done.stdout:
        raise RuntimeError(f"graphviz-pure could not draw {format!r}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _show(path: Path) -> None:
    """Open the file in its viewer where there is a screen, and say where it lies."""
    print(f"The picture is in {path.resolve()}")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    try:
        _package().view(str(path), quiet=True)
    except (OSError, RuntimeError) as error:
        print(f"(no viewer could be opened: {error})")
