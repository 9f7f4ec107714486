"""The pages of the site, and the code in them, as the tests read them. `python pages.py PAGE` runs a page's code."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import MagicMock

import nbformat

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*") if path.suffix in (".md", ".ipynb") and path.parent.name[0] not in "_.")
CELL = re.compile(
    r"^```\{code-cell\}[^\n]*\n(?:---\n(?P<yaml>.*?)^---\n|(?P<options>(?::[^\n]*\n)+)\n?)?(?P<code>.*?)^```$",
    re.M | re.S,
)


@dataclass
class Cell:
    """A cell of code: where it begins in its file, and the tags that say how it is run and shown."""

    code: str
    line: int
    tags: set[str] = field(default_factory=set)


def name(page):
    return page.relative_to(DOCS).with_suffix("").as_posix()


def cells(page):
    """The cells of code of a page, in the order of reading."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        found = [cell for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code"]
        return [Cell(cell.source, 1, set(cell.metadata.get("tags", ()))) for cell in found]
    return [
        Cell(
            match["code"],
            text[: match.start("code")].count("\n") + 1,
            set(re.findall(r"raises-exception|remove-\w+|hide-\w+", (match["yaml"] or "") + (match["options"] or ""))),
        )
        for match in CELL.finditer(text)
    ]


def texts(page):
    """What is written on a page, without its code: Markdown."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        found = [cell for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "markdown"]
        return "\n\n".join(cell.source for cell in found)
    return re.sub(r"^(```+)[^\n]*\n.*?^\1$", "", text, flags=re.M | re.S)


def run(page):
    """Run a page's cells from top to bottom; what a cell says that it raises must be raised."""
    names = {"__name__": "page", "display": MagicMock()}  # what a notebook shows is seen when the site is built
    for cell in cells(page):
        code = compile("\n" * (cell.line - 1) + cell.code, str(page), "exec")
        if "raises-exception" not in cell.tags:
            exec(code, names)
            continue
        try:
            exec(code, names)
        except Exception:
            continue
        raise AssertionError(f"{page.name}, line {cell.line}: nothing was raised")
    return names


def run_alone(folder, *arguments):
    """Run Python in a process of its own, as a reader has it, so that nothing stays behind; an error there is one."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    run(Path(sys.argv[1]))
