"""Questions become answers and vectors: what the cache holds is not asked again, and no answer may be missing."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pytest_emid.cache import Cache
from pytest_emid.cache.pace import Pace, recall
from pytest_emid.cache.spread import Measured, recall_measured, remember_measured
from pytest_emid.cache.watching import WatchedModel
from pytest_emid.data.dataset import Dataset
from pytest_emid.encoders.base import Encoders
from pytest_emid.errors import BudgetError, ModelError, UnavailableError
from pytest_emid.information.answers import answer_key, one_wording
from pytest_emid.measuring.embedding import Answered, Embedded
from pytest_emid.measuring.leaving_out import UnansweredError
from pytest_emid.measuring.plan import Forecast, Need
from pytest_emid.measuring.sources import Source
from pytest_emid.models.backend.identity import check_identity
from pytest_emid.models.base import Model, Outcome, Response, asked_under, redrawn, traits_of

__all__ = ["Announce", "Asker", "Progress", "Told"]

Draw = tuple[Response, ...]
Draws = tuple[Draw, ...]
"""The answers to one dataset: of each draw, one a sample."""
Progress = Callable[[str, int, int], None]
"""Called with (what is being asked, answers so far, answers in all) as answers arrive."""
Told = Callable[[Source], None]
"""Called with where the answers to one set came from."""
Announce = Callable[[str, str, Forecast], None]
"""Called with (what is asked, name of the model, forecast) before a model is asked."""


class Asker:
    """Asks one model, through the cache, and embeds what is asked and answered.

    Args:
        model: who is asked.
        encoders: pictures and texts to vectors.
        cache: what was asked and embedded before.
        since: seconds since the epoch; an outage that was found at this time or later holds.
        progress: told about answers as they arrive.
        announce: told what is about to be asked.
        normalise: what two answers have in common that differ in format only: equal ones share one vector.
        told: told where the answers to each set came from, also where some failed.
    """

    def __init__(
        self,
        model: Model,
        encoders: Encoders,
        cache: Cache,
        since: float,
        progress: Progress | None = None,
        announce: Announce | None = None,
        normalise: Callable[[str], str] = answer_key,
        told: Told | None = None,
    ) -> None:
        self.model = model
        self.encoders = encoders
        self.cache = cache
        self.traits = traits_of(model)
        self._since = since
        self._progress = progress
        self._announce = announce
        self._normalise = normalise
        self._told = told

    def of(self, model: Model) -> Asker:
        """The same, of another model."""
        other = copy.copy(self)
        other.model, other.traits = model, traits_of(model)
        return other

    def ask(self, dataset: Dataset, label: str) -> Draws:
        """Ask the model about a dataset, as often as it draws answers.

        Args:
            dataset: clean or shifted.
            label: what progress and errors call it.

        Raises:
            UnansweredError: some answers failed; the others are cached.
            ModelError: a model or an encoder says nothing of what it is.
            BudgetError, UnavailableError: some questions could not be asked; the answers to the others are cached.
        """
        for asked in (self.model, self.encoders.image, self.encoders.text):
            check_identity(asked)
        counts = self.cache.counts
        before, content = (counts.asked, counts.earlier), dataset.fingerprint
        draws: list[Draw] = []
        try:
            for draw in range(self.traits.draws):
                draws.append(self._respond(dataset, label, draw))
        finally:
            if self._told is not None:
                new = (counts.asked - before[0], counts.earlier - before[1])
                self._told(self._source(dataset.name, content, label, *new, draws))
        return tuple(draws)

    def _source(
        self, dataset: str, content: str, label: str, asked: int, earlier: int, draws: Sequence[Draw]
    ) -> Source:
        replayed, packed = self.traits.replays, self.cache.is_pack
        served = Counter(str(response.served) for draw in draws for response in draw if response.served is not None)
        return Source(
            model=self.model.name,
            dataset=dataset,
            label=label,
            content=content,
            asked=0 if replayed else asked,
            cache=0 if packed else earlier,
            pack=(asked if replayed else 0) + (earlier if packed else 0),
            served=dict(sorted(served.items())),
        )

    def ask_again(self, dataset: Dataset, label: str, times: int) -> Draws:
        """The answers to a dataset when it is asked again, as further draws; in another order each time, so that other
        questions share a batch.

        Args:
            dataset: clean.
            label: of it.
            times: how often.

        Raises:
            ModelError: as `ask`; or the model answers by id, so that it cannot be asked again.
        """
        if self.traits.by_id:
            raise ModelError(
                f"{self.model.name} answers by id, from a record: asked again it says the same, whatever its noise. "
                "Leave repeat out, or ask the model itself."
            )
        repeats = []
        for number in range(1, times + 1):
            order = np.random.default_rng([number, len(dataset)]).permutation(len(dataset))
            shuffled = Dataset(dataset.name, [dataset[int(i)] for i in order])
            found = self._respond(shuffled, label, number)
            repeats.append(tuple(found[int(place)] for place in np.argsort(order)))
        return tuple(repeats)

    def answered(self, dataset: Dataset, draws: Draws, clean: Answered | None = None) -> Answered:
        """Embed a dataset with its answers; those that equal a reference or a clean answer take its wording."""
        embedded = self.embed(dataset)
        known = [_references(dataset)]
        if clean is not None:
            known += [_references(clean.dataset), _texts(clean.responses)]
        vectors = [self.vectors(one_wording(_texts(draw), *known, key=self._normalise)) for draw in draws]
        return Answered(
            dataset=dataset,
            image=embedded.image,
            text=embedded.text,
            reference=embedded.reference,
            responses=draws[0],
            response=vectors[0],
            further=tuple(zip(draws[1:], vectors[1:], strict=True)),
            pictures=tuple(self.cache.digests(dataset)),
        )

    def embed(self, dataset: Dataset) -> Embedded:
        """Embed a dataset without asking about it."""
        references = _references(dataset)
        return Embedded(
            dataset=dataset,
            image=self.cache.encode_images(self.encoders.image, dataset),
            text=self.vectors([sample.question for sample in dataset]),
            reference=self.vectors(one_wording(references, references, key=self._normalise)),
        )

    def vectors(self, texts: Sequence[str], *, derived: bool = False) -> NDArray[np.float32]:
        """Embeddings of texts, through the cache; `derived` are those that this package makes of others."""
        return self.cache.encode_texts(self.encoders.text, list(texts), derived=derived)

    def spent(self) -> float:
        """Seconds that asking took in this process so far, by the pace that is known now."""
        pace = recall(self.cache.store_of(self.model), self.model.fingerprint)
        return 0.0 if pace is None else self.cache.counts.asked * pace.seconds_each

    def note(self, dataset: Dataset, found: Measured) -> None:
        """Keep what measuring this clean set told, for plans."""
        remember_measured(self.cache.store_of(self.model), self.model.fingerprint, dataset.name, found)

    def need(self, dataset: Dataset, label: str, of: Dataset, again: int = 0) -> Need:
        """What `ask`, and `ask_again` so many times, would ask; `of` is the clean set. Asks and encodes nothing."""
        return Need.of(
            model=self.model.name,
            fingerprint=asked_under(self.model, label).fingerprint,
            dataset=of.name,
            content=dataset.fingerprint,
            label=label,
            keys=self._parted(dataset, label, max(self.traits.draws, again + 1)),
            pace=recall(self.cache.store_of(self.model), self.model.fingerprint),
            prices=self.traits.prices,
            measured=recall_measured(self.cache.store_of(self.model), self.model.fingerprint, of.name),
        )

    def _parted(self, dataset: Dataset, label: str, draws: int) -> tuple[list[bytes], list[bytes]]:
        """Keys of the answers that are kept, and of those that are not, over so many draws."""
        parts = [
            self.cache.parted(asked_under(redrawn(self.model, draw), label), dataset, repeat=draw)
            for draw in range(draws)
        ]
        return [key for kept, _ in parts for key in kept], [key for _, missing in parts for key in missing]

    def _respond(self, dataset: Dataset, label: str, draw: int) -> Draw:
        """The answers of one draw, none of which failed."""
        responses = self._ask(dataset, label, draw)
        failed = [
            (sample.id, response.error)
            for sample, response in zip(dataset, responses, strict=True)
            if response.outcome is Outcome.FAILED
        ]
        if failed:
            raise UnansweredError(self.model.name, label, dict(failed), len(dataset))
        return tuple(responses)

    def _ask(self, dataset: Dataset, label: str, draw: int) -> list[Response]:
        arrived = 0

        def report(done: int, total: int) -> None:
            nonlocal arrived
            arrived = done
            if self._progress is not None:
                self._progress(label, done, total)

        def asking(questions: int, pace: Pace | None) -> None:
            if self._announce is not None:
                self._announce(label, self.model.name, Forecast(arrived, questions, pace, self.traits.prices))

        model = asked_under(redrawn(self.model, draw), label)
        watched = WatchedModel(model, self.cache.store_of(model), self._since, asking)
        try:
            return self.cache.respond(watched, dataset, repeat=draw, progress=report)
        except (BudgetError, UnavailableError) as error:
            kept, missing = self._parted(dataset, label, max(self.traits.draws, draw + 1))
            raise type(error)(
                f"{error} Of the {len(kept) + len(missing)} answers to {label!r}, {len(kept)} are cached."
            ) from None


def _references(dataset: Dataset) -> list[str]:
    return [sample.reference for sample in dataset]


def _texts(responses: Iterable[Response]) -> list[str]:
    return [response.text for response in responses]
