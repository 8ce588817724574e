"""How Sphinx builds these pages."""

import runpy
from pathlib import Path

project = "Outcrop"
author = "The Outcrop authors"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Outcrop"
myst_heading_anchors = 3


runpy.run_path(str(Path(__file__).with_name("operations.py")))["write"]()  # before Sphinx looks for pages
