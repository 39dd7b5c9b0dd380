"""The protocol of the paper, as one route: two answered datasets in, one result out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_emid.measuring import remarks
from pytest_emid.measuring.allowance import Allowance
from pytest_emid.measuring.answers import doubts
from pytest_emid.measuring.bounds import bounds
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.design import Design, design_of
from pytest_emid.measuring.differences import Differences, differences
from pytest_emid.measuring.drift import drift
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.guards import Guarded, Guards
from pytest_emid.measuring.results import Bound, Divergences, EmidResult, Obstacle
from pytest_emid.measuring.scores import Scored, as_comparable, score
from pytest_emid.measuring.sides import side

__all__ = ["Scenario", "Settings", "compare"]


@dataclass(frozen=True)
class Scenario:
    """What the shifted side is: a shift's id, its modality, whether it holds the same samples, and versions of code."""

    id: str
    modality: str
    paired: bool
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What is the same for all scenarios of a measurer.

    Attributes:
        seed, confidence: base seed of shifts, folds and permutations; of every interval, two-sided.
        permutations, drift: of the null of input drift; whether results carry its p-values, else drawn when first read.
        model, encoders, note: names, and what reports must say about the encoders.
        options: effective options, to be carried by the results.
        allowance, any_version: which answers that are none, and which versions of a served model, are allowed.
    """

    seed: int
    confidence: float
    permutations: int
    drift: bool
    model: str
    encoders: str
    note: str
    options: Mapping[str, str]
    allowance: Allowance
    any_version: bool


def compare(
    clean: Scored,
    shifted: Answered,
    calibration: Calibration,
    guards: Guards | None,
    scenario: Scenario,
    settings: Settings,
) -> EmidResult:
    """Score the shifted side as the clean one was, compare the two, and bound what may have been lost."""
    design = design_of(clean.answered, shifted, scenario.paired, settings.confidence)
    condition = design.condition(clean.answered, shifted)  # paired: the clean questions
    trust = design.trust(clean.reliability)  # never refitted on the shifted side
    scored = score(shifted, calibration, condition, settings.seed, trust, clean.amounts.candidates)
    clean = as_comparable(clean, scored, calibration)
    changed = differences(clean, scored, calibration, design)
    apart = drift(clean.answered, shifted, design, settings)
    limits = bounds(clean.answered, shifted, apart, design, calibration.references, settings.seed)
    watched = None if guards is None else guards.shifted(shifted, design)
    return _result(clean, scored, changed, apart, limits, calibration, guards, watched, scenario, settings, design)


def _result(
    clean: Scored,
    shifted: Scored,
    changed: Differences,
    apart: Divergences,
    limits: Mapping[str, Bound],
    calibration: Calibration,
    guards: Guards | None,
    watched: Guarded | None,
    scenario: Scenario,
    settings: Settings,
    design: Design,
) -> EmidResult:
    critic = calibration.report()
    foreign = None if design.is_paired else remarks.foreign_questions(shifted.answered, calibration)
    doubted = doubts(clean.answered, shifted.answered, settings.allowance, settings.any_version)
    told = remarks.remarks(clean, shifted, changed, critic, settings.note, foreign, doubted, design.is_paired)
    return EmidResult(
        scenario=scenario.id,
        modality=scenario.modality,
        paired=design.is_paired,
        seed=settings.seed,
        model=settings.model,
        encoders=settings.encoders,
        clean=side(clean, changed.emi_clean, design.confidence, None if guards is None else guards.clean),
        shifted=side(shifted, changed.emi_shifted, design.confidence, watched),
        **changed.by_name(),
        divergences=apart,
        bounds=limits,
        critic=critic,
        sight=None if guards is None or watched is None else guards.sight(watched, design),
        obstacles=(
            *map(Obstacle, doubted.obstacles),
            *(() if foreign is None else (Obstacle(foreign, ("information",)),)),
        ),
        remarks=told,
        settings={
            **settings.options,
            "query": clean.answered.query_form,
            **({"encoders note": settings.note} if settings.note else {}),
        },
    )
