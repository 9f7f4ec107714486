"""The tour runs from top to bottom, and the committed notebook is what comes of it. To make it anew:
python docs/make_images.py"""

import re
from pathlib import Path

import pytest

for package in ("nbclient", "ipykernel", "matplotlib", "graphviz", "sklearn"):
    pytest.importorskip(package)

import nbformat  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
HOW = "out of date: run python docs/make_images.py"


@pytest.fixture(scope="module")
def committed():
    return nbformat.read(ROOT / "examples" / "tour.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def kinds(cell):
    """What is shown, in which forms."""
    return [sorted(output.data) for output in cell.outputs if "data" in output]


def test_the_notebook_is_made_from_its_source(make, committed):
    nbformat.validate(committed)
    assert [(c.cell_type, c.source) for c in committed.cells] == [(c.cell_type, c.source) for c in make.tour().cells], (
        HOW
    )
    assert (ROOT / "examples" / "tour.ipynb").stat().st_size < 1_500_000
    for path in re.findall(r"!\[[^\]]{30,}\]\(([^)]+)\)", "".join(c.source for c in committed.cells)):
        assert (ROOT / "examples" / path).exists(), path


# What the kernel's own libraries do at their start, and as they end, is not ours to judge.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")
def test_it_runs_from_top_to_bottom_and_says_what_is_committed(make, committed, monkeypatch):
    monkeypatch.delenv("MPLBACKEND")  # a notebook has a backend of its own, which shows the plots in it
    done = make.run(make.tour())  # an error in a cell is an error here
    assert len(code(done)) > 15
    for new, old in zip(code(done), code(committed), strict=True):
        assert printed(new) == printed(old), HOW
        assert kinds(new) == kinds(old), HOW
        assert not any(output.get("name") == "stderr" for output in new.outputs), printed(new)
    pages = [
        output.data["text/html"]
        for cell in code(done)
        for output in cell.outputs
        if "text/html" in output.get("data", ())
    ]
    assert len(pages) == 1 and pages[0].startswith("<iframe srcdoc=")
