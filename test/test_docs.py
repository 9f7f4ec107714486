"""The pages of the site: their code runs, their links lead somewhere, their pictures are described and light."""

import re

import pytest

for package in ("nbformat", "IPython", "matplotlib", "graphviz", "sklearn", "scipy", "safetensors"):
    pytest.importorskip(package)

import nbformat  # noqa: E402
from pages import PAGES, ROOT, cells, name, run, run_alone, texts  # noqa: E402

# Pages whose code takes more than a few seconds, and the packages beyond those above that pages need
LONG = {"scikit_learn", "distributed", "tour"}
NEEDED = {"distributed": ["distributed"], "dask": ["dask"], "errors/training": ["dask"], "interop": ["torch", "jax"]}

RUN = [
    pytest.param(page, marks=[pytest.mark.slow] * (name(page) in LONG or page.parent.name == "course"), id=name(page))
    for page in PAGES
    if cells(page)
]


@pytest.mark.parametrize("page", RUN)
def test_its_code_runs(page, tmp_path):
    for package in NEEDED.get(name(page), []):
        pytest.importorskip(package)
    run_alone(tmp_path, "-W", "error", ROOT / "test" / "pages.py", page)


def test_a_cell_that_raises_nothing_though_it_should_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```{code-cell}\n:tags: [raises-exception]\n\n1 / 0\n```\n")
    run(page)
    page.write_text("```{code-cell}\n---\ntags: [raises-exception]\n---\n1 / 1\n```\n")
    with pytest.raises(AssertionError, match="nothing was raised"):
        run(page)


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".md"], ids=name)
def test_every_snippet_of_python_is_run(page):
    """Code that is shown is in a cell, but for the design, which quotes the source (test_layout.py compares it)."""
    assert name(page) == "design" or not re.search(r"^```python", page.read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".ipynb"], ids=name)
def test_notebooks_are_kept_without_outputs(page):
    """They are made when the site is built, or when somebody runs it."""
    notebook = nbformat.read(page, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert notebook.metadata.kernelspec.name == "python3"


SHOWN = [*PAGES, ROOT / "README.md"]


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_pictures_are_described_and_light(page):
    for text, path in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", texts(page)):
        assert len(text) >= 30, f"{path}: say in words what is to be seen"
        picture = (page.parent / path).resolve()
        assert picture.stat().st_size < 300_000, f"{path} is heavy"
