"""The site is built from docs/, as sphinx-build does it, and looked at as a reader's browser does.

Warnings are errors, and so is an error in a cell. Links lead to a page and a heading that are there; pictures are
described; what the package exports is in the API; no page is wider than a phone; the search finds things.
"""

import re
import subprocess
import sys
import zlib
from importlib import import_module
from urllib.parse import quote_plus, unquote, urlsplit

import pytest

pytestmark = pytest.mark.slow

for package in ("sphinx", "furo", "myst_nb", "sphinx_copybutton", "sphinx_design", "latex2mathml", "distributed"):
    pytest.importorskip(package)

from bs4 import BeautifulSoup  # noqa: E402
from pages import DOCS, PAGES, name  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "2", "-b", "html", "-d"]
    done = subprocess.run(
        [*command, out / "doctrees", DOCS, out / "html"], capture_output=True, text=True, timeout=1500
    )
    told = [line for line in done.stderr.splitlines() if re.search(r"WARNING: |ERROR: |rror:", line)]
    assert done.returncode == 0, "\n".join(told)
    return out / "html"


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site, by its path, parsed."""
    return {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }


def selected(site, pages, selector):
    """The elements of all pages that fit a selector, each with its page."""
    return [(path.relative_to(site), element) for path, page in pages.items() for element in page.select(selector)]


def test_every_page_is_in_it(site):
    for page in PAGES:
        assert (site / f"{name(page)}.html").exists(), page


def test_links_lead_somewhere(site, pages):
    anchors = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in pages.items()}
    tried = 0
    for path, page in pages.items():
        for tag in page.find_all(["a", "link", "img", "script", "source"]):
            target = urlsplit(tag.get("href") or tag.get("src") or "")
            if target.scheme or target.netloc or not (target.path or target.fragment):
                continue
            place = (path.parent / unquote(target.path)).resolve() if target.path else path
            assert place.exists(), f"{path.relative_to(site)}: {tag}"
            if target.fragment and place.suffix == ".html":
                found = anchors[place] | {""}
                assert unquote(target.fragment) in found, f"{path.relative_to(site)}: {tag}"
            tried += 1
    assert tried > 5000


def test_pictures_are_described(site, pages):
    pictures = selected(site, pages, "article img")
    assert len(pictures) > 20
    for path, picture in pictures:
        text = picture.get("alt", "")
        assert len(text) >= 30 and not re.search(r"\.(png|svg|gif)$", text), f"{path}: {picture}"


def test_outputs_are_the_same_each_time(site, pages):
    """They hold no address of an object, and no path of the machine that built the site."""
    outputs = selected(site, pages, "article .cell_output")
    assert len(outputs) > 300
    for path, output in outputs:
        found = re.search(r".*(/tmp/|ipykernel_|0x[0-9a-f]{6,}).*", output.get_text())
        assert not found, f"{path}: {found}"


def test_markup_is_rendered(site, pages):
    for path, page in pages.items():
        text = "".join(s for s in page.article.find_all(string=True) if not s.find_parent(["pre", "code", "iframe"]))
        assert not re.search(r"\|-{3,}|(?m:^|\s)\*\*[A-Z]|\w\\_|:(param|returns|raises)\b", text), path.relative_to(
            site
        )


def test_messages_can_be_linked_to(site, pages):
    tried = 0
    for path in (site / "errors").glob("*.html"):
        terms = pages[path].select("article dl > dt:has(> code.literal)")
        assert all(term.get("id") and term.select_one("a.headerlink") for term in terms), path.name
        tried += len(terms)
    assert tried > 500


def test_frames_have_titles(site, pages):
    frames = selected(site, pages, "iframe")
    assert frames and all(frame.get("title") for _, frame in frames)


def test_a_minus_behind_an_operator_is_a_sign(site, pages):
    assert any(mo.get_text() == "\N{MINUS SIGN}" for _, mo in selected(site, pages, "math mo[form=prefix]"))


def test_entries_of_the_api_stand_alone(site, pages):
    """Of a docstring each parameter and error is an item; a formula keeps its lines."""
    items = [item.get_text() for item in pages[site / "api/scipy.html"].select("dl.field-list li")]
    assert any(item.startswith("bounds_error, fill_value ") for item in items)
    for path in (site / "api").glob("*.html"):
        for item in pages[path].select("dl.field-list li"):
            assert not re.search(r"\. [A-Z]\w+(Error|Warning): ", item.get_text()), f"{path.name}: {item.get_text()}"
    optim = pages[site / "api/optim.html"]
    assert "data -= lr * grad\n" in "".join(block.get_text() for block in optim.select("pre"))


def test_pictures_are_light(site):
    for path in (site / "_images").iterdir():
        assert path.stat().st_size < 300_000, path.name


NAMES = "nn nn.init functions losses optim optim.lr_scheduler scipy.integrate scipy.interpolate scipy.optimize plots"
OPTIONAL = "estimators distributed interop"
MODULES = ["tensorgrad", *(f"tensorgrad.{name}" for name in f"{NAMES} {OPTIONAL}".split())]


@pytest.mark.parametrize("module", MODULES)
def test_what_is_exported_is_in_the_api(site, module):
    text = (site / "objects.inv").read_bytes()
    names = {line.split()[0] for line in zlib.decompress(text.split(b"\n", 4)[4]).decode().splitlines()}
    names = {name.rpartition(".")[2] for name in names}
    exported = [n for n in import_module(module).__all__ if type(getattr(import_module(module), n)) is not type(pytest)]
    assert exported and set(exported) <= names, sorted(set(exported) - names)


WIDTHS = {"phone": 390, "desktop": 1280}


@pytest.mark.parametrize("size", WIDTHS)
def test_no_page_is_wider_than_the_screen(site, pages, browser, size):
    tab = browser.new_page(viewport={"width": WIDTHS[size], "height": 844})
    wide = {}
    for path in pages:
        tab.goto(path.as_uri())
        over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            wide[path.relative_to(site).as_posix()] = over
    tab.close()
    assert not wide


SEARCHES = {  # what the address of the first page that is found begins with
    "CosineAnnealingLR": "api/optim.html#tensorgrad.optim.lr_scheduler.CosineAnnealingLR",
    "a Tensor that requires a gradient can't become part of an array: its gradient would be lost": "errors/",
    "where nan": "sharp_bits.html",
    "retain_graph freed": "errors/graph.html#",
    "which freed it": "errors/graph.html#",
    "iteration over a 0-d Tensor": "errors/graph.html#iteration-over-a-0-d-tensor",
}


@pytest.mark.parametrize("words", SEARCHES)
def test_the_search_finds(site, browser, words):
    tab = browser.new_page()
    tab.goto((site / "search.html").as_uri() + "?q=" + quote_plus(words))
    tab.wait_for_selector("#search-results p.search-summary:has-text('found')", timeout=20_000)
    tab.wait_for_timeout(500)
    found = tab.eval_on_selector_all("#search-results li a", "links => links.map(a => a.getAttribute('href'))")
    tab.close()
    assert found[0].startswith(SEARCHES[words]), found
