"""The course: its notebooks run as they stand, where no exercise is solved and every check raises; solved, all pass.

What else students hand in, right or wrong, stands in course_answers.py. Teachers have two programs beside notebooks.
"""

import ast
import contextlib
import io
import os
import re
import subprocess
import sys

import pytest

for package in ("nbformat", "IPython", "matplotlib", "graphviz", "sklearn", "scipy"):
    pytest.importorskip(package)

import matplotlib.pyplot as plt  # noqa: E402
import nbformat  # noqa: E402
from course_answers import RIGHT, WRONG  # noqa: E402
from pages import DOCS, ROOT  # noqa: E402

COURSE = sorted(DOCS.glob("course/*.ipynb"))
PROMPTS = {
    kind: {"code_prompt_show": f"Show the {kind}", "code_prompt_hide": f"Hide the {kind}"}
    for kind in ("check", "solution")
}
TITLE = r"^### Exercise (\d+)(?: \(for home\))?:"
GARBAGE = ["None", "0.5", "7", "'text'", "[]", "[1.0, 2.0]", "(None, None)", "(1.0, 2.0, 3.0)"]
GARBAGE += ["np.zeros(3)", "np.ones((2, 2))", "Tensor(1.0)"]
notebooks = pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plt.close("all")
    yield
    plt.close("all")


def read(path):
    return nbformat.read(path, as_version=4).cells


def tags(cell):
    return set(cell.metadata.get("tags", ()))


def of_kind(cells, tag):
    return [cell for cell in cells if tag in tags(cell)]


def has_dots(cell):
    """Whether there is something to fill in."""
    return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(ast.parse(cell.source)))


def is_picture(value):
    """Whether a notebook shows a value as a picture: a Tensor that was computed, a graph, a figure."""
    if value is None or isinstance(value, type):
        return False
    if hasattr(value, "_repr_svg_"):
        return value._repr_svg_() is not None
    return hasattr(value, "_repr_image_svg_xml") or isinstance(value, plt.Figure)


class Fill(ast.NodeTransformer):
    """Fills in a stub: its dots by a value, and its functions by some that return the value."""

    def __init__(self, value):
        self.value = value

    def visit_FunctionDef(self, node):
        node.body = ast.parse(f"return {self.value}").body
        return node

    def visit_Constant(self, node):
        return ast.parse(self.value, mode="eval").body if node.value is ... else node


class Notebook:
    """Runs cells one after the other. Of the one that ran last: what it printed, and whether it showed a picture."""

    def __init__(self, path):
        self.path, self.shown = path, []
        self.names = {"__name__": "notebook", "display": lambda value, **_: self.shown.append(value)}

    def run(self, cell, source=None):
        self.shown.clear()
        tree = ast.parse(source or cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        output, name = io.StringIO(), f"{self.path.name}, {cell.id}"
        with contextlib.redirect_stdout(output):
            exec(compile(tree, name, "exec"), self.names)
            if last:
                self.shown.append(eval(compile(ast.Expression(last.value), name, "eval"), self.names))
        self.printed = output.getvalue()
        self.picture = bool(plt.get_fignums()) or any(map(is_picture, self.shown))
        plt.close("all")


@notebooks
def test_the_sections_and_the_exercises_are_all_there(path):
    cells = read(path)
    number = re.match(r"\d", path.name)[0]
    assert cells[0].source.startswith(f"# {number}. ")
    assert '`pip install -e ".[demo]"`' in cells[0].source
    assert [cell.id for cell in cells] == [f"cell-{i}" for i in range(len(cells))]
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.*)", text, re.M)
    assert headings[-2:] == ["What to take along", "For the teacher"]
    assert 4 <= len(headings) - 2 <= 7
    assert all(cell.source.strip() for cell in cells), "an empty cell"
    assert cells[-1].source.startswith("## For the teacher\n\n<details>\n<summary>")
    assert cells[-1].source.endswith("\n\n</details>")
    assert [cell.id for cell in of_kind(cells, "teacher")] == [cells[-1].id]
    numbers = [int(n) for n in re.findall(TITLE + r" \S", text, re.M)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 6 <= len(numbers) <= 9


@notebooks
def test_an_exercise_is_four_cells(path):
    cells = read(path)
    begins = [i for i, cell in enumerate(cells) if re.search(TITLE, cell.source, re.M)]
    kinds = ("exercise", "check", "solution")
    assert len(begins) == len(of_kind(cells, "exercise"))
    assert sum(bool(tags(cell) & set(kinds)) for cell in cells) == 3 * len(begins)
    for number, i in enumerate(begins, 1):
        text, exercise, check, solution = cells[i : i + 4]
        assert text.cell_type == "markdown"
        assert re.match(TITLE, text.source)[1] == str(number)
        assert tags(exercise) == {"exercise"}
        assert has_dots(exercise)
        assert tags(check) == {"check", "raises-exception", "remove-output", "hide-input"}
        assert check.metadata.jupyter == {"source_hidden": True}
        assert check.metadata.mystnb == PROMPTS["check"]
        asserts = [node for node in ast.walk(ast.parse(check.source)) if isinstance(node, ast.Assert)]
        assert asserts
        assert all(node.msg for node in asserts), "an answer that is wrong gets a message"
        assert "print(" in check.source
        assert tags(solution) == {"solution", "hide-cell"}
        assert solution.metadata.jupyter == {"source_hidden": True}
        assert solution.metadata.mystnb == PROMPTS["solution"]
        assert solution.source.startswith(f"# Solution of exercise {number}\n")
        assert not has_dots(solution)


@pytest.mark.slow
@notebooks
def test_as_it_stands_each_check_raises_and_all_else_runs(path):
    notebook = Notebook(path)
    for cell in read(path):
        if "check" in tags(cell):
            with pytest.raises(AssertionError, match=r"\w"):
                notebook.run(cell)
            plt.close("all")
        elif cell.cell_type == "code":
            notebook.run(cell)
            if tags(cell) & {"exercise", "solution"}:
                assert not notebook.printed
                assert not notebook.picture


@pytest.mark.slow
@notebooks
def test_solved_all_checks_pass_and_pictures_are_described(path):
    cells, notebook = read(path), Notebook(path)
    solutions = iter(of_kind(cells, "solution"))
    for cell in cells:
        if cell.cell_type != "code":
            continue
        notebook.run(cell, next(solutions).source if "exercise" in tags(cell) else None)
        if "check" in tags(cell):
            assert notebook.printed, f"{cell.id} passes in silence"
        elif notebook.picture:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 30, f"{cell.id} shows a picture: say in words what is to be seen"


@pytest.mark.slow
@notebooks
def test_to_answers_of_a_wrong_type_each_check_says_what_is_expected(path):
    cells, notebook = read(path), Notebook(path)
    for cell, after in zip(cells, cells[1:] + cells[-1:], strict=True):
        if "exercise" in tags(cell):
            for value in GARBAGE if "def " in cell.source else GARBAGE[:8]:  # a number, a shape: no array
                notebook.run(cell, ast.unparse(Fill(value).visit(ast.parse(cell.source))))
                with pytest.raises(AssertionError, match=r"\w"):
                    notebook.run(after)
                    pytest.fail(f"{after.id} is silent about {value}", pytrace=False)
        elif cell.cell_type == "code" and "check" not in tags(cell):
            notebook.run(cell)


def with_answers(path, answers):
    """Run a notebook, with solutions where there is no answer; yield the checks of those that there are."""
    notebook, number = Notebook(path), 0
    for cell in read(path):
        if "exercise" in tags(cell):
            number += 1
            answer = answers.get(number)
            if answer:
                notebook.run(cell, answer)
        elif "check" in tags(cell):
            if answer:
                yield notebook, cell
        elif cell.cell_type == "code" and not ("solution" in tags(cell) and answer):
            notebook.run(cell)


@pytest.mark.slow
@pytest.mark.parametrize("number, answers", RIGHT)
def test_right_answers_of_other_kinds_pass_and_later_cells_run_with_them(number, answers):
    for notebook, check in with_answers(COURSE[number - 1], answers):
        notebook.run(check)


@pytest.mark.slow
@pytest.mark.parametrize("number, exercise, answer, message", WRONG)
def test_typical_wrong_answers_are_found_and_told_why(number, exercise, answer, message):
    for notebook, check in with_answers(COURSE[number - 1], {exercise: answer}):
        with pytest.raises(AssertionError, match=message):
            notebook.run(check)
        return


def run_beside(tmp_path, name, *arguments, **environment):
    """Run one of the programs beside the notebooks; what it prints."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, DOCS / "course" / name, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths, "PYDEVD_DISABLE_FILE_VALIDATION": "1"} | environment,
        capture_output=True,
        text=True,
    )
    return done.stderr if done.returncode else done.stdout


def test_copies_are_written_once_without_solutions_and_solutions_alone(tmp_path):
    assert "written" in run_beside(tmp_path, "handout.py")
    assert "handout exists" in run_beside(tmp_path, "handout.py")
    for path in COURSE:
        as_it_is, exercises, solutions = (
            read(tmp_path / "handout" / kind / path.name) for kind in ("course", "exercises", "solutions")
        )
        assert as_it_is == read(path)
        assert not of_kind(exercises, "solution")
        assert not of_kind(exercises, "teacher")
        assert not any("For the teacher" in cell.source or not cell.source.strip() for cell in exercises)
        assert len(of_kind(exercises, "check")) == len(of_kind(exercises, "exercise"))
        for cell in exercises:
            assert cell.cell_type == "markdown" or tags(cell) & {"exercise", "raises-exception"}
        assert [cell.source for cell in solutions if cell.cell_type == "code"] == [
            cell.source for cell in of_kind(read(path), "solution")
        ]
        assert len(solutions) == 1 + 2 * len(of_kind(read(path), "solution"))


@pytest.mark.slow
def test_each_exercise_is_graded_by_its_own_answer(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    run_beside(tmp_path, "handout.py")
    path = tmp_path / "handout" / "exercises" / COURSE[0].name
    notebook, solutions = nbformat.read(path, as_version=4), of_kind(read(COURSE[0]), "solution")
    answers = {3: "factor_forward, factor_central = 10, 100", 6: "while True:\n    pass"}
    for number, cell in enumerate(of_kind(notebook.cells, "exercise"), 1):
        if number in (1, 4, 5, 8):
            cell.source = solutions[number - 1].source
        cell.source = answers.get(number, cell.source)
    of_kind(notebook.cells, "check")[1].source = "print('Right.')"  # a check that was changed counts for nothing
    nbformat.write(notebook, path)
    printed = run_beside(tmp_path, "grade.py", path, SECONDS_FOR_A_CELL="10")
    states = [f"  exercise {i}: {'solved' if i in (1, 3, 4, 5, 8) else 'not yet'}" for i in range(1, 9)]
    assert printed.splitlines()[-8:] == states, printed
    del notebook.cells[-3:]
    notebook.cells = [cell for cell in notebook.cells if "check" not in tags(cell)]
    nbformat.write(notebook, path)
    assert "it has 0 checks, not 8" in run_beside(tmp_path, "grade.py", path)
