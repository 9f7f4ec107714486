"""What the steps of a page say, in lines of plain text: the captions of a film."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .notation import numeral, plain

_LETTER = re.compile(r'<var data-of="(\w+)">.*?</var>')


def captions_of(page: Any, step: dict) -> list[str]:
    """The lines that a step of a Walkthrough says."""
    if step["operation"] is None:
        return []
    told = page.operations[step["operation"]]
    if step["phase"] == "backward":
        return [_of_rule(page, rule) for rule in told["rules"] if rule["formula"]]
    if not told["computes"]:
        return []
    names = ", ".join(page.values[v]["name"] for v in told["outputs"])
    result = page.arrays[page.values[told["outputs"][0]]["data"]]
    return [f"{names} = {_computed(page, told['computes'], result)}"]


def _of_rule(page: Any, rule: dict) -> str:
    """What a rule sends: it is the gradient where nothing else comes, and all of what the rule gives arrives."""
    gives, arrives, total = (page.arrays[rule[key]] for key in ("gives", "arrives", "total"))
    name = page.values[rule["to"]]["gradient"]
    is_all = rule["before"] is None and not rule["more"] and rule["summed"] is None and not rule["real"]
    text = (f"{name} = " if is_all else f"{name}: the rule gives ") + _computed(page, rule, gives)
    if rule["summed"] is not None:
        text += f", summed over axis {', '.join(map(str, rule['summed']))}" + _equals(arrives)
    if rule["real"]:
        text += ", of which the real part arrives" + _equals(arrives)
    if rule["before"] is not None:
        before = page.arrays[rule["before"]]
        text += ", added to what was there" + (f": {_sum(before, arrives, total)}" if total.ndim == 0 else "")
    return text + (", and more comes" if rule["more"] else "")


def _computed(page: Any, told: dict, result: np.ndarray) -> str:
    """A formula, the numbers put in where each letter is one, what they give, and the letters that are defined."""
    formula = told["formula"]
    numbers = [page.numbers(letter, told) for letter in _LETTER.findall(formula)]
    text = plain(formula)
    if numbers and all(x.ndim == 0 for x in (*numbers, result)):
        digits = _digits([*numbers, result], result)
        supply = iter(numbers)
        put_in = plain(_LETTER.sub(lambda found: _put_in(found, next(supply), digits), formula))
        text += "".join(f" = {part}" for part in dict.fromkeys([put_in, numeral(result, digits)]))
    where = ", ".join(f"{w['letter']} = {plain(w['formula'])}" for w in told["where"])
    return text + (f", where {where}" if where else "")


def _put_in(found: re.Match, x: np.ndarray, digits: int) -> str:
    """A number in the place of a letter, in brackets where arithmetic needs them: after a sign, and below an exponent;
    one with two parts always, but where it stands alone."""
    number, before, after = numeral(x, digits), found.string[: found.start()].rstrip(), found.string[found.end() :]
    has_parts = x.dtype.kind == "c" or "e" in number
    is_alone = not before and not after
    needs = (number.startswith("−") and (before.endswith(("−", "+")) or after.startswith("<sup>"))) or (
        has_parts and not is_alone
    )
    return f"({number})" if needs else number


def _sum(before: np.ndarray, arrives: np.ndarray, total: np.ndarray) -> str:
    digits = _digits([before, arrives, total], total)
    second = numeral(arrives, digits)
    second = f"({second})" if second.startswith("−") or total.dtype.kind == "c" else second
    return f"{numeral(before, digits)} + {second} = {numeral(total, digits)}"


def _equals(x: np.ndarray) -> str:
    return "" if x.ndim else f" = {numeral(x, 4)}"


def _digits(numbers: list[np.ndarray], result: np.ndarray) -> int:
    """How many significant digits it takes to see that the numbers give the result: four, but where they cancel."""
    largest, left = max(abs(x.item()) for x in numbers), abs(result.item())
    if not (np.isfinite(largest) and left):
        return 4
    return next((n for n in range(4, 16) if largest * 10.0**-n <= 1e-3 * left or largest <= 1e3 * left), 16)
