"""Texts as pictures: on a plate, a slip of paper or a label, a little askew before a photograph.

Fonts come with matplotlib, photographs with scikit-image; nothing is downloaded.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import matplotlib
from ocr_texts import Label, Receipt, Sign, Text, amount
from PIL import Image, ImageDraw, ImageFont
from skimage import data as photographs

SIZE = (480, 360)
PHOTOGRAPHS = ("brick", "camera", "cat", "coffee", "grass", "gravel", "moon", "rocket")
"""Of those in scikit-image's wheel, photographs without letters."""
FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSansMono",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "cmss10",
    "cmr10",
)
PLATES = (
    ("#f4f4f0", "#20201e"),
    ("#1d4f91", "#f5f7fa"),
    ("#0b6b3a", "#eaf5ee"),
    ("#f2c200", "#1b1b1b"),
    ("#a31f1f", "#fbeeee"),
    ("#3b3b3b", "#b5b0a3"),
    ("#8a6d4b", "#e2d6c4"),
    ("#7f9fb5", "#e9f1f6"),
)
"""Ground and ink of signs and labels, the last ones with little contrast."""


def draw(text: Text, seed: str) -> Image.Image:
    """The picture of a text; the seed decides on font, colours, place, angle and photograph."""
    rng = random.Random(seed)
    match text:
        case Sign():
            card = _sign(text, rng)
        case Receipt():
            card = _receipt(text, rng)
        case Label():
            card = _label(text, rng)
    return _photographed(card, rng)


def _sign(sign: Sign, rng: random.Random) -> Image.Image:
    ground, ink = rng.choice(PLATES)
    font = _font(rng.choice(FACES), rng.randint(22, 46))
    words = sign.text.split()
    half = (len(words) + 1) // 2
    lines = [" ".join(words[:half]), " ".join(words[half:])] if len(sign.text) > 10 else [sign.text]
    return _card([(line, font, "middle") for line in lines if line], ground, ink, border=rng.randint(0, 3))


def _receipt(receipt: Receipt, rng: random.Random) -> Image.Image:
    face, size = rng.choice(("DejaVuSansMono", "DejaVuSans", "STIXGeneral")), rng.randint(13, 17)
    small, large = _font(face, size), _font(face, size + rng.randint(0, 6))
    subtotal = receipt.total - receipt.tax
    rows = [*receipt.items, ("Subtotal", subtotal), ("Tax", receipt.tax), ("Total", receipt.total)]
    rows.append(("Cash", receipt.paid))
    lines = [(receipt.shop, large, "middle"), *((f"{name}\t{amount(cents)}", small, "both") for name, cents in rows)]
    return _card(lines, rng.choice(("#fbfaf5", "#efece2", "#e4e6ea")), rng.choice(("#141414", "#4d4a55", "#77747c")))


def _label(label: Label, rng: random.Random) -> Image.Image:
    ground, ink = rng.choice(PLATES)
    face, size = rng.choice(FACES), rng.randint(22, 34)
    small = _font(face, size // 2 + 1)
    lines = [
        (f"{label.brand} & Sons", small, "middle"),
        (label.product, _font(face, size), "middle"),
        (f"{label.grams} g\t${amount(label.price)}", _font(face, rng.randint(size // 2 + 1, size - 6)), "both"),
    ]
    return _card(lines, ground, ink, border=rng.randint(0, 2))


def _card(
    lines: list[tuple[str, ImageFont.FreeTypeFont, str]], ground: str, ink: str, *, border: int = 0
) -> Image.Image:
    """Lines in the middle, or with a tab at both ends, on a coloured ground."""
    margin, gap = 14, 5
    heights = [sum(font.getmetrics()) for _, font, _ in lines]
    width = round(max(font.getlength(text.replace("\t", "    ")) for text, font, _ in lines)) + 2 * margin
    card = Image.new("RGB", (width, sum(heights) + gap * (len(lines) - 1) + 2 * margin), ground)
    pen = ImageDraw.Draw(card)
    if border:
        pen.rectangle((3, 3, card.width - 4, card.height - 4), outline=ink, width=border)
    top = margin
    for (text, font, place), height in zip(lines, heights, strict=True):
        if place == "both":
            left, right = text.split("\t")
            pen.text((margin, top), left, ink, font)
            pen.text((width - margin - font.getlength(right), top), right, ink, font)
        else:
            pen.text(((width - font.getlength(text)) / 2, top), text, ink, font)
        top += height + gap
    return card


def _photographed(card: Image.Image, rng: random.Random) -> Image.Image:
    """The card askew before a part of a photograph, made smaller where it does not fit."""
    turned = card.convert("RGBA").rotate(rng.uniform(-6, 6), Image.Resampling.BICUBIC, expand=True)
    turned.thumbnail((SIZE[0] - 16, SIZE[1] - 16))
    photograph = _photograph(rng.choice(PHOTOGRAPHS))
    scale = rng.uniform(1.0, 1.5) * max(SIZE[0] / photograph.width, SIZE[1] / photograph.height)
    photograph = photograph.resize((round(photograph.width * scale) + 1, round(photograph.height * scale) + 1))
    left, top = rng.randint(0, photograph.width - SIZE[0]), rng.randint(0, photograph.height - SIZE[1])
    picture = photograph.crop((left, top, left + SIZE[0], top + SIZE[1]))
    place = (rng.randint(0, SIZE[0] - turned.width), rng.randint(0, SIZE[1] - turned.height))
    picture.paste(turned, place, turned)
    return picture


@cache
def _photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(photographs, name)()).convert("RGB")


@cache
def _font(face: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf", size)
