"""The conductor: a dataset becomes responses, embeddings, scores and a result. The whole route, readable at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace

from pytest_emid import shifts
from pytest_emid.cache import Cache
from pytest_emid.cache.pace import Pace, recall
from pytest_emid.cache.watching import WatchedModel, prices_of
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.sample import image_digest
from pytest_emid.encoders.base import Encoders
from pytest_emid.errors import BudgetError, DataError, EmidError, ModelError, UnavailableError
from pytest_emid.information.threads import few_threads
from pytest_emid.measuring.bounds import bounds, divergences
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.embedding import Answered, Embedded
from pytest_emid.measuring.entropy import draws_of, redrawn
from pytest_emid.measuring.plan import CLEAN, Forecast, Need
from pytest_emid.measuring.results import RECORDED, EmidResult
from pytest_emid.measuring.scores import Scored, check_size, collapsed, differences, foreign_questions, score, side
from pytest_emid.measuring.suspicion import suspect
from pytest_emid.models.base import Model, Outcome, Response
from pytest_emid.shifts.base import Shift

__all__ = ["Announce", "Measurer", "Progress"]

Progress = Callable[[str, int, int], None]
"""Called with (what is being asked, answers so far, answers in all) as answers arrive."""
Announce = Callable[[str, str, Forecast], None]
"""Called with (what is asked, name of the model, forecast) before a model is asked."""


class Measurer:
    """Measures one model on one dataset under any number of shifts.

    The clean side, the calibration and every scenario are computed once; answers and embeddings go through the cache.

    Args:
        model: the model under test.
        dataset: clean, in-distribution samples.
        encoders: pictures and texts to vectors.
        calibration: clean samples, disjoint from `dataset`, whose references the critic and the whitening are fitted
            on; 300 or more are advised. None fits on the references of `dataset` itself, which is valid (no answer
            takes part) but makes levels optimistic.
        cache: keeps responses and embeddings; None keeps them for this process only.
        seed: base seed of shifts, folds and permutations.
        confidence: of every interval, two-sided.
        permutations: of the null distribution of input drift, at least 199; 0 leaves the p-values out.
        progress: told about answers as they arrive.
        announce: told what is about to be asked, whenever some answers are not kept.
        since: seconds since the epoch; a model that was found to be out of reach at this time or later, by whatever
            process, is not tried again. By default now.
        settings: effective options, to be carried by the results.
    """

    def __init__(
        self,
        model: Model,
        dataset: Dataset,
        encoders: Encoders,
        *,
        calibration: Dataset | None = None,
        cache: Cache | None = None,
        seed: int = 0,
        confidence: float = 0.95,
        permutations: int = 199,
        progress: Progress | None = None,
        announce: Announce | None = None,
        since: float | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.model = model
        self.dataset = dataset
        self.encoders = encoders
        self.calibration_set = calibration
        self.cache = Cache(None) if cache is None else cache
        self.seed = seed
        self.confidence = confidence
        self.permutations = permutations
        self.progress = progress
        self.announce = announce
        self.since = time.time() if since is None else since
        self.settings = dict(settings or {})
        self._clean: Scored | None = None
        self._calibration: Calibration | None = None
        self._results: dict[str, EmidResult] = {}

    def measure(self, shift: Shift | str | Dataset) -> EmidResult:
        """Measure one scenario.

        Args:
            shift: a shift, the id of one (`defocus_blur:3+keyboard:1`), or another dataset: a natural shift, paired
                when it holds the same ids with the same references in the same order (another language, say).
                `shifts.natural(dataset, paired=True)` pairs by id alone.

        Raises:
            EmidError: anything that makes the measurement impossible; answers so far stay in the cache.
        """
        dataset, scenario, modality, paired = self._shifted(shift)
        key = f"{scenario}@{dataset.fingerprint}"
        if key not in self._results:
            check_size(self.dataset)
            check_size(dataset)
            answered, clean = self.answer(dataset, scenario), self.clean
            with few_threads(max(len(clean.answered.dataset), len(dataset))):
                found = self._compare(clean, answered, scenario, modality, paired)
            self._results[key] = self._doubted(found, dataset)
        return self._results[key]

    def plan(self, shift: Shift | str | Dataset) -> tuple[Need, Need]:
        """What `measure` would ask: of the clean set, and of the shifted one. Asks nothing and encodes nothing.

        Raises:
            EmidError: the shift cannot be applied, or a picture cannot be read.
        """
        dataset, scenario, _, _ = self._shifted(shift)
        return self._need(self.dataset, CLEAN), self._need(dataset, scenario)

    def _need(self, dataset: Dataset, label: str) -> Need:
        return Need.of(
            model=self.model.name,
            fingerprint=self.model.fingerprint,
            dataset=self.dataset.name,
            content=dataset.fingerprint,
            label=label,
            keys=self._parted(dataset),
            pace=recall(self.cache.store_of(self.model), self.model.fingerprint),
            prices=prices_of(self.model),
        )

    def _parted(self, dataset: Dataset) -> tuple[list[bytes], list[bytes]]:
        """Keys of the answers that are kept, and of those that are not, over all draws."""
        parts = [self.cache.parted(redrawn(self.model, i), dataset, repeat=i) for i in range(draws_of(self.model))]
        return [key for kept, _ in parts for key in kept], [key for _, missing in parts for key in missing]

    @property
    def clean(self) -> Scored:
        """The clean side, answered and scored once."""
        if self._clean is None:
            answered, calibration = self.answer(self.dataset, CLEAN), self.calibration
            with few_threads(len(self.dataset)):
                self._clean = score(answered, calibration, answered.text, self.seed)
        return self._clean

    @property
    def calibration(self) -> Calibration:
        """The frozen critic and whitening, fitted once."""
        if self._calibration is None:
            if self.calibration_set is None:
                pairs, fitted_on = self.dataset, "the tested references"
            else:
                pairs, fitted_on = self.calibration_set, f"{len(self.calibration_set)} disjoint reference pairs"
                check_disjoint(self.calibration_set, self.dataset)
            embedded = self._embed(pairs)
            with few_threads(len(pairs)):
                self._calibration = Calibration.fit(embedded, fitted_on, self.seed)
        return self._calibration

    def _shifted(self, shift: Shift | str | Dataset) -> tuple[Dataset, str, str, bool]:
        if isinstance(shift, Dataset):
            return shift, shift.name, "natural", _same_samples(self.dataset, shift)
        if isinstance(shift, str):
            shift = shifts.parse(shift)
        dataset = shift.apply(self.dataset, self.seed)
        if shift.paired and dataset.ids != self.dataset.ids:
            raise EmidError(
                f"shift {shift.id!r} says that it is paired, but its samples have other ids than the dataset's. "
                "A paired shift keeps every id, in order."
            )
        return dataset, shift.id, shift.modality, shift.paired

    def _doubted(self, result: EmidResult, dataset: Dataset) -> EmidResult:
        """The result, with why no gate may pass on it where answers to clean samples stood in for shifted ones.

        A model that goes by ids, such as a recording, says the same of a sample whatever a shift made of it.
        """
        if not getattr(self.model, "by_id", False):
            return result
        clean = dict(
            zip(self.dataset.ids, zip(self.dataset, self.cache.digests(self.dataset), strict=True), strict=True)
        )
        for sample, digest in zip(dataset, self.cache.digests(dataset), strict=True):
            known, picture = clean.get(sample.id, (sample, digest))
            if (sample.question, digest) == (known.question, picture):
                continue
            what = "question" if sample.question != known.question else "picture"
            doubt = (
                f"{self.model.name!r} answers by sample id alone, so its answer to sample {sample.id!r} was taken for "
                f"both sets, though its {what} differs: what {result.scenario} does to answers was not measured. Ask "
                "the model itself, use a replay pack of its answers, or give recorded shifted samples ids of their own."
            )
            settings = {**result.settings, RECORDED: doubt}
            return replace(result, remarks=(doubt, *result.remarks), settings=settings)
        return result

    def _embed(self, dataset: Dataset) -> Embedded:
        return Embedded(
            dataset=dataset,
            image=self.cache.encode_images(self.encoders.image, dataset),
            text=self.cache.encode_texts(self.encoders.text, [sample.question for sample in dataset]),
            reference=self.cache.encode_texts(self.encoders.text, [sample.reference for sample in dataset]),
        )

    def answer(self, dataset: Dataset, label: str) -> Answered:
        """Ask the model about a dataset and embed everything; what the cache holds is not asked again.

        Args:
            dataset: clean or shifted.
            label: what progress and errors call it.

        Raises:
            ModelError: some answers failed; the others are cached.
            BudgetError, UnavailableError: some questions could not be asked; the answers to the others are cached.
        """
        responses = self._respond(dataset, label)
        further = tuple(self._respond(dataset, label, draw) for draw in range(1, draws_of(self.model)))
        embedded = self._embed(dataset)
        texts = [[response.text for response in draw] for draw in (responses, *further)]
        first, *others = (self.cache.encode_texts(self.encoders.text, answers) for answers in texts)
        return Answered(
            dataset=dataset,
            image=embedded.image,
            text=embedded.text,
            reference=embedded.reference,
            responses=responses,
            response=first,
            further=tuple(zip(further, others, strict=True)),
        )

    def _respond(self, dataset: Dataset, label: str, draw: int = 0) -> tuple[Response, ...]:
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
            if self.progress is not None:
                self.progress(label, done, total)

        def asking(questions: int, pace: Pace | None) -> None:
            if self.announce is not None:
                self.announce(label, self.model.name, Forecast(arrived, questions, pace, prices_of(self.model)))

        model = redrawn(self.model, draw)
        watched = WatchedModel(model, self.cache.store_of(model), self.since, asking)
        try:
            return self.cache.respond(watched, dataset, repeat=draw, progress=report)
        except (BudgetError, UnavailableError) as error:
            kept, missing = self._parted(dataset)
            raise type(error)(
                f"{error} Of the {len(kept) + len(missing)} answers to {label!r}, {len(kept)} are cached."
            ) from None

    def _compare(self, clean: Scored, answered: Answered, scenario: str, modality: str, paired: bool) -> EmidResult:
        condition = clean.answered.text if paired else answered.text
        reliability = clean.reliability if paired else clean.reliability.unpaired()
        shifted = score(answered, self.calibration, condition, self.seed, reliability)
        changed = differences(clean, shifted, self.calibration, paired, self.confidence)
        apart = divergences(clean.answered, answered, paired, self.permutations, self.seed)
        critic = self.calibration.report()
        obstacle = None if paired else foreign_questions(answered, self.calibration)
        note = self.encoders.note
        remarks = (
            ((note,) if note else ())
            + collapsed(clean, shifted)
            + ((obstacle,) if obstacle else ())
            + suspect(
                information_lost=changed.information_lost,
                information_retained=changed.information_retained,
                decoded_retained=changed.decoded_retained,
                cosine_drop=changed.cosine_drop,
                exact_drop=changed.exact_drop,
                emid=changed.emid,
                anchored_emid=changed.anchored_emid,
                critic_informative=critic.informative,
            )
        )
        return EmidResult(
            scenario=scenario,
            modality=modality,
            paired=paired,
            seed=self.seed,
            model=self.model.name,
            encoders=self.encoders.name,
            clean=side(clean, self.confidence),
            shifted=side(shifted, self.confidence),
            **{f.name: getattr(changed, f.name) for f in fields(changed)},
            divergences=apart,
            bounds=bounds(
                clean.answered, answered, apart, paired, self.calibration.references, self.confidence, self.seed
            ),
            critic=critic,
            information_obstacle=obstacle,
            remarks=remarks,
            settings={
                **self.settings,
                "query": clean.answered.query_form,
                **({"encoders note": note} if note else {}),
            },
        )


def _same_samples(clean: Dataset, other: Dataset) -> bool:
    """Equal ids alone do not make a pair: two unrelated tables may both be numbered from 0."""
    return [(s.id, s.reference) for s in clean] == [(s.id, s.reference) for s in other]


def check_disjoint(calibration: Dataset, tested: Dataset) -> None:
    """Refuse a calibration set that holds tested pairs: it would flatter the critic.

    Raises:
        DataError: a sample of the same question, reference and picture stands in both; the message names the first.
    """
    asked = {(sample.question, sample.reference): sample for sample in tested}
    for sample in calibration:
        twin = asked.get((sample.question, sample.reference))
        # pictures are opened only where the texts already agree
        if twin is not None and image_digest(sample.open_image()) == image_digest(twin.open_image()):
            raise DataError(
                f"calibration sample {sample.id!r} is also tested sample {twin.id!r} of {tested.name!r}. Leave tested "
                "samples out of the calibration set, or return None from emid_calibration to fit on the tested "
                "references on purpose."
            )
