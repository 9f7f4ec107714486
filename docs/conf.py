"""The site: pip install -e ".[docs]" && sphinx-build -W docs site. Cells are run while it is built.

Those of the page on PyTorch and JAX only where these are installed.
"""

import importlib.util
import os
import re
import sys
import tempfile
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import tensorgrad  # noqa: E402

project = "tensorgrad"
author = "the tensorgrad authors"
copyright = "2026, the tensorgrad authors"
version = release = tensorgrad.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_*"]

# Text: MyST's Markdown, with links to headings as GitHub has them
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
default_role = "literal"  # `name` in a docstring

# Cells: run from top to bottom in a directory of their own; an error that isn't meant ends the build
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_excludepatterns = [] if all(map(importlib.util.find_spec, ("torch", "jax"))) else ["interop.md"]
nb_merge_streams = True
nb_render_text_lexer = "none"  # what is printed isn't Python

# The API: the names of __all__, in the order in which they stand there
autodoc_default_options = {"imported-members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings tell shapes and dtypes
python_display_short_literal_types = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "tensorgrad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_search_scorer = str(DOCS / "_static" / "scorer.js")
html_show_sphinx = False
html_copy_source = False
html_domain_indices = False
html_theme_options = {"navigation_with_keys": True}


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


def write_formula(self, node):
    """A formula as MathML, which every browser shows by itself, without a script and without the internet."""
    if isinstance(node, nodes.math_block):
        self.body.append(f'<div class="formula">{convert(node.astext(), display="block")}</div>')
    else:
        self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def as_restructured_text(app, what, name, obj, options, lines):
    """Docstrings are plain text with `code` and doctests: what reStructuredText would take for markup is escaped."""
    paragraphs = "\n".join(lines).split("\n\n")
    for i, paragraph in enumerate(paragraphs):
        if not paragraph.lstrip().startswith(">>>"):
            parts = re.split(r"(`[^`]*`)", paragraph)
            parts[::2] = (re.sub(r"(\*(?! )|\||_(?=\W|$))", r"\\\1", part) for part in parts[::2])
            paragraphs[i] = "".join(parts)
    text = "\n\n".join(paragraphs)
    if what == "property":  # of which napoleon takes what stands before a colon in the first line for the type
        text = text.replace(": ", ":\n", 1)
    lines[:] = text.split("\n")


def of_another_library(app, what, name, obj, skip, options):
    """Methods that a class has from scikit-learn are documented there."""
    return True if getattr(obj, "__module__", None) and obj.__module__.startswith("sklearn") else skip


def setup(app):
    configure_kernels()
    app.connect("autodoc-process-docstring", as_restructured_text, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", of_another_library)
    for kind in (nodes.math, nodes.math_block):
        app.add_node(kind, override=True, html=(write_formula, None))
