"""Where a cache lies: a folder with a file in it, a file, or a replay pack."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pytest_emid.errors import DataError

__all__ = ["file_of", "is_pack"]

FILE: Final = "cache.sqlite"
_PACK: Final = ".json"
_SUFFIXES: Final = frozenset({".sqlite", ".sqlite3", ".db"})


def is_pack(path: str | Path | None) -> bool:
    """Whether a path names a replay pack."""
    return path is not None and Path(path).suffix == _PACK


def file_of(path: Path, make: bool) -> Path:
    """The database's path; a folder that is made tells version control to leave it alone.

    Raises:
        DataError: the folder cannot be made.
    """
    if path.suffix in _SUFFIXES and not path.is_dir():
        return path
    if not make:
        return path / FILE
    try:
        path.mkdir(parents=True, exist_ok=True)
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"cannot use {path} as the cache folder: {error}. Choose another with --emid-cache-dir."
        ) from error
    return path / FILE
