"""Every Python snippet of README.md runs, in the order of reading, and prints what the README says it prints."""

import contextlib
import io
import linecache
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# A snippet, and the block of text that follows it, if one does
SNIPPET = re.compile(r"^```python\n(?P<code>.*?)^```$(?:\n\n^```text\n(?P<output>.*?)^```$)?", re.MULTILINE | re.DOTALL)


def test_snippets_print_what_they_say(tmp_path, monkeypatch):
    for package in ("sklearn", "graphviz"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    snippets = list(SNIPPET.finditer(README))
    assert len(snippets) == README.count("```python") >= 4
    assert sum(snippet["output"] is not None for snippet in snippets) == README.count("```text") >= 3
    names = {"__name__": "readme"}
    for snippet in snippets:
        code, file = snippet["code"], f"the snippet of README.md in line {README[: snippet.start()].count(chr(10)) + 1}"
        monkeypatch.setitem(linecache.cache, file, (len(code), None, code.splitlines(keepends=True), file))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, file, "exec"), names)
        if snippet["output"] is not None:
            assert printed.getvalue().strip() == snippet["output"].strip(), file


def test_it_is_short():
    """A page and a half, as it is printed: the rest is in the docs."""
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    assert len(README.splitlines()) < 180 and len(prose.split()) < 600


PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md")),
]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    assert len(targets) > 5 or page != "README.md"
    for target in targets:
        path, _, anchor = target.partition("#")
        place = (ROOT / page).parent / path if path else ROOT / page
        assert target.startswith("https://") or place.exists(), target
        if anchor and not target.startswith("https://"):
            headings = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings], target


def test_every_example_is_listed():
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    for path in (ROOT / "examples").glob("*.py"):
        assert f"](../examples/{path.name})" in page, path.name


def test_it_never_says_to_install_somebody_elses_package():
    for block in re.findall(r"^```.*?^```$", README, re.MULTILINE | re.DOTALL):
        assert not re.search(r"pip install [^.]*\btensorgrad\b", block)
