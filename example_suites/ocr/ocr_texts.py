"""What is written on the pictures: signs, receipts and product labels, drawn from short word lists with a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice


def _listed(words: str) -> list[str]:
    return words.split("; ")


PLACES = _listed(
    "Airport; Beach; Bridge; Castle; Cinema; Factory; Gallery; Garden; Harbour; Hospital; Hotel; Library; Market; "
    "Museum; Park; School; Stadium; Station; Theatre; Tower"
)
QUALITIES = _listed(
    "Big; Blue; Central; City; East; Golden; Grand; Green; New; North; Old; Queen; Red; River; Royal; South; "
    "Upper; West; White; Young"
)
WARNINGS = _listed(
    "No Parking; No Smoking; Wet Floor; Mind the Gap; Keep Right; Keep Off the Grass; Beware of Dog; Road Closed; "
    "Staff Only; Slow Down; Push Bar to Open; High Voltage; Hard Hat Area; One Way; Do Not Enter; Fire Exit; "
    "Please Queue Here; Loading Zone; Steep Steps; Fragile Roof; Wash Your Hands; Private Road; Men at Work; Give Way"
)
NUMBERED = ("Platform", "Exit", "Room", "Gate", "Floor", "Highway", "Bus", "Pier", "Ward", "Track")
NAMES = _listed(
    "Adams; Baker; Carter; Dixon; Ellis; Fisher; Grant; Hughes; Irving; Jordan; Keller; Lambert; Morgan; Norris; "
    "Oliver; Parker; Quinn; Roberts; Spencer; Turner"
)
TRADES = _listed(
    "Bakery; Books; Butcher; Cafe; Deli; Fashion; Flowers; Foods; Garage; Hardware; Optics; Pharmacy; Records; "
    "Shoes; Toys"
)
THINGS = _listed(
    "Almonds; Apple Juice; Black Tea; Brown Rice; Butter; Candles; Cheddar; Coffee; Cookies; Crackers; Flour; Honey; "
    "Ketchup; Lemons; Milk; Mustard; Noodles; Oats; Olive Oil; Olives; Pasta; Peanuts; Pepper; Salt; Shampoo; Soap; "
    "Sugar; Tissues; Tomatoes; Vinegar; Walnuts; Yoghurt"
)
KINDS = _listed(
    "Classic; Country; Daily; Extra; Farm; Fine; Fresh; Golden; Organic; Pure; Simple; Smooth; Sunny; Tasty; "
    "Village; Wild"
)


@dataclass(frozen=True)
class Sign:
    text: str

    @property
    def answers(self) -> dict[str, str]:
        return {"What does the sign say?": self.text}


@dataclass(frozen=True)
class Receipt:
    """Items and amounts in cents; the tax and what was paid are there to be mistaken for the total."""

    shop: str
    items: tuple[tuple[str, int], ...]
    tax: int
    paid: int

    @property
    def total(self) -> int:
        return sum(price for _, price in self.items) + self.tax

    @property
    def answers(self) -> dict[str, str]:
        return {"Which shop is the receipt from?": self.shop, "What is the total?": amount(self.total)}


@dataclass(frozen=True)
class Label:
    product: str
    brand: str
    grams: int
    price: int

    @property
    def answers(self) -> dict[str, str]:
        return {"Which product is it?": self.product, "What is the price?": amount(self.price)}


Text = Sign | Receipt | Label


def amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def texts(kind: str, start: int, stop: int, seed: int = 0) -> list[Text]:
    """Numbers `start` to `stop` of the texts of one kind. No two of one kind and seed share an answer."""
    return list(islice(_distinct(kind, seed), start, stop))


def _distinct(kind: str, seed: int) -> Iterator[Text]:
    """Texts without end, leaving out whatever repeats an answer."""
    rng = random.Random(f"{kind}:{seed}")
    seen: set[str] = set()
    while True:
        text = DRAWN[kind](rng)
        answers = text.answers.values()
        if seen.isdisjoint(answers):
            seen.update(answers)
            yield text


def _sign(rng: random.Random) -> Sign:
    return Sign(
        rng.choice(
            (
                f"{rng.choice(QUALITIES)} {rng.choice(PLACES)}",
                f"{rng.choice(QUALITIES)} {rng.choice(PLACES)}",
                f"{rng.choice(NUMBERED)} {rng.randint(2, 99)}",
                rng.choice(WARNINGS),
            )
        )
    )


def _receipt(rng: random.Random) -> Receipt:
    items = tuple((thing, rng.randint(99, 1999)) for thing in rng.sample(THINGS, rng.randint(1, 3)))
    subtotal = sum(price for _, price in items)
    tax = round(subtotal * 0.08)
    return Receipt(_two(rng, NAMES, TRADES), items, tax, -(-(subtotal + tax) // 500) * 500)


def _label(rng: random.Random) -> Label:
    return Label(_two(rng, KINDS, THINGS), rng.choice(NAMES), rng.randrange(100, 1000, 50), rng.randint(99, 1999))


def _two(rng: random.Random, first: Sequence[str], second: Sequence[str]) -> str:
    return f"{rng.choice(first)} {rng.choice(second)}"


DRAWN: dict[str, Callable[[random.Random], Text]] = {"sign": _sign, "receipt": _receipt, "label": _label}
