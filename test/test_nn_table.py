"""Networks beside PyTorch's: all that it has is here or left out for a reason, has its numbers, and docs/networks.md
says so."""

import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # which PyTorch's own samples need

import torch_table as table  # noqa: E402

PAGE = Path(__file__).resolve().parent.parent / "docs" / "networks.md"


def bound(name):
    return table.LESS_EXACT.get(name, (table.BOUND,))[0]


def here(module):
    return [name for name in table.names_of(module) if table.is_here(module, name)]


@pytest.mark.parametrize("module", table.SECTIONS)
def test_all_is_here_or_left_out(module):
    names, left_out = {*table.names_of(module)}, {*table.LEFT_OUT[module]}
    assert {*here(module)} & left_out == set()
    assert names - {*here(module)} == left_out


@pytest.mark.parametrize("name", here("torch.nn"))
def test_a_module_has_pytorchs_numbers(name):
    count, worst = table.module_row(name, most=1)
    assert count and all(value < bound(name) for value in worst.values()), worst


@pytest.mark.slow
@pytest.mark.parametrize("name", here("torch.nn"))
def test_a_module_has_pytorchs_numbers_for_all_samples(name):
    _, worst = table.module_row(name)
    assert all(value < bound(name) for value in worst.values()), worst


@pytest.mark.parametrize("name", here("torch.optim"))
def test_an_optimizer_has_pytorchs_numbers(name):
    count, worst = table.optimizer_row(name, steps=2)
    assert worst < bound(name) and (count > 0) == (name not in table.BASES)


@pytest.mark.slow
@pytest.mark.parametrize("name", here("torch.optim"))
def test_an_optimizer_has_pytorchs_numbers_for_many_steps(name):
    assert table.optimizer_row(name)[1] < bound(name)


@pytest.mark.parametrize("name", here("torch.optim.lr_scheduler"))
def test_a_schedule_has_pytorchs_numbers(name):
    count, worst = table.schedule_row(name)
    assert worst < bound(name) and (count > 0) == (name not in table.BASES)


@pytest.mark.parametrize("name", here("torch.nn.init"))
def test_an_initialiser_has_pytorchs_numbers_or_distribution(name):
    assert table.initialiser_row(name) in (0, "distribution")


@pytest.mark.parametrize("module", table.SECTIONS)
def test_the_page_says_the_same(module):
    """The classes and how many samples they had; and no difference on it is large."""
    page = PAGE.read_text(encoding="utf-8")
    version = re.search(r"PyTorch (\d+\.\d+)", page)[1]
    if not torch.__version__.startswith(f"{version}."):
        pytest.skip(f"the page was made with PyTorch {version}, which has other classes and samples")
    (section,) = re.findall(rf"^## {re.escape(module)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| `")]
    assert [name.strip("`") for name, *_ in rows] == here(module)
    left_out = re.findall(r"^- (`.*`): (.*)$", section.partition("Left out:")[2], re.MULTILINE)
    assert {name: why for names, why in left_out for name in re.findall(r"\w+", names)} == table.LEFT_OUT[module]
    for name, *cells in [(name.strip("`"), *cells) for name, *cells in rows]:
        differences = cells if module == "torch.nn.init" else cells[:-1]
        assert all(text in ("", "distribution") or float(text) <= bound(name) for text in differences), name
    for name in table.only_here(module):
        assert f"`{name}`" in section
