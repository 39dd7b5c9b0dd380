"""The pieces of a text, and what is protected of them."""

import pytest
import regex
from shifted_texts import shifted

from pytest_emid import shifts
from pytest_emid.shifts.perturbations.tokens import join, tokenize

NAMES = shifts.names("textual")


def test_pieces_join_to_the_text_and_protection_is_as_told() -> None:
    text = "Is <image 1> A: 3.5 cm, (B) 12:30 or C? A dog's <|image|> well-known I_1 [IMG] {name} 圆是，x２"
    for protect in ("all", "placeholders", "none"):
        assert join(tokenize(text, protect)) == text
    kept = {
        protect: [t.text for t in tokenize(text, protect) if t.kind == "kept"]
        for protect in ("all", "placeholders", "none")
    }
    assert kept["none"] == []
    assert kept["placeholders"] == ["<image 1>", "<|image|>", "[IMG]", "{name}"]
    assert kept["all"] == ["<image 1>", "A", "3.5", "B", "12:30", "C", "<|image|>", "1", "[IMG]", "{name}"]
    assert [t.text for t in tokenize(text, "all") if t.kind == "word"] == [
        *("Is", "cm", "or", "A", "dog's", "well-known", "I", "圆", "是", "x２")
    ]


def test_numbers_are_protected_whole_and_with_what_is_written_onto_them() -> None:
    text = 'Is 12kg or 1,250mm the 3rd of 12개의 3D <img src="a b.png"> 12months x2 B52 १२ 10:30am?'
    kept = [t.text for t in tokenize(text, "all") if t.kind == "kept"]
    assert kept == ["12kg", "1,250mm", "3rd", "12", "3D", '<img src="a b.png">', "12", "१२", "10:30am"]
    numbers = ("12kg", "1,250mm", "3rd")
    for name in NAMES:
        for shift in shifts.textual(name):
            for seed in range(3):
                after = shift.apply_text("Does it weigh 12kg, is it 1,250mm long, or the 3rd of its kind?", seed, "s")
                assert all(regex.search(rf"(?<![\w.,]){number}(?![a-z])", after) for number in numbers), (shift, after)


def test_small_letters_of_multiple_choice_are_protected_and_words_are_not() -> None:
    text = "a dog or a cat?\na. e. coli (b) b) I am (I) c: d\nx: 3"
    assert [t.text for t in tokenize(text, "all") if t.kind == "kept"] == ["a", "b", "b", "I", "x", "3"]
    for name in ("char_substitute:5", "keyboard:5", "ocr:5", "case:5"):
        for seed in range(5):
            assert regex.findall(r"\(.\)", shifted(name, "Which? (a) red (b) blue (o) pink", seed)) == [
                "(a)",
                "(b)",
                "(o)",
            ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_protected_pieces_survive(name: str, seed: int) -> None:
    text = "<image>\nWhich of the 3 coloured shapes is larger? (A) circle (B) square (C) 12.5 ring"
    for shift in shifts.textual(name):
        after = shift.apply_text(text, seed, "s")
        for piece in ("<image>", "3", "A", "B", "C", "12.5"):
            assert piece in regex.findall(r"<image>|[A-Z](?=\b)(?<=\b[A-Z])|[\d.]*\d", after), (shift, after)


def test_protection_can_be_switched_off() -> None:
    text = "<image> 12345 67890 24680 (B)"
    for shift in ("char_delete:5", "keyboard:5", "ocr:5"):
        assert shifted(shift, text) == text
        parsed = shift.replace(":", "(protect=none):")
        assert any(shifted(parsed, text, seed) != text for seed in range(5)), shift
    found = {shifted("char_swap(protect=none):5", "<image>", seed) for seed in range(20)}
    assert found != {"<image>"}
