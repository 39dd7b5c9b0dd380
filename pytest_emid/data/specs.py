"""Any dataset by a word or a path: what `emid_dataset` and `--emid-dataset` take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.columns import Columns, parse_columns
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.export import MANIFEST, load_exported
from pytest_emid.data.hub import load_hub
from pytest_emid.data.llava import load_llava_folder
from pytest_emid.data.scenes.sets import SCENES, load_scenes
from pytest_emid.data.selecting import Where
from pytest_emid.data.tables import READERS, load_table
from pytest_emid.errors import DataError

__all__ = ["load"]

HUB: Final = "hub:"
KINDS: Final = f"""\
A dataset is scenes (also scenes:LANGUAGE, scenes:DOMAIN or scenes:DOMAIN:LANGUAGE), a file ({", ".join(READERS)}), a \
folder in LLaVA's layout or one that data.export wrote, or hub:OWNER/NAME:SPLIT. For anything else define the fixture \
emid_dataset in conftest.py and return a pytest_emid.Dataset."""


def load(
    spec: str | os.PathLike[str],
    n: int | None = None,
    seed: int = 0,
    *,
    root: str | os.PathLike[str] | None = None,
    columns: Columns | str | None = None,
    where: Where | None = None,
) -> Dataset:
    """The dataset that `spec` names.

    Args:
        spec: `scenes`, `scenes:<language>`, `scenes:<domain>` or `scenes:<domain>:<language>` (built in; for a file of
            that name write `./scenes`); a table (see `load_table`); a folder in LLaVA's layout (see
            `load_llava_folder`); a folder that `export` wrote; `hub:OWNER/NAME` with `:SPLIT` where there are several
            splits, `hub:OWNER/NAME/CONFIG` where there are several configurations, and with `@REVISION` before the
            split where the data must be the same next year. In the place of `OWNER/NAME` a local folder in a format of
            Hugging Face `datasets` will do.
        n: the first `n` samples; None for all, of which scenes have 300.
        seed: of scenes; other data has none.
        root: the folder at which relative paths start; by default the current one.
        columns: of a table or the Hub: field to column, as for `load_records`, or as text: `question=prompt,id=number`.
        where: of a table or the Hub: which records are taken, as for `load_records`: `image,split=dev`.

    Raises:
        DataError: it names no dataset (the message lists what there is), or what it names cannot be loaded (the
            message names file and line); a seed is given for data that has none.

    Example:
        >>> from pytest_emid import data
        >>> data.load("scenes:hard:ko", 3)
        Dataset('scenes:hard:ko', 3 samples)
    """
    named = os.fspath(spec)
    chosen = {"columns": parse_columns(columns) if isinstance(columns, str) else columns, "where": where}
    given = {key: value for key, value in chosen.items() if value is not None}
    if named.partition(":")[0] == SCENES:
        _refuse(named, given)
        return load_scenes(named, n, seed)
    if seed:
        raise DataError(f"dataset {named!r} is not drawn at random, so it has no seed {seed}. Leave the seed out.")
    base = Path() if root is None else Path(root)
    dataset = _hub(named, base, given) if named.startswith(HUB) else _path(named, base, given)
    return dataset if n is None else dataset.first(n)


def _refuse(named: str, given: dict[str, Any]) -> None:
    if given:
        raise DataError(f"dataset {named!r} is no table, so {' and '.join(given)} say nothing of it. Leave them out.")


def _path(named: str, base: Path, given: dict[str, Any]) -> Dataset:
    path = base / Path(named).expanduser()
    if path.is_file():
        return load_table(path, **given)
    if path.is_dir():
        _refuse(named, given)
    else:
        raise DataError(f"there is no dataset {named!r}, and no file or folder {path.absolute()}. {KINDS}")
    if (path / MANIFEST).is_file():
        return load_exported(path)
    if (path / "images").is_dir() or any(path.glob("*questions.jsonl")):
        return load_llava_folder(path)
    raise DataError(
        f"{path}: neither a folder that data.export wrote (there is no {MANIFEST}) nor one in LLaVA's layout "
        "(questions.jsonl, answers.jsonl and the folder images). If it is one for Hugging Face datasets, write "
        f"{HUB}{named}."
    )


def _hub(named: str, base: Path, given: dict[str, Any]) -> Dataset:
    path, split = named.removeprefix(HUB), ""
    if not (base / path).is_dir():
        path, _, split = path.rpartition(":") if ":" in path else (path, "", "")
    if not path:
        raise DataError(f"dataset {named!r} names nothing on the Hugging Face Hub. {KINDS}")
    if (base / path).is_dir():
        return load_hub(base / path, split or None, **given)
    name, _, revision = path.partition("@")
    owner, slash, rest = name.partition("/")
    own, _, config = rest.partition("/")
    parts = given | ({"config": config} if config else {})
    return load_hub(f"{owner}{slash}{own}", split or None, revision=revision or None, **parts)
