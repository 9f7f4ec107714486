"""Every example says what it shows, runs alone in an empty directory, and ends in a picture or a number."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_there_are_examples():
    assert len(EXAMPLES) >= 3


LONG = {
    "scipy_minimize", "hmc", "train_digits", "two_body_orbit", "custom_rule", "bayesian_regression", "kalman_filter",
    "lotka_volterra", "newton_rosenbrock", "straight_through", "implicit_fixed_point", "equilibrium",
    "gaussian_process", "pytorch_weights", "digits_convnet", "char_transformer", "lstm_sequence", "makemore",
}  # fmt: skip
NEEDED = {"pytorch_weights": ["safetensors"], "makemore": ["names"]}  # packages
ARGUMENTS = {"makemore": ["100"], "char_transformer": ["10"]}  # with which it is quick


@pytest.mark.parametrize(
    "path", [pytest.param(p, marks=[pytest.mark.slow] if p.stem in LONG else [], id=p.stem) for p in EXAMPLES]
)
def test_example(path, tmp_path):
    for package in ("matplotlib", "sklearn", "graphviz", *NEEDED.get(path.stem, [])):
        pytest.importorskip(package)
    text = path.read_text(encoding="utf-8")
    about = ast.get_docstring(ast.parse(text))
    assert about and text.startswith('"""'), "its first lines say what it shows"

    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *ARGUMENTS.get(path.stem, [])],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pictures = [p for p in tmp_path.iterdir() if p.suffix in (".png", ".svg", ".gif", ".html")]
    assert pictures or re.search(r"\d", done.stdout), "it ends in a picture or a number"
    for picture in pictures:
        assert picture.stat().st_size > 1000, picture.name
    for name in re.findall(r"\w+\.(?:png|svg|gif|html)", about):
        assert (tmp_path / name).exists(), f"{name} is promised in its first lines"
