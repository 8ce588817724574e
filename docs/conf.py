"""How Sphinx builds these pages."""

project = "Outcrop"
author = "The Outcrop authors"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Outcrop"
myst_heading_anchors = 3
