"""Runs the snippets of docs/compile.md and writes what they print below each: python docs/make_compile_page.py"""

import contextlib
import inspect
import io
import linecache
import re
from pathlib import Path

from tensorgrad.replay.passes import PASSES

PAGE = Path(__file__).resolve().parent / "compile.md"
SNIPPET = re.compile(r"^```python\n(.*?)^```$\n\n(?:^```text\n.*?^```$\n\n)?", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(\| Pass \| What it does \|\n\|---\|---\|\n)(?:.+\n)*")


def made(text):
    """The page, with what its snippets print. The lines of a snippet are counted from 1, as in a file of its own."""
    names, files = {"__name__": "page"}, [f"snippet {i}" for i in range(100, 0, -1)]

    def run(snippet):
        code = snippet[1]
        file = files.pop()
        linecache.cache[file] = len(code), None, code.splitlines(keepends=True), file
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, file, "exec"), names)
        output = printed.getvalue()
        return f"```python\n{code}```\n\n" + (f"```text\n{output.rstrip()}\n```\n\n" if output else "")

    return SNIPPET.sub(run, TABLE.sub(lambda table: table[1] + "".join(map(row, PASSES.values())), text))


def row(change):
    """A line of the table of passes: what the docstring of its module says first."""
    name, told = inspect.getmodule(change).__doc__.split("\n\n")[0].split(": ", 1)
    return f"| `{name}` | {' '.join(told.split()).rstrip('.')} |\n"


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
