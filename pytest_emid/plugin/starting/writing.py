"""The files of a first suite, from templates beside this one."""

from __future__ import annotations

import json
import os
import shlex
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from pytest_emid.data.writing import writing
from pytest_emid.errors import DataError, ShiftError
from pytest_emid.plugin.starting.wanted import CI, Wanted

__all__ = ["rendered", "write"]


def write(wanted: Wanted) -> list[Path]:
    """Write all files, or none: nothing that is there already is replaced.

    Raises:
        DataError: one of them is there.
    """
    made = rendered(wanted)
    there = [str(path) for path in made if path.exists()]
    if there:
        are = "is" if len(there) == 1 else "are"
        without = ", or leave the workflow out with --ci none" if str(CI[wanted.ci]) in there else ""
        raise DataError(
            f"{', '.join(there)} {are} there already, and nothing was written. Name another folder, or move it away"
            f"{without}."
        )
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as stream:
            stream.write(text)
    return list(made)


def rendered(wanted: Wanted) -> dict[Path, str]:
    """Every file with its text."""
    # text of a user becomes Python and YAML: `text` quotes it, and nothing of it is read as a template
    environment = Environment(
        autoescape=False,
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["text"] = _quoted
    said = _said(wanted)
    names = {wanted.folder / "conftest.py": "conftest.py", wanted.folder / "test_robustness.py": "test_robustness.py"}
    workflow = CI[wanted.ci]
    if workflow is not None:
        names[workflow] = f"{wanted.ci}.yml"
    here = files("pytest_emid.plugin.starting")
    return {
        path: environment.from_string((here / f"{name}.jinja").read_text("utf-8")).render(said)
        for path, name in names.items()
    }


def _said(wanted: Wanted) -> dict[str, Any]:
    module, _, function = wanted.name.partition(":") if wanted.kind == "function" else ("", "", "")
    model = _located(wanted, wanted.name)
    own = _located(wanted, wanted.data)
    ids = [name for name in wanted.shifted if _is_shift(name)]
    return {
        "kind": wanted.kind,
        "name": wanted.name,
        "module": module,
        "function": function or "answer",
        "model": model,
        "title": Path(wanted.name).stem,
        "base_url": wanted.base_url,
        "clean": _seen_from(wanted, wanted.name or "."),
        "shifted": [(name, _seen_from(wanted, path)) for name, path in wanted.shifted.items()],
        "ids": _list(ids),
        "others": _list([name for name in wanted.shifted if name not in ids]),
        "data": own if wanted.data else "",
        "paths": wanted.kind == "recorded"
        or (wanted.kind == "checkpoint" and "HERE" in model)
        or bool(wanted.data and "HERE" in own),
        "folder": shlex.quote(wanted.folder.as_posix()),
        "package": "pytest-emid[openai]" if wanted.kind == "server" else "pytest-emid",
        "own": _own_requirements(),
    }


def _own_requirements() -> str:
    """What `pip install` is told besides, for the project in the current folder; empty where it says nothing."""
    if Path("requirements.txt").is_file():
        return " -r requirements.txt"
    try:
        project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return " ." if {"project", "build-system"} & project.keys() else ""  # else it only configures tools


def _located(wanted: Wanted, named: str) -> str:
    """What is a path here is one seen from conftest.py: the current folder of a later run may be another."""
    return f"HERE / {_quoted(_seen_from(wanted, named))}" if named and Path(named).exists() else _quoted(named)


def _seen_from(wanted: Wanted, path: str | Path) -> str:
    return Path(os.path.relpath(path, wanted.folder)).as_posix()


def _quoted(text: str) -> str:
    """As a Python string in the quotes that formatters use."""
    return json.dumps(text, ensure_ascii=False)


def _list(names: list[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]" if names else ""


def _is_shift(name: str) -> bool:
    from pytest_emid import shifts

    try:
        shifts.parse(name)
    except ShiftError:
        return False
    return True
