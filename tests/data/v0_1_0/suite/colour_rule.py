"""A model that is a rule: it sees where a colour is and how large, and takes every shape for a circle.

Whole numbers only, so that it answers alike on every machine. Its answers are part of the data: change nothing.
"""

import re

import numpy as np

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (50, 80, 225),
    "yellow": (240, 215, 40),
    "purple": (150, 60, 180),
    "orange": (245, 140, 30),
    "white": (245, 245, 245),
    "black": (20, 20, 20),
}
ROWS, COLUMNS = ("top", "", "bottom"), ("left", "", "right")
SEEN = 40
"""Pixels that make a thing."""
LARGE = 200
"""Pixels that make a large thing."""
NEAR = 60 * 60
"""Squared distance up to which a pixel has a colour."""


def colour_rule(images, questions):
    return [answer(things(image), question) for image, question in zip(images, questions, strict=True)]


def things(image):
    """Size and place of what is seen, by colour."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.int64)
    seen = {}
    for name, colour in COLOURS.items():
        rows, columns = np.nonzero(((pixels - colour) ** 2).sum(axis=2) <= NEAR)
        if len(rows) >= SEEN:
            row, column = (3 * int(at.sum()) // (len(at) * 64) for at in (rows, columns))
            place = f"{ROWS[row]} {COLUMNS[column]}".strip() or "center"
            seen[name] = ("large" if len(rows) >= LARGE else "small", place)
    return seen


def answer(seen, question):
    asked = next((name for name in COLOURS if re.search(rf"\b{name}\b", question)), None)
    size, place = seen.get(asked, ("small", "center"))
    if re.search(r"\bwhere\b", question, re.IGNORECASE) and asked:
        return f"The {asked} shape is in the {place}."
    if re.search(r"\b(big|large|small)\b", question) and asked:
        return f"The {asked} shape is {size}."
    if asked:
        return f"The {asked} object is a circle."
    if re.search(r"\balone\b", question):
        return "The circle is alone." if len(seen) == 1 else "Besides the circle there is a square."
    if re.search(r"\b(larger|size)\b", question):
        return "The circle and the square have the same size."
    if not seen:
        return "There is nothing."
    return " ".join(f"A {size} {name} circle in the {place}." for name, (size, place) in seen.items())
