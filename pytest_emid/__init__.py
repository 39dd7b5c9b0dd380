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
    from pytest_emid.data.dataset import Dataset
    from pytest_emid.data.sample import LazyImage, Sample
    from pytest_emid.errors import (
        BaselineError,
        BudgetError,
        DataError,
        EmidError,
        EstimationError,
        ModelError,
        ShiftError,
        UnavailableError,
    )
    from pytest_emid.measuring import metrics
    from pytest_emid.measuring.judging import Judge
    from pytest_emid.measuring.measurer import Measurer
    from pytest_emid.measuring.results import EmidResult, Results
    from pytest_emid.measuring.verdicts import UndecidedWarning, Verdict
    from pytest_emid.models.base import Outcome, Response
    from pytest_emid.plugin.assertions import (
        assert_bound_holds,
        assert_emi_above,
        assert_emid_below,
        assert_information_retained,
        assert_no_input_drift,
    )
    from pytest_emid.plugin.metric_gates import (
        assert_likelihood_drop_below,
        assert_metric_drop_below,
        assert_metric_retained,
    )
    from pytest_emid.plugin.order_gate import assert_right_in_all_orders
    from pytest_emid.plugin.preference_gate import assert_preference_above
    from pytest_emid.plugin.regression_gate import assert_no_regression
    from pytest_emid.plugin.robust import assert_robust
    from pytest_emid.shifts import strategies

__all__ = [
    "BaselineError",
    "BudgetError",
    "DataError",
    "Dataset",
    "EmidError",
    "EmidResult",
    "EstimationError",
    "Judge",
    "LazyImage",
    "Measurer",
    "ModelError",
    "Outcome",
    "Response",
    "Results",
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
    "assert_likelihood_drop_below",
    "assert_metric_drop_below",
    "assert_metric_retained",
    "assert_no_input_drift",
    "assert_no_regression",
    "assert_preference_above",
    "assert_right_in_all_orders",
    "assert_robust",
    "data",
    "encoders",
    "information",
    "metrics",
    "models",
    "shifts",
    "strategies",
]

MODULES: Final = {
    "data": "data",
    "encoders": "encoders",
    "information": "information",
    "metrics": "measuring.metrics",
    "models": "models",
    "shifts": "shifts",
    "strategies": "shifts.strategies",
}
HOMES: Final = {
    "BaselineError": "errors",
    "BudgetError": "errors",
    "DataError": "errors",
    "Dataset": "data.dataset",
    "EmidError": "errors",
    "EmidResult": "measuring.results",
    "EstimationError": "errors",
    "Judge": "measuring.judging",
    "LazyImage": "data.sample",
    "Measurer": "measuring.measurer",
    "ModelError": "errors",
    "Outcome": "models.base",
    "Response": "models.base",
    "Results": "measuring.results",
    "Sample": "data.sample",
    "ShiftError": "errors",
    "UnavailableError": "errors",
    "UndecidedWarning": "measuring.verdicts",
    "Verdict": "measuring.verdicts",
    "assert_bound_holds": "plugin.assertions",
    "assert_emi_above": "plugin.assertions",
    "assert_emid_below": "plugin.assertions",
    "assert_information_retained": "plugin.assertions",
    "assert_likelihood_drop_below": "plugin.metric_gates",
    "assert_metric_drop_below": "plugin.metric_gates",
    "assert_metric_retained": "plugin.metric_gates",
    "assert_no_input_drift": "plugin.assertions",
    "assert_preference_above": "plugin.preference_gate",
    "assert_no_regression": "plugin.regression_gate",
    "assert_right_in_all_orders": "plugin.order_gate",
    "assert_robust": "plugin.robust",
}

MOVED: Final = {
    "Cache": "cache",
    "Decision": "measuring.verdicts",
    "Encoders": "encoders",
    "Estimate": "information",
    "Model": "models",
}
"""Names that were here in 0.1.0 and will leave: where they are."""


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in MODULES:
        return import_module(f"{__name__}.{MODULES[name]}")
    if name in HOMES:
        value = getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in MOVED:
        from pytest_emid.errors import warn_deprecated

        home = f"{__name__}.{MOVED[name]}"
        warn_deprecated(f"{__name__}.{name}", f"from {home} import {name}")
        return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
