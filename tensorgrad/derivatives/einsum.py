"""Einstein summation: its gradient is again one."""

import string

import numpy as np

from .arrays import as_arrays, eye
from .arrays import full as filled_with
from .formulas import formula
from .table import composed, derivative, each, views


@formula("np.einsum(subscripts, *operands)")
def _einsum(subscripts, settings, *operands):
    return np.einsum(subscripts, *operands, **settings)


def gradient_formula(i, g, subscripts, operands):
    target, factors = gradient_terms(i, subscripts, g.shape, [x.shape for x in operands])
    arrays = ["g" if kind == "g" else f"operands[{n}]" if kind == "operand" else f"{kind}({n})"
              for _, kind, n in factors]
    return f"np.einsum('{','.join(t for t, _, _ in factors)}->{target}', {', '.join(arrays)})"


@formula(lambda i, g, y, subscripts, settings, *operands: gradient_formula(i, g, subscripts, operands))
def einsum_gradient(i, g, y, subscripts, settings, *operands):
    """Again an einsum: g takes the operand's place, and the operand's letters are the result's.

    A letter that stands twice in the operand (a diagonal) goes back through an identity matrix; one that stands nowhere
    else, or has length 1 everywhere else, is spread by a vector of ones.
    """
    target, factors = gradient_terms(i, subscripts, g.shape, [x.shape for x in operands])
    dtype = operands[i].dtype
    made = {"identity": lambda n: eye(n, dtype, g), "ones": lambda n: filled_with(n, 1, dtype, g)}
    arrays = [g if kind == "g" else operands[n] if kind == "operand" else made[kind](n) for _, kind, n in factors]
    optimize = len(factors) > 2 or bool(settings.get("optimize"))
    return np.einsum(",".join(t for t, _, _ in factors) + "->" + target, *arrays, optimize=optimize)


def gradient_terms(i, subscripts, shape, shapes):
    """The result's letters, and for each factor its letters, what it is, and which or how long."""
    inputs, result = subscripts.split("->")
    terms = inputs.split(",")
    factors = [(result, "g", 0)] + [(t, "operand", j) for j, t in enumerate(terms) if j != i]
    lengths: dict[str, int] = {}
    for term, kind, j in factors:
        for letter, n in zip(term, shape if kind == "g" else shapes[j], strict=True):
            lengths[letter] = max(n, lengths.get(letter, 0)) if n else 0
    fresh = iter(sorted(set(string.ascii_letters) - set(subscripts)))
    target = ""
    for letter, n in zip(terms[i], shapes[i], strict=True):
        if letter in target:
            twin = next(fresh)
            factors.append((letter + twin, "identity", n))
            letter = twin
        elif lengths.get(letter, -1) != n and lengths.get(letter, 1) == 1:
            factors.append((letter, "ones", n))
        target += letter
    return target, factors


einsum = derivative(_einsum, None, None, each(einsum_gradient))


# Of one array, with nothing to sum, NumPy gives a view: the axes in another order, or a diagonal.
@formula("np.einsum(subscripts, a)")
def _einsum_view(a, subscripts, settings):
    return np.einsum(subscripts, a, **settings)


einsum_view = derivative(_einsum_view, lambda g, y, a, subscripts, settings:
                                       einsum_gradient(0, g, y, subscripts, settings, a))
views(einsum_view)


def explicit(subscripts, shapes):
    """Subscripts with every letter written out: the ellipsis and the result too."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f"einsum: {subscripts!r} names {len(terms)} operands, but {len(shapes)} are given")
    spare = sorted(set(string.ascii_letters) - set(subscripts), reverse=True)
    hidden = [len(s) - len(t.replace("...", "")) if "..." in t else 0 for t, s in zip(terms, shapes, strict=True)]
    dots = "".join(spare[: max(hidden)])
    wide = [t.replace("...", dots[len(dots) - h :]) for t, h in zip(terms, hidden, strict=True)]
    for term, full, shape in zip(terms, wide, shapes, strict=True):
        if len(full) != len(shape):
            raise ValueError(f"einsum: {term!r} in {subscripts!r} doesn't fit an operand of shape {shape}")
    if not arrow:
        letters = "".join(terms).replace("...", "")
        result = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return ",".join(wide) + "->" + result.replace("...", dots)


def in_letters(numbers):
    """Subscripts that are given as numbers. NumPy reads 0 as A and 26 as a; a result left to it is in this order."""
    letters = string.ascii_uppercase + string.ascii_lowercase
    for s in numbers:
        if s is not Ellipsis and (not isinstance(s, int | np.integer) or isinstance(s, bool) or not 0 <= s < 52):
            raise ValueError(f"einsum: subscripts are a string, or for each operand a list of ints below 52, not {s!r}")
    return "".join("..." if s is Ellipsis else letters[s] for s in numbers)


@composed(np.einsum)
def np_einsum(*operands, out=None, **settings):
    if not isinstance(operands[0], str):  # einsum(a, [0, 1], b, [1, 2], [0, 2])
        arrays, lists = operands[: len(operands) // 2 * 2 : 2], operands[1::2]
        subscripts = ",".join(map(in_letters, lists))
        if len(operands) % 2:
            subscripts += "->" + in_letters(operands[-1])
    else:
        subscripts, arrays = operands[0], operands[1:]
    arrays = as_arrays(*arrays)
    subscripts = explicit(subscripts, [x.shape for x in arrays])
    letters, _, result = subscripts.partition("->")
    if set(letters) == set(result):
        return einsum_view(*arrays, subscripts, settings)
    return einsum(subscripts, settings, *arrays)
