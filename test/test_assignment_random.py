"""Random NumPy programs that assign, run as they stand on Tensors: NumPy's numbers, and derivatives of both orders."""

import functools
import re

import assigning
import numpy as np
import pytest
from assigning import Program, Writer, failure, in_torch, shrunk, total, unchanged, weights

from tensorgrad import Tensor, value_and_grad


@functools.cache
def drawn(number):
    return Writer(number).program()


def require_right(number):
    program = drawn(number)
    error = failure(program)
    if error is not None:
        program, error = shrunk(program, error)
        pytest.fail(f"program {number}:\n{error}\n{program}", pytrace=False)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_programs_have_numpys_values_and_right_derivatives(first):
    for number in range(first, first + 10):
        require_right(number)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 6000, 1000))
def test_thousands_of_programs_have_numpys_values_and_right_derivatives(first):
    """(`python test/assigning.py 20000` tries as many as one likes.)"""
    for number in range(first, first + 1000):
        require_right(number)
    drawn.cache_clear()
    print(f"1,000 programs tried, {first} to {first + 999}")


# Against PyTorch ------------------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    """PyTorch, in double precision."""
    torch = pytest.importorskip("torch")
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(default)


def portable_programs(torch, count):
    """Programs of which PyTorch, without gradients, gives NumPy's values (some of its views are NumPy's copies)."""
    number = 0
    while count:
        program = Writer(number, portable=True).program()
        namespace = {"torch": torch}
        exec(in_torch(program).code, namespace)
        inputs = [torch.tensor(a) for a in program.arrays()]
        try:
            got = [*namespace["program"](*inputs), *inputs]
        except RuntimeError:  # memory that overlaps itself
            got = []
        want = [*program.run(program.arrays(), unchanged), *program.arrays()]
        if len(got) == len(want) and all(np.allclose(g, w, 1e-12, 1e-14) for g, w in zip(got, want, strict=True)):
            count -= 1
            yield program, namespace["program"]
        number += 1


def test_where_pytorch_gives_a_gradient_it_is_ours(torch):
    refused = 0
    for program, function in portable_programs(torch, 200):
        theirs = [torch.tensor(a, requires_grad=True) for a in program.arrays()]
        try:
            pairs = [*enumerate(function(*theirs)), *((9, x) for x in theirs)]
            sum(torch.sum(torch.sin(v * 0.7 + k) * torch.tensor(weights(v.shape))) for k, v in pairs).backward()
        except RuntimeError as error:  # what the backward pass needs was overwritten, or a leaf would be
            assert re.search("in-?place", str(error)), error
            refused += 1
            continue
        ours = [Tensor(a) for a in program.arrays()]
        total(ours, program.run(ours, assigning.constant)).backward()
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x.grad, y.grad.numpy(), 1e-9, 1e-11, err_msg=str(program))
    print(f"PyTorch refused {refused} of 200 programs; of the others it gives our gradients")
    assert 20 < refused < 150  # so that much is compared, and much that only an exact assignment can do


# The programs themselves ----------------------------------------------------------------------------------------------

KINDS = {
    "an element": r"^A\d+\[-?\d\] = ",
    "elements of two axes": r"^A\d+\[-?\d, -?\d\] = ",
    "slices with a step": r"\[[^()]*::2[^()]*\] = ",
    "slices with a negative step": r"\[[^()]*::-\d[^()]*\] = ",
    "an ellipsis": r"\[\.\.\., [^()]*\] = ",
    "a new axis": r"\[None\] = |None, .*\] = ",
    "a mask": r"\[np.array\(\[(True|False).*\] = ",
    "a comparison": r" > -?[\d.]+\] = ",
    "places that repeat": r"\[(\d), \1.*\] = ",
    "an orthogonal index": r"\[np.ix_.*\] = ",
    "a list": r"\] = \[",
    "in place +": r"\] \+= ",
    "in place -": r"\] -= ",
    "in place *": r"\] \*= ",
    "in place /": r"\] /= ",
    "in place **": r"\] \*\*= ",
    "in place @": r"@= ",
    "in place, a whole": r"^\w+ \+= ",
    "a view's view": r"^\w+\[[^\]]*\]\.\w+\(.*= ",
    "a transpose": r"^\w+\.T\[.*= ",
    "a reshaped one": r"reshape\(.*\)\[.*\] = ",
    "a diagonal that can be written to": r"^np.einsum\('ii.*= ",
    "rows": r"^for row in",
    "a recurrence": r"\[i\] = .*\[i - 1\]",
    "a swap": r"\[\[\d, \d\]\] = .*\[\[\d, \d\]\]$",
    "a swap of rows": r"\.copy\(\), .*\.copy\(\)$",
    "two targets": r"\] = .*\] = ",
    "ufunc.at": r"^np\.(add|subtract|multiply|divide|maximum|minimum)\.at\(",
    "copyto": r"^np\.copyto\(.*where=",
    "put": r"^np\.put\(",
    "put_along_axis": r"^np\.put_along_axis\(",
    "place": r"^np\.place\(",
    "putmask": r"^np\.putmask\(",
    "fill_diagonal": r"^np\.fill_diagonal\(",
    "fill": r"\.fill\(",
    "sort": r"\.sort\(",
    "out of a ufunc": r"np\.(sin|tanh|cos|negative|square|add|subtract|multiply)\(.*out=",
    "out and where": r"out=.*, where=",
    "out of a reduction": r"np\.(sum|mean|prod|max)\(.*axis=\d, out=",
    "out of a product": r"np\.(matmul|dot|einsum|outer)\(.*out=",
    "a name less": r"^del ",
    "a second name": r"^B\d+ = \w+$",
}


def test_every_kind_of_statement_is_drawn():
    texts = [text for number in range(120) for text, _ in drawn(number).statements]
    missing = [kind for kind, pattern in KINDS.items() if not any(re.search(pattern, text) for text in texts)]
    assert not missing


def example():
    return Program(
        {"x": "np.array([0.3, -0.7, 1.1], D)"},
        (
            ("A = work(np.zeros((2, 3), x.dtype))", ""),
            ("v = A[0]", ""),
            ("A[:, 1:] = np.sin(x[:2])", ""),
            ("r = v * x", ""),
            ("A[1] = 0.5", ""),
        ),
        ("A", "v", "r"),
    )


def test_the_imaginary_step_gives_the_differences_of_a_function_without_assignments():
    def by_hand(x):
        row = np.array([0, np.sin(x[0]), np.sin(x[1])])
        return total([x], [np.array([row, [0.5, 0.5, 0.5]]), row, row * x])

    x = np.array([0.3, -0.7, 1.1])
    differences = [(by_hand(x + step) - by_hand(x - step)) / 2e-6 for step in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(example().gradients[0], differences, 1e-7)


@pytest.mark.parametrize(
    ("name", "fault", "kind"),
    [
        ("constant", lambda a: Tensor(a + 1e-15, requires_grad=False), "values"),
        ("constant", lambda a: Tensor(a, requires_grad=False) * 1, "nothing"),
        ("grad", lambda f: lambda x: [1.000001 * g for g in value_and_grad(f)(x)[1]], "grad"),
        ("hvp", lambda f: lambda x, v: [1.001 * h for h in v], "hvp"),
    ],
)
def test_a_fault_is_found(monkeypatch, name, fault, kind):
    monkeypatch.setattr(assigning, name, fault)
    error = failure(example())
    assert (error.kind if error else "nothing") == kind
