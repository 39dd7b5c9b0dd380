"""Robustness tests for multimodal LLMs: effective mutual information under distribution shift, as pytest gates.

Public names are loaded when they are first used: importing this package imports nothing heavy, since pytest does so
in every run.

PYTEST_DONT_REWRITE: this module is loaded in every pytest run and asserts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_emid.version import __version__

if TYPE_CHECKING:
    from pytest_emid import data, encoders, information, models, shifts
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
    from pytest_emid.information.intervals.estimate import Estimate
    from pytest_emid.measuring.judging import Judge
    from pytest_emid.measuring.measurer import Measurer
    from pytest_emid.measuring.results import EmidResult
    from pytest_emid.measuring.verdicts import Decision, UndecidedWarning, Verdict
    from pytest_emid.models.base import Model, Outcome, Response
    from pytest_emid.plugin.assertions import (
        assert_bound_holds,
        assert_emi_above,
        assert_emid_below,
        assert_information_retained,
        assert_no_input_drift,
    )
    from pytest_emid.shifts import strategies

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
    "information",
    "models",
    "shifts",
    "strategies",
]

MODULES: Final = {
    "data": "data",
    "encoders": "encoders",
    "information": "information",
    "models": "models",
    "shifts": "shifts",
    "strategies": "shifts.strategies",
}
HOMES: Final = {
    "BudgetError": "errors",
    "Cache": "cache",
    "DataError": "errors",
    "Dataset": "data.dataset",
    "Decision": "measuring.verdicts",
    "EmidError": "errors",
    "EmidResult": "measuring.results",
    "Encoders": "encoders.base",
    "Estimate": "information.intervals.estimate",
    "EstimationError": "errors",
    "Judge": "measuring.judging",
    "LazyImage": "data.sample",
    "Measurer": "measuring.measurer",
    "Model": "models.base",
    "ModelError": "errors",
    "Outcome": "models.base",
    "Response": "models.base",
    "Sample": "data.sample",
    "ShiftError": "errors",
    "UnavailableError": "errors",
    "UndecidedWarning": "measuring.verdicts",
    "Verdict": "measuring.verdicts",
    "assert_bound_holds": "plugin.assertions",
    "assert_emi_above": "plugin.assertions",
    "assert_emid_below": "plugin.assertions",
    "assert_information_retained": "plugin.assertions",
    "assert_no_input_drift": "plugin.assertions",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in MODULES:
        return import_module(f"{__name__}.{MODULES[name]}")
    if name in HOMES:
        value = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
