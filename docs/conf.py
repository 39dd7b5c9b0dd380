"""The documentation site: `make docs`. Pages are Markdown; the reference comes from docstrings."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "site"))

import made

from pytest_emid.version import __version__

project = "pytest-emid"
author = "The pytest-emid contributors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
if os.environ.get("DOCS_SOURCE") != "no":  # a page for each module: half of the work
    extensions.append("sphinx.ext.viewcode")
exclude_patterns = ["_made/report", "site"]
html_theme = "furo"
html_title = f"pytest-emid {release}"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_favicon = "site/static/icon.svg"
html_extra_path = ["_made/report"]
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]

default_role = "code"  # docstrings write `names` as Markdown does
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
# types are shown as they are written; not every one of them has a page
nitpick_ignore_regex = [("py:.*", ".*")]

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent


OUTSIDE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+((?:example_suites|pytest_emid|benchmarks|training|tests|README|CONTRIBUTING)[^)]*)\)"
)
NAMED = re.compile(r"\[\w+\.md\]\(([^)]+)\)")
PLAIN = re.compile(r"(``?[^`]*``?)|([|*])")


def setup(app: Sphinx) -> None:
    """What the project makes itself: pictures of shifts, a report, the changelog."""
    made.everything(FOLDER / "_made", ROOT)
    app.connect("source-read", _outside)
    app.connect("autodoc-process-docstring", _plain, priority=100)  # before sections are read


def _outside(app: Sphinx, page: str, source: list[str]) -> None:
    """Links to files of the repository without a page here are shown as paths, links named `x.md` by their titles."""
    source[0] = NAMED.sub(r"[](\1)", source[0])
    source[0] = OUTSIDE.sub(
        lambda link: f"{link[1]} (`{link[2]}`)".replace(f"{link[2]} (`{link[2]}`)", f"`{link[2]}`"), source[0]
    )


def _plain(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Docstrings are plain text with `code`: bars and stars mean themselves."""
    for place, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[place] = PLAIN.sub(lambda found: found[1] or f"\\{found[2]}", line)
