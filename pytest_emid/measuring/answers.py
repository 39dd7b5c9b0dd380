"""What came back, and from whom: refused, empty and cut-off answers, refusals in prose, several models for one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from pytest_emid.measuring.allowance import PROBLEMS, Allowance
from pytest_emid.measuring.embedding import Answered
from pytest_emid.measuring.format import clip, counted
from pytest_emid.models.base import Outcome, Served

__all__ = ["Doubts", "doubts", "problems_of", "reads_like_a_refusal"]

_CAUSES: Final = {
    "refused": "refused: the model, or a filter before it, declined; see what it says",
    "truncated": "truncated: the limit of tokens was reached; raise it, or have the model think less",
    "empty": "empty: no text came back; look at the chat template, stop words and what becomes of reasoning",
}
_NOT_THE_SHIFT: Final = "That is not the shift's fault, and what the shift does cannot be told from it: no gate passes."

_DECLINES: Final = (
    "help|assist|comply|fulfil|process|do that|continue|engage|discuss|identify|support|provide|share|generate|"
    "answer (?:that|this)|respond|view|see (?:the |this |any )?(?:image|picture)"
)
_REFUSAL: Final = re.compile(
    rf"""\W*(?:
        (?:unfortunately|however)\W+ )? (?:
        (?:i['’]m|i\ am|we['’]re|we\ are)?\W*(?:so\ |very\ )?sorry\b(?!\ sight)
      | (?:i|we|my|please\ accept)\W+(?:sincere\ )?apolog
      | apologies\b
      | (?:i|we)\W+(?:can['’]?t|cannot|can\ not|won['’]?t|will\ not|(?:am|are)\ (?:not\ able|unable)\ to)\W+
        (?:{_DECLINES})
      | i['’]m\ (?:not\ able|unable)\ to\W+(?:{_DECLINES})
      | as\ an?\ (?:ai|artificial|large\ language|language)\b
      | (?:an?\ )?(?:internal\ |unexpected\ |server\ )*error\b\W*(?:has\ |have\ )?(?:occurred|while|code|\d\d\d)
      | (?:your|the|this)\ (?:request|prompt|input|content|response)\W+(?:was|has\ been|could\ not\ be|cannot\ be|is)
        \W+(?:block|filter|flag|reject|process|denied)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


class Doubts(NamedTuple):
    """Sentences about answers.

    Attributes:
        obstacles: why no gate may pass.
        remarks: what a reader should know, and no more.
        problems: whether there are more refused, empty or cut-off answers than are allowed: then nothing else should
            be suspected of having changed them.
    """

    obstacles: tuple[str, ...]
    remarks: tuple[str, ...]
    problems: bool


def doubts(clean: Answered, shifted: Answered, allowance: Allowance, any_version: bool = False) -> Doubts:
    """What speaks against comparing the answers of two sides.

    Args:
        clean, shifted: the sides.
        allowance: how many answers of a side may be none.
        any_version: whether several versions of a model count as one.
    """
    sides = {"clean": clean, "shifted": shifted}
    problems = problems_of(sides, allowance)
    several = list(_several(sides, any_version))
    return Doubts(
        obstacles=(*problems, *([] if any_version else several)),
        remarks=(*(several if any_version else []), *_untold(sides), *_reasoned(sides)),
        problems=bool(problems),
    )


def problems_of(sides: Mapping[str, Answered], allowance: Allowance) -> list[str]:
    """Why no gate may pass on sides, by name, of which more answers are none than is allowed."""
    return [*_problems(sides, allowance), *_in_prose(sides, allowance)]


def reads_like_a_refusal(text: str) -> bool:
    """Whether a text begins as English refusals and error messages in prose do.

    Conservative: what merely says that it cannot tell ("I cannot say.") is an answer.

    >>> reads_like_a_refusal("I'm sorry, but I can't help with that."), reads_like_a_refusal("I cannot say.")
    (True, False)
    """
    return _REFUSAL.match(text) is not None


def _problems(sides: Mapping[str, Answered], allowance: Allowance) -> Iterator[str]:
    outcomes = {name: Counter(str(response.outcome) for response in side.responses) for name, side in sides.items()}
    exceeded = {
        outcome for name, side in sides.items() for outcome in allowance.exceeded(outcomes[name], len(side.responses))
    }
    if exceeded:
        told = "; ".join(
            f"{name}, {len(side.responses)} answers: {counted(outcomes[name])}" for name, side in sides.items()
        )
        causes = "; ".join(_CAUSES[outcome] for outcome in PROBLEMS if outcome in exceeded)
        yield (
            f"Too many answers are none ({told}; allowed are {allowance}, --emid-allow-problems). "
            f"{causes[0].upper()}{causes[1:]}. {_NOT_THE_SHIFT}"
        )


def _in_prose(sides: Mapping[str, Answered], allowance: Allowance) -> Iterator[str]:
    told, first = [], ""
    for name, side in sides.items():
        texts = [
            response.text
            for response, sample in zip(side.responses, side.dataset, strict=True)
            if response.outcome is Outcome.OK
            and reads_like_a_refusal(response.text)
            and not reads_like_a_refusal(sample.reference)
        ]
        refused = sum(response.outcome is Outcome.REFUSED for response in side.responses)
        if texts and len(texts) + refused > allowance.share("refused") * len(side.responses) + 1e-9:
            told.append(f"{len(texts)} of {len(side.responses)} {name} answers")
            first = first or texts[0]
    if told:
        yield (
            f"{' and '.join(told)} read like refusals or error messages ({clip(first, 80)!r}), though they came as "
            f"answers; allowed are {allowance}, --emid-allow-problems. {_NOT_THE_SHIFT}"
        )


def _several(sides: Mapping[str, Answered], any_version: bool) -> Iterator[str]:
    found = {name: _served(side) for name, side in sides.items()}
    everyone = {served for side in found.values() for served in side if served is not None}
    if len(everyone) < 2:
        return
    told = "; ".join(f"{name} answers by {_by(found[name])}" for name in sides)
    if any_version:
        yield f"Several versions answered, which count as one model here (any_version): {told}."
        return
    dated = min(served.model for served in everyone)
    yield (
        f"Several models answered for one ({told}): what differs may be theirs, not the shift's work. Ask one of them "
        f"by its full name, such as {dated!r}, at one provider, and all of it anew (--emid-cache=refresh); or, where "
        "they are the same, say any_version=True of the model."
    )


def _untold(sides: Mapping[str, Answered]) -> Iterator[str]:
    found = [_served(side) for side in sides.values()]
    unknown = sum(side[None] for side in found)
    if unknown and any(served is not None for side in found for served in side):
        yield (
            f"Of {unknown} answers it is not known which version of the model gave them, as they were kept without: "
            "--emid-cache=refresh asks anew."
        )


def _reasoned(sides: Mapping[str, Answered]) -> Iterator[str]:
    found = {name: sum(bool(response.reasoning) for response in side.responses) for name, side in sides.items()}
    if any(found.values()):
        told = " and ".join(f"{found[name]} of {len(side.responses)} {name}" for name, side in sides.items())
        yield f"{told} answers came with reasoning, which is kept with them and takes no part in what is measured."


def _served(side: Answered) -> Counter[Served | None]:
    """Who answered, of all draws; refusals of a gateway, which no model gave, left out."""
    return Counter(
        response.served for draw in side.draws for response in draw if response.served is not None or not response.error
    )


def _by(found: Counter[Served | None]) -> str:
    known = [(served, count) for served, count in found.most_common() if served is not None]
    if len(known) == 1:
        return str(known[0][0])
    shown = ", ".join(f"{served} ({count})" for served, count in known[:4])
    return f"{shown} and {len(known) - 4} others" if len(known) > 4 else shown or "nobody known"
