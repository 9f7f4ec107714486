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

from ..arguments import positive_number
from ..files import as_path, replacing

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT = 60.0  # seconds for one picture
_INSTALL = "pip install graphviz graphviz-pure"
_GRAPHVIZ = "apt, brew, winget or conda install graphviz; or https://graphviz.org/download"
_SMALLER = "draw less of it, by a smaller max_nodes or of a smaller example"


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
    from pathlib import Path

    base = _package()

    class Picture(base.Digraph):  # type: ignore[name-defined, misc]
        """A graphviz.Digraph that draws with graphviz-pure where there is no `dot`, and needs no screen.

        Attributes:
            timeout: the seconds that the program may take for a picture; None for no limit.
        """

        timeout: float | None = TIMEOUT

        def pipe(
            self, format: str | None = None, renderer: str | None = None, formatter: str | None = None,
            neato_no_op: bool | int | None = None, quiet: bool = True, *, engine: str | None = None,
            encoding: str | None = None,
        ) -> Any:  # fmt: skip
            """The picture as bytes, or as text in the given encoding.

            Raises:
                RuntimeError: there is no program, or it doesn't know the format, failed, or took too long.
                ValueError: timeout is no positive number.
            """
            timeout = None if self.timeout is None else positive_number("timeout", self.timeout)
            format = ":".join(filter(None, [format or self.format, renderer, formatter])).lower()
            options = [f"-K{engine or self.engine}", f"-T{format}"] + ([f"-n{neato_no_op:d}"] if neato_no_op else [])
            drawn = _drawn(self.source, options, format, timeout)
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


def _drawn(source: str, options: list[str], format: str, timeout: float | None) -> bytes:
    """What the Graphviz program makes of a source."""
    import shutil
    import subprocess

    program = shutil.which("dot") or pure_program()
    if program is None:
        raise RuntimeError(
            f"drawing needs a Graphviz program: neither dot nor graphviz-pure was found; run: {_INSTALL}"
        )
    name = os.path.splitext(os.path.basename(program))[0]
    try:
        done = subprocess.run([program, *options], input=source.encode(), capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{name} didn't lay this picture out in {timeout:g} s; {_SMALLER}, or give it more time: "
            f"for a picture called dot, dot.timeout = {4 * (timeout or 1):g}"
        ) from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode > 0:
        raise RuntimeError(f"{name} could not draw {format!r}: {_what_it_draws(name, said) or said}")
    if done.returncode < 0 or not done.stdout:
        how = f" (signal {-done.returncode})" if done.returncode else ""
        raise RuntimeError(f"{name} broke off{how} with no picture, as it does where one is too large; {_SMALLER}")
    return done.stdout


def _what_it_draws(name: str, said: str) -> str:
    """Of a program that said that it doesn't know a format: those that it has, and where there are more."""
    _, is_said, known = said.partition("Use one of: ")
    more = "" if name == "dot" else f"; for others install Graphviz ({_GRAPHVIZ}), and its dot is used instead"
    return f"it has no such format, but these: {known.split(chr(10))[0].strip()}{more}" if is_said else ""


def _show(path: Path) -> None:
    """Open the file in its viewer where there is a screen, and say where it lies."""
    print(f"The picture is in {path.resolve()}")
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    try:
        _package().view(str(path), quiet=True)
    except (OSError, RuntimeError) as error:
        print(f"(no viewer could be opened: {error})")
