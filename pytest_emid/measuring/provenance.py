"""What made a result: model, settings, encoders, code of the shift, and versions of libraries.

Kept with every result, so that two runs that are compared can say what else differs between them than the answers: the
usual cause of a silent drop is a library upgrade.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from pytest_emid.measuring.findings import Provenance
from pytest_emid.measuring.plain import scrub
from pytest_emid.version import __version__

if TYPE_CHECKING:
    from pytest_emid.encoders.base import Encoders
    from pytest_emid.models.base import Model

__all__ = ["LIBRARIES", "Provenance", "provenance"]

LIBRARIES: Final = (
    "torch",
    "torchvision",
    "transformers",
    "tokenizers",
    "accelerate",
    "bitsandbytes",
    "torchao",
    "sentence-transformers",
    "openai",
    "numpy",
    "pillow",
)
"""Installed ones take part in answers, embeddings or pictures."""
HIDDEN: Final = "***"
_SECRET: Final = re.compile(
    r"((use|auth|api|access|bearer|hf)[_-])*(token|key|secret|password|passwd|credentials?|authorization)"
    r"|(extra[_-])?headers?",
    re.IGNORECASE,
)
"""A name whose value, and whatever is inside it, is nobody's business."""


def provenance(model: Model, encoders: Encoders, calibration: str, shift: Mapping[str, str]) -> Provenance:
    """Of what a model answered under a shift, with code of these versions. Loads nothing."""
    from pytest_emid.models.base import traits_of

    about = {
        name: scrub(str(value))
        for attribute in ("identity", "processing")
        for name, value in _leaves("", getattr(model, attribute, None) or {})
    }
    return Provenance(
        # one that is made anew in every process names nobody
        model="" if traits_of(model).ephemeral else str(model.fingerprint),
        settings=dict(sorted(about.items())),
        encoders={"image": encoders.image.fingerprint, "text": encoders.text.fingerprint},
        calibration=calibration,
        shift=dict(shift),
        versions=dict(_versions()),
    )


@cache
def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version(), "pytest-emid": __version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value inside, by its path; what may be a secret is hidden."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            path = f"{name}.{key}" if name else str(key)
            if isinstance(inner, str | Mapping) and _SECRET.fullmatch(str(key)):
                yield path, HIDDEN
            else:
                yield from _leaves(path, inner)
    elif isinstance(value, list | tuple) and any(isinstance(inner, Mapping | list | tuple) for inner in value):
        for position, inner in enumerate(value):
            yield from _leaves(f"{name}.{position}", inner)
    else:
        yield name, value
