"""Files that this package writes for others: all of it or nothing, and never in the place of what is no file."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

__all__ = ["writing"]

DESCRIPTOR: Final = re.compile(r"/dev/(?:std(?P<name>out|err)|fd/(?P<fd>\d+))|/proc/self/fd/(?P<proc>\d+)")
"""Paths that mean a descriptor of this process, whatever that is."""
READABLE: Final = 0o644
"""What a temporary file gets, which only its owner reads: a report is read by others."""


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    r"""A stream into `path`, in UTF-8 with `\n` at line ends.

    A regular file is replaced when everything was written, and stays as it is where writing fails; of a symbolic link,
    that is the file it points to. What is no regular file (a device, a pipe, `/dev/stdout`) is written into.

    Args:
        path: its folder is made if need be.

    Raises:
        OSError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with writing(Path(folder) / "deep" / "out.txt") as stream:
        ...         _ = stream.write("all of it")
        ...     (Path(folder) / "deep" / "out.txt").read_text()
        'all of it'
    """
    own = DESCRIPTOR.fullmatch(str(path))
    if own is not None:
        number = {"out": 1, "err": 2}.get(own["name"]) or int(own["fd"] or own["proc"] or 0)
        # not opened by its path: a file that output is redirected to would be written from its beginning
        with os.fdopen(os.dup(number), "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            yield stream
        return
    kept = path.stat().st_mode if path.exists() else None
    if kept is not None and not stat.S_ISREG(kept):
        with path.open("w", encoding="utf-8", errors="replace", newline="\n") as stream:
            yield stream
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:200]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            yield stream
        Path(temporary).chmod(READABLE if kept is None else stat.S_IMODE(kept))
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
