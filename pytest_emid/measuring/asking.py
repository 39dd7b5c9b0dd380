"""Questions become answers and vectors: what the cache holds is not asked again, and no answer may be missing."""

from __future__ import annotations

from collections.abc import Callable

from pytest_emid.cache import Cache
from pytest_emid.cache.pace import Pace, recall
from pytest_emid.cache.watching import WatchedModel
from pytest_emid.data.dataset import Dataset
from pytest_emid.encoders.base import Encoders
from pytest_emid.errors import BudgetError, ModelError, UnavailableError
from pytest_emid.measuring.embedding import Answered, Embedded
from pytest_emid.measuring.plan import Forecast, Need
from pytest_emid.models.base import Model, Outcome, Response, asked_under, redrawn, traits_of

__all__ = ["Announce", "Asker", "Progress"]

Progress = Callable[[str, int, int], None]
"""Called with (what is being asked, answers so far, answers in all) as answers arrive."""
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
    """

    def __init__(
        self,
        model: Model,
        encoders: Encoders,
        cache: Cache,
        since: float,
        progress: Progress | None = None,
        announce: Announce | None = None,
    ) -> None:
        self.model = model
        self.encoders = encoders
        self.cache = cache
        self.traits = traits_of(model)
        self._since = since
        self._progress = progress
        self._announce = announce

    def answer(self, dataset: Dataset, label: str) -> Answered:
        """Ask the model about a dataset and embed everything.

        Args:
            dataset: clean or shifted.
            label: what progress and errors call it.

        Raises:
            ModelError: some answers failed; the others are cached.
            BudgetError, UnavailableError: some questions could not be asked; the answers to the others are cached.
        """
        draws = [self._respond(dataset, label, draw) for draw in range(self.traits.draws)]
        embedded = self.embed(dataset)
        texts = [[response.text for response in draw] for draw in draws]
        vectors = [self.cache.encode_texts(self.encoders.text, answers) for answers in texts]
        return Answered(
            dataset=dataset,
            image=embedded.image,
            text=embedded.text,
            reference=embedded.reference,
            responses=draws[0],
            response=vectors[0],
            further=tuple(zip(draws[1:], vectors[1:], strict=True)),
        )

    def embed(self, dataset: Dataset) -> Embedded:
        """Embed a dataset without asking about it."""
        return Embedded(
            dataset=dataset,
            image=self.cache.encode_images(self.encoders.image, dataset),
            text=self.cache.encode_texts(self.encoders.text, [sample.question for sample in dataset]),
            reference=self.cache.encode_texts(self.encoders.text, [sample.reference for sample in dataset]),
        )

    def need(self, dataset: Dataset, label: str, of: Dataset) -> Need:
        """What `answer` would ask; `of` is the clean set. Asks nothing and encodes nothing."""
        return Need.of(
            model=self.model.name,
            fingerprint=asked_under(self.model, label).fingerprint,
            dataset=of.name,
            content=dataset.fingerprint,
            label=label,
            keys=self._parted(dataset, label),
            pace=recall(self.cache.store_of(self.model), self.model.fingerprint),
            prices=self.traits.prices,
        )

    def _parted(self, dataset: Dataset, label: str) -> tuple[list[bytes], list[bytes]]:
        """Keys of the answers that are kept, and of those that are not, over all draws."""
        parts = [
            self.cache.parted(asked_under(redrawn(self.model, draw), label), dataset, repeat=draw)
            for draw in range(self.traits.draws)
        ]
        return [key for kept, _ in parts for key in kept], [key for _, missing in parts for key in missing]

    def _respond(self, dataset: Dataset, label: str, draw: int) -> tuple[Response, ...]:
        """The answers of one draw, none of which failed."""
        responses = self._ask(dataset, label, draw)
        failed = [
            (sample.id, response.error)
            for sample, response in zip(dataset, responses, strict=True)
            if response.outcome is Outcome.FAILED
        ]
        if failed:
            shown = "; ".join(f"{sample_id}: {error}" for sample_id, error in failed[:3])
            raise ModelError(
                f"{self.model.name} failed on {len(failed)} of {len(dataset)} samples of {label!r} ({shown}"
                f"{'; ...' if len(failed) > 3 else ''}). A measurement needs every answer; the others are cached, so "
                "that only these are asked again."
            )
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
            kept, missing = self._parted(dataset, label)
            raise type(error)(
                f"{error} Of the {len(kept) + len(missing)} answers to {label!r}, {len(kept)} are cached."
            ) from None
