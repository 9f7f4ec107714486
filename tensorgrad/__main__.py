"""`python -m tensorgrad` prints the version, which packages of the extras are installed, and where the docs are."""

from __future__ import annotations

import json
import platform
import re
from importlib import metadata
from pathlib import Path

from . import __version__

DEVELOPERS = ("test", "docs", "browser", "check")  # extras that a checkout is worked on with
LIBRARIES = ("torch", "jax", "cupy", "einops", "autoray")  # which it works with, and which no extra brings
HERE = Path(__file__).resolve().parent


def installed(package: str) -> str | None:
    """The version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def distribution() -> metadata.Distribution | None:
    """What pip wrote down of this installation; None where the package lies on the path without one."""
    try:
        return metadata.distribution("tensorgrad")
    except metadata.PackageNotFoundError:
        return None


def extras(requirements: list[str]) -> dict[str, list[str]]:
    """The packages of each extra, by what pip calls requirements: 'scipy>=1.16; extra == "scipy"'."""
    found: dict[str, list[str]] = {}
    for requirement in requirements:
        package = re.match(r"[\w.-]+", requirement)
        for extra in re.findall(r"extra == ['\"]([\w-]+)['\"]", requirement):
            if package and package[0] != "tensorgrad" and extra not in DEVELOPERS:
                found.setdefault(extra, []).append(package[0])
    return found


def listed(packages: list[str]) -> str:
    """Packages with their versions, then those that aren't installed."""
    versions = {package: installed(package) for package in packages}
    there = ", ".join(f"{package} {version}" for package, version in versions.items() if version)
    missing = ", ".join(package for package, version in versions.items() if not version)
    return "; ".join(filter(None, [there, missing and f"not installed: {missing}"]))


def docs(found: metadata.Distribution | None) -> str:
    """Where the docs are: in the checkout, or in what this was installed from."""
    if (HERE.parent / "docs" / "index.md").exists():
        return f'{HERE.parent / "docs"}; as a site: pip install -e ".[docs]" && sphinx-build docs site'
    origin = found.read_text("direct_url.json") if found else None  # which pip writes: PEP 610
    return f"in docs/ of {json.loads(origin)['url'] if origin else 'the source distribution'}"


def about() -> str:
    """What `python -m tensorgrad` prints."""
    found = distribution()
    groups = extras(found.requires or [] if found else [])
    lines = [f"tensorgrad {__version__}, in {HERE}", f"Python {platform.python_version()}, {listed(['numpy'])}", ""]
    if groups:
        width = max(map(len, groups))
        lines += ['Extras, which pip install -e ".[name]" brings in a checkout']
        lines += [f"  {name:{width}}  {listed(packages)}" for name, packages in groups.items()]
    else:
        lines += ["Its extras aren't known, for pip has not installed it: pip install -e . in the checkout does"]
    return "\n".join([*lines, "", f"Works with  {listed(list(LIBRARIES))}", f"Docs        {docs(found)}"])


if __name__ == "__main__":
    print(about())
