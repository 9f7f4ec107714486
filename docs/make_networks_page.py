"""Prints docs/networks.md: python docs/make_networks_page.py > docs/networks.md

It needs PyTorch, and expecttest, which PyTorch's own sample inputs are written with.
"""

import math
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "test")]

import torch  # noqa: E402
import torch_table as table  # noqa: E402

KINDS = ("outputs", "input gradients", "parameter gradients", "second derivatives")
INTRODUCTION = """\
# Networks beside PyTorch

Every class of `torch.nn`, every optimiser, schedule and initialiser: whether it is here, by the same name, and the
largest difference from the numbers of PyTorch {version}, in float64.

A difference is relative to the largest number of the array, if that is above 1, and rounded up to a power of ten; 0
says that all bits are the same. Modules are tried over PyTorch's own sample inputs, where it has some; *samples* says
over how many. Outputs count with what a module keeps, such as running means. Second derivatives are left out where
PyTorch has none. What draws numbers as it trains (dropout and the like) is compared as it is evaluated, for no other
library draws PyTorch's numbers. Parameters have PyTorch's names, and start from numbers of the same distribution.
"""
OF_SECTION = {
    "torch.nn": "In `tensorgrad.nn`.",
    "torch.optim": "In `tensorgrad.optim`: the parameters over {steps} steps.",
    "torch.optim.lr_scheduler": "In `tensorgrad.optim`: learning rates and momenta over {steps} steps.",
    "torch.nn.init": "In `tensorgrad.nn.init`, with `rng=` for the generator; what they draw has its distribution.",
}


def rounded(value: float) -> str:
    """A difference as it is printed: nothing below 1e-16 counts as more than that."""
    return f"1e{max(-16, math.ceil(math.log10(value)))}" if value else "0"


def rows(module: str) -> list[list[str]]:
    """The cells of the table of one of PyTorch's modules."""
    names = [name for name in table.names_of(module) if table.is_here(module, name)]
    if module == "torch.nn":
        found = [(name, *table.module_row(name)) for name in names]
        return [[name, *(rounded(worst[k]) if k in worst else "" for k in KINDS), str(n)] for name, n, worst in found]
    if module == "torch.nn.init":
        of_names = [(name, table.initialiser_row(name)) for name in names]
        return [[name, apart if isinstance(apart, str) else rounded(apart)] for name, apart in of_names]
    row = table.optimizer_row if module == "torch.optim" else table.schedule_row
    of_names = [(name, *row(name)) for name in names]
    return [[name, rounded(apart), str(n)] if n else [name, "", ""] for name, n, apart in of_names]


def section(module: str) -> str:
    """What the page says of one of PyTorch's modules."""
    heads = {"torch.nn": ["class", *KINDS, "samples"], "torch.nn.init": ["function", "difference"]}
    head = heads.get(module, ["class", "difference", "settings"])
    lines = [f"## {module}", "", OF_SECTION[module].format(steps=table.STEPS), ""]
    lines += [_line(head), _line(["---"] + ["---:"] * (len(head) - 1))]
    lines += [_line([f"`{name}`", *cells]) for name, *cells in rows(module)]
    if more := table.only_here(module):
        lines += ["", f"PyTorch doesn't have {_named(more)}."]
    less_exact = {name: why for name, (_, why) in table.LESS_EXACT.items() if name in table.names_of(module)}
    lines += ["", "Less exact:", "", *(f"- `{name}`: {why}" for name, why in less_exact.items())] if less_exact else []
    if left_out := table.LEFT_OUT[module]:
        names = {why: _named([name for name in left_out if left_out[name] == why]) for why in left_out.values()}
        lines += ["", "Left out:", "", *(f"- {name}: {why}" for why, name in names.items())]
    return "\n".join(lines)


def _named(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def page() -> str:
    version = ".".join(torch.__version__.split(".")[:2])
    return "\n".join([INTRODUCTION.format(version=version), *(f"{section(module)}\n" for module in table.SECTIONS)])


if __name__ == "__main__":
    print(page(), end="")
