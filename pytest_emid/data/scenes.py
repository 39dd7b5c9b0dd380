"""`scenes`: the built-in evaluation set. Procedural pictures, with questions as in LLaVA-Bench.

A scene is one to three coloured shapes of two sizes on a noisy grey background. Every picture gets three
questions, one of each LLaVA-Bench category: `conversation` (colour, shape, place, count, size), `detail`
(describe the whole picture) and `complex` (compare, relate, company). Answers follow from the scene alone, so
that a reference is never a matter of taste.

Picture `i` of seed `s` depends on `(s, i)` only: a longer set begins with the shorter one, and nothing is stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["COLORS", "PLACES", "SHAPES", "SIZES", "Question", "Scene", "Thing", "ask", "draw", "scene"]

SIDE: Final = 64
"""Height and width of a picture in pixels."""

COLORS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (220, 40, 40),
    "green": (40, 160, 60),
    "blue": (50, 80, 225),
    "yellow": (240, 215, 40),
    "purple": (150, 60, 180),
    "orange": (245, 140, 30),
    "white": (245, 245, 245),
    "black": (20, 20, 20),
}
SHAPES: Final = ("circle", "square", "triangle", "cross", "ring")
SIZES: Final[dict[str, int]] = {"small": 6, "large": 11}
"""Size name to radius in pixels."""
PLACES: Final[dict[str, tuple[int, int]]] = {
    "top left": (-1, -1),
    "top right": (1, -1),
    "center": (0, 0),
    "bottom left": (-1, 1),
    "bottom right": (1, 1),
}
"""Place name to (column, row), each -1, 0 or 1; in reading order."""

NUMBERS: Final = {1: "one", 2: "two", 3: "three"}
STEP: Final = 18
JITTER: Final = 2

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Thing:
    """One shape in a scene: what it is, and the pixel of its centre."""

    shape: str
    color: str
    size: str
    place: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Scene:
    """One to three things in reading order (shapes and colours are distinct), and the background's grey and noise."""

    things: tuple[Thing, ...]
    grey: int
    noise: float
    noise_seed: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its reference answer; `kind` is finer than `category`."""

    text: str
    answer: str
    category: str
    kind: str


def generator(seed: int, *names: object) -> Rng:
    """A generator of its own for each (seed, names): adding or reordering pictures changes no picture."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def _pick(rng: Rng, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def scene(rng: Rng, count: int | None = None) -> Scene:
    """Draw a scene; `count` fixes the number of things (1 to 3)."""
    if count is None:
        count = int(rng.choice([1, 2, 3], p=[0.2, 0.4, 0.4]))
    places = sorted(rng.permutation(len(PLACES))[:count])
    shapes = rng.permutation(len(SHAPES))[:count]
    colors = rng.permutation(len(COLORS))[:count]
    things = []
    for place_index, shape_index, color_index in zip(places, shapes, colors, strict=True):
        place = list(PLACES)[place_index]
        column, row = PLACES[place]
        dx, dy = (int(d) for d in rng.integers(-JITTER, JITTER + 1, size=2))
        things.append(
            Thing(
                shape=SHAPES[shape_index],
                color=list(COLORS)[color_index],
                size=_pick(rng, tuple(SIZES)),
                place=place,
                x=SIDE // 2 + STEP * column + dx,
                y=SIDE // 2 + STEP * row + dy,
            )
        )
    return Scene(
        things=tuple(things),
        grey=int(rng.integers(105, 156)),
        noise=float(rng.uniform(3.0, 10.0)),
        noise_seed=int(rng.integers(2**32)),
    )


def draw(of: Scene) -> Image.Image:
    """Render a scene as an RGB picture of `SIDE` x `SIDE` pixels."""
    noise = np.random.default_rng(of.noise_seed).normal(0.0, of.noise, size=(SIDE, SIDE, 3))
    background = np.clip(np.rint(of.grey + noise), 0, 255).astype(np.uint8)
    picture = Image.fromarray(background)
    pen = ImageDraw.Draw(picture)
    for thing in of.things:
        _draw_thing(pen, thing)
    return picture


def _draw_thing(pen: ImageDraw.ImageDraw, thing: Thing) -> None:
    x, y, r, fill = thing.x, thing.y, SIZES[thing.size], COLORS[thing.color]
    box = (x - r, y - r, x + r, y + r)
    if thing.shape == "circle":
        pen.ellipse(box, fill=fill)
    elif thing.shape == "ring":
        pen.ellipse(box, outline=fill, width=max(2, round(r * 0.4)))
    elif thing.shape == "square":
        pen.rectangle(box, fill=fill)
    elif thing.shape == "triangle":
        pen.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=fill)
    else:
        arm = max(1, round(r * 0.3))
        pen.rectangle((x - r, y - arm, x + r, y + arm), fill=fill)
        pen.rectangle((x - arm, y - r, x + arm, y + r), fill=fill)


def _at(place: str) -> str:
    return f"in the {place}"


def _noun(thing: Thing, rng: Rng) -> tuple[str, str]:
    """How to name a thing, by its shape or by its colour, and which of the two was used."""
    return (thing.shape, "shape") if rng.random() < 0.5 else (f"{thing.color} shape", "color")


def _color(of: Scene, rng: Rng) -> Question:
    s = of.things[int(rng.integers(len(of.things)))]
    text = _pick(
        rng,
        (
            f"What color is the {s.shape}?",
            f"Tell me the color of the {s.shape}.",
            f"What is the color of the {s.shape} in the image?",
            f"Which color does the {s.shape} have?",
        ),
    )
    return Question(text, f"The {s.shape} is {s.color}.", "conversation", "color")


def _shape(of: Scene, rng: Rng) -> Question:
    s = of.things[int(rng.integers(len(of.things)))]
    text = _pick(
        rng,
        (
            f"Which shape is {s.color}?",
            f"What is the {s.color} object?",
            f"Name the shape that is {s.color}.",
            f"What kind of shape is the {s.color} one?",
        ),
    )
    return Question(text, f"The {s.color} object is a {s.shape}.", "conversation", "shape")


def _place(of: Scene, rng: Rng) -> Question:
    s = of.things[int(rng.integers(len(of.things)))]
    noun, _ = _noun(s, rng)
    text = _pick(
        rng,
        (
            f"Where is the {noun}?",
            f"In which part of the image is the {noun}?",
            f"Tell me where the {noun} is.",
            f"Where in the picture can I find the {noun}?",
        ),
    )
    return Question(text, f"The {noun} is {_at(s.place)}.", "conversation", "place")


def _count(of: Scene, rng: Rng) -> Question:
    text = _pick(
        rng,
        (
            "How many shapes are there?",
            "Count the objects in the image.",
            "How many objects can you see?",
            "What is the number of shapes in the picture?",
        ),
    )
    n = len(of.things)
    return Question(
        text, "There is one shape." if n == 1 else f"There are {NUMBERS[n]} shapes.", "conversation", "count"
    )


def _size(of: Scene, rng: Rng) -> Question:
    s = of.things[int(rng.integers(len(of.things)))]
    noun, _ = _noun(s, rng)
    text = _pick(
        rng,
        (
            f"Is the {noun} small or large?",
            f"What size is the {noun}?",
            f"How big is the {noun}?",
            f"Tell me the size of the {noun}.",
        ),
    )
    return Question(text, f"The {noun} is {s.size}.", "conversation", "size")


def _describe(of: Scene, rng: Rng) -> Question:
    text = _pick(
        rng,
        (
            "Describe the image.",
            "What do you see in the picture?",
            "Describe this picture in detail.",
            "What is shown in the image?",
            "Give a full description of the image.",
        ),
    )
    answer = " ".join(f"A {s.size} {s.color} {s.shape} {_at(s.place)}." for s in of.things)
    return Question(text, answer, "detail", "describe")


def _pair(of: Scene, rng: Rng) -> tuple[Thing, Thing]:
    i, j = rng.permutation(len(of.things))[:2]
    return of.things[int(i)], of.things[int(j)]


def _compare(of: Scene, rng: Rng) -> Question:
    a, b = _pair(of, rng)
    text = _pick(
        rng,
        (
            f"Which is larger, the {a.shape} or the {b.shape}?",
            f"Compare the size of the {a.shape} and the {b.shape}.",
            f"Is the {a.shape} or the {b.shape} bigger?",
        ),
    )
    if a.size == b.size:
        answer = f"The {a.shape} and the {b.shape} have the same size."
    else:
        large, less = (a, b) if SIZES[a.size] > SIZES[b.size] else (b, a)
        answer = f"The {large.shape} is larger than the {less.shape}."
    return Question(text, answer, "complex", "compare")


def _relate(of: Scene, rng: Rng) -> Question:
    a, b = _pair(of, rng)
    text = _pick(
        rng,
        (
            f"Where is the {a.shape} relative to the {b.shape}?",
            f"How is the {a.shape} placed with respect to the {b.shape}?",
            f"Seen from the {b.shape}, where is the {a.shape}?",
        ),
    )
    (ac, ar), (bc, br) = PLACES[a.place], PLACES[b.place]
    vertical = "above" if ar < br else "below" if ar > br else ""
    horizontal = "left of" if ac < bc else "right of" if ac > bc else ""
    relation = " and ".join(part for part in (vertical, horizontal) if part)
    return Question(text, f"The {a.shape} is {relation} the {b.shape}.", "complex", "relate")


def _company(of: Scene, rng: Rng) -> Question:
    s = of.things[int(rng.integers(len(of.things)))]
    text = _pick(
        rng,
        (
            f"Is the {s.shape} alone?",
            f"Is there anything besides the {s.shape}?",
            f"What else is there apart from the {s.shape}?",
        ),
    )
    others = [thing.shape for thing in of.things if thing is not s]
    answer = f"The {s.shape} is alone."
    if others:
        answer = f"Besides the {s.shape} there is a {' and a '.join(others)}."
    return Question(text, answer, "complex", "company")


Asker = Callable[[Scene, Rng], Question]
KINDS: Final[dict[str, tuple[Asker, ...]]] = {
    "conversation": (_color, _shape, _place, _count, _size),
    "detail": (_describe,),
    "complex": (_compare, _relate, _company),
}
CATEGORIES: Final = tuple(KINDS)


def ask(of: Scene, category: str, rng: Rng) -> Question:
    """Ask a question of one category (`conversation`, `detail` or `complex`) about a scene."""
    askers = KINDS[category]
    if category == "complex" and len(of.things) == 1:
        askers = (_company,)
    return askers[int(rng.integers(len(askers)))](of, rng)
