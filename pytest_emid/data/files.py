"""Files of datasets: JSON lines with their line numbers, and paths that must stay inside a folder."""

from __future__ import annotations

import errno
import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pytest_emid.errors import DataError

__all__ = ["inside", "json_lines", "read_bytes"]


def read_bytes(file: Path) -> bytes:
    """The content of a file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}. Check the path.") from error


def json_lines(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of a file of JSON lines with where it stands, `<file>, line <number>`; empty lines are skipped.

    Only a line feed ends a line: U+2028 and its like are legal within JSON text.

    Raises:
        DataError: the file cannot be read, or a line is not UTF-8, not JSON or not an object.
    """
    for number, line in enumerate(read_bytes(file).removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            record = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DataError(f"{where}: not UTF-8 (byte {error.start + 1}). Save the file as UTF-8.") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not JSON: {error}. The file must hold one JSON object a line.") from error
        if not isinstance(record, dict):
            raise DataError(f"{where}: a {type(record).__name__}, not an object. One JSON object a line is needed.")
        yield where, record


def inside(root: Path, name: str, where: str) -> Path:
    """The absolute path of a file that a dataset names, symbolic links followed.

    A dataset may come from anyone: what it names must lie in the folder that the user pointed to.

    Raises:
        DataError: the name leads out of the folder, or is no path.
    """
    try:
        base = root.resolve()
        path = (base / name).resolve()
        exists = path.exists()
        if not exists and (stored := _as_stored(base, name)) is not None:
            path, exists = stored, True
    except (OSError, ValueError, RuntimeError) as error:  # a NUL byte, or links in a circle
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            raise DataError(
                f"{where}: {name[:40]!r}... ({len(name)} characters) is too long for a path. If it is a picture, "
                "encoded in text (base64), decode it and pass its bytes to load_records, or save it as a file."
            ) from error
        raise DataError(f"{where}: {name!r} is not a path: {error}.") from error
    if "://" in name and not exists:
        raise DataError(f"{where}: {name!r} is an address, not a file. Download it, and name the file.")
    if not exists and PureWindowsPath(name).drive:
        raise DataError(
            f"{where}: {name!r} is a path of a Windows machine. Name the file as it lies in {root}: 'photos/a.png'."
        )
    if not path.is_relative_to(base):
        link = f", by a link to {path}" if Path(os.path.normpath(base / name)).is_relative_to(base) else ""
        raise DataError(
            f"{where}: {name!r} leads out of the dataset's folder {base}{link}. "
            "Move the file into it, or pass the folder that holds all files."
        )
    return path


def _as_stored(base: Path, name: str) -> Path | None:
    """A file whose name is written another way: with Windows' separators, or its accents composed or not."""
    relative = PureWindowsPath(name) if "\\" in name else PurePosixPath(name)
    if relative.is_absolute() or relative.drive or ".." in relative.parts or "://" in name:
        return None
    path = base
    for part in relative.parts:
        if not (path / part).exists():
            composed = unicodedata.normalize("NFC", part)
            names = [other.name for other in path.iterdir()] if path.is_dir() and not part.isascii() else []
            part = next((other for other in names if unicodedata.normalize("NFC", other) == composed), "")
            if not part:
                return None
        path = path / part
    return path.resolve()
