"""Keyboards and scripts: which letters stand for which."""

import unicodedata

import pytest
from shifted_texts import shifted

from pytest_emid.shifts.perturbations import hangul
from pytest_emid.shifts.perturbations.layouts import LAYOUTS, latin_layout, layout_of, neighbours
from pytest_emid.shifts.perturbations.scripts import ALPHABETS, letters_of, script_of
from pytest_emid.shifts.perturbations.tokens import graphemes


def test_layouts_are_symmetric_and_know_their_script() -> None:
    for layout in LAYOUTS:
        letters = {other for letter in "aäßαфبकㄱㅏ" for other in neighbours(letter, layout)}
        for letter in letters:
            for other in neighbours(letter, layout):
                assert letter in neighbours(other, layout), (layout, letter, other)
    assert set(neighbours("g", "en")) == set("ftyhbv")
    assert set(neighbours("G", "en")) == set("FTYHBV")
    assert set(neighbours("z", "de")) == set("tugh")
    assert set(neighbours("y", "de")) == set("asx")
    assert set(neighbours("q", "en")) == {"w", "a"}
    assert {"1", "2", "w", "a"} <= set(neighbours("q", "en", marks=True))
    assert neighbours("é", "en") == neighbours("字", "ko") == ()


@pytest.mark.parametrize(
    ("char", "text", "layout"),
    [
        ("a", "a", "en"),
        ("a", "aß", "de"),
        ("ω", "", "el"),
        ("ж", "", "ru"),
        ("ب", "", "ar"),
        ("क", "", "hi"),
        ("한", "", "ko"),
        ("圆", "", ""),
        ("\x00", "", ""),
    ],
)
def test_layout_by_script(char: str, text: str, layout: str) -> None:
    assert layout_of(char, latin_layout(text)) == layout


def test_a_chosen_layout_is_used() -> None:
    assert {shifted("keyboard(layout=de):1", "z", seed) for seed in range(40)} == set("tugh")
    assert {shifted("keyboard(layout=fr):1", "z", seed) for seed in range(40)} == set("aesqé")
    assert shifted("keyboard(layout=el):5", "zzz") == "zzz"
    assert {shifted("keyboard:1", "é", seed) for seed in range(60)} <= set("wẃsdrŕśd")


def test_one_missed_key_of_a_korean_syllable() -> None:
    for syllable in "한무엇색원":
        for other in hangul.misses(syllable):
            a, b = (unicodedata.normalize("NFD", s) for s in (syllable, other))
            assert len(a) == len(b)
            assert sum(x != y for x, y in zip(a, b, strict=True)) == 1
    assert not hangul.is_syllable("한국")
    assert not hangul.is_syllable("ㄱ")


@pytest.mark.parametrize("name", ["keyboard:5", "ocr:5"])
def test_korean_that_is_stored_in_parts_is_changed_too(name: str) -> None:
    text = "왼쪽에 있는 큰 개는 무슨 색인가요"
    for seed in range(5):
        after = shifted(name, unicodedata.normalize("NFD", text), seed)
        assert unicodedata.normalize("NFC", after) == shifted(name, text, seed) != text


def test_alphabets_hold_letters_of_their_script() -> None:
    for script, letters in ALPHABETS.items():
        assert len(set(letters)) == len(letters)
        assert {script_of(letter) for letter in letters} == {script}
        assert len(graphemes(letters)) == len(letters)
    assert letters_of("ก", "กขค abc") == "กขค"  # a script without a list: what the text has
