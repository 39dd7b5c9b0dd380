"""The rigorous bound on EMID, estimated with confidence limits from answers that fall into finitely many classes.

With one reference a query and greedy decoding, both answers are functions of the query. Then I(X; Y) = H(Y), EMI is a
difference of two marginal entropies, g(x) = 0, H(Y|x) = 0 under P and under Q whatever became of the labels, and the
theorem of `finite_bounds.rigorous` (with |H(P_{Y|x}) - H(Q_{Y|x})| itself as its last term) reads

    EMID = [H(Yhat_P) - H(Y_P)] - [H(Yhat_Q) - H(Y_Q)] <= FA(TV(Yhat_P, Y_P)) + FA(TV(Yhat_Q, Y_Q)).

Both sides can be estimated honestly: the left with a jackknife interval, the right with an upper confidence limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.arrays import as_clusters
from pytest_emid.information.bounds.answer_entropy import AnswerEntropy, EntropySource
from pytest_emid.information.bounds.class_entropy import Part, entropy_contrast, singleton_share
from pytest_emid.information.bounds.tv_limits import coupled_tv_limit
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.theory.quantities import fannes_audenaert

__all__ = ["LimitMethod", "RigorousBound", "rigorous_bound"]

Labels = NDArray[np.intp]

LimitMethod = Literal["concentration", "normal"]
"""How total variation is limited from above: for every n and distribution, or by the central limit theorem."""

UNDERSAMPLED = 0.3
"""Share of answers seen only once beyond which entropies on these classes are not to be trusted."""

FEW_DIFFERENT = 8
"""Clusters with an answer unlike its reference, below which the jackknife does not see what it should allow for."""

SLACK = 0.01
"""Nats by which an entropy may exceed that of the uniform distribution: answers that were not drawn count as one."""

_METHOD = {
    "concentration": "finite-sample limits of total variation (bounded differences and coupling, Chernoff-Hoeffding)",
    "normal": "large-sample limits of total variation (cluster-robust, variance from above)",
}


@dataclass(frozen=True)
class RigorousBound:
    """EMID on answer classes against its rigorous bound.

    Attributes:
        emid: EMID of the classes in nats, two-sided jackknife interval.
        limit: upper confidence limit of the bound, nats; one-sided, at the tail of `emid`'s interval.
        plugin: the bound with observed total variations in place of their limits; biased upwards.
        terms: upper limits of the four terms: output_clean, output_shifted, inputs, labels.
        total_variation: upper limits behind them: clean, shifted.
        letters: M, the size of the alphabet.
        singletons: the largest share, over the four sets, of answers whose class was seen only once.
        source: how the entropy of the answers, given the query, is known.
        method: how the limits were found, in a sentence.
        notes: what a reader should not miss.

    >>> yes_no = np.arange(60) % 2
    >>> found = rigorous_bound(yes_no, yes_no, np.zeros(60, int), yes_no, letters=2)
    >>> found.contradicted, found.undersampled, found.vacuous
    (False, False, False)
    """

    emid: Estimate
    limit: float
    plugin: float
    terms: Mapping[str, float]
    total_variation: Mapping[str, float]
    letters: int
    singletons: float
    source: EntropySource
    method: str
    notes: tuple[str, ...]

    @property
    def contradicted(self) -> bool:
        """Whether the lower limit of EMID exceeds the upper limit of its bound.

        The inequality is a theorem: this means that an assumption of the estimate is false (answers or references
        that are not functions of the query), or bad luck of the stated probability.
        """
        return self.emid.low > self.limit

    @property
    def undersampled(self) -> bool:
        """Whether too many classes were seen only once for entropies to mean something; no gate should PASS then."""
        return self.singletons > UNDERSAMPLED

    @property
    def vacuous(self) -> bool:
        """Whether the limit says no more than the alphabet does: EMID <= 2 log M always."""
        return self.limit >= 2.0 * math.log(self.letters)

    @property
    def note(self) -> str:
        """Method and notes in one text."""
        return " ".join((self.method + ".", *self.notes))


def rigorous_bound(
    response_clean: ArrayLike,
    reference_clean: ArrayLike,
    response_shifted: ArrayLike,
    reference_shifted: ArrayLike,
    *,
    letters: int,
    paired: bool = True,
    clusters_clean: Clusters = None,
    clusters_shifted: Clusters = None,
    entropy_clean: AnswerEntropy | None = None,
    entropy_shifted: AnswerEntropy | None = None,
    limit: LimitMethod = "concentration",
    confidence: float = 0.95,
) -> RigorousBound:
    """EMID of answer classes with its interval, and the upper confidence limit of its rigorous bound, in nats.

    The estimate assumes one reference a query (references are a function of the query), and, without entropies,
    greedy decoding (so are responses). What each term becomes:

    - outputs: FA(upper limit of TV), for clean and shifted data. `limit="concentration"` holds for every n; `"normal"`
      is narrower, and right for large n. Both are conservative, for the observed TV overstates the true one.
    - inputs, span(g) TV(P_X, Q_X) with g = -H(Yhat|x): exactly 0 for greedy decoding, whatever the shift did to the
      queries; else log M times 1, the most that TV can be.
    - labels, E_P |H(P_{Y|x}) - H(Q_{Y|x})|: exactly 0, even where a query has another reference on the other side.

    Args:
        response_clean: (n,) class of each clean response, integers in 0..letters-1.
        reference_clean: (n,) class of each clean reference.
        response_shifted: (m,) class of each shifted response.
        reference_shifted: (m,) class of each shifted reference.
        letters: M, the number of classes that answers can fall into, seen or not.
        paired: whether row i is the same sample on both sides.
        clusters_clean: (n,) labels of dependent samples; None makes each its own.
        clusters_shifted: the same for unpaired shifted samples.
        entropy_clean: H(Yhat class|x) of each clean query; None means greedy decoding.
        entropy_shifted: the same of each shifted query.
        limit: how total variation is limited.
        confidence: of the two-sided interval; the limit of the bound holds with probability 1 - (1 - confidence) / 2.

    Raises:
        EstimationError: labels that are not integers in range, lengths that differ, one-sided options, numbers out
            of range, or equal queries with different answers where that is excluded.

    >>> yes_no = np.arange(60) % 2
    >>> found = rigorous_bound(yes_no, yes_no, np.zeros(60, int), yes_no, letters=2)
    >>> round(found.emid.value, 3), found.emid.value <= found.limit  # log 2 is lost, plus the plug-in's bias
    (0.702, True)
    """
    _check_options(letters, limit, confidence)
    sides = (
        _side("clean", response_clean, reference_clean, letters, entropy_clean),
        _side("shifted", response_shifted, reference_shifted, letters, entropy_shifted),
    )
    clean, shifted = sides
    if (entropy_clean is None) != (entropy_shifted is None):
        raise EstimationError("entropy: give it for both sides, or for neither (greedy decoding).")
    if paired and len(clean.response) != len(shifted.response):
        raise EstimationError(
            f"paired sides hold the same samples, got {len(clean.response)} clean and {len(shifted.response)} shifted. "
            "Pass paired=False for different samples."
        )
    if paired and clusters_shifted is not None:
        raise EstimationError("clusters_shifted: paired sides share their clusters. Pass clusters_clean only.")
    greedy = clean.entropy.source is EntropySource.GREEDY and shifted.entropy.source is EntropySource.GREEDY
    codes_clean = as_clusters(clusters_clean, len(clean.response))
    codes_shifted = codes_clean if paired else as_clusters(clusters_shifted, len(shifted.response))
    codes = (codes_clean, codes_shifted)
    tail = (1.0 - confidence) / 2.0
    variations = {
        name: coupled_tv_limit(side.response, side.reference, code, letters, tail / 2.0, limit)
        for name, side, code in zip(("clean", "shifted"), sides, codes, strict=True)
    }
    high = {name: found.limit for name, found in variations.items()}
    observed = {name: found.observed for name, found in variations.items()}
    terms = _terms(high, letters, greedy)
    bound = min(sum(terms.values()), 2.0 * math.log(letters))
    emid = _emid(sides, codes, paired, letters, confidence)
    few = _different(sides, codes, paired) < FEW_DIFFERENT
    if few:  # The theorem bounds -EMID by the same terms.
        emid = replace(emid, low=min(emid.low, -bound), high=max(emid.high, bound))
    return RigorousBound(
        emid=emid,
        limit=bound,
        plugin=sum(_terms(observed, letters, greedy).values()),
        terms=terms,
        total_variation=high,
        letters=letters,
        singletons=max(singleton_share(labels) for side in sides for labels in (side.response, side.reference)),
        source=_source(sides),
        method=f"{_METHOD[limit]} at {100 * (1 - tail):g} % one-sided; EMID by delete-one-cluster jackknife",
        notes=_notes(_source(sides), few),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    response: Labels
    reference: Labels
    entropy: AnswerEntropy


def _check_options(letters: int, limit: str, confidence: float) -> None:
    if isinstance(letters, bool) or not isinstance(letters, int | np.integer):
        raise EstimationError(f"letters: expected a whole number, got {letters!r}.")
    if letters < 1:
        raise EstimationError(f"letters: an alphabet has at least one letter, got {letters}.")
    if limit not in get_args(LimitMethod):
        raise EstimationError(f"limit: {limit!r} is unknown. Use 'concentration' or 'normal'.")
    if not 0.0 < confidence < 1.0:
        raise EstimationError(f"confidence: {confidence} is not between 0 and 1. Use 0.95 for a 95 % interval.")


def _side(
    name: str,
    response: ArrayLike,
    reference: ArrayLike,
    letters: int,
    entropy: AnswerEntropy | None,
) -> _Side:
    answers = _integers(f"response_{name}", response, letters)
    truth = _integers(f"reference_{name}", reference, letters, len(answers))
    entropy = AnswerEntropy.greedy(len(answers)) if entropy is None else entropy
    if len(entropy.values) != len(answers):
        raise EstimationError(f"entropy_{name}: {len(entropy.values)} values for {len(answers)} samples.")
    worst = int(entropy.values.argmax())
    # Means over drawn paths may exceed what they estimate.
    if entropy.source is not EntropySource.PATHS and entropy.values[worst] > math.log(letters) + SLACK:
        raise EstimationError(
            f"entropy_{name}: {entropy.values[worst]:.4g} nats for sample {worst}, and answers in {letters} classes "
            f"have at most log {letters} = {math.log(letters):.4g}. Pass entropies of the classes, not of the texts."
        )
    return _Side(answers, truth, entropy)


def _integers(name: str, values: ArrayLike, letters: int, rows: int | None = None) -> Labels:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
        raise EstimationError(
            f"{name}: expected one integer per sample, got {array.dtype} of shape {array.shape}. "
            "Make classes with exact_match_classes or cluster_classes."
        )
    if rows is not None and len(array) != rows:
        raise EstimationError(f"{name}: {len(array)} labels for {rows} samples.")
    wrong = (array < 0) | (array >= letters)
    if wrong.any():
        at = int(wrong.argmax())
        raise EstimationError(f"{name}: label {array[at]} at position {at} is not in 0..{letters - 1}.")
    return array.astype(np.intp)


def _terms(variation: Mapping[str, float], letters: int, greedy: bool) -> dict[str, float]:
    return {
        "output_clean": float(fannes_audenaert(variation["clean"], letters)),
        "output_shifted": float(fannes_audenaert(variation["shifted"], letters)),
        "inputs": 0.0 if greedy else math.log(letters),
        "labels": 0.0,
    }


def _emid(
    sides: tuple[_Side, _Side], codes: tuple[Labels, Labels], paired: bool, letters: int, confidence: float
) -> Estimate:
    """H(Yhat_P) - H(Y_P) - H(Yhat_P|X) - [the same under Q]."""
    clean, shifted = (
        [Part(side.response, sign), Part(side.reference, -sign)] for side, sign in zip(sides, (1.0, -1.0), strict=True)
    )
    linear = (-sides[0].entropy.values, sides[1].entropy.values)
    groups = (
        [(clean + shifted, [linear[0], linear[1]], codes[0])]
        if paired
        else [(clean, [linear[0]], codes[0]), (shifted, [linear[1]], codes[1])]
    )
    return entropy_contrast(groups, letters, confidence)


def _different(sides: tuple[_Side, _Side], codes: tuple[Labels, Labels], paired: bool) -> int:
    """Clusters in which some response has another class than its reference, on either side."""
    differs = [np.bincount(code, side.response != side.reference) > 0 for side, code in zip(sides, codes, strict=True)]
    return int(np.sum(differs[0] | differs[1]) if paired else np.sum(differs[0]) + np.sum(differs[1]))


def _source(sides: tuple[_Side, _Side]) -> EntropySource:
    """The weaker of two sources names both."""
    order = tuple(EntropySource[name] for name in ("SAMPLES", "GIVEN", "PATHS", "SCORES", "GREEDY"))
    return min((side.entropy.source for side in sides), key=order.index)


def _notes(source: EntropySource, few: bool) -> tuple[str, ...]:
    notes = ["References are taken as a function of the query on each side, so the label term is exactly 0."]
    if source is EntropySource.GREEDY:
        notes.append("Greedy decoding: so are responses, and the input term is exactly 0.")
    else:
        notes.append("Input term: log M times 1, the most that TV can be.")
        if source is EntropySource.SAMPLES:
            notes.append("Entropies of sampled answers are plug-in, biased downwards, which biases both EMI upwards.")
        elif source is EntropySource.SCORES:
            notes.append("Entropies of sampled answers are exact, from the model's probabilities.")
    if few:
        notes.append(
            f"Fewer than {FEW_DIFFERENT} clusters hold an answer unlike its reference: EMID's interval is widened to "
            "plus or minus the bound."
        )
    notes.append("EMID of classes compares how varied answers are, not whether they are right.")
    return tuple(notes)
