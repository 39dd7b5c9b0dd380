"""What the fixture `measure_emid` is: a callable that measures each test with the fixtures that this test sees.

Imported when a test that measures is set up, never before.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import BudgetError, EmidError, EstimationError, ModelError, UnavailableError
from pytest_emid.measuring.regression import RETAINED
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import UndecidedWarning
from pytest_emid.plugin import recorder
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.measurers import Measurers
from pytest_emid.plugin.naming import gates_named, reads_figures
from pytest_emid.shifts.base import Shift

if TYPE_CHECKING:
    from pytest_emid.measuring.measurer import Measurer
    from pytest_emid.measuring.severity import BreakingSeverity
    from pytest_emid.measuring.staging import Staged
    from pytest_emid.models.base import Model
    from pytest_emid.plugin.reports.progress import ProgressBar, WorkerProgress

__all__ = ["MeasureEmid"]

Look = Callable[..., None]
"""Called with (clean dataset, shift, seed) before each measurement, and with its result as well after it."""
Keep = Callable[[Dataset, Shift | str | Dataset, int, EmidResult], None]
"""Called with (clean dataset, shift, seed, result) after each measurement."""

MORE_BUDGET: Final = "Raise the model's budget, or measure fewer samples (--emid-limit); what is cached costs nothing."

EXPLAINED: Final = methodcaller("errisinstance", (pytest.UsageError, EmidError, AssertionError))
"""Errors that say what to do need no frames of this package in their traceback."""


class MeasureEmid:
    """Measures the model under a shift; what the fixture `measure_emid` is.

    Every test is measured with the fixtures that it sees itself. pytest keeps the value of a session-scoped fixture
    for all tests, so a `measure_emid` that had taken its model as an argument would go on measuring the first
    directory's model in a directory whose conftest.py overrides `emid_model`.
    """

    def __init__(
        self,
        config: EmidConfig,
        root: Path,
        progress: ProgressBar | WorkerProgress | None = None,
        look: Look | None = None,
        began: float | None = None,
        shared: str | None = None,
        run: str | None = None,
        keep: Keep | None = None,
        started: Path = Path(),
    ) -> None:
        self._config = config
        self._progress = progress
        self._look = look
        self._keep = keep
        self._measurers = Measurers(root, progress, began, shared, run, started)
        self._loaded: dict[int, tuple[Any, Model]] = {}
        self._smoked: dict[tuple[str, str, int], str | None] = {}

    def __call__(
        self,
        shift: Shift | str | Dataset,
        *,
        limit: int | None = None,
        seed: int | None = None,
        repeat: int | None = None,
    ) -> EmidResult:
        """Answer and score the dataset, clean and shifted, and compare.

        What was measured before in this run, for whatever test, is returned as it is. Under `--emid-plan` nothing is
        asked, and the test is skipped here.

        Args:
            shift: a shift, its id such as `defocus_blur:3+keyboard:1`, or another dataset (a natural shift).
            limit: first samples only, 0 for all; overrides the option.
            seed: base seed of the shift; overrides the option.
            repeat: how often the clean set is asked again, for the noise floor; overrides the option.

        Raises:
            EmidError: what makes the measurement impossible; answers that arrived stay in the cache.
            AssertionError: the model's budget is spent, under `--emid-undecided=fail`.
            pytest.UsageError: `limit`, `seed` or `repeat` is not legal, or no test is running.
        """
        __tracebackhide__ = EXPLAINED
        return self._measured(None, shift, limit, seed, repeat)

    def against(
        self,
        other: Any,
        shift: Shift | str | Dataset,
        *,
        limit: int | None = None,
        seed: int | None = None,
        repeat: int | None = None,
    ) -> EmidResult:
        """What another model makes of the same: the baseline of `assert_no_regression(result, baseline=...)`.

        Everything but the model is that of the running test: dataset, encoders, critic, seeds, cache.

        Args:
            other: a model, or what `models.load` makes one of.
            shift, limit, seed, repeat: as in the call that is compared with.

        Raises:
            ModelError: `other` is no model.
            Others: as a call.
        """
        __tracebackhide__ = EXPLAINED
        from pytest_emid import models

        # kept beside what was given, so that a function is one model however often it is given
        _, model = self._loaded.setdefault(id(other), (other, models.load(other)))
        return self._measured(model, shift, limit, seed, repeat)

    def _measured(
        self,
        other: Model | None,
        shift: Shift | str | Dataset,
        limit: int | None,
        seed: int | None,
        repeat: int | None,
    ) -> EmidResult:
        __tracebackhide__ = EXPLAINED
        running = _running()
        config = running.config.for_call(limit=limit, seed=seed, repeat=repeat)
        measurer = self._measurer_of(other, running, config)
        if other is None and _in_stages(running, config):
            staged = self._staged(measurer, shift, running, config)
            result = staged.result(1)
            running.begun(result, staged)
            return result
        result = self._answered(measurer, shift, running, config)
        running.measured(result)
        return result

    def breaking_severity(
        self,
        shift: str,
        at_least: float = 0.9,
        *,
        measure: str = RETAINED,
        limit: int | None = None,
        seed: int | None = None,
        confidence: float | None = None,
    ) -> BreakingSeverity:
        """Up to which severity a model holds: bisected, with the gate's own verdicts.

        Each severity that is tried is measured in stages, as with `--emid-stop-early`, and asks for no more samples
        than its verdict takes: about a third of what all severities would cost. Assumes that a harder severity never
        helps. Raises nothing where the model breaks: `assert found.holds_up_to >= 3`.

        Args:
            shift: a shift without its severity, such as `defocus_blur` or `keyboard(rates=published)`.
            at_least: share to retain, above 0 and at most 1.
            measure: `retained` (information), or the name of a metric.
            limit, seed: as in a call.
            confidence: of each verdict, two-sided; overrides the option.

        Raises:
            ShiftError: no such shift, or it has no severities.
            Others: as a call, and as `assert_information_retained` or `assert_metric_retained`.
        """
        __tracebackhide__ = EXPLAINED
        from pytest_emid.plugin.severities import breaking_severity

        running = _running()
        config = running.config.for_call(limit=limit, seed=seed, confidence=confidence)
        measurer = self._measurer_of(None, running, config)

        def staged(of: Shift) -> Staged:
            return self._staged(measurer, of, running, config)

        return breaking_severity(shift, at_least, measure, running, config, measurer, staged)

    def _measurer_of(self, other: Model | None, running: recorder.Recorder, config: EmidConfig) -> Measurer:
        __tracebackhide__ = EXPLAINED
        running.asked = True
        return self._measurers.of(running, config, other)

    def _answered(
        self,
        measurer: Measurer,
        shift: Shift | str | Dataset,
        running: recorder.Recorder,
        config: EmidConfig,
        measure: Callable[[], EmidResult] | None = None,
    ) -> EmidResult:
        """What is measured; an error that somebody must answer for is noted."""
        __tracebackhide__ = EXPLAINED
        try:
            return self._result(measurer, shift, running, config, measure)
        except (EmidError, AssertionError) as error:
            running.raised(f"its measurement of {_named(shift)} raised {type(error).__name__}", error)
            if isinstance(error, EmidError) and error.__cause__ is None and not running.item.config.option.fulltrace:
                raise error.with_traceback(None) from None  # the sentence says it all; what has a cause is shown whole
            raise

    def _look_first(self, measurer: Measurer, running: recorder.Recorder) -> None:
        """Ask a few questions, once for a model and its data, and refuse to ask more of one that is plainly broken.

        Raises:
            ModelError: it is.
        """
        __tracebackhide__ = EXPLAINED
        key = (measurer.model.fingerprint, measurer.dataset.fingerprint, measurer.seed)
        if key not in self._smoked:
            from pytest_emid.plugin.smoke import cheapest_of_each_family

            self._smoked[key] = measurer.smoke(cheapest_of_each_family(running.item))
        fault = self._smoked[key]
        if fault is not None:
            raise ModelError(
                f"{measurer.model.name} is plainly broken: {fault}. Nothing more was asked (--emid-smoke). Look at the "
                "model, its chat template and its server; without the option it is measured as it is."
            )

    def _staged(
        self, measurer: Measurer, shift: Shift | str | Dataset, running: recorder.Recorder, config: EmidConfig
    ) -> Staged:
        """A scenario to be measured in stages, each as any measurement."""
        from pytest_emid.measuring.staging import Staged

        staged = measurer.in_stages(shift, decisive=_is_decisive(running, config))

        def measure(number: int) -> EmidResult:
            __tracebackhide__ = EXPLAINED
            return self._answered(measurer, shift, running, config, lambda: staged.result(number))

        return Staged(staged.shares, staged.whole, measure, repeats_questions=staged.repeats_questions)

    def _result(
        self,
        measurer: Measurer,
        shift: Shift | str | Dataset,
        running: recorder.Recorder,
        config: EmidConfig,
        measure: Callable[[], EmidResult] | None,
    ) -> EmidResult:
        __tracebackhide__ = EXPLAINED
        if self._look is not None:
            self._look(measurer.dataset, shift, config.seed)
        if config.plan:
            running.planned(measurer.plan(shift))
            pytest.skip("planned")
        if config.replay is not None:
            running.planned(measurer.plan(shift))  # counted, whatever comes of it
        if self._progress is not None:
            self._progress.begin(_named(shift))
        try:
            if config.smoke:
                self._look_first(measurer, running)
            decisive = _is_decisive(running, config)
            result = measurer.measure(shift, decisive=decisive) if measure is None else measure()
            if self._look is not None:
                self._look(measurer.dataset, shift, config.seed, result)  # now with the samples that failed
            if self._keep is not None:
                self._keep(measurer.dataset, shift, config.seed, result)
            return result
        except BudgetError as error:
            running.unmeasured(_named(shift), str(error))
            _leave_undecided(f"UNDECIDED: {_named(shift)} was not measured: {error} {MORE_BUDGET}", config)
        except (UnavailableError, EstimationError) as error:
            raise error.with_traceback(None) from None
        finally:
            if self._progress is not None:
                self._progress.close()

    def close(self) -> None:
        """Let go of models, datasets and the cache."""
        self._measurers.close()


def _running() -> recorder.Recorder:
    """The recorder of the test that runs.

    Raises:
        pytest.UsageError: none does.
    """
    __tracebackhide__ = EXPLAINED
    running = recorder.current()
    if running is None:
        raise pytest.UsageError("measure_emid was called while no test was running. Call it in a test or a fixture.")
    return running


def _is_decisive(running: recorder.Recorder, config: EmidConfig) -> bool:
    """Whether, of sets that are too small for any gate, the gate that the test asks fails, whichever it is."""
    return config.undecided == "fail" and bool(gates_named(running.item))


def _in_stages(running: recorder.Recorder, config: EmidConfig) -> bool:
    """Whether the test's gates may stop early, and nothing but the test itself reads what is measured."""
    if not (config.stop_early and running.calling) or config.plan:
        return False
    from pytest_emid.plugin.looking import can_stop_early

    return can_stop_early(gates_named(running.item)) and not reads_figures(running.item)


def _named(shift: Shift | str | Dataset) -> str:
    """The scenario that it makes."""
    return shift if isinstance(shift, str) else shift.name if isinstance(shift, Dataset) else shift.id


def _leave_undecided(message: str, config: EmidConfig) -> NoReturn:
    """What `--emid-undecided` says, where there is no result to go on with: a warning skips the rest of the test."""
    __tracebackhide__ = True
    if config.undecided == "xfail":
        pytest.xfail(message)
    if config.undecided == "warn":
        warnings.warn(UndecidedWarning(message), stacklevel=3)
        pytest.skip(message)
    raise AssertionError(message) from None
