"""A guard against answers that leave out what the references say, which the direct form forgives where the topic stays.

The share of a reference's content words that its answer repeats, each weighted by its rarity among the references,
falls when answers shorten, wander off to another question about the same picture, or lose their facts. It is no
measure of quality: wording that differs lowers it on both sides alike, so that only its fall counts. The guard can only
withhold a PASS, and does so where the fall is beyond doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import regex
from numpy.typing import ArrayLike, NDArray

from pytest_emid.errors import EstimationError
from pytest_emid.information.companions import check_texts
from pytest_emid.information.facts import LEXICONS, language_of
from pytest_emid.information.intervals.clusters import Clusters
from pytest_emid.information.intervals.estimate import Estimate
from pytest_emid.information.intervals.means import retained_interval

__all__ = ["OmissionGuard", "content_words", "omission_guard", "words_repeated"]

# Scripts that do not put spaces between words, or write particles onto them: pairs of characters stand in for words.
UNSPACED: Final = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]+")
WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")
SHORT: Final = 2


@lru_cache(maxsize=16384)
def content_words(text: str) -> frozenset[str]:
    """The words that carry what a text is about: longer than two letters, no frequent ones, without plural endings.

    >>> sorted(content_words("There are two dogs on the wooden benches."))
    ['bench', 'dog', 'wooden']
    >>> sorted(content_words("长凳上"))
    ['凳上', '长凳']
    """
    lexicon = LEXICONS.get(language_of(text) or "")
    found = set()
    folded = text.casefold()
    for word in WORD.findall(UNSPACED.sub(" ", folded)):
        if len(word) <= SHORT or (lexicon and word in lexicon.known):
            continue
        found.add(regex.sub(lexicon.plural, "", word) if lexicon and lexicon.plural else word)
    for run in UNSPACED.findall(folded):
        found |= {run[i : i + 2] for i in range(len(run) - 1)}
    return frozenset(found)


def words_repeated(answers: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """(n,) share of each reference's content words that its answer repeats, in [0, 1], weighted by rarity.

    A word that k of n references hold weighs log((n + 1) / (k + 1/2)). A reference without content words scores 0.

    >>> words_repeated(["A puppy sleeps.", "A cat"], ["The puppy sleeps.", "The horse"]).tolist()
    [1.0, 0.0]

    Raises:
        EstimationError: other lengths, none, or an answer that is no text.
    """
    for name, texts in (("answers", answers), ("references", references)):
        check_texts(name, texts)
    if len(answers) != len(references) or not references:
        raise EstimationError(
            f"answers: {len(answers)} for {len(references)} references. Give one answer per reference."
        )
    holds = [content_words(reference) for reference in references]
    seen = Counter(word for words in holds for word in words)
    weight = {word: float(np.log((len(holds) + 1) / (count + 0.5))) for word, count in seen.items()}
    shares = np.zeros(len(holds))
    for i, (words, answer) in enumerate(zip(holds, answers, strict=True)):
        total = sum(weight[word] for word in sorted(words))
        if total > 0.0:
            shares[i] = sum(weight[word] for word in sorted(words & content_words(answer))) / total
    return shares


@dataclass(frozen=True)
class OmissionGuard:
    """Whether answers clearly say less of what the references say.

    Attributes:
        retained: words repeated, shifted over clean.
        at_least: the gate's threshold.
        blocks: whether a PASS is withheld.
    """

    retained: Estimate
    at_least: float
    blocks: bool

    @property
    def obstacle(self) -> str | None:
        """Why the gate cannot pass, in a sentence; None where it can."""
        if not self.blocks:
            return None
        return (
            f"The answers repeat {self.retained.value:.0%} of the references' words that the clean answers repeated, "
            f"clearly less than {self.at_least:.0%}: what they leave out may not show in the encoder, so this cannot "
            "pass. If only the wording changed, gate on another metric or accept it by name."
        )


def omission_guard(
    clean: ArrayLike, shifted: ArrayLike, at_least: float, clusters: Clusters = None, confidence: float = 0.95
) -> OmissionGuard:
    """Withholds a PASS where the upper limit of the words retained is below the gate's threshold.

    Args:
        clean: (n,) from `words_repeated` of the clean answers.
        shifted: (n,) of the same samples' shifted answers.
        at_least: the gate's threshold, in (0, 1].
        clusters: (n,) labels.
        confidence: two-sided, in (0, 1).

    Raises:
        EstimationError: other lengths, or a threshold or confidence out of range.
    """
    if not 0.0 < at_least <= 1.0:
        raise EstimationError(f"at_least: {at_least} is not in (0, 1]. Use 0.9 to ask for 90 % of the information.")
    retained = retained_interval(clean, shifted, clusters, confidence)
    return OmissionGuard(retained, at_least, bool(retained.high < at_least))
