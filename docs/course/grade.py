"""Says who has solved what: python docs/course/grade.py HANDED_IN.ipynb ...

It runs each notebook (so the student's code) with the checks of the course, and behind each check with the solution: an
exercise is judged by its own answer, also where an earlier one isn't solved. No cell runs for longer than a minute.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

COURSE = Path(__file__).resolve().parent
SECONDS = int(os.environ.get("SECONDS_FOR_A_CELL", "60"))


def of_kind(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def original(handed_in):
    """The notebook of the course that begins with the same title."""
    for path in sorted(COURSE.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if notebook.cells[0].source.split("\n")[0] == handed_in.cells[0].source.split("\n")[0]:
            return notebook
    raise ValueError("its first cell has no title of the course")


def grade(handed_in):
    """Whether each exercise is solved."""
    course = original(handed_in)
    theirs, ours = of_kind(handed_in, "check"), of_kind(course, "check")
    if len(theirs) != len(ours):
        raise ValueError(f"it has {len(theirs)} checks, not {len(ours)}: put back what was deleted or doubled")
    behind = {id(cell): pair for cell, *pair in zip(theirs, ours, of_kind(course, "solution"), strict=True)}
    cells = [cell for cell in handed_in.cells if "solution" not in cell.metadata.get("tags", [])]
    handed_in.cells = [new for cell in cells for new in behind.get(id(cell), [cell])]
    for i, cell in enumerate(handed_in.cells):
        cell["id"] = f"cell-{i}"
    client = NotebookClient(
        handed_in, timeout=SECONDS, interrupt_on_timeout=True, allow_errors=True, kernel_name="python3"
    )
    client.execute()
    kinds = [[out.output_type for out in check.outputs] for check in ours]
    return ["stream" in kind and "error" not in kind for kind in kinds]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name)
        try:
            results = grade(nbformat.read(name, as_version=4))
        except (OSError, ValueError) as error:
            print(f"  can't be graded: {error}")
            continue
        for number, solved in enumerate(results, 1):
            print(f"  exercise {number}: {'solved' if solved else 'not yet'}")
