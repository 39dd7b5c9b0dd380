"""Any dataset by a word or a path: what `emid_dataset` and `--emid-dataset` take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.export import MANIFEST, load_exported
from pytest_emid.data.hub import load_hub
from pytest_emid.data.llava import load_llava_folder
from pytest_emid.data.scenes.sets import SCENES, load_scenes
from pytest_emid.data.tables import READERS, load_table
from pytest_emid.errors import DataError

__all__ = ["load"]

HUB: Final = "hub:"
KINDS: Final = f"""\
A dataset is scenes (also scenes:LANGUAGE, scenes:DOMAIN or scenes:DOMAIN:LANGUAGE), a file ({", ".join(READERS)}), a \
folder in LLaVA's layout or one that data.export wrote, or hub:OWNER/NAME:SPLIT. For anything else define the fixture \
emid_dataset in conftest.py and return a pytest_emid.Dataset."""


def load(
    spec: str | os.PathLike[str], n: int | None = None, seed: int = 0, *, root: str | os.PathLike[str] | None = None
) -> Dataset:
    """The dataset that `spec` names.

    Args:
        spec: `scenes`, `scenes:<language>`, `scenes:<domain>` or `scenes:<domain>:<language>` (built in; for a file of
            that name write `./scenes`); a table (see `load_table`) with the usual column names; a folder in LLaVA's
            layout (see `load_llava_folder`); a folder that `export` wrote; `hub:OWNER/NAME` with `:SPLIT` where there
            are several splits, and with `@REVISION` before that where the data must be the same next year. In the
            place of `OWNER/NAME` a local folder in a format of Hugging Face `datasets` will do.
        n: the first `n` samples; None for all, of which scenes have 300.
        seed: of scenes; other data has none.
        root: the folder at which relative paths start; by default the current one.

    Raises:
        DataError: it names no dataset (the message lists what there is), or what it names cannot be loaded (the
            message names file and line); a seed is given for data that has none.

    Example:
        >>> from pytest_emid import data
        >>> data.load("scenes:hard:ko", 3)
        Dataset('scenes:hard:ko', 3 samples)
    """
    named = os.fspath(spec)
    if named.partition(":")[0] == SCENES:
        return load_scenes(named, n, seed)
    if seed:
        raise DataError(f"dataset {named!r} is not drawn at random, so it has no seed {seed}. Leave the seed out.")
    base = Path() if root is None else Path(root)
    dataset = _hub(named, base) if named.startswith(HUB) else _path(named, base)
    return dataset if n is None else dataset.first(n)


def _path(named: str, base: Path) -> Dataset:
    path = base / Path(named).expanduser()
    if path.is_file():
        return load_table(path)
    if not path.is_dir():
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


def _hub(named: str, base: Path) -> Dataset:
    path, split = named.removeprefix(HUB), ""
    if not (base / path).is_dir():
        path, _, split = path.rpartition(":") if ":" in path else (path, "", "")
    if not path:
        raise DataError(f"dataset {named!r} names nothing on the Hugging Face Hub. {KINDS}")
    if (base / path).is_dir():
        return load_hub(base / path, split or None)
    name, _, revision = path.partition("@")
    return load_hub(name, split or None, revision=revision or None)
