"""The conductor: one model, one dataset, any number of shifts; the clean side is answered and scored once."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from pytest_emid import shifts
from pytest_emid.cache import Cache
from pytest_emid.cache.spread import Measured
from pytest_emid.data.dataset import Dataset
from pytest_emid.encoders.base import Encoders
from pytest_emid.errors import EmidError, ShiftError
from pytest_emid.information.answers import answer_key
from pytest_emid.information.critics.base import Critic
from pytest_emid.information.threads import few_threads
from pytest_emid.measuring.allowance import LEGAL, Allowance
from pytest_emid.measuring.answers import problems_of
from pytest_emid.measuring.asking import Announce, Asker, Progress, Told
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.checks import check_can_pass, check_disjoint, check_fits, check_size, same_samples
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.floor import again
from pytest_emid.measuring.format import floor_in_words
from pytest_emid.measuring.guards import Guards
from pytest_emid.measuring.judging import Judge
from pytest_emid.measuring.leaving_out import PicturelessError, UnansweredError, lacks_pictures, told_of
from pytest_emid.measuring.likelihood import log_likelihoods
from pytest_emid.measuring.metrics.base import Metric
from pytest_emid.measuring.metrics.measured import Metrics
from pytest_emid.measuring.plan import CLEAN, Need, spread_of
from pytest_emid.measuring.preferences import Preferences
from pytest_emid.measuring.protocol import Scenario, Settings, compare
from pytest_emid.measuring.provenance import Provenance, provenance
from pytest_emid.measuring.remarks import answered_by_id, nothing_shifted
from pytest_emid.measuring.results import EmidResult, Floor, Obstacle
from pytest_emid.measuring.scores import Scored, score
from pytest_emid.measuring.sight import blind, unseeing, unshown
from pytest_emid.measuring.smoke import SMOKE, broken, exchanged
from pytest_emid.measuring.staging import Staged, repeats_questions, stages_of
from pytest_emid.models.base import Model, asked_under
from pytest_emid.shifts.base import Shift

__all__ = ["Announce", "Measurer", "Progress"]

NATURAL: Final = "natural"


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
        critic: behind EMI and EMID, by name or fitted: `witness` (in nats), or another of `critic.CRITICS`.
        normalise: what two answers have in common that differ in format only; see `information.answers.answer_key`.
        likelihood: whether the log-probability of the references is measured too; see `measuring.likelihood`.
        metrics: by name, scores of one's own of every answer; see `measuring.metrics`.
        judge: scores every answer against its reference; see `measuring.judging`.
        repeat: how often the clean set is asked again, for the noise floor; see `measuring.floor`.
        drift: whether results carry the p-values of input drift wherever they go. Else the null distribution, which is
            most of the work of a measurement, is drawn when it is first read.
        progress: told about answers as they arrive.
        announce: told what is about to be asked, whenever some answers are not kept.
        told: told where the answers to each set came from.
        since: seconds since the epoch; a model that was found to be out of reach at this time or later, by whatever
            process, is not tried again. By default now.
        settings: effective options, to be carried by the results.
        allow_problems: which share of a side's answers may be refused, empty or cut off, such as `5%`, 0.05 or
            `refused=10%,truncated=0`; above it no gate passes. Samples that the model fails on are left out of both
            sides, and count among them.

    Raises:
        EmidError: `allow_problems` is no share.
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
        critic: str | Critic = "witness",
        normalise: Callable[[str], str] = answer_key,
        metrics: Mapping[str, Metric] | None = None,
        likelihood: bool = False,
        judge: Judge | None = None,
        repeat: int = 0,
        drift: bool = False,
        progress: Progress | None = None,
        announce: Announce | None = None,
        told: Told | None = None,
        since: float | None = None,
        settings: Mapping[str, str] | None = None,
        allow_problems: float | str | Allowance = "5%",
    ) -> None:
        try:
            allowance = Allowance.parse(allow_problems)
        except (TypeError, ValueError):
            raise EmidError(f"allow_problems is {allow_problems!r}, which is no share. Legal: {LEGAL}.") from None
        self.model = model
        self.dataset = dataset
        self.encoders = encoders
        self.calibration_set = calibration
        self.cache = Cache(None) if cache is None else cache
        self.seed = seed
        self.confidence = confidence
        self.permutations = permutations
        self.repeat = repeat
        self._critic = critic
        began = time.time() if since is None else since
        self._asker = Asker(model, encoders, self.cache, began, progress, announce, normalise, told)
        self._settings = Settings(
            seed=seed,
            confidence=confidence,
            permutations=permutations,
            drift=drift,
            model=model.name,
            encoders=encoders.name,
            note=encoders.note,
            options=dict(settings or {}),
            allowance=allowance,
            any_version=self._asker.traits.any_version,
        )
        likely = partial(log_likelihoods, model, cache=self.cache) if likelihood else None
        self._metrics = Metrics(metrics or {}, confidence, likely)
        self._judge = None if judge is None else Preferences(judge, self.cache, confidence, progress)
        self._clean: Scored | None = None
        self._floor: Floor | None = None
        self._guards: Guards | None = None
        self._calibration: Calibration | None = None
        self._results: dict[str, EmidResult] = {}
        self._unanswered: UnansweredError | None = None
        self._others: dict[frozenset[str], Measurer] = {}

    def of(self, model: Model) -> Measurer:
        """Another model under the same conditions: the same set, encoders, critic, metrics, cache and seeds."""
        calibration = self.calibration  # fitted once: no answer takes part
        likelihoods = partial(log_likelihoods, model, cache=self.cache) if self._metrics.likelihoods else None
        other = self._anew(self._metrics.of(likelihoods))
        other.model, other._calibration = model, calibration
        other._asker = self._asker.of(model)
        named = {"model": model.name} if "model" in self._settings.options else {}
        options = {**self._settings.options, **named}
        any_version = other._asker.traits.any_version
        other._settings = replace(self._settings, model=model.name, options=options, any_version=any_version)
        return other

    def _anew(self, metrics: Metrics) -> Measurer:
        """The same conditions, and nothing measured yet: another clean side is to be answered."""
        other = copy.copy(self)
        other._metrics = metrics
        other._judge = None if self._judge is None else self._judge.anew()
        other._clean = other._floor = other._guards = other._unanswered = None
        other._results, other._others = {}, {}
        return other

    def measure(self, shift: Shift | str | Dataset, *, decisive: bool = False) -> EmidResult:
        """Measure one scenario.

        Args:
            shift: a shift, the id of one (`defocus_blur:3+keyboard:1`), or another dataset: a natural shift, paired
                when it holds the same ids with the same references in the same order (another language, say).
                `shifts.natural(dataset, paired=True)` pairs by id alone.
            decisive: refuse sets that are too small for any gate to pass, before anything is asked.

        Raises:
            EmidError: anything that makes the measurement impossible; answers so far stay in the cache.
        """
        return self._kept(*self._shifted(shift), decisive)

    def _kept(self, dataset: Dataset, scenario: Scenario, decisive: bool = False) -> EmidResult:
        """What was measured, or is now."""
        check_size(self.dataset)
        check_size(dataset)
        if decisive:
            check_can_pass(self.dataset, dataset)
        key = f"{scenario.id}@{dataset.fingerprint}"
        if key not in self._results:
            check_fits(self.dataset if self.calibration_set is None else self.calibration_set)
            began, spent, is_first = time.monotonic(), self._asker.spent(), self._clean is None
            self._results[key] = found = self._measured(dataset, scenario)
            took = max(time.monotonic() - began - (self._asker.spent() - spent), 0.0)
            beyond = (took, None) if is_first else (None, took)
            self._asker.note(self.dataset, Measured(spread_of(found.clean), *beyond))
        return self._results[key]

    def in_stages(self, shift: Shift | str | Dataset, *, decisive: bool = False) -> Staged:
        """One scenario, to be measured in stages of whole pictures; asks nothing yet. Args and errors: as `measure`.

        Critic and whitening are fitted once for all stages, on the calibration set or on all tested references.
        """
        dataset, scenario = self._shifted(shift)
        stages = stages_of(self.dataset, dataset, scenario.paired, self.seed)
        if lacks_pictures(dataset, scenario.id, scenario.modality):
            del stages[:-1]  # whether too many do is told of all samples, not of the first ones

        def measure(number: int) -> EmidResult:
            _, ids, others = stages[number - 1]
            if number == len(stages):
                return self._kept(dataset, scenario, decisive)
            part = self._part(frozenset(ids), self.calibration)
            return part._kept(dataset.select(others), scenario)

        shares, again = tuple(share for share, _, _ in stages), repeats_questions(self.dataset)
        return Staged(shares, len(dataset), measure, repeats_questions=again)

    def _measured(self, dataset: Dataset, scenario: Scenario) -> EmidResult:
        if lacks_pictures(dataset, scenario.id, scenario.modality):
            return self._without(PicturelessError(dataset, scenario.id), dataset, scenario)
        if self._unanswered is not None:
            return self._without(self._unanswered, dataset, scenario)
        try:
            draws = self._asker.ask(dataset, scenario.id)
        except UnansweredError as error:
            return self._without(error, dataset, scenario)
        try:
            clean = self.clean
        except UnansweredError as error:
            self._unanswered = error  # for every scenario: what never answers is asked once
            return self._without(error, dataset, scenario)
        shifted = self._asker.answered(dataset, draws, clean.answered)
        with few_threads(max(len(self.dataset), len(dataset))):
            found = compare(clean, shifted, self.calibration, self.guards, scenario, self._settings)
        found = replace(found, made=self._made(scenario))
        found = self._metrics.added(found, self.dataset, dataset)
        if self._judge is not None:
            sides = (self.dataset, clean.answered.responses), (dataset, shifted.responses)
            found = self._judge.added(found, *sides)
        found = self._beyond_floor(self._looked_through(found, clean, shifted))
        found = unshown(found, self.dataset, dataset, self._settings.allowance)
        return self._compared_with_itself(self._doubted(found, dataset), dataset)

    def _without(self, error: UnansweredError, dataset: Dataset, scenario: Scenario) -> EmidResult:
        """The result on the samples that can be answered; unpaired sets lose those of the one side only."""
        rest = self._left_over(frozenset(error.failed)) if scenario.paired or error.label == CLEAN else self
        others = error.left_over(dataset) if scenario.paired or error.label != CLEAN else dataset
        if not error.can_be_left_out(len(others), len(rest.dataset)):
            raise error
        return told_of(rest._measured(others, scenario), error, self._settings.allowance)

    def _left_over(self, failed: frozenset[str]) -> Measurer:
        """A measurer of the other samples: their answers are cached."""
        calibration = None if self.calibration_set is None else self._calibration
        return self._part(frozenset(self.dataset.ids) - failed, calibration)

    def _part(self, kept: frozenset[str], calibration: Calibration | None) -> Measurer:
        """A measurer of these samples, which shares everything else."""
        if kept not in self._others:
            other = self._anew(self._metrics.of(self._metrics.likelihoods))
            other.dataset = Dataset(self.dataset.name, [sample for sample in self.dataset if sample.id in kept])
            other._calibration = calibration
            self._others[kept] = other
        return self._others[kept]

    def smoke(self, scenarios: Sequence[Shift | str | Dataset]) -> str | None:
        """Why the model is plainly broken, by the first samples of the clean set and of these; None where it is not.

        A shift that cannot act on this dataset says nothing of the model: it is an error where it is measured.

        Raises:
            EmidError: the model cannot be asked.
        """
        sides = [(CLEAN, self.dataset.first(SMOKE))]
        for of in scenarios:
            with suppress(ShiftError):
                dataset, scenario = self._shifted(of)
                sides.append((scenario.id, dataset.first(SMOKE)))
        traits, other = self._asker.traits, None
        if not traits.by_id and not traits.replays and self.cache.mode != "read":
            other = exchanged(sides[0][1], self.cache.digests(sides[0][1]))
        return broken(self._asker, sides, other)

    def plan(self, shift: Shift | str | Dataset) -> tuple[Need, Need]:
        """What `measure` would ask: of the clean set, and of the shifted one. Asks nothing and encodes nothing.

        Raises:
            EmidError: the shift cannot be applied, or a picture cannot be read.
        """
        dataset, scenario = self._shifted(shift)
        need = self._asker.need
        return need(self.dataset, CLEAN, self.dataset, self.repeat), need(dataset, scenario.id, self.dataset)

    @property
    def clean(self) -> Scored:
        """The clean side, answered and scored once; where it is asked again, with the mean scores of the repeats."""
        if self._clean is None:
            draws, calibration = self._asker.ask(self.dataset, CLEAN), self.calibration
            answered = self._asker.answered(self.dataset, draws)
            repeats = self._asker.ask_again(self.dataset, CLEAN, self.repeat) if self.repeat else ()
            sides = [self._asker.answered(self.dataset, (draw,), answered) for draw in repeats]
            with few_threads(len(self.dataset)):
                clean = score(answered, calibration, answered.text, self.seed)
                if sides:
                    like = (calibration, answered.text, self.seed, clean.reliability, clean.amounts.candidates)
                    clean, self._floor = again(clean, [score(side, *like) for side in sides], self.confidence)
            self._clean = clean
        return self._clean

    @property
    def guards(self) -> Guards | None:
        """What a PASS must survive, fitted once; None where all clean answers are the same: none is possible."""
        if self._guards is None and self.clean.answered.only_answer is None:
            with few_threads(len(self.dataset)):
                self._guards = Guards(
                    self.clean, self.calibration, partial(self._asker.vectors, derived=True), self.seed
                )
        return self._guards

    @property
    def calibration(self) -> Calibration:
        """The frozen critic and whitening, fitted once."""
        if self._calibration is None:
            if self.calibration_set is None:
                pairs, fitted_on = self.dataset, "the tested references"
            else:
                pairs, fitted_on = self.calibration_set, f"{len(self.calibration_set)} disjoint reference pairs"
                check_disjoint(self.calibration_set, self.dataset)
            embedded = self._asker.embed(pairs)
            with few_threads(len(pairs)):
                self._calibration = Calibration.fit(embedded, fitted_on, self.seed, self._critic)
        return self._calibration

    def _shifted(self, shift: Shift | str | Dataset) -> tuple[Dataset, Scenario]:
        if isinstance(shift, Dataset):
            return shift, Scenario(shift.name, NATURAL, same_samples(self.dataset, shift))
        if isinstance(shift, str):
            shift = shifts.parse(shift)
        dataset = shift.apply(self.dataset, self.seed)
        if shift.paired and dataset.ids != self.dataset.ids:
            raise EmidError(
                f"shift {shift.id!r} says that it is paired, but its samples have other ids than the dataset's. "
                "A paired shift keeps every id, in order."
            )
        return dataset, Scenario(shift.id, shift.modality, shift.paired, getattr(shift, "versions", {}))

    def _made(self, scenario: Scenario) -> Provenance:
        pairs = self.dataset if self.calibration_set is None else self.calibration_set
        return provenance(self.model, self.encoders, pairs.fingerprint, scenario.versions)

    def _beyond_floor(self, result: EmidResult) -> EmidResult:
        """The result, with what the clean side loses when it is asked again, where it was."""
        if self._floor is None:
            return result
        sides = {f"clean, asked again ({i})": side for i, side in enumerate(self.clean.repeats, start=1)}
        found = map(Obstacle, problems_of(sides, self._settings.allowance))
        remarks = (*result.remarks, floor_in_words(self._floor))
        return replace(result, floor=self._floor, remarks=remarks, obstacles=(*result.obstacles, *found))

    def _looked_through(self, result: EmidResult, clean: Scored, shifted: Answered) -> EmidResult:
        """The result, with why no gate may pass on what the encoders do not see."""
        found = blind(clean.answered, lambda: len(set(self.cache.digests(self.dataset))) > 1)
        if result.paired and result.modality != NATURAL:
            found += unseeing(clean.answered, shifted)
        return replace(result, obstacles=(*found, *result.obstacles)) if found else result

    def _compared_with_itself(self, result: EmidResult, dataset: Dataset) -> EmidResult:
        """The result, with why no gate may pass where the shifted queries are the clean ones, and nobody said so."""
        by_id = self._asker.traits.by_id or asked_under(self.model, result.scenario) is not self.model
        same = None if by_id else nothing_shifted(result.scenario, self.dataset, dataset, self.cache.digests)
        if same is None:
            return result
        return replace(result, remarks=(same.reason, *result.remarks), obstacles=(same, *result.obstacles))

    def _doubted(self, result: EmidResult, dataset: Dataset) -> EmidResult:
        """The result, with why no gate may pass on it where answers to clean samples stood in for shifted ones."""
        if not self._asker.traits.by_id:
            return result
        if asked_under(self.model, result.scenario) is not asked_under(self.model, CLEAN):
            return result
        sides = (zip(side, self.cache.digests(side), strict=True) for side in (self.dataset, dataset))
        doubt = answered_by_id(self.model.name, result.scenario, *sides)
        if doubt is None:
            return result
        obstacles = (Obstacle(doubt), *result.obstacles)
        return replace(result, remarks=(doubt, *result.remarks), obstacles=obstacles)
