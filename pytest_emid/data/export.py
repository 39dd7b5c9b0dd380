"""Writing a dataset, clean or shifted, to disk, so that others can use it and results can be audited.

A folder holds `samples.jsonl`, `images/<digest>.png` (lossless; equal pictures once), and `manifest.json`: where the
samples come from and the sha256 of every file. Equal datasets give equal folders, byte for byte, under one version
of Pillow. The hashes find damage and edits of files; whoever edits the manifest as well is found out by its own hash,
which `export` returns and `load_exported` checks when it is given.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from pytest_emid.data.dataset import Dataset
from pytest_emid.data.files import inside, json_lines, read_bytes
from pytest_emid.data.image_files import read_picture
from pytest_emid.data.sample import LazyImage, Sample, image_digest, of_pictures
from pytest_emid.errors import DataError
from pytest_emid.version import __version__

if TYPE_CHECKING:
    from pytest_emid.shifts.base import Shift

__all__ = ["export", "load_exported"]

FORMAT: Final = "pytest-emid dataset"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
SAMPLES: Final = "samples.jsonl"
FIELDS: Final = ("id", "image", "question", "reference", "category", "cluster")
SEVERAL: Final = ("references", "images")
"""Fields that only samples with several references, or pictures, have."""


def export(
    dataset: Dataset,
    folder: str | os.PathLike[str],
    *,
    shift: Shift | None = None,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
) -> str:
    """Write a dataset into a folder that does not exist or is empty.

    Args:
        dataset: the samples; every picture is opened.
        folder: created with its parents. Interrupted writing leaves no manifest, and is refused when it is loaded.
        shift: applied first, with `seed`; its id, modality and pairing go into the manifest.
        seed: of the shift.
        parameters: further notes for the manifest, of plain JSON types.

    Returns:
        The sha256 of the manifest: note it where the data must be proven to be the same later.

    Raises:
        DataError: the folder holds something, cannot be written, a picture cannot be read, or `parameters` are not
            JSON.
        ShiftError: the shift cannot be applied.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from pytest_emid import data
        >>> with TemporaryDirectory() as folder:
        ...     noted = data.export(data.load("scenes", 3), folder, parameters={"why": "audit"})
        >>> len(noted)
        64
    """
    target = Path(folder)
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if shift is not None:
        manifest["shift"] = {
            "id": shift.id,
            "modality": shift.modality,
            "paired": shift.paired,
            "seed": seed,
            "clean": {"name": dataset.name, "fingerprint": dataset.fingerprint},
        }
        dataset = shift.apply(dataset, seed)
    try:
        json.dumps(parameters, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"export to {target}: parameters are not JSON: {error}.") from error
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise DataError(f"export to {target}: there is something already. Name a new or an empty folder.")
        (target / "images").mkdir(parents=True, exist_ok=True)
        files, lines = _write_images(dataset, target)
        files[SAMPLES] = _write(target / SAMPLES, "".join(lines).encode())
        manifest |= {
            "name": dataset.name,
            "samples": len(dataset),
            "fingerprint": dataset.fingerprint,
            "parameters": dict(parameters or {}),
            "made_with": {"pytest-emid": __version__, "pillow": version("pillow")},
            "files": dict(sorted(files.items())),
        }
        content = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
        return str(_write(target / MANIFEST, content)["sha256"])
    except OSError as error:
        raise DataError(f"export to {target}: cannot write: {error}.") from error


def load_exported(folder: str | os.PathLike[str], *, sha256: str | None = None) -> Dataset:
    """The dataset in a folder that `export` wrote: the same ids, texts and pixels, in the same order.

    Every file is hashed now, and every picture checked again when it is opened.

    Args:
        folder: the folder.
        sha256: what `export` returned, where it was noted.

    Raises:
        DataError: a file is missing, changed or was added, the manifest is not the noted one, or this is no such
            folder. The message names the file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from pytest_emid import data
        >>> with TemporaryDirectory() as folder:
        ...     noted = data.export(data.load("scenes", 3), folder)
        ...     data.load_exported(folder, sha256=noted)
        Dataset('scenes', 3 samples)
    """
    root = Path(folder)
    manifest = _manifest(root, sha256)
    files: dict[str, dict[str, Any]] = manifest["files"]
    for name, noted in files.items():
        path = inside(root, name, f"{root / MANIFEST}")
        if not path.is_file():
            raise DataError(f"{root}: {name} is missing. Copy the whole folder again.")
        if hashlib.sha256(read_bytes(path)).hexdigest() != noted["sha256"]:
            raise DataError(f"{root}: {name} is not as it was written (sha256 differs). Copy the whole folder again.")
    present = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    added = sorted(present - set(files) - {MANIFEST})
    if added:
        raise DataError(f"{root}: {added[0]} is not in the manifest. Remove it, or copy the whole folder again.")
    images: dict[str, LazyImage] = {}
    samples = [_sample(root, where, record, files, images) for where, record in json_lines(root / SAMPLES)]
    if len(samples) != manifest["samples"]:
        raise DataError(
            f"{root}: {len(samples)} samples, but the manifest says {manifest['samples']}. Copy the whole folder again."
        )
    return Dataset(manifest["name"], samples)


def _write(path: Path, content: bytes) -> dict[str, Any]:
    path.write_bytes(content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _write_images(dataset: Dataset, target: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    files: dict[str, dict[str, Any]] = {}

    def written(pictures: list[Image.Image]) -> list[str]:
        names = [f"images/{image_digest(picture)}.png" for picture in pictures]
        for name, picture in zip(names, pictures, strict=True):
            if name not in files:
                buffer = BytesIO()
                # A picture without its metadata: colour profiles and comments are not what the model sees.
                Image.frombytes("RGB", picture.size, picture.tobytes()).save(buffer, "PNG")
                files[name] = _write(target / name, buffer.getvalue())
        return names

    lines = []
    for sample, names in zip(dataset, of_pictures(dataset, written), strict=True):
        values = (sample.id, names[0] if names else "", *(getattr(sample, field) for field in FIELDS[2:]))
        # ASCII: lone surrogates survive, and no editor changes the line
        held = zip(SEVERAL, (list(sample.references), names if sample.images else []), strict=True)
        several = {field: values for field, values in held if values}
        lines.append(json.dumps({**dict(zip(FIELDS, values, strict=True)), **several}, ensure_ascii=True) + "\n")
    return files, lines


def _manifest(root: Path, sha256: str | None) -> dict[str, Any]:
    path = root / MANIFEST
    if not path.is_file():
        raise DataError(f"{root}: there is no {MANIFEST}. This folder was not exported, or not to the end.")
    content = read_bytes(path)
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256.lower():
        raise DataError(f"{path}: its sha256 is {found}, not {sha256}. This is not the dataset that was exported.")
    try:
        manifest = json.loads(content)
        if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
            raise DataError(
                f"{path}: {manifest['format']!r} version {manifest['version']!r}, not {FORMAT!r} version {VERSION}. "
                "Read it with the version of pytest-emid that wrote it."
            )
        complete = (
            isinstance(manifest["name"], str)
            and isinstance(manifest["samples"], int)
            and all(isinstance(noted["sha256"], str) for noted in manifest["files"].values())
            and SAMPLES in manifest["files"]
        )
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        complete = False
    if not complete:
        raise DataError(f"{path}: damaged. Copy the whole folder again.")
    return dict(manifest)


def _sample(
    root: Path, where: str, record: dict[str, Any], files: Mapping[str, Any], images: dict[str, LazyImage]
) -> Sample:
    record = dict(record)
    several = {field: record.pop(field, []) for field in SEVERAL}
    for field, values in several.items():
        if not isinstance(values, list) or not all(isinstance(text, str) for text in values):
            raise DataError(f"{where}: {field} are a list of texts, not {str(values)[:80]}.")
    if set(record) != set(FIELDS) or not all(isinstance(value, str) for value in record.values()):
        raise DataError(f"{where}: a sample has {', '.join(FIELDS)}, all text; this one has {', '.join(record)}.")
    names = several["images"] or ([record["image"]] if record["image"] else [])
    for name in names:
        if name not in files:
            raise DataError(f"{where}: image {name!r} is not in the manifest. Copy the whole folder again.")
        if name not in images:
            images[name] = LazyImage(partial(_open, inside(root, name, where), where), f"{root / name} ({where})")
    shown = tuple(images[name] for name in names)
    return Sample(**{**record, "image": None, "images": shown, "references": tuple(several["references"])})


def _open(path: Path, where: str) -> Image.Image:
    picture = read_picture(path, where)
    if image_digest(picture) != path.stem:
        raise DataError(f"{where}: the pixels of {path} are not those that were written. Copy the whole folder again.")
    return picture
