"""The authors' own pipeline, their correlation study, and relative preference."""

from __future__ import annotations

from typing import Any, Final

_PIPELINE: Final = ("PaperMeasurement", "PreparedSet", "SampleEmbeddings", "load_critic", "measure")


def __getattr__(name: str) -> Any:
    if name not in _PIPELINE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import warnings

    from pytest_emid.information.paper import pipeline

    advice = f"from {pipeline.__name__} import {name}"
    warnings.warn(f"{__name__}.{name} is deprecated: write `{advice}`.", DeprecationWarning, stacklevel=2)
    value = globals()[name] = getattr(pipeline, name)
    return value
