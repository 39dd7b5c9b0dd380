"""What the fixture `measure_emid` is: a callable that measures each test with the fixtures that this test sees.

Imported when a test that measures is set up, never before.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import pytest

from pytest_emid.data.dataset import Dataset
from pytest_emid.errors import BudgetError, EmidError, EstimationError, UnavailableError
from pytest_emid.measuring.results import EmidResult
from pytest_emid.measuring.verdicts import UndecidedWarning
from pytest_emid.models.base import traits_of
from pytest_emid.plugin import recorder
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.naming import names_a_gate
from pytest_emid.plugin.origins import origin
from pytest_emid.plugin.replaying import pack_path
from pytest_emid.shifts.base import Shift

if TYPE_CHECKING:
    from pytest_emid.cache import Cache
    from pytest_emid.measuring.measurer import Measurer
    from pytest_emid.measuring.sources import Source
    from pytest_emid.models.base import Model
    from pytest_emid.models.server.spending import Spending
    from pytest_emid.plugin.reports.progress import ProgressBar, WorkerProgress

__all__ = ["MeasureEmid"]

log: Final = logging.getLogger(__name__)

NAMES: Final = (
    "emid_model",
    "emid_dataset",
    "emid_encoders",
    "emid_calibration",
    "emid_critic",
    "emid_normalise",
    "emid_metrics",
    "emid_measures",
    "emid_judge",
)

Look = Callable[[Dataset, Shift | str | Dataset, int], None]
"""Called with (clean dataset, shift, seed) before each measurement."""
Keep = Callable[[Dataset, Shift | str | Dataset, int, EmidResult], None]
"""Called with (clean dataset, shift, seed, result) after each measurement."""

MORE_BUDGET: Final = "Raise the model's budget, or measure fewer samples (--emid-limit); what is cached costs nothing."

EXPLAINED: Final = methodcaller("errisinstance", (pytest.UsageError, EmidError, AssertionError))
"""Errors that say what to do need no frames of this package in their traceback."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a test's fixtures are, under the overrides that this test sees."""

    model: Any
    dataset: Any
    encoders: Any
    calibration: Any
    critic: Any
    normalise: Any
    metrics: Any
    measures: Any
    judge: Any
    origins: dict[str, str] = field(compare=False, hash=False)


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
        self._started = started
        self._root = root
        self._progress = progress
        self._look = look
        self._began = began
        self._shared = shared
        self._run = run
        self._keep = keep
        self._measurers: dict[tuple[Any, ...], tuple[_Parts, Measurer]] = {}
        self._others: dict[tuple[int, str, str], Measurer] = {}
        self._loaded: dict[int, tuple[Any, Model]] = {}
        self._cache: Cache | None = None
        self._spending: dict[str, Spending] = {}

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
        running = recorder.current()
        if running is None:
            raise pytest.UsageError(
                "measure_emid was called while no test was running. Call it in a test or a fixture."
            )
        running.asked = True
        config = running.config.for_call(limit=limit, seed=seed, repeat=repeat)
        try:
            result = self._result(other, shift, running, config)
        except (EmidError, AssertionError) as error:
            running.raised(f"its measurement of {_named(shift)} raised {type(error).__name__}", error)
            raise
        running.measured(result)
        return result

    def _result(
        self, other: Model | None, shift: Shift | str | Dataset, running: recorder.Recorder, config: EmidConfig
    ) -> EmidResult:
        __tracebackhide__ = EXPLAINED
        measurer = self._measurer(_parts(running), config)
        if other is not None:
            key = (id(measurer), other.name, other.fingerprint)
            if key not in self._others:
                self._others[key] = measurer.of(other)
            measurer = self._others[key]
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
            # of sets that are too small for any gate, the gate that the test asks fails, whichever it is
            decisive = config.undecided == "fail" and names_a_gate(running.item)
            result = measurer.measure(shift, decisive=decisive)
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
        self._measurers.clear()
        self._others.clear()
        cache, self._cache = self._cache, None
        if cache is not None:
            cache.close()

    def _measurer(self, parts: _Parts, config: EmidConfig) -> Measurer:
        __tracebackhide__ = EXPLAINED
        identity = tuple(id(getattr(parts, name.removeprefix("emid_"))) for name in NAMES)
        how = (config.limit, config.seed, config.repeat, config.gate_confidence, config.allow_problems)
        key = (*identity, *how)
        if key not in self._measurers:
            # The parts are kept with the measurer, so that no other object can be given their ids.
            self._measurers[key] = (parts, self._make(parts, config))
        return self._measurers[key][1]

    def _make(self, parts: _Parts, config: EmidConfig) -> Measurer:
        __tracebackhide__ = EXPLAINED
        from pytest_emid import encoders, models
        from pytest_emid.measuring.measurer import Measurer
        from pytest_emid.measuring.metrics.measures import as_measures
        from pytest_emid.measuring.metrics.registry import as_metrics
        from pytest_emid.models.server.patience import grant
        from pytest_emid.models.server.spending import Spending

        dataset = parts.dataset
        if not isinstance(dataset, Dataset):
            raise pytest.UsageError(
                f"emid_dataset must be a pytest_emid.Dataset, not {type(dataset).__name__} "
                f"({parts.origins['emid_dataset']}). Make one: pytest_emid.Dataset(name, samples)."
            )
        model = models.load(parts.model)
        spending = traits_of(model).spending
        if isinstance(spending, Spending):
            if self._shared is not None:
                spending.share(Path(self._shared) / model.fingerprint)
            # fixtures of several folders may each make the same model
            common = self._spending.setdefault(model.fingerprint, spending)
            if common is not spending:
                common.include(spending)
                model.spending = common  # type: ignore[attr-defined]
        pair = encoders.load(parts.encoders)
        judge = _judge(parts.judge)
        for asked in (model, pair.image, pair.text, getattr(judge, "model", None)):
            grant(asked, config.wait_for_server)
        return Measurer(
            model,
            dataset.first(config.limit) if config.limit else dataset,
            pair,
            calibration=parts.calibration,
            cache=self._open_cache(config),
            seed=config.seed,
            confidence=config.gate_confidence,
            critic=parts.critic,
            normalise=parts.normalise,
            likelihood="likelihood" in as_measures(parts.measures),
            judge=judge,
            repeat=config.repeat,
            metrics=as_metrics(parts.metrics, f"emid_metrics ({parts.origins['emid_metrics']})"),
            drift=config.drift,
            allow_problems=config.allow_problems,
            progress=self._progress,
            announce=None if self._progress is None else self._progress.announce,
            told=_note,
            since=self._began,
            settings={
                "model": f"{model.name} ({parts.origins['emid_model']}){_own_code(model)}",
                "dataset": f"{dataset.name} ({parts.origins['emid_dataset']})",
                "encoders": f"{pair.name} ({parts.origins['emid_encoders']}){_own_code(pair.image, pair.text)}",
                **{key: config.describe(key) for key in ("limit", "seed", "confidence", "family")},
                **({"repeat": config.describe("repeat")} if config.repeat else {}),
            },
        )

    def _say_who(self, sentence: str) -> None:
        """For whom this run waits: in the log, and where there is a terminal, there at once."""
        log.warning(sentence)
        if self._progress is not None:
            self._progress.say(f"emid: {sentence}")

    def _open_cache(self, config: EmidConfig) -> Cache:
        if self._cache is None:
            from pytest_emid.cache import Cache, Mode

            path = None if config.cache_dir == "none" else self._root / config.cache_dir
            if config.replay is not None:
                path = pack_path(config, self._root, self._started)
            self._cache = Cache(
                path,
                mode=cast("Mode", config.cache),
                run=self._run,
                pack_key_env=config.pack_key_env,
                max_bytes=None if config.cache_max_mb is None else round(config.cache_max_mb * 1e6),
                max_age=None if config.cache_max_days is None else config.cache_max_days * 86_400.0,
                waiting=self._say_who,
            )
            if config.replay is not None:
                # what the pack lacks is said by the model that replays it; vectors that it lacks are made
                self._cache.mode = "use"
        return self._cache


def _note(source: Source) -> None:
    """Let the running test's report say where answers came from."""
    running = recorder.current()
    if running is not None:
        running.answered(source)


def _judge(given: Any) -> Any:
    """A judge as it is; whatever else makes a model is one that judges."""
    from pytest_emid import models
    from pytest_emid.measuring.judging import Judge

    return given if given is None or isinstance(given, Judge) else Judge(models.load(given))


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


def _parts(running: recorder.Recorder) -> _Parts:
    """The fixtures of the test that runs, as it sees them."""
    values = {name.removeprefix("emid_"): running.fixture(name) for name in NAMES}
    return _Parts(**values, origins={name: origin(running.item, name) for name in NAMES})


def _own_code(*backends: object) -> str:
    """Says that code which comes with a checkpoint was run: what a report must not leave out."""
    ran = any(traits_of(backend).trust_remote_code for backend in backends)
    return ", runs the checkpoint's own code (trust_remote_code)" if ran else ""
