"""Which measurer a test's call gets: one for each set of fixtures and options that tests see."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from pytest_emid.data.dataset import Dataset
from pytest_emid.models.base import traits_of
from pytest_emid.plugin import recorder
from pytest_emid.plugin.config import EmidConfig
from pytest_emid.plugin.origins import origin
from pytest_emid.plugin.replaying import pack_path

if TYPE_CHECKING:
    from pytest_emid.cache import Cache
    from pytest_emid.measuring.measurer import Measurer
    from pytest_emid.measuring.sources import Source
    from pytest_emid.models.base import Model
    from pytest_emid.models.server.spending import Spending
    from pytest_emid.plugin.reports.progress import ProgressBar, WorkerProgress

__all__ = ["Measurers"]

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


class Measurers:
    """The measurers of a run, with the cache that they share.

    Args:
        root: rootdir.
        progress: told about answers.
        began: when the run began, seconds since the epoch.
        shared: a folder for what the processes of this run share; None where there is but one.
        run: a name of the run that all its processes know.
        started: where pytest was started.
    """

    def __init__(
        self,
        root: Path,
        progress: ProgressBar | WorkerProgress | None,
        began: float | None,
        shared: str | None,
        run: str | None,
        started: Path,
    ) -> None:
        self._root = root
        self._progress = progress
        self._began = began
        self._shared = shared
        self._run = run
        self._started = started
        self._measurers: dict[tuple[Any, ...], tuple[_Parts, Measurer]] = {}
        self._others: dict[tuple[int, str, str], Measurer] = {}
        self._cache: Cache | None = None
        self._spending: dict[str, Spending] = {}

    def of(self, running: recorder.Recorder, config: EmidConfig, other: Model | None = None) -> Measurer:
        """That of the running test, or the same of another model."""
        __tracebackhide__ = True
        measurer = self._measurer(_parts(running), config)
        if other is None:
            return measurer
        key = (id(measurer), other.name, other.fingerprint)
        if key not in self._others:
            self._others[key] = measurer.of(other)
        return self._others[key]

    def close(self) -> None:
        """Let go of models, datasets and the cache."""
        self._measurers.clear()
        self._others.clear()
        cache, self._cache = self._cache, None
        if cache is not None:
            cache.close()

    def _measurer(self, parts: _Parts, config: EmidConfig) -> Measurer:
        __tracebackhide__ = True
        identity = tuple(id(getattr(parts, name.removeprefix("emid_"))) for name in NAMES)
        how = (config.limit, config.seed, config.repeat, config.gate_confidence, config.allow_problems)
        key = (*identity, *how)
        if key not in self._measurers:
            # The parts are kept with the measurer, so that no other object can be given their ids.
            self._measurers[key] = (parts, self._make(parts, config))
        return self._measurers[key][1]

    def _make(self, parts: _Parts, config: EmidConfig) -> Measurer:
        __tracebackhide__ = True
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


def _parts(running: recorder.Recorder) -> _Parts:
    """The fixtures of the test that runs, as it sees them."""
    values = {name.removeprefix("emid_"): running.fixture(name) for name in NAMES}
    return _Parts(**values, origins={name: origin(running.item, name) for name in NAMES})


def _own_code(*backends: object) -> str:
    """Says that code which comes with a checkpoint was run: what a report must not leave out."""
    ran = any(traits_of(backend).trust_remote_code for backend in backends)
    return ", runs the checkpoint's own code (trust_remote_code)" if ran else ""
