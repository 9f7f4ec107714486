"""What the site does beyond Sphinx and its extensions.

Formulas become MathML; docstrings are read as they are written here; messages of errors have addresses; graphs are wide
enough to be read on a phone.
"""

import os
import re
import tempfile
import textwrap
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx import addnodes

DOCS = Path(__file__).resolve().parent

# Methods that aren't for who uses a class
NOT_LISTED = {"forward", "extra_repr", "function", "multiplier", "change", "scale_fn", "is_better", "warn_of"} | {
    "data", "program", "cards_of", "numbers"
}  # fmt: skip


def configure_kernels():
    """An error in a cell shows its message, without the way there; and nobody's own settings of IPython count."""
    folder = Path(tempfile.mkdtemp(prefix="tensorgrad-site-"))
    profile = folder / "profile_default"
    profile.mkdir()
    profile.joinpath("ipython_config.py").write_text(
        "c = get_config()\n"
        'c.InteractiveShell.xmode = "Minimal"\n'
        "c.HistoryManager.enabled = False\n"
        # what a cell prints comes in one piece, when it is done: MyST-NB ends each piece with a line break
        'c.InteractiveShellApp.exec_lines = ["import sys; sys.stdout.flush_interval = 600"]\n'
    )
    os.environ |= {"IPYTHONDIR": str(folder), "PYDEVD_DISABLE_FILE_VALIDATION": "1", "OMP_NUM_THREADS": "1"}
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(DOCS.parent), os.environ.get("PYTHONPATH")]))
    os.environ.pop("MPLBACKEND", None)  # a notebook has a backend of its own, which shows plots in it


COLUMN = 715  # pixels, on a screen that is wide enough
CLOSING = r"[\])]|&#x000(?:21|29|5D|7C|7D);|&#x02016;"  # ) ] } | ‖ !


def write_formula(self, node):
    """A formula as MathML, which every browser shows by itself, without a script and without the internet."""
    is_block = isinstance(node, nodes.math_block)
    formula = convert(node.astext(), display="block" if is_block else "inline")
    # a minus behind another operator or an opening bracket is a sign
    formula = re.sub(rf"(<mo[^>]*>(?!{CLOSING})[^<]*</mo>)<mo>(?=&#x02212;)", r'\1<mo form="prefix">', formula)
    self.body.append(f'<div class="formula">{formula}</div>' if is_block else formula)
    raise nodes.SkipNode


def as_restructured_text(app, what, name, obj, options, lines):
    """Docstrings are plain text: sections with indented entries, formulas set in from it, `code`, doctests."""
    paragraphs = []
    for paragraph in "\n".join(lines).strip("\n").split("\n\n"):
        head, _, body = paragraph.partition("\n")
        if re.fullmatch(r"(Args|Returns|Yields|Raises|Attributes)\b[\w ,]*:", head) and body.startswith(" "):
            paragraph = section(head[:-1].replace("Args", "Parameters"), textwrap.dedent(body))
        elif paragraph.startswith("    ") and paragraphs and paragraphs[-1].startswith(":"):
            paragraph = textwrap.indent(escaped(textwrap.dedent(paragraph)), "    ")  # of the section before
        elif paragraph.startswith(" ") and not paragraph.lstrip().startswith(">>>"):
            paragraph = f".. code-block:: none\n\n{paragraph}"
        elif not paragraph.startswith((" ", ">>>")):
            paragraph = escaped(paragraph)
        paragraphs.append(paragraph)
    if name == "tensorgrad.Tensor":
        names = sorted(n for n, value in vars(obj).items() if is_numpys(value))
        paragraphs.append(f"Methods that are NumPy's functions: {', '.join(f'``{n}``' for n in names)}.")
    lines[:] = "\n\n".join(paragraphs).split("\n")


def section(title, body):
    """A field of a list: what is given back as it stands, of anything else an item for each entry."""
    if title in ("Returns", "Yields"):
        return f":{title}:\n" + textwrap.indent(escaped(body), "    ")
    items = []
    for entry in re.split(r"\n(?! )", body):
        name, _, text = entry.partition(": ") if ": " in entry else entry.partition(":")
        items.append(f"    * **{escaped(name)}** -- " + " ".join(escaped(text).split()))
    return f":{title}:\n" + "\n".join(items)


def escaped(text):
    """What reStructuredText would take for markup is none, outside of `code`; a word in quotes is code."""
    parts = re.split(r"(`[^`]*`)", text)
    for i, part in enumerate(parts[::2]):
        words = re.split(r"""(?<![^\s([{])((?:\w+=)?(?:"[\w.-]+"|'[\w.-]+'))(?![^\s.,;:)\]}])""", part)
        words[::2] = (re.sub(r"(\*(?! )|\||_(?=\W|$))", r"\\\1", word) for word in words[::2])
        words[1::2] = (f"`{word}`" for word in words[1::2])
        parts[2 * i] = "".join(words)
    return "".join(parts)


def with_plain_defaults(app, what, name, obj, options, signature, result):
    """Names of the library's own say nothing to who reads a signature."""
    for name, value in {"FIRST": "0", "_RTOL": "8.88e-16"}.items():
        signature = signature and signature.replace(f"={name}", f"={value}")
    return signature, result


def is_numpys(method):
    """Whether a method of Tensor is one of NumPy's functions, of which its docstring says no more."""
    return str(getattr(method, "__doc__", "")).endswith(" of this Tensor, with its arguments.")


def isnt_listed(app, what, name, obj, skip, options):
    """Methods that a class has from scikit-learn are documented there; and some aren't for who uses a class."""
    if str(getattr(obj, "__module__", "")).startswith("sklearn") or is_numpys(obj):
        return True
    owner, _, method = getattr(obj, "__qualname__", "").rpartition(".")
    return True if owner not in ("", "Module") and method in NOT_LISTED else skip


def with_addresses(app, doctree):
    """A message on the pages of errors can be linked to, and the search for it, or for most of it, leads to it."""
    if not app.env.docname.startswith("errors/"):
        return
    for term in doctree.findall(nodes.term):
        text = term.astext()
        name = nodes.make_id(text)[:60].rstrip("-")
        while name in doctree.ids:
            name += "-"
        doctree.ids[name] = term
        term["ids"].append(name)
        pieces = [text, *(piece.strip(" ,:.") for piece in re.split("<[^>]*>|;", text))]
        entries = [("single", piece.replace(";", ","), name, "main", None) for piece in pieces if len(piece) > 11]
        term += nodes.raw("", f'<a class="headerlink" href="#{name}" title="Link to this message">#</a>', format="html")
        term += addnodes.index(entries=entries)


def with_widths(app, doctree):
    """A graph is drawn smaller to fit the column, but not so small that it can't be read: then it is scrolled."""
    for image in doctree.findall(nodes.image):
        path = DOCS / image["uri"]
        if path.suffix == ".svg" and (found := re.search(r'<svg width="([\d.]+)pt"', path.read_text(encoding="utf-8"))):
            full = float(found[1]) * 4 / 3
            image["width"] = f"{min(full, max(COLUMN, 0.63 * full)):.0f}px"


def without_outputs(app, docname, source):
    """What a page says whose cells aren't run, and the language of these, which else the kernel tells."""
    if f"{docname}.md" in app.config.nb_execution_excludepatterns:
        text = source[0].replace("  name: python3\n", "  name: python3\n  language: python\n", 1)
        told = "```{note}\nPyTorch and JAX weren't there when this copy was built, so its cells show no outputs.\n```"
        source[0] = re.sub(r"(?m)^(# .*\n)", lambda title: f"{title[1]}\n{told}\n", text, count=1)


def setup(app):
    configure_kernels()
    app.connect("autodoc-process-docstring", as_restructured_text)
    app.connect("autodoc-skip-member", isnt_listed)
    app.connect("autodoc-process-signature", with_plain_defaults)
    app.connect("doctree-read", with_addresses)
    app.connect("doctree-read", with_widths)
    app.connect("source-read", without_outputs)
    for kind in (nodes.math, nodes.math_block):
        app.add_node(kind, override=True, html=(write_formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
