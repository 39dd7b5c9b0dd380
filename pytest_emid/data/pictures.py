"""From the cells of a table to pictures that are opened when they are needed, and a name of each by its content."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

from PIL import Image

from pytest_emid.data.files import inside
from pytest_emid.data.image_files import read_picture
from pytest_emid.data.options import as_list
from pytest_emid.data.sample import LazyImage, image_digest
from pytest_emid.data.selecting import is_empty
from pytest_emid.errors import DataError, brief

__all__ = ["Pictures", "is_encoded", "joined"]

SIGNATURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
"""How pictures begin: those that tables hold as text (base64)."""
SHORTEST: Final = 40
"""Characters of a picture as text: fewer are a name."""


class Pictures:
    """Pictures of cells. Cells with the same picture share one `LazyImage`, so that it is opened once.

    Args:
        root: the folder that paths are relative to, and must not leave.
        allowed: further folders in which absolute paths may lie.
        by_id: the encoded pictures of other rows by their ids, by which VLMEvalKit's tables name them.
    """

    def __init__(self, root: Path | None, allowed: tuple[Path, ...], by_id: Mapping[str, str]) -> None:
        self._root = root
        self._allowed = allowed
        self._by_id = by_id
        self._lazy: dict[str, LazyImage] = {}
        self._keys: dict[Path, str] = {}
        self._sized: dict[int, list[tuple[Path, str]]] = {}
        self._digests: dict[Path, bytes] = {}

    def all_of(self, cell: Any, column: str | None, where: str) -> list[tuple[Image.Image | LazyImage, str]]:
        """The pictures of a cell, which holds one, a list of them, or nothing; each with its name, as `get`.

        Raises:
            DataError: as `get`; or one of a list is missing.
        """
        cell = as_list(cell)
        if is_empty(cell):
            return []
        several = cell if isinstance(cell, list) else [cell]
        for number, one in enumerate(several, start=1):
            if is_empty(one):
                raise DataError(
                    f"{where}: picture {number} of {len(several)} in column {column!r} is missing. Add it, or leave "
                    "the sample out."
                )
        return [self.get(one, where) for one in several]

    def get(self, cell: Any, where: str) -> tuple[Image.Image | LazyImage, str]:
        """A picture, and its name: the same for all cells that hold it.

        Raises:
            DataError: it is no picture, or a path that leads nowhere or out of the folder.
        """
        if isinstance(cell, Mapping) and {"bytes", "path"} & set(cell):
            cell = cell.get("bytes") or cell.get("path")
        if isinstance(cell, Image.Image):
            try:
                return cell, f"image-{image_digest(cell)[:16]}"
            except DataError as error:
                raise DataError(f"{where}: {error}") from error
        if isinstance(cell, LazyImage):
            return cell, cell.source
        if isinstance(cell, str):
            cell = _decoded(self._by_id.get(cell, cell), where)
        if isinstance(cell, bytes | bytearray | memoryview):
            content = bytes(cell)
            key = f"image-{hashlib.sha256(content).hexdigest()[:16]}"
            return self._shared(key, content, where, f"the embedded image ({where})"), key
        if isinstance(cell, str | PathLike) and fspath(cell):
            path, key = self._path(str(fspath(cell)), where)
            return self._shared(key, path, where, f"{path} ({where})"), key
        raise DataError(
            f"{where}: the image is {brief(cell)}. It must be a path, a picture, or the bytes of an image file."
        )

    def _path(self, name: str, where: str) -> tuple[Path, str]:
        root = self._root
        for other in self._allowed:
            if Path(name).is_absolute() and Path(name).resolve().is_relative_to(other.resolve()):
                root = other
        if root is None:
            raise DataError(f"{where}: the image is the path {name[:500]!r}. Pass the folder that holds it: images=...")
        path = inside(root, name, where)
        if not path.is_file():
            raise DataError(
                f"{where}: there is no image {name!r} in {root.resolve()}. "
                "Put it there, or pass the folder that holds it: images=..."
            )
        if path not in self._keys:
            self._keys[path] = self._first_alike(path, path.relative_to(root.resolve()).as_posix())
        return path, self._keys[path]

    def _first_alike(self, path: Path, name: str) -> str:
        """The name of the first file of the same content. Only files of equal size are read."""
        try:
            others = self._sized.setdefault(path.stat().st_size, [])
            for other, key in others:
                if self._digest(other) == self._digest(path):
                    return key
        except OSError:  # said with its row when it is opened
            return name
        others.append((path, name))
        return name

    def _digest(self, path: Path) -> bytes:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).digest()
        return self._digests[path]

    def _shared(self, key: str, source: Path | bytes, where: str, shown: str) -> LazyImage:
        if key not in self._lazy:
            self._lazy[key] = LazyImage(partial(read_picture, source, where), shown)
        return self._lazy[key]


def joined(shown: Sequence[Sequence[str]]) -> list[str]:
    """The cluster of every sample, by the names of its pictures: samples that share a picture, or are linked by others
    that do, share it; empty for those without a picture.

    >>> joined([["a"], ["b", "c"], [], ["c"], ["a"]])
    ['a', 'b', '', 'b', 'a']
    """
    order = {name: place for place, name in enumerate(dict.fromkeys(name for names in shown for name in names))}
    earlier = {name: name for name in order}

    def root(name: str) -> str:
        while earlier[name] != name:
            name = earlier[name]
        return name

    for names in shown:
        for name in names[1:]:
            first, second = sorted((root(names[0]), root(name)), key=order.__getitem__)
            earlier[second] = first
    return [root(names[0]) if names else "" for names in shown]


def is_encoded(cell: Any) -> bool:
    """Whether a cell is a picture as text, in base64."""
    if not isinstance(cell, str) or len(cell) < SHORTEST:
        return False
    if cell.startswith("data:image/"):
        return True
    try:
        return base64.b64decode(cell.lstrip()[:16], validate=True).startswith(SIGNATURES)
    except (ValueError, binascii.Error):
        return False


def _decoded(cell: str, where: str) -> str | bytes:
    if not is_encoded(cell):
        return cell
    text = cell.partition(",")[2] if cell.startswith("data:") else cell
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise DataError(
            f"{where}: the picture, encoded in text (base64), is damaged: {error}. Encode it again, or leave the "
            "sample out."
        ) from error
