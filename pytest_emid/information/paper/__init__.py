"""The authors' own pipeline, their correlation study, and relative preference."""

from __future__ import annotations

from typing import Any, Final

_PIPELINE: Final = ("PaperMeasurement", "PreparedSet", "SampleEmbeddings", "load_critic", "measure")


def __getattr__(name: str) -> Any:
    if name not in _PIPELINE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pytest_emid.errors import warn_deprecated
    from pytest_emid.information.paper import pipeline

    warn_deprecated(f"{__name__}.{name}", f"from {pipeline.__name__} import {name}")
    value = globals()[name] = getattr(pipeline, name)
    return value
