"""A sentence that many answers add under a shift: style or falsehood, which a measure that centres answers cannot tell.

The direct form takes what all answers share for style. A false sentence that is the same behind every answer is shared,
too. What the guard reports is the sentence itself, for a person to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from pytest_emid.information.companions import check_texts, normalise_answer

__all__ = ["Refrain", "refrain"]

SENTENCE = regex.compile(r"[^.!?。！？।\n]+[.!?。！？।]*")
WORDS = 3
COMMON = 0.2


@dataclass(frozen=True)
class Refrain:
    """A sentence that shifted answers add.

    Attributes:
        text: as one of the answers has it.
        before: share of the clean answers that hold it beside something else.
        after: share of the shifted answers that do.
    """

    text: str
    before: float
    after: float

    @property
    def obstacle(self) -> str:
        """Why the gate cannot pass, in a sentence."""
        shown = self.text if len(self.text) <= 80 else self.text[:79] + "…"
        return (
            f"{self.after:.0%} of the shifted answers hold the sentence {shown!r}, and {self.before:.0%} of the clean "
            "ones: the measure takes what answers share for style, and cannot tell whether it is true. If it is "
            "harmless, pass accept_blind={'refrain'}."
        )


def refrain(clean: Sequence[str], shifted: Sequence[str], references: Sequence[str] = ()) -> Refrain | None:
    """The sentence that shifted answers add most often; None where no one sentence is in a fifth of them.

    A sentence counts where an answer says something else, too, has three words or more, and stands in no reference.

    Args:
        clean: answers to clean questions.
        shifted: answers to shifted ones.
        references: true sentences.

    >>> said = [f"It is {colour}." for colour in ("red", "blue", "green", "grey")]
    >>> refrain(said, [f"{one} There is a cat behind it." for one in said]).after
    1.0
    >>> refrain(said, said) is None
    True

    Raises:
        EstimationError: an answer that is no text.
    """
    for name, texts in (("clean", clean), ("shifted", shifted), ("references", references)):
        check_texts(name, texts)
    true = {key for reference in references for key in _sentences(reference)}
    before, after = (Counter(key for text in texts for key in _added(text)) for texts in (clean, shifted))
    for key, count in after.most_common():
        share, earlier = count / len(shifted), before[key] / len(clean)
        if share < COMMON:
            return None
        if key not in true and share - earlier >= COMMON:
            text = next(_added(answer)[key] for answer in shifted if key in _added(answer))
            return Refrain(text, earlier, share)
    return None


def _sentences(text: str) -> dict[str, str]:
    """Normalised sentence to the sentence as it is written."""
    parts = [part.strip() for part in SENTENCE.findall(text)]
    return {key: part for part in parts if (key := normalise_answer(part))}


def _added(text: str) -> dict[str, str]:
    found = _sentences(text)
    return {key: part for key, part in found.items() if len(key.split()) >= WORDS} if len(found) > 1 else {}
