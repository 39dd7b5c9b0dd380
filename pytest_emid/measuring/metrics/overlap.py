"""Words and pieces in common, for answers in sentences. They see wording, not truth: "not" is one word of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pytest_emid.information.companions import normalise_answer
from pytest_emid.measuring.metrics.base import needs

__all__ = ["bleu", "chrf", "token_f1"]


def token_f1(response: str, references: Sequence[str], sample: Any = None) -> float:
    """Harmonic mean of precision and recall of words, as of SQuAD; the best over the references, from 0 to 1.

    >>> token_f1("a big red dog", ["the red dog"])
    0.8
    """
    said = normalise_answer(response).split()
    return max(_f1(said, normalise_answer(known).split()) for known in references)


def chrf(response: str, references: Sequence[str], sample: Any = None) -> float:
    """chrF of the answer, sacrebleu's, the best over the references; a share, from 0 to 1.

    Source: Popovic (2015), "chrF: character n-gram F-score for automatic MT evaluation".

    >>> chrf("a red dog", ["a red dog"])
    1.0
    """
    return min(float(_scorer("CHRF").sentence_score(response, list(references)).score), 100.0) / 100


def bleu(response: str, references: Sequence[str], sample: Any = None) -> float:
    """BLEU of the answer, sacrebleu's, smoothed, of up to four words ("effective order"); a share, from 0 to 1.

    Source: Papineni et al. (2002), "BLEU: a method for automatic evaluation of machine translation".

    >>> round(bleu("there is a red dog", ["there is a red dog", "a dog"]), 6)
    1.0
    """
    # rounding may leave it a hair above 100
    return min(float(_scorer("BLEU").sentence_score(response, list(references)).score), 100.0) / 100


@lru_cache
def _scorer(kind: str) -> Any:
    metrics = needs("sacrebleu.metrics", kind.lower())
    return metrics.CHRF() if kind == "CHRF" else metrics.BLEU(effective_order=True)


def _f1(said: Sequence[str], known: Sequence[str]) -> float:
    common = sum((Counter(said) & Counter(known)).values())
    return 2 * common / (len(said) + len(known)) if common else 0.0
