"""What users name: classes that are imported when they are first used, and the weights that come along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

__all__ = ["ASSETS", "lazily"]

ASSETS: Final = Path(__file__).parents[2] / "assets"
"""The folder of the built-in models and encoders."""


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose classes are imported when they are first used.

    Args:
        package: its name.
        homes: class to the module within the package that defines it.

    Example:
        >>> find = lazily("collections", {"Mapping": "abc"})
        >>> find("Mapping")
        <class 'collections.abc.Mapping'>
        >>> find("Map")
        Traceback (most recent call last):
        AttributeError: module 'collections' has no attribute 'Map'
    """

    def find(name: str) -> Any:
        if name in homes:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return find
