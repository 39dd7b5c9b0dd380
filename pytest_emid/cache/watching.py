"""A model while a run asks it: forecast before it is asked, timed while it answers, given up when out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pytest_emid.cache.pace import Pace, Stopwatch, outage, recall, remember, report_outage
from pytest_emid.cache.store import Store
from pytest_emid.data.sample import Sample
from pytest_emid.errors import UnavailableError
from pytest_emid.models.base import Model, Outcome, Response, tokens_used

__all__ = ["WatchedModel"]


class WatchedModel:
    """The same model, watched.

    Args:
        model: who answers.
        store: where its pace is kept.
        since: when the run began; an outage that was found later holds for the whole run.
        asking: called with (questions, pace of earlier answers) before the model is asked.
    """

    def __init__(
        self, model: Model, store: Store, since: float, asking: Callable[[int, Pace | None], None] | None = None
    ) -> None:
        self._model = model
        self._store = store
        self._since = since
        self._asking = asking

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._model, name)

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    def respond(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Response]]:
        """What the model answers.

        Raises:
            UnavailableError: nobody answers, or another process of this run found that out.
        """
        fingerprint = self._model.fingerprint
        why = outage(self._store, fingerprint, self._since)
        if why is not None:
            raise UnavailableError(why)
        if self._asking is not None:
            self._asking(len(samples), recall(self._store, fingerprint))
        watch, before, down = Stopwatch(), tokens_used(self._model), ""
        try:
            for position, response in self._model.respond(samples):
                if isinstance(response, Response) and response.outcome is not Outcome.FAILED:
                    watch.arrived()
                yield position, response
        except UnavailableError as error:
            down = str(error)
            raise
        finally:
            if watch.count:
                after = tokens_used(self._model)
                remember(self._store, fingerprint, watch.pace(after[0] - before[0], after[1] - before[1]))
            if down:
                report_outage(self._store, fingerprint, down)
