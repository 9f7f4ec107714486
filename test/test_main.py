"""python -m tensorgrad tells the version, the packages of the extras, and where the docs are."""

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import tensorgrad
from tensorgrad import __main__ as main

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


@pytest.fixture
def printed():
    done = subprocess.run([sys.executable, "-W", "error", "-m", "tensorgrad"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_prints_versions_and_where_the_docs_are(printed):
    assert printed.startswith(f"tensorgrad {tensorgrad.__version__}, in {ROOT / 'tensorgrad'}\n")
    assert f"numpy {np.__version__}" in printed
    assert str(ROOT / "docs") in printed and (ROOT / "docs" / "index.md").exists()


def test_it_lists_the_packages_of_every_extra_for_users(printed):
    if main.distribution() is None:
        pytest.skip("tensorgrad is on the path, and not installed")
    for extra in set(EXTRAS) - set(main.DEVELOPERS):
        (line,) = [line for line in printed.splitlines() if line.split()[:1] == [extra]]
        for requirement in EXTRAS[extra]:
            package = requirement.partition(">")[0]
            assert f"{package} {metadata.version(package)}" in line
    assert not any(line.split()[:1] == [extra] for extra in main.DEVELOPERS for line in printed.splitlines())


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(main, "installed", {"scipy": "1.16.0"}.get)
    assert main.listed(["scipy"]) == "scipy 1.16.0"
    assert main.listed(["tqdm", "scipy"]) == "scipy 1.16.0; not installed: tqdm"
    assert main.listed(["tqdm"]) == "not installed: tqdm"


def test_requirements_are_read_as_pip_writes_them():
    told = ["numpy>=2.0", "scipy>=1.16; extra == 'scipy'", 'tensorgrad[demo]; extra == "test"', 'a-b; extra == "more"']
    assert main.extras(told) == {"scipy": ["scipy"], "more": ["a-b"]}


def test_without_pip_it_says_so(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert "pip has not installed it" in main.about()


class Installed:
    """A distribution that was installed from somewhere."""

    def __init__(self, url):
        self.url = url

    def read_text(self, name):
        assert name == "direct_url.json"
        return self.url and json.dumps({"url": self.url})


def test_where_there_is_no_checkout_it_names_what_this_was_installed_from(monkeypatch, tmp_path):
    monkeypatch.setattr(main, "HERE", tmp_path / "tensorgrad")
    assert main.docs(Installed("file:///somewhere/tensorgrad")) == "in docs/ of file:///somewhere/tensorgrad"
    assert main.docs(Installed(None)) == main.docs(None) == "in docs/ of the source distribution"
