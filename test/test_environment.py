"""The tests see nothing of what a user has set: not in the environment, and not in files of settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What a server, a notebook, a shell or a debugging session sets
SET = {
    "MPLBACKEND": "TkAgg", "MPLCONFIGDIR": "", "DISPLAY": ":77", "WAYLAND_DISPLAY": "wayland-77", "BROWSER": "false",
    "PYTHONWARNINGS": "ignore", "PYTHONHASHSEED": "5", "PYTHONSAFEPATH": "1",
    "PYTHONIOENCODING": "ascii", "PYTHON_COLORS": "1", "FORCE_COLOR": "1", "NO_COLOR": "", "COLUMNS": "20",
    "LC_ALL": "C", "TENSORGRAD_KEEP_MEMORY": "0", "TENSORGRAD": "/nowhere", "SCIPY_ARRAY_API": "1",
    "IPYTHONDIR": "", "JUPYTER_PATH": "/nowhere", "JUPYTER_CONFIG_DIR": "", "PYTEST_ADDOPTS": "--verbose",
    "DASK_SCHEDULER": "nowhere",
}  # fmt: skip
ANEW = {"MPLBACKEND", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"}  # set by conftest.py, and by matplotlib


def test_the_environment_is_clean():
    for name, value in SET.items():
        assert name in ANEW or name not in os.environ, name
        assert os.environ.get(name) not in (value, os.getcwd()), name  # files of settings lie there
    folder = Path(os.environ["IPYTHONDIR"])
    assert folder.is_dir() and folder.name.startswith("tensorgrad-tests-")


def test_plots_look_as_matplotlib_is_delivered(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    for name in ("lines.linewidth", "figure.dpi", "axes.prop_cycle", "svg.hashsalt"):
        assert matplotlib.rcParams[name] == matplotlib.rcParamsDefault[name], name
    assert matplotlib.get_backend().lower() == "agg"
    program = "import matplotlib.pyplot as plt; print(plt.get_backend(), plt.rcParams['lines.linewidth'])"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.lower().split() == ["agg", str(matplotlib.rcParamsDefault["lines.linewidth"])]


@pytest.mark.slow
def test_whatever_a_user_has_set(tmp_path):
    """The two tests above, in an environment that has all of it set, and where files of settings lie around."""
    pytest.importorskip("matplotlib")
    files = {"matplotlibrc": "lines.linewidth: 7\nbackend: TkAgg\n", "ipython_config.py": "raise SystemExit\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = os.environ | {name: value or str(tmp_path) for name, value in SET.items()}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "environment_is_clean or plots_look"]
    done = subprocess.run(
        [*command, f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}", __file__],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr
