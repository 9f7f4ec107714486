"""Fixtures that several files of tests use; and the environment, which is the same whoever runs the tests."""

import gc
import importlib.util
import os
import re
import shutil
import tempfile
from pathlib import Path

import hypothesis
import hypothesis.strategies
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # of several processes, which share the cores, each has one thread
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from shown import Shown

# What users set for themselves, and would change what is computed, drawn or printed. Of Python's own settings those
# stay that say where things are, and whether there is a GIL.
SETTINGS = re.compile(
    r"(MPL|MATPLOTLIB|JUPYTER|IPYTHON|IPYKERNEL|DASK|SCIPY|SKLEARN|TENSORGRAD|TORCH|PYTEST_(ADDOPTS|PLUGINS))\w*"
    r"|PYTHON(?!PATH$|HOME$|USERBASE$|NOUSERSITE$|DONTWRITEBYTECODE$|PYCACHEPREFIX$|_GIL$)\w*"
    r"|(WAYLAND_)?DISPLAY|BROWSER|NO_COLOR|FORCE_COLOR|CLICOLOR\w*|COLUMNS|LINES|LC_\w+|LANG|LANGUAGE"
)

OF_PYTORCH = {"beside_torch.py": ["torch"], "torch_table.py": ["torch", "expecttest"]}  # and what each needs
collect_ignore = [name for name, needed in OF_PYTORCH.items() if not all(map(importlib.util.find_spec, needed))]


def pytest_collection_modifyitems(items):
    """The docstrings of these are tested where their library is."""
    needed = {"to_torch": "torch", "from_torch": "torch", "to_jax": "jax", "from_jax": "jax"}
    for item in items:
        library = needed.get(item.name.rpartition(".")[2])
        if library and not importlib.util.find_spec(library):
            item.add_marker(pytest.mark.skip(reason=f"could not import '{library}'"))


def pytest_collection_finish(session):
    """Leave all that the collected tests are made of out of the garbage collector's rounds: they would take seconds."""
    hypothesis.find(hypothesis.strategies.none(), lambda _: True)  # whose start looks for what this would hide from it
    gc.collect()
    gc.freeze()


def pytest_configure(config):
    """Take the user's settings out of the environment, for the tests and all processes that they start."""
    for name in list(os.environ):
        if SETTINGS.fullmatch(name):
            del os.environ[name]
    import cases  # here, since it imports NumPy

    cases.quick_alone = config.getoption("markexpr") == "not slow"
    folder = tempfile.TemporaryDirectory(prefix="tensorgrad-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[name] = folder.name
    os.environ |= {"JUPYTER_NO_CONFIG": "1", "JUPYTER_PREFER_ENV_PATH": "1", "PYTHONUTF8": "1", "MPLBACKEND": "agg"}
    found = importlib.util.find_spec("matplotlib")
    if found:  # as it is delivered: see matplotlib.matplotlib_fname
        os.environ["MATPLOTLIBRC"] = str(Path(found.origin).parent / "mpl-data" / "matplotlibrc")
        if Path("matplotlibrc").exists():  # that of the current directory is read before any other
            import matplotlib

            matplotlib.rcdefaults()


@pytest.fixture(scope="session")
def make():
    """docs/make_images.py, as a module."""
    path = Path(__file__).resolve().parent.parent / "docs" / "make_images.py"
    spec = importlib.util.spec_from_file_location("make_images", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rng():
    """A generator that draws the same numbers for each test, in whatever order tests run."""
    return np.random.default_rng(0)


@pytest.fixture
def no_collector():
    """The garbage collector is off, so that what is freed is freed by reference counts alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="module")
def browser():
    """Chromium, headless; where there is none, the test is skipped. It is closed after each module: while it is open,
    an event loop runs, and no other test could start one."""
    api = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        except api.Error as error:
            pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """Opens pages of draw_backward, which may complain of nothing."""
    opened = []

    def show(page, link="", **options):
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        opened.append(Shown(browser, page, tmp_path, **options))
        return opened[-1].open(link)

    yield show
    for shown in opened:
        assert shown.complaints == []
        shown.tab.close()
