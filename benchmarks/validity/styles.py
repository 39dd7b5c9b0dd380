"""Changes of style that leave the information of an answer alone; `first half`, which does not, for comparison."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_emid import shifts

Change = Callable[[str], str]


def lower_first(answer: str) -> str:
    return answer[:1].lower() + answer[1:]


STYLES: dict[str, Change] = {
    "prefix": lambda a: "In this picture, " + lower_first(a),
    "preamble": lambda a: "Sure! Looking at the image, I can tell you the following. " + a,
    "suffix": lambda a: a.rstrip(".") + ", as far as I can see in this image.",
    "lower case": lambda a: a.lower().rstrip("."),
    "upper case": str.upper,
    "first half": lambda a: " ".join(a.split()[: (len(a.split()) + 1) // 2]),
}

REWRITES = (
    (r"The (\w+) object is a (\w+)\.", r"What is \1 there is a \2."),
    (r"The ([\w ]+?) is in the ([\w ]+)\.", r"You can find the \1 in the \2."),
    (r"The (\w+) is alone\.", r"Nothing else stands beside the \1."),
    (r"The ([\w ]+?) is ((?:above|below|left|right)[\w ]*?) the (\w+)\.", r"Looking \2 the \3 you find the \1."),
    (r"The ([\w ]+?) is (larger|smaller) than the (\w+)\.", r"Compared with the \3, the \1 is \2."),
    (r"The ([\w ]+?) is (\w+)\.", r"It is a \2 \1."),
    (r"A (small|large) (\w+) (\w+) in the ([\w ]+?)\.", r"In the \4 there is a \1 \2 \3."),
    (r"The (\w+) and the (\w+) have the same size\.", r"Neither the \1 nor the \2 is the bigger one."),
    (r"Besides the (\w+) there is ([\w ]+)\.", r"There is \2 next to the \1."),
    (r"There (?:is|are) (\w+) (shapes?)\.", r"I count \1 \2."),
)
WORDS = {
    "small": "little",
    "large": "big",
    "larger": "bigger",
    "smaller": "not as big",
    "center": "middle",
    "top": "upper",
    "bottom": "lower",
}


def scene_paraphrase(answer: str) -> str:
    """The same answer to a question about a scene in other words and another order; one to one."""
    for pattern, wording in REWRITES:
        answer = re.sub(pattern, wording, answer)
    return re.sub(r"\w+", lambda found: WORDS.get(found[0], found[0]), answer)


def synonyms(answer: str) -> str:
    """A fifth of the words that have a synonym replaced by one: close to a paraphrase, and not always a good one."""
    return shifts.parse("synonym:1").apply_text(answer)
