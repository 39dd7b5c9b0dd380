"""Small worlds of questions with known answers: sentences that encoders confuse, and short answers.

In the worlds of sentences references and answers are worded differently, as a real model's are, and a wrong answer
differs from a right one by the one word that matters. In the worlds of short answers the right answer is the reference,
and what varies is its dress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


def words(text: str) -> list[str]:
    """A list that reads better as a line."""
    return text.split()


OBJECTS = words(
    "dog cat car bus tree chair table lamp phone book cup plate horse boat train bird clock bench sofa bed bottle bag "
    "hat shoe kite ball truck sign fence bridge window door flower basket laptop pizza cake apple banana orange"
)
COLOURS = words("red blue green yellow black white brown grey purple orange pink")
NUMBERS = words("zero one two three four five six seven eight nine ten")
PLACES = words("kitchen street park beach office garden station market bedroom field")


@dataclass(frozen=True)
class Item:
    """One question with what may be answered to it."""

    kind: str
    question: str
    reference: str
    right: str
    wrong: str


Draw = Callable[[np.random.Generator], Item]


def _pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def yes_no(rng: np.random.Generator) -> Item:
    thing, place, there = _pick(rng, OBJECTS), _pick(rng, PLACES), bool(rng.random() < 0.5)
    reference = f"Yes, there is a {thing} in the {place}." if there else f"No, there is no {thing} in the {place}."
    answers = [f"I {sees} see a {thing} in this picture of a {place}." for sees in ("cannot", "can")]
    return Item("yes/no", f"Is there a {thing} in the {place}?", reference, answers[there], answers[not there])


def left_right(rng: np.random.Generator) -> Item:
    a, b = (str(word) for word in rng.choice(OBJECTS, 2, replace=False))
    sides = ["left", "right"] if rng.random() < 0.5 else ["right", "left"]
    answers = [f"The {a} is to the {side} of the {b}." for side in sides]
    reference = f"You can see the {a} on the {sides[0]} side of the {b}."
    return Item("left/right", f"Is the {a} to the left or to the right of the {b}?", reference, *answers)


def colour(rng: np.random.Generator) -> Item:
    thing = _pick(rng, OBJECTS)
    right, wrong = (str(word) for word in rng.choice(COLOURS, 2, replace=False))
    answers = [f"The {thing} in the image is {word}." for word in (right, wrong)]
    return Item("colour", f"What colour is the {thing}?", f"It is a {right} {thing}.", *answers)


def count(rng: np.random.Generator) -> Item:
    thing, right = _pick(rng, OBJECTS), int(rng.integers(2, 10))
    near = [value for value in (right - 1, right + 1) if 1 < value <= 9]
    wrong = near[int(rng.integers(len(near)))]
    answers = [f"There are {NUMBERS[value]} {thing}s in the image." for value in (right, wrong)]
    return Item("count", f"How many {thing}s are there?", f"The picture shows {NUMBERS[right]} {thing}s.", *answers)


SENTENCES: dict[str, tuple[Draw, ...]] = {
    "left/right": (left_right,),
    "yes/no": (yes_no,),
    "colour": (colour,),
    "count": (count,),
    "mixed": (yes_no, left_right, colour, count),
}


def _short(kind: str, question: str, right: str, wrong: str) -> Item:
    return Item(kind, question, right, right, wrong)


def short_yes_no(rng: np.random.Generator) -> Item:
    right, wrong = ("Yes", "No") if rng.random() < 0.5 else ("No", "Yes")
    return _short("yes/no", f"Is there a {_pick(rng, OBJECTS)} in the {_pick(rng, PLACES)}?", right, wrong)


def short_count(rng: np.random.Generator) -> Item:
    right = int(rng.integers(1, 10))
    wrong = max(0, right + int(rng.choice([-1, 1])))
    return _short("count", f"How many {_pick(rng, OBJECTS)}s are there?", str(right), str(wrong))


def short_option(rng: np.random.Generator) -> Item:
    right, wrong = (str(letter) for letter in rng.choice(list("ABCD"), 2, replace=False))
    things = " ".join(f"{letter}) {thing}" for letter, thing in zip("ABCD", rng.choice(OBJECTS, 4, False), strict=True))
    return _short("option", f"Which object is on the left of the picture? {things}", right, wrong)


def short_colour(rng: np.random.Generator) -> Item:
    thing = _pick(rng, OBJECTS)
    right, wrong = (str(word) for word in rng.choice(COLOURS, 2, replace=False))
    return _short("colour", f"What colour is the {thing}?", f"The {thing} is {right}.", f"The {thing} is {wrong}.")


SHORT: tuple[Draw, ...] = (short_yes_no, short_colour, short_option, short_count)

FORMATS: dict[str, Callable[[str, int], str]] = {
    "full stop": lambda text, _: text.rstrip(".") + ".",
    "(X)": lambda text, _: f"({text})",
    "**X**": lambda text, _: f"**{text}**",
    "Answer: X": lambda text, _: f"Answer: {text}",
    "The answer is X.": lambda text, _: f"The answer is {text.rstrip('.')}.",
    "half as sentences": lambda text, i: text if i % 2 else f"The answer is {text}",
    "lower case": lambda text, _: text.lower(),
}


def pool(draws: Sequence[Draw], size: int, seed: int) -> list[Item]:
    """Items of the kinds in turn: asked once, drawn from ever after."""
    rng = np.random.default_rng([seed, 12])
    return [draws[turn % len(draws)](rng) for turn in range(size)]
