"""Hugging Face datasets, from the Hub or from a local folder, through the package `datasets` (an extra)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_emid.data.columns import COLUMNS, LETTERS, Columns, Record
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.formats import TURNS
from pytest_emid.data.records import build
from pytest_emid.data.selecting import Map, Where
from pytest_emid.errors import DataError

__all__ = ["hub_splits", "load_hub"]


def load_hub(
    path: str | os.PathLike[str],
    split: str | None = None,
    *,
    config: str | None = None,
    revision: str | None = None,
    columns: Columns | None = None,
    name: str | None = None,
    where: Where | None = None,
    map: Map | None = None,
) -> Dataset:
    """One split of a Hugging Face dataset.

    Images are decoded by this package when they are used, not by `datasets`. Code that a dataset brings along is
    never run.

    Args:
        path: a Hub id such as `changdae/llavabench-shift-synthetic-v1`, or a local folder: files in a format of
            `datasets`, or what its `save_to_disk` wrote.
        split: such as `llava_bench_coco_English`; may be left out where there is only one.
        config: which configuration of the dataset, where it has several.
        revision: a branch, tag or commit on the Hub. Name a commit where results must be repeatable.
        columns: field to column, as for `load_records`; `image`, `question`, `reference_answer` and `question_id` are
            found by themselves. Without ids, samples are numbered from 0, so that splits in equal order are paired.
        name: of the dataset; by default that of the split.
        where: which rows are taken, as for `load_records`, and so is `map`.

    Raises:
        DataError: `datasets` is not installed, the dataset cannot be loaded, there is no such split (the message lists
            those that there are), or it holds what is no dataset; the message names split and row.

    Example:
        >>> from pytest_emid import data
        >>> data.load_hub("changdae/llavabench-shift-natural-v1", "llava_bench_coco_German")  # doctest: +SKIP
        Dataset('llava_bench_coco_German', 90 samples)
    """
    datasets = _package(path)
    local = Path(path).is_dir()
    named = str(path)
    try:
        if _saved(path):
            loaded = _from_disk(datasets, named)
        else:
            # a folder that is no dataset of its own, and a Hub id, are told apart by `datasets`
            loaded = datasets.load_dataset(named, name=config, split=None, revision=None if local else revision)
    except Exception as error:  # every builder, file format and network error
        raise DataError(
            f"dataset {named!r} cannot be loaded: {type(error).__name__}: {error}. "
            f"{'Check the folder' if local else 'Check the id, the network and your access'}."
        ) from error
    chosen = _split(named, list(loaded), split)
    table = loaded[chosen]
    place = f"{named}, split {chosen}"
    usual = {column for names in COLUMNS.values() for column in names} | {*TURNS, *LETTERS}
    wanted = usual | {column for column in (columns or {}).values() if column}
    held = [c for c in table.column_names if c in wanted or c.startswith("image_")]
    if where is not None or map is not None or not held:  # which may look at anything
        held = list(table.column_names)
    rows = _rows(place, table.select_columns(held), table.column_names, _class_names(datasets, table))
    roots = (Path(path),) if local else _caches(datasets)
    return build(name or chosen, rows, columns=columns, images=roots[0], allowed=roots, where=where, map=map)


def hub_splits(
    path: str | os.PathLike[str], *, config: str | None = None, revision: str | None = None
) -> tuple[str, ...]:
    """The names of a dataset's splits, which in the authors' datasets are the scenarios; nothing else is downloaded.

    Raises:
        DataError: `datasets` is not installed, or the dataset cannot be looked up.

    Example:
        >>> from pytest_emid import data
        >>> "llava_bench_coco_German" in data.hub_splits("changdae/llavabench-shift-natural-v1")  # doctest: +SKIP
        True
    """
    datasets = _package(path)
    try:
        if _saved(path):
            return tuple(_from_disk(datasets, str(path)))
        names = datasets.get_dataset_split_names(
            str(path), config_name=config, revision=None if Path(path).is_dir() else revision
        )
    except Exception as error:
        raise DataError(
            f"the splits of dataset {str(path)!r} cannot be looked up: {type(error).__name__}: {error}. "
            "Check the path or id, the network and your access."
        ) from error
    return tuple(names)


def _saved(path: str | os.PathLike[str]) -> bool:
    """Whether `save_to_disk` wrote the folder, the splits of which `load_dataset` would take for one."""
    return any((Path(path) / name).is_file() for name in ("dataset_dict.json", "state.json"))


def _from_disk(datasets: ModuleType, where: str) -> dict[str, Any]:
    """Split to table. A dataset that was saved without splits is one, `train` where it has no name."""
    loaded = datasets.load_from_disk(where)
    return dict(loaded) if isinstance(loaded, dict) else {str(loaded.split or "train"): loaded}


def _package(path: str | os.PathLike[str]) -> ModuleType:
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            f"dataset {str(path)!r}: Hugging Face datasets need the package datasets: "
            "pip install 'pytest-emid[datasets]'."
        ) from error
    module: ModuleType = datasets
    return module


def _split(where: str, names: list[str], split: str | None) -> str:
    if split is None and len(names) == 1:
        return names[0]
    if split not in names:
        given = "name a split" if split is None else f"there is no split {split!r}"
        raise DataError(f"dataset {where!r}: {given}. Splits: {', '.join(names)}.")
    return split


def _rows(where: str, table: Any, names: list[str], classes: dict[str, list[str]]) -> Iterator[Record]:
    number = 0
    # as they are stored: pictures are not decoded, at whatever depth they lie
    for batch in table.with_format("arrow").iter(batch_size=256):
        for record in batch.to_pylist():
            for column, labels in classes.items():
                if column in record:
                    record[column] = _class(record[column], labels)
            # columns that hold no field of a sample are not read, but an error lists them
            yield Record(f"{where}, row {number}", record if number else {**dict.fromkeys(names), **record})
            number += 1


def _class_names(datasets: ModuleType, table: Any) -> dict[str, list[str]]:
    """Columns of class labels to the names of the classes: a number says nothing of a sample."""
    features = table.features.items()
    return {column: list(feature.names) for column, feature in features if isinstance(feature, datasets.ClassLabel)}


def _class(value: Any, labels: list[str]) -> Any:
    """The name of a class; -1 is how test sets say that they do not tell."""
    return (labels[value] if 0 <= value < len(labels) else None) if isinstance(value, int) else value


def _caches(datasets: ModuleType) -> tuple[Path, ...]:
    """Where `datasets` puts what it downloads: the only places in which a downloaded dataset may name files."""
    from huggingface_hub import constants

    return Path(datasets.config.HF_DATASETS_CACHE), Path(constants.HF_HUB_CACHE)
