"""The documentation as a site: ``sphinx-build -W -b html docs build/site``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lossproof

project = "lossproof"
author = "the authors of lossproof"
version = release = lossproof.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "building.extension"]
exclude_patterns = ["building"]
suppress_warnings = ["autosectionlabel.*"]
myst_enable_extensions = ["dollarmath", "fieldlist"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "lossproof"
html_static_path = ["building/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False
highlight_language = "none"
