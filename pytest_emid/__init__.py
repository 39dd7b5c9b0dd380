"""Robustness tests for multimodal LLMs: effective mutual information under distribution shift, as pytest gates.

Public names are loaded when they are first used: importing this package imports nothing heavy, since pytest does so
in every run.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_emid.version import __version__

if TYPE_CHECKING:
    from pytest_emid import data, encoders, models, shifts, strategies
    from pytest_emid.assertions import (
        assert_bound_holds,
        assert_emi_above,
        assert_emid_below,
        assert_information_retained,
        assert_no_input_drift,
    )
    from pytest_emid.cache import Cache
    from pytest_emid.data.dataset import Dataset
    from pytest_emid.data.sample import LazyImage, Sample
    from pytest_emid.encoders.base import Encoders
    from pytest_emid.errors import (
        BudgetError,
        DataError,
        EmidError,
        EstimationError,
        ModelError,
        ShiftError,
        UnavailableError,
    )
    from pytest_emid.gates import Decision, UndecidedWarning, Verdict
    from pytest_emid.information.estimate import Estimate
    from pytest_emid.judge import Judge
    from pytest_emid.measurement import Measurer
    from pytest_emid.models.base import Model, Outcome, Response
    from pytest_emid.results import EmidResult

__all__ = [
    "BudgetError",
    "Cache",
    "DataError",
    "Dataset",
    "Decision",
    "EmidError",
    "EmidResult",
    "Encoders",
    "Estimate",
    "EstimationError",
    "Judge",
    "LazyImage",
    "Measurer",
    "Model",
    "ModelError",
    "Outcome",
    "Response",
    "Sample",
    "ShiftError",
    "UnavailableError",
    "UndecidedWarning",
    "Verdict",
    "__version__",
    "assert_bound_holds",
    "assert_emi_above",
    "assert_emid_below",
    "assert_information_retained",
    "assert_no_input_drift",
    "data",
    "encoders",
    "models",
    "shifts",
    "strategies",
]

MODULES: Final = frozenset({"data", "encoders", "models", "shifts", "strategies"})
HOMES: Final = {
    "BudgetError": "errors",
    "Cache": "cache",
    "DataError": "errors",
    "Dataset": "data.dataset",
    "Decision": "gates",
    "EmidError": "errors",
    "EmidResult": "results",
    "Encoders": "encoders.base",
    "Estimate": "information.estimate",
    "EstimationError": "errors",
    "Judge": "judge",
    "LazyImage": "data.sample",
    "Measurer": "measurement",
    "Model": "models.base",
    "ModelError": "errors",
    "Outcome": "models.base",
    "Response": "models.base",
    "Sample": "data.sample",
    "ShiftError": "errors",
    "UnavailableError": "errors",
    "UndecidedWarning": "gates",
    "Verdict": "gates",
    "assert_bound_holds": "assertions",
    "assert_emi_above": "assertions",
    "assert_emid_below": "assertions",
    "assert_information_retained": "assertions",
    "assert_no_input_drift": "assertions",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    if name in HOMES:
        value = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
