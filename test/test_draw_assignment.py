"""Assignments in pictures and on pages: which version of a Tensor is shown where, its numbers, and the formulas."""

import html
import re

import numpy as np
import pytest
from drawn import arrows, cards, names, node, operations, read, walked

from tensorgrad import Module, Tensor, draw_backward, grad
from tensorgrad.draw.notation import plain
from tensorgrad.graph_utils import draw_dot_tensor

pytest.importorskip("graphviz")


def work(array, name=""):
    """What a program of Tensors writes into."""
    return Tensor(np.array(array), name=name, requires_grad=False)


MASK = np.array([[False, True, False], [True, True, False]])

# The programs run on arrays, too. There `at` keeps what a version is, and may change it a little, in place: so NumPy
# alone tells what the gradient of the version is.


def rows(x, A, at):
    at("A₀", A)
    row = A[0]
    A[1] = x * 2
    at("A₁", A)
    row += x
    at("A₂", A)
    row[0] = 5.0
    at("A₃", A)
    return (A**2).sum()


def views(x, A, at):
    at("A₀", A)
    A.T[0] = x[:2]
    at("A₁", A)
    A.reshape(-1)[::2] = x * A[1]
    at("A₂", A)
    np.flip(A, 1)[0] = A[1] + 1
    at("A₃", A)
    A.swapaxes(0, 1)[1:, 1] *= x[1:]
    at("A₄", A)
    return (A**2).sum()


def repeated(x, A, at):
    at("A₀", A)
    A[:, [2, 0, 2]] = x
    at("A₁", A)
    A[[0, 0]] = A * 3
    at("A₂", A)
    return (A**2 * x).sum()


def overwritten(x, A, at):
    at("A₀", A)
    y = (A * x).sum()
    A[:] = x
    at("A₁", A)
    A[MASK] = 0
    at("A₂", A)
    A[...] = A * x
    at("A₃", A)
    return y + (A**2).sum()


def recurrence(x, A, at):
    at("A₀", A)
    A[0] = x
    at("A₁", A)
    for i in range(2):
        A[1, i + 1 :] = A[1, i] + A[0, i] * x[i]
        at("A₂" if i == 0 else "A₃", A)
    return (A**2).sum()


PROGRAMS = [rows, views, repeated, overwritten, recurrence]
X, START = np.array([1.0, 2.0, 3.0]), np.array([[1.0, -1.0, 2.0], [0.5, 3.0, -2.0]])


def tensors(program, start=START):
    y = program(Tensor(X, name="x"), work(start, "A"), lambda name, A: None)
    y.name = "L"
    return y


def run(program, changed=None, place=None):
    """The program on arrays: its result and its versions, where an element of one is changed by an imaginary step."""
    versions = {}

    def at(name, A):
        if name == changed:
            A[place] += 1e-20j
        versions[name] = A.copy()

    return program(X.astype(complex), START.astype(complex), at), versions


def numbers(text, shape=None):
    text = re.sub(r"\s+(?=[+-][\d.]+(e[+-]\d+)?j)", "", text)  # between real and imaginary parts
    found = [complex(x.replace("+-", "-")) for x in re.findall(r"[-+\d.][-+\d.ej]*", text)]
    return np.array(found) if shape is None else np.reshape(found, eval(shape))


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_version_is_shown_with_its_numbers_and_its_gradient(program):
    shown = cards(draw_backward(tensors(program)))
    _, versions = run(program)
    assert {name for name in shown if name.startswith("A")} == set(versions)
    for name, A in versions.items():
        np.testing.assert_array_equal(shown[name].data, A.real)
        if shown[name].grad is not None:
            g = [run(program, name, place)[0].imag * 1e20 for place in np.ndindex(A.shape)]
            np.testing.assert_allclose(shown[name].grad.ravel(), g, rtol=1e-9, atol=1e-9)
    assert sum(shown[name].grad is not None for name in versions) >= len(versions) - 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_step_shows_the_numbers_of_its_time(program):
    _, versions = run(program)
    told = [e for s in walked(draw_backward(tensors(program))) for e in s.inputs + s.outputs if e.name in versions]
    assert len(told) >= 2 * len(versions) - 3
    for entry in told:
        np.testing.assert_array_equal(entry.value, versions[entry.name].real)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_picture_shows_the_data_of_each_version(program):
    picture = read(draw_dot_tensor(tensors(program), max_nodes=None))
    for name, A in run(program)[1].items():
        (data,) = re.findall(r"data (.*?)(?: grad|$)", node(picture, name).text)
        np.testing.assert_allclose(numbers(data).real, A.real.ravel(), rtol=1e-2)


def complex_parts(x, A, at):
    A.imag[0] = x
    A.real[:, 1] = A.imag[0, 0] * 2
    A[1, :2] = x[1]
    return (A * A.conj()).real.sum()


def filled(x, A, at):
    A[0] = x[0]
    A[:, 1:] = x[:2, None]
    return (A**3).sum()


@pytest.mark.parametrize("program", [*PROGRAMS, filled, complex_parts])
def test_the_formulas_of_an_assignment_are_true_in_numpys_words(program):
    page = draw_backward(tensors(program, START * (1 + 2j) if program is complex_parts else START))
    shown = cards(page)
    data = {name: v.data for name, v in shown.items()}
    gradients = {f"∂L/∂{name}": v.grad for name, v in shown.items() if v.grad is not None}
    forward = backward = 0
    for step in walked(page):
        if step.phase == "forward" and " at " in step.formula:
            forward += 1
            before, place = html.unescape(step.formula).split(" at ")
            old, _, value = before.rpartition(" with ")
            (result,) = step.outputs
            array = data[old].copy() if old else np.full_like(data[result.name], np.nan)
            put(array, place, data[value] if value in data else np.array(float(value)))
            np.testing.assert_allclose(array, data[result.name], rtol=1e-12)
            assert ("All that was there" in step.note) == (not old)
        for rule in step.rules if " = " in step.title else ():
            backward += 1
            text = html.unescape(rule.formula)
            if " with zeros at " in text:
                g, place = text.split(" with zeros at ")
                d = gradients[g].copy()
                put(d, place, 0)
            else:
                text, stayed, _ = plain(rule.formula).strip("()").partition(" where stayed; 0 else")
                text = f"({text}" if stayed else html.unescape(rule.formula)
                (g,) = re.findall(r"∂L/∂A\S?(?=[,)])", text)
                expression = re.sub(r"^(\w+\()", r"np.\1", text.replace(f"({g})", "g").replace(f"({g},", "(g,"))
                d = eval(expression.replace("−", "-"), {"np": np, "g": gradients[g], "mask": MASK})
                if stayed:
                    assert "the last value stays there" in rule.note
                    (letter,) = rule.where
                    d = np.where(page.arrays[letter["array"]], d, 0)
            np.testing.assert_allclose(d, rule.gives, rtol=1e-12, atol=1e-12)
    assert forward >= 2 and backward >= 3


def put(array, place, value):
    """Write a value into the place of an array that a formula names; a mask is that of large elements."""
    place = place.replace("−", "-")
    exec(
        f"{f'np.{place}' if place[0] not in '.[' else f'array{place}'} = value".replace("·", "array"),
        {"np": np, "array": array, "value": value, "mask": MASK},
    )


def test_where_a_place_is_written_twice_the_last_value_alone_gets_a_gradient():
    A, v = work(np.zeros(3), "A"), Tensor([1.0, 2.0, 4.0], name="v")
    A[[1, 1, 0]] = v
    (rule,) = walked(draw_backward(A))[-1].rules
    assert plain(rule.formula) == "((∂ΣA₁/∂A₁)[[1, 1, 0]] where stayed; 0 else)" and rule.gives.tolist() == [0, 1, 1]
    A = work(np.zeros(3), "A")
    A[[1, 2, 0]] = v
    (rule,) = walked(draw_backward(A))[-1].rules
    assert rule.formula == "(∂ΣA₁/∂A₁)[[1, 2, 0]]" and rule.note == ""


def test_an_assignment_is_an_operation_with_two_arrows_that_differ():
    root = tensors(rows)
    picture = read(draw_dot_tensor(root))
    assert operations(picture) == sorted(["× 2", "A[1] = v1", "[0]", "+", "A[0] = v3", "A[0][0] = 5", "**2", "sum"])
    assert {("A₀", "A[1] = v1"), ("v1", "A[1] = v1"), ("A[1] = v1", "A₁")} <= set(arrows(picture))
    assert {("A₁", "[0]"), ("A₁", "A[0] = v3"), ("A[0] = v3", "A₂"), ("A₃", "**2")} <= set(arrows(picture))
    into = sorted(picture.nodes[a].name for a, _, e in picture.edges if e.get("label", "").strip() == "into")
    assert into == ["A₀", "A₁", "A₂"]


def test_a_long_place_stands_above_its_value_and_a_longer_one_without_names():
    x, A, positions = Tensor(np.ones(4), name="x"), work(np.zeros((3, 4)), "A"), work(np.zeros((3, 4)), "positions")
    A.reshape(-1)[1:12:3] = x
    positions[[0, 1, 2, 0], [0, 1, 2, 3]] = x
    assert "<A.reshape(-1)[1:12:3]<BR/>= x>" in draw_dot_tensor(A).source
    assert operations(read(draw_dot_tensor(positions))) == ["[[0, 1, 2, 0], [0, 1, 2, 3]] ="]


def test_versions_and_views_are_named_by_variables_or_numbered():
    a, buffer = Tensor([1.0, 2.0]), work(np.zeros((2, 2)))
    column = buffer[:, 0]
    column += a
    y = (column * buffer[0]).sum()
    given = draw_dot_tensor(y, names=locals())
    assert {"a", "buffer₀", "buffer₁", "column₀", "column₁", "y"} <= set(names(read(given)))
    assert "buffer[:, 0] = v1" in operations(read(given))
    assert names(read(draw_dot_tensor(y))) == ["c1₀", "c1₁", "v1", "v2", "v3", "v4", "v5", "x1", "y"]
    assert names(read(draw_dot_tensor(buffer))) == ["v1", "v2", "x1", "y₀", "y₁"]


def test_no_other_tensor_takes_the_name_of_a_version():
    A, other = work(np.zeros(2), "A"), Tensor([1.0, 2.0], name="A₁")
    A[0] = other[1]
    assert {"A₀", "A (version 1)", "A₁"} <= set(names(read(draw_dot_tensor((A * other).sum()))))


def test_views_of_constants_are_leaves_until_a_gradient_is_assigned_into_them():
    C, x = work(START, "C"), Tensor(X[:2], name="x")
    view = C.T
    for root in (view @ x, C.T @ x):
        assert arrows(read(draw_dot_tensor(root))) == [("c1", "c1 @ x"), ("c1 @ x", "y"), ("x", "c1 @ x")]
    C[0, :2] = x
    picture = read(draw_dot_tensor(view @ x))
    assert {("C₁", ".T"), (".T", "v1"), ("v1", "v1 @ x")} <= set(arrows(picture))
    assert names(picture, "constant") == ["C₀"] and names(picture, "intermediate") == ["C₁", "v1"]


def test_older_versions_keep_no_gradient_and_the_picture_says_so():
    x, A = Tensor(X, name="x"), work(START, "A")
    A[0] = x
    A[1] *= x
    y = (A**2).sum()
    assert "older versions" not in read(draw_dot_tensor(y)).label
    y.backward()
    picture = read(draw_dot_tensor(y))
    assert "older versions keep none" in picture.label
    assert "grad" not in node(picture, "A₁").text and "grad" not in node(picture, "A₀").text
    shown = numbers(node(picture, "A₂").text.partition("grad")[2]).real
    np.testing.assert_allclose(shown, 2 * np.vstack([X, START[1] * X]).ravel(), rtol=1e-2)
    page = draw_backward(y)
    np.testing.assert_array_equal(page.gradients[A], A.grad)


def simulation(n):
    x, W = work(np.zeros((n + 1, 2)), "x"), Tensor([[0.5, -1.0], [1.0, 0.5]], name="W")
    x[0] = [1.0, 2.0]
    for t in range(n):
        x[t + 1] = np.tanh(x[t] @ W)
    return (x**2).sum()


@pytest.mark.parametrize("n", [50, 1000])
def test_a_long_loop_is_folded(n):
    picture = read(draw_dot_tensor(simulation(n), max_nodes=60))
    assert len(picture.nodes) <= 60
    (block,) = [m.text for m in picture.nodes.values() if m.kind == "folded"]
    assert f"{n - 2} more times: getitem, @, tanh, assign" in block
    versions = [name for name in names(picture) if name.startswith("x")]
    subscripts = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    assert {"x₀", "x₁", f"x{n}".translate(subscripts)} <= set(versions)


def test_a_gradient_that_was_recorded_through_assignments_is_drawn():
    def f(x):
        A = x * 1
        A[0] = x[1] * x[2]
        return (A**3).sum()

    x = Tensor(X, name="x")
    g = grad(f)(x).sum()
    picture = read(draw_dot_tensor(g, max_nodes=None))
    assert "[0] = 0" in operations(picture)  # of the rule of the assignment
    page = draw_backward(g)
    g.backward()
    _, b, c = X
    np.testing.assert_allclose(
        x.grad, [0, 6 * b * c**3 + 9 * b**2 * c**2 + 6 * b, 6 * b**3 * c + 9 * b**2 * c**2 + 6 * c]
    )
    np.testing.assert_array_equal(page.gradients[x], x.grad)


def test_a_notebook_shows_the_graph_of_what_was_assigned_into():
    A, C = work(START, "A"), work(START, "C")
    row = A[0]
    assert A._repr_svg_() is row._repr_svg_() is C.T._repr_svg_() is None
    A[1] = Tensor(X, name="x")
    C[0] = 1.0
    for t, name in ((A, "A₁"), (row, "A₁")):
        assert name in t._repr_svg_()
    assert C._repr_svg_() is C[0]._repr_svg_() is None


def test_a_freed_graph_has_no_versions_left():
    A = work(START, "A")
    A[0] = Tensor(X, name="x")
    y = A.sum()
    y.backward(retain_graph=False)
    picture = read(draw_dot_tensor(A))
    assert names(picture) == ["A"] and "graph dropped" in node(picture, "A").text
    with pytest.raises(ValueError, match=r"^draw_backward: .*retain_graph=False"):
        draw_backward(A)


class Memory(Module):
    def __init__(self):
        self.weight, self.state = Tensor(X), work(np.zeros(3))

    def __call__(self, x):
        self.state[1:] = self.weight[1:] * x
        return self.state * self.weight


def test_the_state_of_a_module_is_named_by_the_model():
    model = Memory()
    picture = read(draw_dot_tensor(model(2.0).sum(), model=model))
    assert {"weight", "state₀", "state₁"} <= set(names(picture))


def test_drawing_changes_nothing():
    x, A = Tensor(X, name="x"), work(START, "A")
    A[0] = x
    row = A[0]
    row *= x
    y = (A**2).sum()
    before = A.data.copy()
    draw_dot_tensor(y).pipe("svg")
    draw_dot_tensor(row)
    draw_backward(y).html()
    np.testing.assert_array_equal(A.data, before)
    y.backward()
    np.testing.assert_allclose(x.grad, 4 * X**3)
