"""What the site shows and the project makes when it is built: a gallery of shifts, a report of a run, the changelog."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

from PIL import Image

from pytest_emid import data, shifts
from pytest_emid.errors import ShiftError

WIDTH = 168

REFERENCE = {
    "gates": ("pytest_emid", "Gates", "What tests call on a result. Each returns its decision, or raises."),
    "data": ("pytest_emid.data", "Data", "Samples, datasets, and a function for each format."),
    "models": ("pytest_emid.models", "Models", "Whatever answers."),
    "encoders": ("pytest_emid.encoders", "Encoders", "Pictures and texts to vectors."),
    "shifts": ("pytest_emid.shifts", "Shifts", "What is done to the data."),
    "strategies": ("pytest_emid.shifts.strategies", "Hypothesis", "The smallest shift that breaks a model."),
    "metrics": ("pytest_emid.measuring.metrics", "Metrics", "Scores of an answer against its references."),
    "results": ("pytest_emid.measuring.results", "Results", "What `measure_emid` returns."),
    "verdicts": ("pytest_emid.measuring.verdicts", "Verdicts", "How an estimate is held against a threshold."),
    "fixtures": ("pytest_emid.plugin.provided", "Fixtures", "What a conftest.py overrides, and `measure_emid`."),
    "information": ("pytest_emid.information", "Information", "The mathematics: arrays in, numbers out."),
    "theory": ("pytest_emid.information.theory.finite", "Theory", "Exact results on finite alphabets."),
    "runs": ("pytest_emid.plugin.runs", "Saved runs", "What `--emid-json` wrote, read back as typed objects."),
    "errors": ("pytest_emid.errors", "Errors", "Each says what was wrong, where, and what to do next."),
}
"""Page to module, title and first sentence."""


def everything(folder: Path, root: Path) -> None:
    """Write it all to `folder`; a report that is there already is kept (`make clean` takes it away)."""
    for name in ("shifts", "api"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write(folder / "gallery.md", gallery(folder / "shifts"))
    _write(folder / "changelog.md", (root / "CHANGELOG.md").read_text("utf-8").replace("](docs/", "](../"))
    for name, (module, title, sentence) in REFERENCE.items():
        _write(folder / "api" / f"{name}.md", reference(module, title, sentence, only="assert_" * (name == "gates")))
    page = folder / "report" / "report.html"
    if not page.exists():
        report(page, root)


def reference(module: str, title: str, sentence: str, only: str = "") -> str:
    """A page with everything that a module offers, from its docstrings."""
    offered = importlib.import_module(module)
    lines = [f"# {title}", "", f"{sentence} Module `{module}`.", "", "```{eval-rst}"]
    for name in offered.__all__:
        value = getattr(offered, name)
        if not name.startswith(only) or inspect.ismodule(value):
            continue
        kind = "autoclass" if inspect.isclass(value) else "autofunction" if callable(value) else "py:data"
        lines += [f".. {kind}:: {module}.{name}", ""]
    return "\n".join([*lines, "```", ""])


def gallery(folder: Path) -> str:
    """A page with every built-in shift at three severities, on a built-in scene."""
    sample = data.scenes_dataset(12)[9]
    image = sample.open_image()
    image.resize((WIDTH, WIDTH), Image.Resampling.NEAREST).save(folder / "clean.png")
    lines = [
        "# Gallery of shifts",
        "",
        f"Every built-in shift on one built-in scene ({image.width} pixels wide), drawn when this site was built.",
        "",
        f"Clean: *{sample.question}*",
        "",
        "![the clean picture](shifts/clean.png)",
        "",
        "## Pictures",
        "",
        "| shift | mild | middle | strong |",
        "| --- | --- | --- | --- |",
    ]
    for one in shifts.definitions("visual"):
        cells = [_picture(folder, sample, name) for name in _levels(one)]
        lines.append(f"| `{one.name}` | {' | '.join([*cells, '', ''][:3])} |")
    lines += ["", "## Questions", "", "| shift | the question |", "| --- | --- |"]
    for one in shifts.definitions("textual"):
        lines += [f"| `{name}` | {_question(sample, name)} |" for name in _levels(one)]
    return "\n".join(lines) + "\n"


def _levels(one: shifts.Definition) -> list[str]:
    """Ids of the mildest, the middle and the strongest level."""
    if not one.severities:
        return [one.name]
    return [f"{one.name}:{one.severities[place]}" for place in (0, len(one.severities) // 2, -1)]


def report(page: Path, root: Path) -> None:
    """The quickstart, measured, as the page that `--emid-html` writes."""
    page.parent.mkdir(parents=True, exist_ok=True)
    suite = root / "example_suites" / "quickstart"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--emid-html={page}", str(suite)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not page.exists():
        raise RuntimeError(f"the report of the quickstart was not written:\n{done.stdout}{done.stderr}")


def _shifted(sample: data.Sample, shift: str) -> data.Sample:
    """Among others: some shifts take what they put into a picture from another sample."""
    shifted = shifts.parse(shift).apply(data.scenes_dataset(12), seed=0)
    return next(one for one in shifted if one.id == sample.id)


NOTHING = "*acts on questions or pictures of another kind*"


def _question(sample: data.Sample, shift: str) -> str:
    try:
        return _cell(_shifted(sample, shift).question)
    except ShiftError:
        return NOTHING


def _picture(folder: Path, sample: data.Sample, shift: str) -> str:
    file = folder / f"{shift.replace(':', '_')}.png"
    try:
        shifted = _shifted(sample, shift)
    except ShiftError:
        return NOTHING
    shifted.open_image().resize((WIDTH, WIDTH), Image.Resampling.NEAREST).save(file)
    return f"![{shift}](shifts/{file.name})"


def _cell(text: str) -> str:
    """Text of any kind as a cell: nothing of it is Markdown."""
    return "".join(f"&#{ord(letter)};" if letter in "|`*_<>[]\\&~" else letter for letter in text)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
