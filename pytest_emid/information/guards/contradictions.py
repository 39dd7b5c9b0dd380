"""A guard against answers that say the opposite of their references, which sentence encoders hardly see.

An answer contradicts its reference where its *polarity* differs (told by embeddings: the step from an answer to its
own negation points against that of the reference) or where rules find another side, comparative, number or colour
(`pytest_emid.information.facts`). The guard compares the share of such answers before and after a shift. It can only
withhold a PASS: it proves no loss, and what it does not reach is a blind spot with a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_matrix, unit_rows
from pytest_emid.information.companions import check_texts
from pytest_emid.information.facts import KINDS, contradicts, facts_of, falsified, language_of, negated, takes_back
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import mean_interval

__all__ = [
    "ContradictionGuard",
    "Contradictions",
    "Embed",
    "Reach",
    "blind_spots",
    "contradiction_guard",
    "contradictions",
    "contrast_kept",
    "falsified_contrast",
    "looked_up",
    "reach_of",
    "texts_for_contradictions",
    "texts_for_reach",
]

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]
Embed = Callable[[Sequence[str]], ArrayLike]
"""Texts to (n, d) embeddings, in order."""

# Contrasts this close to 0 are noise of the encoder, not a contradiction.
OPPOSED = -0.02
NOTHING: frozenset[str] = frozenset()
# A kind counts as present from this share of the references on, and as seen from this reach on.
PRESENT, SEEN = 0.1, 0.5


@dataclass(frozen=True)
class Contradictions:
    """Which of n answers contradict their references.

    Attributes:
        by_kind: kind of fact to (n,) flags.
        contrast: (n,) p_i = cos(e(a) - e(N(a)), e(y) - e(N(y))) in [-1, 1], N being the negation; nan where one of the
            two texts cannot be negated.
        checked: (n,) whether answer and reference state facts of a common kind, so that anything could be found.
        known: (n,) whether both texts are in languages with a list of words, or hold nothing but digits.
    """

    by_kind: Mapping[str, Flags]
    contrast: Float
    checked: Flags
    known: Flags

    @cached_property
    def any(self) -> Flags:
        """(n,) whether any kind contradicts: k_i."""
        found: Flags = np.logical_or.reduce(list(self.by_kind.values()))
        return found


def texts_for_contradictions(answers: Sequence[str], references: Sequence[str]) -> list[str]:
    """The texts whose embeddings `contradictions` asks for, each once: those that can be negated, and their negations.

    >>> texts_for_contradictions(["It is a cat."], ["There is a cat."])
    ['It is a cat.', 'It is not a cat.', 'There is a cat.', 'There is no cat.']
    >>> texts_for_contradictions(["red"], ["There is a cat."])
    []
    """
    _check(answers, references)
    wanted: dict[str, None] = {}
    for pair in zip(answers, references, strict=True):
        turned = [negated(text) for text in pair]
        for text, other in zip(pair, turned, strict=True):
            if None not in turned and other is not None:
                wanted |= {text: None, other: None}
    return list(wanted)


def contradictions(
    answers: Sequence[str], references: Sequence[str], embed: Embed, before: Sequence[str] | None = None
) -> Contradictions:
    """Compares n answers with their references, and with the clean answers where references settle nothing.

    Args:
        answers: what the model said.
        references: what it should have said, in the same order.
        before: for the answers to a paired shift, the clean answers to the same questions (see `facts.takes_back`).
        embed: asked once, for `texts_for_contradictions(answers, references)`; not asked where that is empty.

    Raises:
        EstimationError: other lengths, an answer that is no text, or embeddings of another shape.
    """
    _check(answers, references)
    if before is not None:
        _check(before, references)
    n = len(answers)
    by_kind: dict[str, Flags] = {kind: np.zeros(n, dtype=np.bool_) for kind in KINDS}
    contrast = _contrast(answers, references, embed)
    checked = ~np.isnan(contrast)
    by_kind["polarity"] = np.nan_to_num(contrast) < OPPOSED
    for i, (answer, reference) in enumerate(zip(answers, references, strict=True)):
        for kind in contradicts(answer, reference) | (takes_back(answer, before[i], reference) if before else NOTHING):
            by_kind[kind][i] = True
        common = facts_of(answer).keys() & facts_of(reference).keys()
        checked[i] |= any(not KINDS[kind].by_embedding for kind in common)
    known = np.array([_known(a) and _known(y) for a, y in zip(answers, references, strict=True)], dtype=np.bool_)
    return Contradictions(by_kind, contrast, checked, known)


@dataclass(frozen=True)
class ContradictionGuard:
    """Whether more answers contradict their references than a gate allows.

    Attributes:
        rise: share of contradicting answers, shifted minus clean, with its interval.
        allowed: (1 - at_least) times the share of clean answers that do not contradict.
        excess: the rise beyond what is allowed; its upper limit decides.
        by_kind: kind to the rise of its own share.
        blocks: whether a PASS is withheld.
    """

    rise: Estimate
    allowed: float
    excess: Estimate
    by_kind: Mapping[str, float]
    blocks: bool

    @property
    def obstacle(self) -> str | None:
        """Why the gate cannot pass, in a sentence; None where it can."""
        if not self.blocks:
            return None
        kinds = [f"{kind} {rise:+.0%}" for kind, rise in self.by_kind.items() if rise > 0.0]
        found = f" ({', '.join(kinds)})" if kinds else ""
        return (
            f"Answers that contradict their references changed by {self.rise.value:+.1%}{found}; up to "
            f"{max(self.rise.high, self.excess.high + self.allowed):+.1%} is compatible with the data, and "
            f"{self.allowed:+.1%} would be allowed. Encoders hardly see such facts, so this cannot pass."
        )


def contradiction_guard(
    clean: Contradictions,
    shifted: Contradictions,
    at_least: float,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> ContradictionGuard:
    """Tests whether contradictions rose by more than the gate allows.

    With k_i whether answer i contradicts its reference, x_i = k_i(shifted) - k_i(clean) - (1 - at_least)
    (1 - k_i(clean)); a PASS needs the upper limit of the clustered t interval of mean(x) at or below 0. Where k is the
    same for every sample, the limit is what n samples can miss, 1 - ((1 - confidence) / 2)^(1/n), minus the allowed
    share. Where nothing could be checked on either side, nothing is withheld: `reach_of` says so.

    Args:
        clean: of the clean answers.
        shifted: of the same samples' shifted answers.
        at_least: the gate's threshold, the share of information that must be retained, in (0, 1].
        clusters: (n,) labels; samples that share a picture share one.
        confidence: two-sided, in (0, 1).

    Raises:
        EstimationError: other lengths, or a threshold or confidence out of range.
    """
    if not 0.0 < at_least <= 1.0:
        raise EstimationError(f"at_least: {at_least} is not in (0, 1]. Use 0.9 to ask for 90 % of the information.")
    before, after = clean.any.astype(np.float64), shifted.any.astype(np.float64)
    if len(before) != len(after):
        raise EstimationError(
            f"clean has {len(before)} answers and shifted has {len(after)}: they must answer the same samples in the "
            "same order."
        )
    allowance = (1.0 - at_least) * (1.0 - before)
    allowed = float(allowance.mean())
    rise = mean_interval(after - before, clusters, confidence, unit="fraction")
    excess = mean_interval(after - before - allowance, clusters, confidence, unit="fraction")
    if np.array_equal(before, after):
        missed = 1.0 - ((1.0 - confidence) / 2) ** (1.0 / len(before))
        excess = Estimate(-allowed, -allowed, missed - allowed, 0.0, rise.n, rise.clusters, confidence, "fraction")
    by_kind = {kind: float(shifted.by_kind[kind].mean() - flags.mean()) for kind, flags in clean.by_kind.items()}
    can_tell = bool(clean.checked.any() or shifted.checked.any())
    return ContradictionGuard(rise, allowed, excess, by_kind, can_tell and not excess.high <= 0.0)


@dataclass(frozen=True)
class Reach:
    """How much of one kind of falsehood the guard sees on a data set.

    Attributes:
        kind: of fact.
        present: share of the references that state it.
        falsified: number of clean answers that could be made false in it.
        flagged: share of those that the guard then flags; nan where there are none.
    """

    kind: str
    present: float
    falsified: int
    flagged: float


def texts_for_reach(answers: Sequence[str], references: Sequence[str]) -> list[str]:
    """The texts whose embeddings `reach_of` asks for: those of `contradictions` for answers turned into their opposite.

    Most are among `texts_for_contradictions(answers, references)`; the rest are negations of negations.
    """
    turned, matching = _turned(answers, references)
    return texts_for_contradictions(turned, matching) if turned else []


def reach_of(answers: Sequence[str], references: Sequence[str], embed: Embed, seed: int = 0) -> tuple[Reach, ...]:
    """Makes every clean answer false, kind by kind, and counts how many the guard flags.

    Answers that contradict their reference as they are do not count: nothing can rise there.

    Args:
        answers: of the clean set.
        references: in the same order.
        embed: asked once, for `texts_for_reach(answers, references)`.
        seed: of the false values.

    Returns:
        One `Reach` a kind, in the order of `facts.KINDS`.

    Raises:
        EstimationError: as `contradictions`.
    """
    _check(answers, references)
    stated = [facts_of(reference) for reference in references]
    found = []
    for kind, about in KINDS.items():
        present = sum(kind in facts for facts in stated) / len(references)
        if about.by_embedding:
            turned, matching = _turned(answers, references)
            flags = np.nan_to_num(_contrast(turned, matching, embed)) < OPPOSED
        else:
            told = [
                kind in contradicts(false, reference) | takes_back(false, answer, reference)
                for answer, reference in zip(answers, references, strict=True)
                if not contradicts(answer, reference) and (false := falsified(answer, kind, seed)) is not None
            ]
            flags = np.array(told, dtype=np.bool_)
        found.append(Reach(kind, present, len(flags), float(flags.mean()) if len(flags) else float("nan")))
    return tuple(found)


def blind_spots(reach: Sequence[Reach], sensitivity: Mapping[str, float] | None = None) -> tuple[str, ...]:
    """The kinds that stand in at least a tenth of the references and are reached by less than half.

    Args:
        reach: from `reach_of`.
        sensitivity: kind to the share of such a loss that the measure itself reads (1 where it reads all of it, as of
            answers that are single labels); a kind that it reads at least half of is no blind spot.

    >>> blind_spots([Reach("side", 0.4, 30, 0.11), Reach("number", 0.5, 20, 0.9), Reach("colour", 0.05, 3, 0.0)])
    ('side',)
    """
    sees = sensitivity or {}
    return tuple(
        part.kind
        for part in reach
        if part.present >= PRESENT and not part.flagged >= SEEN and not sees.get(part.kind, 0.0) >= SEEN
    )


def contrast_kept(clean: Contradictions, shifted: Contradictions, falsified_contrast: ArrayLike) -> float:
    """How much of the contrast between yes and no is kept: 1 where all is, 0 where every answer says the opposite.

    Mean contrast of the shifted answers, on the scale that runs from the falsified clean answers (0) to the clean
    ones (1). nan where there is no such scale.

    Args:
        clean: of the clean answers.
        shifted: of the shifted answers.
        falsified_contrast: contrasts of the clean answers turned into their opposite, nan where they cannot be.
    """
    false = np.asarray(falsified_contrast, dtype=np.float64)
    shared = ~(np.isnan(clean.contrast) | np.isnan(shifted.contrast) | np.isnan(false))
    if not shared.any():
        return float("nan")
    top, bottom = float(clean.contrast[shared].mean()), float(false[shared].mean())
    return (float(shifted.contrast[shared].mean()) - bottom) / (top - bottom) if top > bottom else float("nan")


def falsified_contrast(answers: Sequence[str], references: Sequence[str], embed: Embed) -> Float:
    """(n,) contrasts of answers turned into their opposite, nan where they cannot be: the zero of `contrast_kept`.

    Asks for the embeddings that `reach_of` asks for.
    """
    _check(answers, references)
    contrast = np.full(len(answers), np.nan)
    pairs = list(zip(answers, references, strict=True))
    at = [i for i, (a, y) in enumerate(pairs) if negated(a) is not None and negated(y) is not None]
    if at:
        contrast[at] = _contrast(*_turned(answers, references), embed)
    return contrast


def looked_up(texts: Sequence[str], embeddings: ArrayLike) -> Embed:
    """An `embed` that answers from embeddings made before.

    Raises:
        EstimationError: other lengths; when asked, a text that is not among them.
    """
    rows = as_matrix("embeddings", embeddings, rows=len(texts)) if len(texts) else np.zeros((0, 1))
    index = {text: row for row, text in enumerate(texts)}

    def embed(wanted: Sequence[str]) -> Float:
        missing = next((text for text in wanted if text not in index), None)
        if missing is not None:
            raise EstimationError(
                f"embeddings: there is none of {missing[:60]!r}. Embed every text that texts_for_contradictions and "
                "texts_for_reach name."
            )
        found: Float = rows[[index[text] for text in wanted]]
        return found

    return embed


def _contrast(answers: Sequence[str], references: Sequence[str], embed: Embed) -> Float:
    wanted = texts_for_contradictions(answers, references) if answers else []
    contrast = np.full(len(answers), np.nan)
    if not wanted:
        return contrast
    vectors = unit_rows(as_matrix("embeddings", embed(wanted), rows=len(wanted)))
    row = {text: i for i, text in enumerate(wanted)}
    rows, steps = [], []
    for i, pair in enumerate(zip(answers, references, strict=True)):
        turned = [negated(text) for text in pair]
        if turned[0] is not None and turned[1] is not None:
            rows.append(i)
            steps.append([row[pair[0]], row[turned[0]], row[pair[1]], row[turned[1]]])
    a, not_a, y, not_y = np.array(steps, dtype=np.intp).T
    told, true = unit_rows(vectors[a] - vectors[not_a]), unit_rows(vectors[y] - vectors[not_y])
    contrast[rows] = np.clip(np.einsum("ij,ij->i", told, true), -1.0, 1.0)
    return contrast


def _turned(answers: Sequence[str], references: Sequence[str]) -> tuple[list[str], list[str]]:
    """Answers turned into their opposite, where that can be told, with their references."""
    _check(answers, references)
    pairs = [
        (turned, reference)
        for answer, reference in zip(answers, references, strict=True)
        if (turned := negated(answer)) is not None and negated(reference) is not None
    ]
    return [a for a, _ in pairs], [y for _, y in pairs]


def _known(text: str) -> bool:
    return language_of(text) is not None or not any(character.isalpha() for character in text)


def _check(answers: Sequence[str], references: Sequence[str]) -> None:
    check_texts("answers", answers)
    check_texts("references", references)
    if len(answers) != len(references):
        raise EstimationError(
            f"answers: {len(answers)} for {len(references)} references. Give one answer per reference."
        )
    if not answers:
        raise EstimationError("answers: there are none. Give one answer per reference.")
