"""What strangers see first: README, workflows, changelog, citation and the pages of the documentation hold together."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import pytest_emid
from pytest_emid.__main__ import _parser
from pytest_emid.plugin.options import OPTIONS

yaml = pytest.importorskip("yaml", reason="comes with transformers")

ROOT = Path(__file__).parents[2]
if not (ROOT / "Makefile").exists():
    pytest.skip("not in a checkout", allow_module_level=True)

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "example_suites").rglob("*.md")])
PAGES = [page for page in PAGES if not {"_made", ".pytest_cache"} & set(page.parts)]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
BEFORE = re.compile(r"sudo apt-get update && sudo apt-get install --yes --no-install-recommends chromium")


def texts(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"```.*?```|``.+?``|`[^`\n]+`", "", page.read_text("utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a heading is called in a link, as code hosts make it."""
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_broken(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", texts(page)):
        if "://" in target or target.startswith("_made/"):  # made when the site is built, and looked for there
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{page.name} links to {target}"


def test_the_first_page_is_read_in_a_minute() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_every_option_stands_on_its_page() -> None:
    (page,) = (ROOT / "docs").rglob("options.md")
    missing = [option.flag for option in OPTIONS if f"`{option.flag}" not in page.read_text("utf-8")]
    assert missing == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in ("README.md", "first_verdict.md")], ids=str)
def test_commands_that_are_shown_exist(page: Path) -> None:
    for line in re.findall(r"^    (\w.*)$", page.read_text("utf-8"), re.MULTILINE):
        program, *given = shlex.split(line, comments=True)
        if program == "make":
            assert set(given) <= TARGETS, line
        elif given[:2] == ["-m", "pytest_emid"]:
            _parser().parse_args(given[2:])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_targets_of_the_makefile_with_pinned_actions(path: Path) -> None:
    text = path.read_text()
    uses = re.findall(r"uses: (.+)", text)
    assert uses
    assert [use for use in uses if not PINNED.fullmatch(use)] == []
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] > 0, name
        values = [value for row in job.get("strategy", {}).get("matrix", {}).values() for value in row]
        for command in (step["run"] for step in job["steps"] if "run" in step):
            for value in values if "matrix" in command else [""]:
                said = re.sub(r"\$\{\{ matrix\.\w+ \}\}", value, command)
                assert BEFORE.fullmatch(said) or (said.startswith("make ") and said.split()[1] in TARGETS), said


def test_version_changelog_and_citation_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (version, date), *_ = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (citation["version"], str(citation["date-released"])) == (version, date)
    assert pytest_emid.__version__ == version
