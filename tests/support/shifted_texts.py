"""Questions in eight languages, and what textual shifts make of a text."""

from __future__ import annotations

from pytest_emid import shifts
from pytest_emid.shifts.perturbations.tokens import tokenize

QUESTION = "What is the color of the two large suitcases in the lower part of the picture?"
LANGUAGES = {
    "en": QUESTION,
    "de": "Welche Farbe haben die größten Koffer auf dem unteren Teil des Bildes?",
    "el": "Ποιο είναι το χρώμα του μεγάλου κύκλου στο κάτω μέρος της εικόνας;",
    "ru": "Какого цвета большой круг в нижней части картинки?",
    "ar": "ما هو لون الدائرة الكبيرة في الجزء السفلي من الصورة؟",
    "hi": "चित्र के निचले भाग में बड़े वृत्त का रंग क्या है?",
    "ko": "그림의 아래쪽에 있는 큰 원의 색은 무엇입니까?",
    "zh": "图片下方的大圆形是什么颜色？",
}


def shifted(shift: str, text: str, seed: int = 0) -> str:
    return shifts.parse(shift).apply_text(text, seed, "s")


def words(text: str) -> list[str]:
    return [token.text for token in tokenize(text, "none") if token.kind == "word"]
