"""What a PASS must survive, sample by sample: contradictions, echoes of the question, omissions; and what is seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_emid.information.guards.canaries import canaries, sensitivity
from pytest_emid.information.guards.contradictions import (
    Contradictions,
    blind_spots,
    contradictions,
    contrast_kept,
    falsified_contrast,
    reach_of,
)
from pytest_emid.information.guards.echo import Unasked, echo_retained, without_question
from pytest_emid.information.guards.omissions import words_repeated
from pytest_emid.information.guards.pictures import picture_changes
from pytest_emid.information.reference.direct import direct
from pytest_emid.measuring.calibration import Calibration
from pytest_emid.measuring.design import Design
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.results import Sight
from pytest_emid.measuring.scores import Scored

__all__ = ["Guarded", "Guards", "Vectors"]

Float = NDArray[np.float64]
Vectors = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to (n, d) embeddings, through the cache."""


@dataclass(frozen=True)
class Guarded:
    """What the guards compare, of one side.

    Attributes:
        found: which answers contradict their references.
        unasked: (n,) scores without what answers share with their own question.
        repeated: (n,) share of each reference's words that its answer repeats.
    """

    found: Contradictions
    unasked: Float
    repeated: Float

    def contradicts(self, i: int) -> tuple[str, ...] | None:
        """Kinds of facts in which answer i contradicts its reference; None where nothing could be checked."""
        kinds = tuple(kind for kind, flags in self.found.by_kind.items() if flags[i])
        return kinds if kinds or self.found.checked[i] else None


class Guards:
    """The guards, with everything about the clean side that does not change from shift to shift.

    Args:
        clean: the scored clean side, whose answers are not all the same.
        calibration: what was fitted on clean references.
        vectors: embeds texts.
        seed: of falsehoods and folds.
    """

    def __init__(self, clean: Scored, calibration: Calibration, vectors: Vectors, seed: int = 0) -> None:
        self._clean, self._calibration, self._vectors, self._seed = clean, calibration, vectors, seed
        side = clean.answered
        answers, references = _texts(side)
        self._unasked = Unasked.fit(
            calibration.unasked, side.response, side.reference, side.text, clusters=clean.clusters, seed=seed
        )
        found = contradictions(answers, references, vectors)
        self.clean = Guarded(found, self._unasked.clean, words_repeated(answers, references))
        self._false = falsified_contrast(answers, references, vectors)
        reach = reach_of(answers, references, vectors, seed)
        self._reach = {part.kind: _known(part.flagged) for part in reach}
        self._present = {part.kind: part.present for part in reach}
        # A kind that the guards reach needs no look at the measure itself.
        doubtful = blind_spots(reach)
        self._blind = blind_spots(reach, {kind: self._sensitivity(kind) for kind in doubtful})
        arrays = (calibration.whitening, clean.information, side.reference, side.text)
        questions = [sample.question for sample in side.dataset]
        shown = side.pictures or [""] * len(questions)
        self._pictures = picture_changes(questions, shown, answers, references)
        self._echo = _known(echo_retained(*arrays, clean.reliability, clean.clusters).value)

    def shifted(self, side: Answered, design: Design) -> Guarded:
        """The same of a shifted side."""
        answers, references = _texts(side)
        before = _texts(self._clean.answered)[0] if design.is_paired else None
        found = contradictions(answers, references, self._vectors, before)
        if side.only_answer is not None:
            unasked = np.zeros(len(answers))
        else:
            unasked = self._unasked.scores(side.response, self._seed) if design.is_paired else self._unpaired(side)
        return Guarded(found, unasked, words_repeated(answers, references))

    def sight(self, shifted: Guarded, design: Design) -> Sight:
        """What is seen of false answers on these data."""
        kept = contrast_kept(self.clean.found, shifted.found, self._false) if design.is_paired else float("nan")
        return Sight(
            reach=dict(self._reach),
            present=dict(self._present),
            blind=self._blind,
            unchecked=float((~self.clean.found.known).mean()),
            echo=self._echo,
            contrast_kept=_known(kept),
            pictures=self._pictures,
        )

    def _unpaired(self, side: Answered) -> Float:
        """Scores of other samples, in the same form."""
        fitted = self._unasked
        reference, told = (without_question(rows, side.text) + fitted.alike for rows in (side.reference, side.response))
        return direct(
            fitted.whitening,
            told,
            reference,
            side.text,
            reliability=fitted.reliability.unpaired(),
            clusters=side.dataset.clusters,
            seed=self._seed,
        )

    def _sensitivity(self, kind: str) -> float:
        """The share of such a loss that information retained itself reads."""
        side, clean = self._clean.answered, self._clean
        texts, hit = canaries(_texts(side)[0], kind, seed=self._seed)
        if not hit.any():
            return 0.0
        rows = np.array(side.response)
        rows[hit] = self._vectors([text for text, false in zip(texts, hit, strict=True) if false])
        false = direct(
            self._calibration.whitening,
            rows,
            side.reference,
            side.text,
            reliability=clean.reliability,
            clusters=clean.clusters,
            seed=self._seed,
        )
        read = sensitivity(clean.information, false, hit)
        return read if np.isfinite(read) else 0.0


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _texts(side: Answered) -> tuple[list[str], list[str]]:
    return [response.text for response in side.responses], [sample.reference for sample in side.dataset]
