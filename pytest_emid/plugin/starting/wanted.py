"""What a first suite is wanted for, checked: kind of model, its name, data, CI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pytest_emid.errors import DataError, UnavailableError

__all__ = ["CI", "KINDS", "Wanted", "checked"]

KINDS: Final = {
    "function": "a Python function of yours: pictures and questions in, answers out",
    "checkpoint": "weights of an image-text-to-text model of transformers: a folder or a Hub id",
    "server": "an OpenAI-compatible server, or a provider",
    "recorded": "files of answers, one for the clean and one for each shifted set",
}
"""Kinds of models, in words."""

CI: Final = {
    "github": Path(".github/workflows/robustness.yml"),
    "gitlab": Path(".gitlab-ci.yml"),
    "none": None,
}
"""Where the workflow of each CI goes, seen from the current folder."""

FUNCTION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Everything that decides what is written.

    Attributes:
        folder: where conftest.py and the test go.
        kind: one of `KINDS`.
        name: of the model: `module:function`, a folder or Hub id, the name that the server knows, the file of clean
            answers; empty for a function that is still to be written.
        base_url: of a server; empty where OPENAI_BASE_URL or the provider's own says it.
        shifted: of recorded answers: scenario to file.
        data: what `pytest_emid.data.load` takes; empty for the built-in scenes.
        ci: one of `CI`.
    """

    folder: Path
    kind: str
    name: str = ""
    base_url: str = ""
    shifted: Mapping[str, Path] = field(default_factory=dict)
    data: str = ""
    ci: str = "none"


def checked(wanted: Wanted) -> str:
    """Whether such a suite could run here; what is known of its data, in a sentence.

    Raises:
        DataError: something of it is missing or does not exist.
        UnavailableError: a package that it needs is not installed.
    """
    if wanted.kind == "function" and wanted.name and not FUNCTION.fullmatch(wanted.name):
        raise DataError(f"--name {wanted.name!r} is no function. Write module:function, such as our.serving:answer.")
    if missing := _missing(wanted):
        raise DataError(f"--model {wanted.kind} needs {'; '.join(missing)}.")
    if wanted.base_url and wanted.kind != "server":
        raise DataError(f"--base-url says where a server is, and --model is {wanted.kind}. Leave one out.")
    if wanted.kind == "recorded":
        for path in (Path(wanted.name), *wanted.shifted.values()):
            if not path.is_file():
                raise DataError(f"there is no file {path} of recorded answers.")
    elif wanted.shifted:
        raise DataError(f"--shifted names recorded answers, and --model is {wanted.kind}. Leave one out.")
    if wanted.kind == "server":
        from importlib.util import find_spec

        if find_spec("openai") is None:
            raise UnavailableError("a server is asked with the package openai: pip install 'pytest-emid[openai]'")
    return _data(wanted.data) if wanted.data else "300 built-in scenes, of which the first 150 are asked"


def _missing(wanted: Wanted) -> list[str]:
    """All that this kind of model needs and that was not given, so that one error tells it."""
    named = {
        "checkpoint": "--name: a folder or a Hub id",
        "server": "--name: the model's name on the server",
        "recorded": "--name FILE of the clean answers",
    }
    missing = [named[wanted.kind]] if wanted.kind in named and not wanted.name else []
    if wanted.kind == "recorded" and not wanted.shifted:
        missing.append("--shifted SCENARIO=FILE, once for each set of shifted answers")
    if wanted.kind == "recorded" and not wanted.data:
        missing.append("--data: the samples whose ids the answers have")
    return missing


def _data(spec: str) -> str:
    from pytest_emid import data

    try:
        found = data.load(spec)
    except DataError as error:
        raise DataError(f"--data {spec}: {error}") from error
    clusters = len(set(found.clusters))
    enough = "" if len(found) >= 60 and clusters >= 20 else "; a gate passes from 60 samples on 20 pictures up"
    return f"{len(found):,} samples on {clusters:,} pictures{enough}"
