"""Texts on pictures: what is written, and that an oracle that looks at the picture loses nothing to the control."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from refusals import refused

from pytest_emid import Dataset, Sample, shifts
from pytest_emid.errors import ShiftError
from pytest_emid.information.answers import answer_key
from pytest_emid.shifts.geometry.mirror import mirrored_text
from pytest_emid.shifts.overlays.lettering import wrapped
from pytest_emid.shifts.overlays.writing import LIKE, neutral_text, wrong_answer

COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (50, 80, 225), "orange": (245, 140, 30)}
WRITING = [name for name in shifts.names("visual") if shifts.registry.writes(name)]


def sample(index: int) -> Sample:
    """A disk of one colour, and a choice of all."""
    right = list(COLOURS)[index % 4]
    image = Image.new("RGB", (112, 112), (170, 170, 170))
    ImageDraw.Draw(image).ellipse((26, 16, 86, 76), fill=COLOURS[right])
    names = list(COLOURS)[index % 3 :] + list(COLOURS)[: index % 3]
    stated = "".join(f"\n{'ABCD'[i]}. {name}" for i, name in enumerate(names))
    return Sample(str(index), image, f"What color is the disk?{stated}", "ABCD"[names.index(right)])


def oracle(of: Sample) -> str:
    """The letter of the colour that most coloured pixels are nearest to, from picture and question alone."""
    pixels = np.asarray(of.open_image(), int).reshape(-1, 3)
    pixels = pixels[pixels.max(1) - pixels.min(1) > 60]
    near = np.abs(pixels[:, None] - np.array(list(COLOURS.values()))).sum(2).argmin(1)
    colour = list(COLOURS)[np.bincount(near, minlength=4).argmax()]
    return next(line[0] for line in of.question.split("\n")[1:] if line[3:] == colour)


CHOICES = Dataset("choices", [sample(index) for index in range(24)])
OPEN = Dataset(
    "open",
    [
        Sample(str(i), Image.new("RGB", (60, 40)), question, reference, category=category)
        for i, (question, reference, category) in enumerate(
            [
                ("What color is the cup?", "Red.", "a"),
                ("What color is the car?", "Blue.", "a"),
                ("What color is the hat?", "red", "a"),
                ("Where is the cup?", "On the left.", "a"),
                ("Is it day?", "Yes.", "b"),
            ]
        )
    ],
)


@pytest.mark.parametrize("shift", [s for s in shifts.visual(*WRITING) if s.severity in (1, 3, 5)], ids=str)
def test_what_is_written_costs_an_oracle_nothing(shift: shifts.SyntheticShift) -> None:
    for of in shift.apply(CHOICES, 0):
        assert oracle(of) == of.reference


@pytest.mark.parametrize(
    "other", ["identity", "normalise_only", "option_rotation:1", "flip", "preamble:5", "rotation:3"]
)
def test_other_shifts_leave_the_oracle_right(other: str) -> None:
    for of in shifts.parse(other).apply(CHOICES, 0):
        assert oracle(of) == of.reference


def test_a_wrong_answer_is_wrong_and_of_the_same_kind() -> None:
    for of in CHOICES:
        said = wrong_answer(of, CHOICES, 0)
        assert said in COLOURS
        assert f"{of.reference}. {said}" not in of.question
    said = {of.id: wrong_answer(of, OPEN, 0) for of in OPEN}
    assert (said["0"], said["2"]) == ("Blue.", "Blue.")
    assert answer_key(said["1"]) == "red"
    assert said["3"] != "On the left."
    assert said["4"] != "Yes."


def test_another_sample_changes_it_only_where_it_is_drawn() -> None:
    many = [Sample(f"m{i}", Image.new("RGB", (2, 2)), "What color is the cup?", f"colour {i}") for i in range(40)]
    whole, part = Dataset("whole", many), Dataset("part", many[:39][::-1])
    same = [wrong_answer(s, whole, 0) == wrong_answer(s, part, 0) for s in many[:39]]
    assert sum(same) >= 35


def test_the_control_is_as_long_and_says_nothing() -> None:
    for like, write in LIKE.items():
        shift = shifts.parse(f"text_neutral{'' if like == 'wrong_answer' else f'(like={like})'}:3")
        told, control = write(CHOICES, 0), shifts.get("text_neutral").writes(CHOICES, 0, like=like)
        for of in CHOICES:
            assert len(control(of)) == len(told(of))
            assert not any(colour in control(of) for colour in COLOURS)
        assert shift.apply(CHOICES, 0).fingerprint != CHOICES.fingerprint
    assert [len(neutral_text(n)) for n in (1, 12, 113, 300)] == [1, 12, 113, 300]


def test_a_label_is_nothing_that_is_asked_about() -> None:
    blank = Image.new("RGB", (9, 9))
    zebras = Dataset("z", [Sample(str(i), blank, "Is it a zebra?", "Yes, a zebra.") for i in range(60)])
    write = LIKE["label"](zebras, 0)
    assert "zebra" not in {write(of) for of in zebras}
    assert len({write(of) for of in zebras}) > 10


def test_what_is_written_is_part_of_the_fingerprint() -> None:
    changed = Dataset("open", [OPEN[0], *(s.with_(reference="Mauve.") for s in list(OPEN)[1:])])
    shift = shifts.parse("text_wrong_answer:2")
    assert shift.apply(OPEN, 0).fingerprint != shift.apply(changed, 0).fingerprint
    assert shift.apply(OPEN, 0).fingerprint == shift.apply(OPEN, 0).fingerprint != shift.apply(OPEN, 1).fingerprint


def test_long_texts_are_wrapped() -> None:
    lines = wrapped("one two three four five six seven eight nine", 20, 100)
    assert len(lines) > 2
    assert " ".join(lines) == "one two three four five six seven eight nine"


CHINESE = Dataset("zh", [s.with_(reference=r) for s, r in zip(list(OPEN)[:2], ("红色", "蓝色"), strict=True)])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shifts.parse("text_label:1").apply_image(Image.new("RGB", (9, 9))),
         "shift text_label:1 writes what depends on the samples of a dataset, and got a picture alone. Apply it to a "
         "dataset: shift.apply(dataset, seed)."),
        (lambda: shifts.parse("text_wrong_answer:1").apply_sample(OPEN[0], 0),
         "shift text_wrong_answer found no wrong answer for sample '0': no other sample of dataset 'one sample' has "
         "another reference. Use more samples, or text_label."),
        (lambda: shifts.parse("text_wrong_answer:1").apply(CHINESE, 0),
         "shift text_wrong_answer cannot write '蓝色' on the picture of sample '0': the built-in font has no '蓝色'. "
         "Leave such samples out: dataset.select(ids); or take text_label."),
    ],
)  # fmt: skip
def test_refusals(call, message) -> None:
    assert refused(call, ShiftError) == message


# -- the mirror --


@pytest.mark.parametrize(
    ("axis", "before", "after"),
    [
        ("horizontal", "The cup is left of the Right lamp, LEFT.", "The cup is right of the Left lamp, RIGHT."),
        ("horizontal", "On the right-hand side, above it.", "On the left-hand side, above it."),
        ("vertical", "A small ring in the top left.", "A small ring in the bottom left."),
        ("horizontal", "What is it?\nA. left\nB. right\nAnswer with the option's letter.",
         "What is it?\nA. right\nB. left\nAnswer with the option's letter."),
        ("horizontal", "Is that right?", None),
        ("horizontal", "What does the sign say?", None),
        ("horizontal", "What time does the clock show?", None),
        ("horizontal", "Die Katze ist links von dem Hund.", None),
        ("vertical", "Die Katze ist links von dem Hund.", "Die Katze ist links von dem Hund."),
        ("vertical", "Is the cup over the table?", None),
        ("horizontal", "Il gatto è nero.", None),
    ],
)  # fmt: skip
def test_sides_follow_the_mirror(axis: str, before: str, after: str | None) -> None:
    assert mirrored_text(before, axis) == after
    if after is not None:
        assert mirrored_text(after, axis) == before


def test_a_flip_takes_questions_and_references_along() -> None:
    image = Image.new("RGB", (8, 8))
    image.paste((255, 0, 0), (0, 0, 4, 8))
    both = ("Red, left of black.", "red")
    clean = Dataset("d", [Sample("1", image, "What is on the left?", both[0], references=both)])
    (after,) = shifts.parse("flip").apply(clean, 0)
    assert (after.question, after.accepted) == ("What is on the right?", ("Red, right of black.", "red"))
    assert after.open_image().getpixel((7, 0)) == (255, 0, 0)
    unsure = Dataset("d", [Sample("9", image, "What does it say?", "Stop.")])
    assert refused(lambda: shifts.parse("flip").apply(unsure, 0), ShiftError) == (
        "shift flip mirrors the picture of sample '9', and it cannot be told what its question 'What does it say?' "
        "becomes: it names sides in a language other than English, or speaks of writing, clocks, hands or the like. "
        "Leave such samples out: dataset.select(ids)."
    )
