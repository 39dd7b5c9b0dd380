"""The same question in another order: options under other letters, the picture behind the text.

Where a reference is a letter, it follows its option: what was right stays right. Options that point at others ("all of
the above") keep their place, and a question whose options name letters ("both A and B") is left as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import regex

from pytest_emid.errors import ShiftError, brief
from pytest_emid.information.answers import short_answer
from pytest_emid.information.choices import StatedOption, stated_options
from pytest_emid.shifts.registry import register_textual

if TYPE_CHECKING:
    from pytest_emid.data.sample import Sample

__all__ = ["follow_options", "option_rotation", "option_shuffle", "picture_last"]

PINNED: Final = regex.compile(
    r"\b(?:(?:all|none|both|neither|any|either|some|two|one) of (?:the|these|them)|of the (?:above|below|other)"
    r"|the above|(?:above|other|previous|following) (?:options?|answers?|choices?))\b"
    r"|^(?:none|all|both|neither|other|others)\.?$",
    regex.IGNORECASE,
)
LETTERED: Final = regex.compile(
    r"(?<!\w)\(?[A-H]\)?\s*(?:,|and|or|&|nor|und|oder)\s*\(?[A-H]\)?(?!\w)|(?i:option)\s+\(?[A-H]\b"
)
TOLD: Final = regex.compile(r"(?i:\b(?:options?|answers?|choices?)(?:\s+is)?\s*:?\s*)\(?[A-H]\b")
PLACE: Final = regex.compile(r"\s*<image(?:[ _]\d+)?>\s*")


def _reordered(text: str, order: Any) -> str:
    """The text with its options in another order; as it was where that cannot be read back."""
    options = stated_options(text)
    free = [i for i, option in enumerate(options) if not PINNED.search(option.text)]
    if len(free) < 2 or any(LETTERED.search(option.text) for option in options):
        return text
    sources = list(range(len(options)))
    for place, source in zip(free, order(free), strict=True):
        sources[place] = source
    wanted = [options[source].text for source in sources]
    made, last = [], 0
    for option, new in zip(options, wanted, strict=True):
        made += [text[last : option.end - len(option.text)], new]
        last = option.end
    whole = "".join([*made, text[last:]])
    return whole if [option.text for option in stated_options(whole)] == wanted else text


def follow_options(sample: Sample, question: str) -> Mapping[str, Any]:
    """References that are letters, under the letters that their options have now.

    Raises:
        ShiftError: a reference names a letter among others, so that it cannot be told which one to change.
    """
    before, after = stated_options(sample.question), stated_options(question)
    moved = _moved(before, after)
    if all(old == new for old, new in moved.items()):
        return {}
    made = [_relettered(reference, before, moved, sample.id) for reference in sample.accepted]
    changes: dict[str, Any] = {} if made[0] == sample.reference else {"reference": made[0]}
    if sample.references:
        changes["references"] = tuple(made)
    return changes


def _moved(before: Sequence[StatedOption], after: Sequence[StatedOption]) -> dict[str, str]:
    """Letter to letter; of options with one text the first stays the first."""
    places: dict[str, list[str]] = defaultdict(list)
    for option in after:
        places[option.text].append(option.letter)
    return {option.letter: places[option.text].pop(0) for option in before if places[option.text]}


def _relettered(reference: str, options: Sequence[StatedOption], moved: Mapping[str, str], sample_id: str) -> str:
    said = short_answer(reference).strip()
    letter = (
        said.upper()
        if len(said) == 1
        else next(
            (
                o.letter
                for o in options
                if regex.fullmatch(rf"\(?{o.letter}[).:]*\s*{regex.escape(o.text)}\W*", reference.strip(), regex.I)
            ),
            "",
        )
    )
    if letter not in moved:
        if TOLD.search(reference) and reference.strip() not in {option.text for option in options}:
            raise _unclear(reference, sample_id)
        return reference
    if moved[letter] == letter:
        return reference
    found = list(regex.finditer(rf"(?<![\w'’]){letter}(?![\w'’])", reference)) or list(
        regex.finditer(rf"(?<![\w'’]){letter}(?![\w'’])", reference, regex.I)
    )
    if len(said) != 1:
        found = found[:1]
    if len(found) != 1:
        raise _unclear(reference, sample_id)
    (match,) = found
    new = moved[letter] if match[0].isupper() else moved[letter].lower()
    return reference[: match.start()] + new + reference[match.end() :]


def _unclear(reference: str, sample_id: str) -> ShiftError:
    return ShiftError(
        f"sample {sample_id!r}: options change their letters, and it cannot be told which letter of its reference "
        f"{brief(reference)} to change. Make the reference the letter alone."
    )


@register_textual("option_rotation", follow=follow_options)
def option_rotation(text: str, severity: int, rng: np.random.Generator) -> str:
    """Options moved on by 1 to 5 letters, references with them; levels are orders, not strengths."""

    def rotated(free: list[int]) -> list[int]:
        by = 1 + (severity - 1) % (len(free) - 1)  # never the order that it was; beyond n - 1 levels orders come again
        return free[-by:] + free[:-by]

    return _reordered(text, rotated)


@register_textual("option_shuffle", (), follow=follow_options)
def option_shuffle(text: str, severity: int, rng: np.random.Generator) -> str:
    """Options in an order drawn at random, never the same one, references with them."""

    def shuffled(free: list[int]) -> list[int]:
        drawn = [free[int(i)] for i in rng.permutation(len(free))]
        return drawn if drawn != free else free[1:] + free[:1]

    return _reordered(text, shuffled)


def _behind(sample: Sample, question: str) -> Mapping[str, Any]:
    """Several pictures go behind the question one by one, unless they have their places; of none none does."""
    if len(sample.pictures) == 1 or question == sample.question:
        return {}
    if not sample.pictures or PLACE.search(sample.question):
        return {"question": sample.question}
    places = "\n".join(f"<image {number}>" for number, _ in enumerate(sample.pictures, start=1))
    return {"question": f"{sample.question.strip()}\n{places}"}


@register_textual("picture_last", (), follow=_behind)
def picture_last(text: str, severity: int, rng: np.random.Generator) -> str:
    """The picture after the question: its place `<image>` moves to the end."""
    if not text.strip() or len(PLACE.findall(text)) > 1:
        return text  # several pictures have their places
    return f"{PLACE.sub(' ', text).strip()}\n<image>"
