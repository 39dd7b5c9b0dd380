"""`scenes`: the built-in evaluation set. Procedural pictures, with questions as in LLaVA-Bench.

A scene is one to three coloured shapes of two sizes on a noisy grey background. Every picture gets three
questions, one of each LLaVA-Bench category: `conversation` (colour, shape, place, count, size), `detail`
(describe the whole picture) and `complex` (compare, relate, company). Answers follow from the scene alone, so
that a reference is never a matter of taste. Questions come in the languages of `languages`, and pictures from the
domains of `domains.py`; answers are always English.

Picture `i` of seed `s` depends on `(s, i)` only: a longer set begins with the shorter one, and nothing is stored.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from pytest_emid.data.scenes.backdrops import DARK, PLAIN, Backdrop, backdrop, clutter, texture
from pytest_emid.data.scenes.domains import TRAINING, Domain
from pytest_emid.data.scenes.languages import LANGUAGES, Language, Subject

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
GIANT: Final = (14, 17)
"""Least and most radius of a thing that is larger than any that was trained on."""
APART: Final = 0.7
"""Things off the grid are at least this share of their radii's sum apart, along one axis."""
ENGLISH: Final = LANGUAGES["en"]

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Thing:
    """One shape in a scene: what it is, and the pixel of its centre.

    `radius` and `fill` are the size's and the colour's own, unless a domain changes them.
    """

    shape: str
    color: str
    size: str
    place: str
    x: int
    y: int
    radius: int = 0
    fill: tuple[int, int, int] = (-1, -1, -1)

    def __post_init__(self) -> None:
        if not self.radius:
            object.__setattr__(self, "radius", SIZES[self.size])
        if self.fill[0] < 0:
            object.__setattr__(self, "fill", COLORS[self.color])


@dataclass(frozen=True, slots=True)
class Scene:
    """One to three things in reading order (shapes and colours are distinct), and the background's grey and noise."""

    things: tuple[Thing, ...]
    grey: int
    noise: float
    noise_seed: int
    backdrop: Backdrop = PLAIN


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its reference answer.

    `kind` is finer than `category`; `kind`, `template` and `subjects` are the question apart from its language.
    """

    text: str
    answer: str
    category: str
    kind: str
    template: int
    subjects: tuple[Subject, ...]


def generator(seed: int, *names: object) -> Rng:
    """A generator of its own for each (seed, names): adding or reordering pictures changes no picture."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def _pick(rng: Rng, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def scene(rng: Rng, count: int | None = None, domain: Domain = TRAINING) -> Scene:
    """Draw a scene of a domain; `count` fixes the number of things (1 to 3)."""
    if count is None:
        count = int(rng.choice([1, 2, 3], p=domain.counts))
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
    things = _restyled(things, domain, rng)
    grey = int(rng.integers(*domain.grey))
    noise = float(rng.uniform(*domain.noise))
    noise_seed = int(rng.integers(2**32))
    behind = backdrop(rng, domain, SIDE) if domain.dressed else PLAIN
    if behind.style == "dark":
        grey = int(rng.integers(*DARK))
    return Scene(tuple(things), grey, noise, noise_seed, behind)


def _restyled(things: list[Thing], domain: Domain, rng: Rng) -> list[Thing]:
    """The things as the domain draws them. Nothing is drawn from `rng` for the training domain."""
    if domain.same_size and rng.random() < domain.same_size:
        things = [replace(thing, size=things[0].size, radius=0) for thing in things]
    if domain.giant and len(things) == 1 and rng.random() < domain.giant:
        radius = int(rng.integers(GIANT[0], GIANT[1] + 1))
        things = [_inside(replace(things[0], size="large", radius=radius))]
    if domain.drift:
        things = _drifted(things, domain.drift, rng)
    if domain.shade:
        things = [replace(thing, fill=_shaded(thing.color, domain.shade, rng)) for thing in things]
    return things


def _inside(thing: Thing) -> Thing:
    """The thing, moved into the picture where it sticks out."""
    least, most = thing.radius, SIDE - 1 - thing.radius
    return replace(thing, x=min(max(thing.x, least), most), y=min(max(thing.y, least), most))


def _drifted(things: list[Thing], drift: int, rng: Rng) -> list[Thing]:
    """The things off the grid, none hidden by another; where that does not come about, as they were."""
    for _ in range(100):
        offsets = rng.integers(-drift, drift + 1, size=(len(things), 2))
        moved = []
        for thing, (dx, dy) in zip(things, offsets, strict=True):
            column, row = PLACES[thing.place]
            x, y = SIDE // 2 + STEP * column + int(dx), SIDE // 2 + STEP * row + int(dy)
            moved.append(_inside(replace(thing, x=x, y=y)))
        if all(
            max(abs(a.x - b.x), abs(a.y - b.y)) >= APART * (a.radius + b.radius)
            for a, b in itertools.combinations(moved, 2)
        ):
            return moved
    return things


def _shaded(color: str, most: float, rng: Rng) -> tuple[int, int, int]:
    """A lighter or darker tone of a colour; white and black stay, or they would be greys."""
    share = float(rng.uniform(-most, most))
    if color in ("white", "black"):
        return COLORS[color]
    towards = 255.0 if share > 0 else 0.0
    red, green, blue = (round(c + abs(share) * (towards - c)) for c in COLORS[color])
    return red, green, blue


def draw(of: Scene) -> Image.Image:
    """Render a scene as an RGB picture of `SIDE` x `SIDE` pixels."""
    noise = np.random.default_rng(of.noise_seed).normal(0.0, of.noise, size=(SIDE, SIDE, 3))
    levels = of.grey + noise
    if of.backdrop is not PLAIN:
        levels = levels + texture(of.backdrop, SIDE)[..., None]
    picture = Image.fromarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))
    clutter(picture, of.backdrop)
    pen = ImageDraw.Draw(picture)
    for thing in of.things:
        _draw_thing(pen, thing)
    return picture


def _draw_thing(pen: ImageDraw.ImageDraw, thing: Thing) -> None:
    x, y, r, fill = thing.x, thing.y, thing.radius, thing.fill
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


def _by_shape(thing: Thing) -> Subject:
    return Subject("shape", thing.shape)


def _by_color(thing: Thing) -> Subject:
    return Subject("color", thing.color)


def _named(thing: Thing, rng: Rng) -> tuple[Subject, str]:
    """A thing by its shape or by its colour, and the noun of the answer."""
    if rng.random() < 0.5:
        return _by_shape(thing), thing.shape
    return _by_color(thing), f"{thing.color} shape"


def _one(of: Scene, rng: Rng) -> Thing:
    return of.things[int(rng.integers(len(of.things)))]


def _two(of: Scene, rng: Rng) -> tuple[Thing, Thing]:
    i, j = rng.permutation(len(of.things))[:2]
    return of.things[int(i)], of.things[int(j)]


# Each asker returns whom the question speaks of, and the answer. Only the subjects appear in the question's text.
Asked = tuple[tuple[Subject, ...], str]


def _color(of: Scene, rng: Rng) -> Asked:
    s = _one(of, rng)
    return (_by_shape(s),), f"The {s.shape} is {s.color}."


def _shape(of: Scene, rng: Rng) -> Asked:
    s = _one(of, rng)
    return (_by_color(s),), f"The {s.color} object is a {s.shape}."


def _place(of: Scene, rng: Rng) -> Asked:
    s = _one(of, rng)
    subject, noun = _named(s, rng)
    return (subject,), f"The {noun} is {_at(s.place)}."


def _count(of: Scene, rng: Rng) -> Asked:
    n = len(of.things)
    return (), "There is one shape." if n == 1 else f"There are {NUMBERS[n]} shapes."


def _size(of: Scene, rng: Rng) -> Asked:
    s = _one(of, rng)
    subject, noun = _named(s, rng)
    return (subject,), f"The {noun} is {s.size}."


def _describe(of: Scene, rng: Rng) -> Asked:
    return (), " ".join(f"A {s.size} {s.color} {s.shape} {_at(s.place)}." for s in of.things)


def _compare(of: Scene, rng: Rng) -> Asked:
    a, b = _two(of, rng)
    if a.size == b.size:
        answer = f"The {a.shape} and the {b.shape} have the same size."
    else:
        large, less = (a, b) if SIZES[a.size] > SIZES[b.size] else (b, a)
        answer = f"The {large.shape} is larger than the {less.shape}."
    return (_by_shape(a), _by_shape(b)), answer


def _relate(of: Scene, rng: Rng) -> Asked:
    a, b = _two(of, rng)
    (ac, ar), (bc, br) = PLACES[a.place], PLACES[b.place]
    vertical = "above" if ar < br else "below" if ar > br else ""
    horizontal = "left of" if ac < bc else "right of" if ac > bc else ""
    relation = " and ".join(part for part in (vertical, horizontal) if part)
    return (_by_shape(a), _by_shape(b)), f"The {a.shape} is {relation} the {b.shape}."


def _company(of: Scene, rng: Rng) -> Asked:
    s = _one(of, rng)
    others = [thing.shape for thing in of.things if thing is not s]
    answer = f"The {s.shape} is alone."
    if others:
        answer = f"Besides the {s.shape} there is a {' and a '.join(others)}."
    return (_by_shape(s),), answer


Asker = Callable[[Scene, Rng], Asked]
KINDS: Final[dict[str, dict[str, Asker]]] = {
    "conversation": {"color": _color, "shape": _shape, "place": _place, "count": _count, "size": _size},
    "detail": {"describe": _describe},
    "complex": {"compare": _compare, "relate": _relate, "company": _company},
}
"""Category to its kinds of question."""
CATEGORIES: Final = tuple(KINDS)


def ask(of: Scene, category: str, rng: Rng, language: Language = ENGLISH) -> Question:
    """Ask a question of one category (`conversation`, `detail` or `complex`) about a scene.

    The same state of `rng` asks the same question in every language; the answer is English.
    """
    kinds = list(KINDS[category])
    if category == "complex" and len(of.things) == 1:
        kinds = ["company"]
    kind = kinds[int(rng.integers(len(kinds)))]
    subjects, answer = KINDS[category][kind](of, rng)
    template = int(rng.integers(len(ENGLISH.templates[kind])))
    return Question(language.ask(kind, template, subjects), answer, category, kind, template, subjects)
