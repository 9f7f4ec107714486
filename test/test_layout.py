"""The house as docs/design.md draws it: which modules there are, imports one way, and no module too long."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tensorgrad"
PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def drawn():
    """The modules in the order of the page, as paths without suffix: each may import from those before it."""
    (house,) = re.findall(r"^```text\ntensorgrad/\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    order = []
    for line in house.splitlines():
        if place := re.match(r"  (\w+)(/|\.py)\s+(.*)", line):
            folder = place[1] if place[2] == "/" else None
            if not folder:
                order.append(place[1])
            elif (PACKAGE / folder / f"{place[3].split()[0]}.py").exists():
                order += [f"{folder}/{name}" for name in place[3].split()]
        else:
            order += [f"{folder}/{name}" for name in line.split()]
    return order


ORDER = drawn()
MODULES = sorted(path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py"))
FILES = [name for name in MODULES if not name.endswith("__init__")]


@functools.cache
def tree_of(name):
    return ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))


def imports(name, nodes=None):
    """The modules of the package that a module imports from, wherever in it."""
    here = Path(name).parent
    for node in ast.walk(tree_of(name)) if nodes is None else nodes:
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("tensorgrad") for alias in node.names), "imports are relative"
        if not isinstance(node, ast.ImportFrom):
            continue
        if not node.level:
            assert not node.module.startswith("tensorgrad"), "imports are relative"
            continue
        base = [here, *here.parents][node.level - 1]
        target = base / (node.module or "").replace(".", "/")
        if (PACKAGE / target).is_dir():  # from . import name, from .derivatives import name
            for alias in node.names:
                inside = target / alias.name
                if (PACKAGE / inside).is_dir():
                    yield f"{inside.as_posix()}/__init__"
                else:
                    yield (inside if (PACKAGE / f"{inside}.py").exists() else target / "__init__").as_posix()
        else:
            yield target.as_posix()


def lines(name):
    return len((PACKAGE / f"{name}.py").read_text(encoding="utf-8").splitlines())


def test_every_module_has_its_place_and_every_place_a_module():
    assert sorted(ORDER) == FILES


@pytest.mark.parametrize("name", FILES)
def test_imports_run_one_way(name):
    above = set(ORDER[: ORDER.index(name)])
    folders = {folder.as_posix() for module in above for folder in Path(module).parents[:-1]}
    above |= {f"{folder}/__init__" for folder in folders if not name.startswith(f"{folder}/")}
    if name.startswith("derivatives/"):
        above = {module for module in above if module.startswith("derivatives/")} - {"derivatives/__init__"}
    if name == "__main__":  # which is run, and imported by nobody
        above.add("__init__")
    wrong = set(imports(name)) - above
    assert not wrong, f"{name} imports {sorted(wrong)}, which stand below it in docs/design.md"


@pytest.mark.parametrize("name", FILES)
def test_no_import_of_the_package_hides_in_a_function(name):
    functions = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    hidden = [target for function in functions for target in imports(name, ast.walk(function))]
    assert not hidden


@pytest.mark.parametrize("name", FILES)
def test_no_module_is_long(name):
    most = {"engine": 350, "tensor": 600}.get(name, 300 if name.startswith("derivatives/") else 450)
    assert lines(name) <= most


def test_the_engine_names_no_tensor():
    for node in ast.walk(tree_of("engine")):
        assert getattr(node, "id", "") != "Tensor" and getattr(node, "attr", "") != "Tensor"
        assert not isinstance(node, ast.alias) or node.name != "Tensor"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("derivatives/")])
def test_the_rules_import_numpy_and_the_standard_library_alone(name):
    for node in ast.walk(tree_of(name)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        for module in names:
            assert module.split(".")[0] in {"numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("name", MODULES)
def test_no_module_sets_attributes_of_what_it_imports(name):
    tree = tree_of(name)
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        for target in [part for t in targets if t is not None for part in ast.walk(t)]:
            if isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store):
                assert ast.unparse(target).split(".")[0] not in imported, ast.unparse(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("setattr", "delattr", "__setattr__")):
            assert ast.unparse(node.args[0]).split(".")[0] not in imported, ast.unparse(node)


@pytest.mark.parametrize("name", MODULES)
def test_errors_of_every_kind_are_caught_around_a_users_function_alone(name):
    caught = [
        ast.unparse(node.type) if node.type else ""
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ExceptHandler)
    ]
    everything = [kind for kind in caught if kind in ("", "Exception", "BaseException")]
    # The error gets a note (or the list of numbers named that was given) and goes on; of a batch, each is tried alone;
    # of a rule that can't be read as a formula, or evaluated, a page shows the source; what calls a function of the
    # user's needn't be computed again.
    around_rules = {"engine": 2, "batch": 1, "trace": 1, "linearity": 1, "replay/replaying": 1, "interop/jax": 1}
    around_rules |= {"draw/formulas": 1, "draw/steps": 2, "draw/checks": 1}
    assert len(everything) == around_rules.get(name, 0)


def modules_after(statement):
    """The names of all modules that are there after it, in a process of its own."""
    program = f"{statement}; import sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    """Nor what NumPy itself imports when it is first asked for, nor what of Python's library only drawing needs."""
    imported = modules_after("import tensorgrad") - modules_after("import numpy")
    assert "tensorgrad.tensor" in imported
    packages = {name.partition(".")[0] for name in imported}
    for package in ("scipy", "matplotlib", "graphviz", "sklearn", "tqdm", "dask", "torch", "hypothesis", "pytest"):
        assert package not in packages
    for module in ("numpy.ma", "numpy.random", "numpy.polynomial", "numpy.testing", "subprocess", "pathlib", "json"):
        assert module not in imported


def test_the_code_on_the_page_is_the_code_of_the_library():
    blocks = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == PAGE.count("```python") >= 12
    for path, code in blocks:
        text = (ROOT / path).read_text(encoding="utf-8")
        for piece in code.split("...\n"):
            assert piece in text, f"docs/design.md shows what isn't in {path}:\n{piece}"
