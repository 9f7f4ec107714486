"""The site: pip install -e ".[docs]" && sphinx-build -W docs site. Cells are run while it is built.

Those of the page on PyTorch and JAX only where these are installed.
"""

import importlib.util
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import tensorgrad  # noqa: E402

project = "tensorgrad"
author = "the tensorgrad authors"
copyright = "2026, the tensorgrad authors"
version = release = tensorgrad.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_design", "_extension"]
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
nb_render_text_lexer = nb_render_error_lexer = "none"  # what is printed isn't Python
nb_render_markdown_format = "myst"

# The API: the names of __all__, in the order in which they stand there
autodoc_default_options = {"imported-members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings tell shapes and dtypes
autodoc_preserve_defaults = True  # as they are written
autodoc_inherit_docstrings = False  # a method that does what the docstring of its base says isn't listed again
maximum_signature_line_length = 60
python_display_short_literal_types = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "tensorgrad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_search_scorer = str(DOCS / "_static" / "scorer.js")
html_show_sphinx = False
html_copy_source = False
html_domain_indices = html_use_index = False
html_theme_options = {"navigation_with_keys": True}
