"""Makes copies of the course to work in and to hand out: python docs/course/handout.py [FOLDER]

FOLDER/course     the notebooks as they are, with solutions
FOLDER/exercises  without solutions, and without what is for the teacher
FOLDER/solutions  the exercises with their solutions, and nothing else
"""

import sys
from pathlib import Path

import nbformat

COURSE = Path(__file__).resolve().parent


def tags(cell):
    return cell.metadata.get("tags", [])


def without_solutions(cells):
    """All cells but solutions and the last; each that may need what is not there yet lets those behind it run."""
    kept = [cell for cell in cells if "solution" not in tags(cell) and "teacher" not in tags(cell)]
    for cell in kept:
        if cell.cell_type == "code" and "exercise" not in tags(cell):
            cell.metadata["tags"] = sorted({*tags(cell), "raises-exception"})
    return kept


def solutions(cells):
    """The title, and of each exercise the task and the solution, to be seen at once."""
    title = nbformat.v4.new_markdown_cell(cells[0].source.split("\n")[0] + ": solutions", id=cells[0].id)
    kept = [title]
    for i, cell in enumerate(cells):
        if "solution" in tags(cell):
            cell.metadata = nbformat.from_dict({})
            kept += [cells[i - 3], cell]
    return kept


def write(folder):
    for kind, choose in [("course", list), ("exercises", without_solutions), ("solutions", solutions)]:
        (folder / kind).mkdir(parents=True)
        for path in sorted(COURSE.glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            notebook.cells = choose(notebook.cells)
            nbformat.write(notebook, folder / kind / path.name)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "handout")
    if folder.exists():
        sys.exit(f"{folder} exists, perhaps with somebody's answers in it: move it away, or name another folder")
    write(folder)
    print(f"written to {folder}: course, exercises, solutions")
