"""Options in another order: an oracle that reads the shifted question is right, and references follow."""

import pytest
import regex
from PIL import Image
from refusals import refused

from pytest_emid import Dataset, Sample, shifts
from pytest_emid.errors import ShiftError
from pytest_emid.measuring.metrics import multiple_choice
from pytest_emid.shifts.perturbations.order import follow_options

PICTURE = Image.new("RGB", (4, 4))
ASK = "Answer with the option's letter from the given choices directly."
TEXTS = ("a red cup", "a blue cup", "no cup", "2 cups", "two dogs", "a cat")
ORDERS = [*shifts.textual("option_rotation"), shifts.parse("option_shuffle")]


def choice(n: int, layout: str, right: int, reference: str) -> tuple[Sample, str]:
    stated = "".join(layout.format("ABCDEF"[i], TEXTS[i]) for i in range(n))
    letter = "ABCDEF"[right]
    written = reference.format(letter=letter, text=TEXTS[right])
    return Sample(f"{n}{right}{layout}{reference}", PICTURE, f"What is it?{stated}\n{ASK}", written), TEXTS[right]


SAMPLES = [
    choice(n, layout, right, reference)
    for n in (2, 3, 4, 6)
    for layout in ("\n{}. {}", "\n({}) {}", " {}) {}")
    for right in (0, n - 1)
    for reference in ("{letter}", "({letter})", "{letter}. {text}", "The answer is {letter}.", "{text}")
]


def letter_of(question: str, text: str) -> str:
    """Read without the parser of the package."""
    marked = regex.split(r"(?:^|\s)\(?([A-F])[.)] ", question)
    pairs = zip(marked[1::2], (part.split("\n")[0].strip() for part in marked[2::2]), strict=True)
    return next(letter for letter, stands in pairs if stands == text)


@pytest.mark.parametrize("shift", ORDERS, ids=str)
def test_an_oracle_stays_right(shift: shifts.SyntheticShift) -> None:
    dataset = Dataset("choices", [sample for sample, _ in SAMPLES])
    shifted = shift.apply(dataset, 3)
    assert shifted.fingerprint != dataset.fingerprint
    for (before, text), after in zip(SAMPLES, shifted, strict=True):
        assert after.question != before.question
        said = letter_of(after.question, text)
        assert multiple_choice(said, after.accepted, after) == 1.0, (after.question, after.reference)
        assert (said in after.reference) == (letter_of(before.question, text) in before.reference)


def test_all_rotations_are_all_orders_once() -> None:
    for n in (2, 3, 4, 6):
        sample, text = choice(n, "\n{}. {}", 0, "{letter}")
        seen = {shift.apply_sample(sample, 0).reference for shift in shifts.textual("option_rotation")}
        assert seen == set("BCDEF"[: n - 1])
        for shift in shifts.textual("option_rotation"):
            assert letter_of(shift.apply_sample(sample, 0).question, text) != "A"


def test_several_references_follow_together() -> None:
    sample = Sample("1", PICTURE, "Which?\nA. one\nB. two\nC. three", "A", references=("A", "one", "(a)"))
    after = shifts.parse("option_rotation:1").apply_sample(sample, 0)
    assert (after.reference, after.references) == ("B", ("B", "one", "(b)"))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which?\nA. one\nB. two\nC. None of the above", "Which?\nA. two\nB. one\nC. None of the above"),
        ("Which?\nA. all of these\nB. two\nC. three\nD. four", "Which?\nA. all of these\nB. four\nC. two\nD. three"),
        ("Which?\nA. one\nB. two\nC. Both A and B", "Which?\nA. one\nB. two\nC. Both A and B"),
        ("What is it?", "What is it?"),
        ("Which? (a) red (b) dark blue", "Which? (a) dark blue (b) red"),
    ],
)
def test_options_that_point_at_others_keep_their_place(question: str, expected: str) -> None:
    assert shifts.parse("option_rotation:1").apply_text(question) == expected


@pytest.mark.parametrize("reference", ["Option B, for B is two", "Answer: B, not A", "The answer is B. B it is."])
def test_a_reference_that_cannot_be_told_is_refused(reference: str) -> None:
    sample = Sample("7", PICTURE, "Which?\nA. one\nB. two", reference)
    after = shifts.parse("option_rotation:1").apply_text(sample.question)
    assert refused(lambda: follow_options(sample, after), ShiftError) == (
        "sample '7': options change their letters, and it cannot be told which letter of its reference "
        f"{reference!r} to change. Make the reference the letter alone."
    )


@pytest.mark.parametrize("reference", ["two", "Vitamin C", "It is two."])
def test_a_reference_in_words_stays(reference: str) -> None:
    sample = Sample("7", PICTURE, "Which?\nA. one\nB. two\nC. Vitamin C", reference)
    assert shifts.parse("option_rotation:1").apply_sample(sample, 0).reference == reference


def test_a_set_without_options_is_refused() -> None:
    dataset = Dataset("open", [Sample("1", PICTURE, "What is it?", "A cup.")])
    assert refused(lambda: shifts.parse("option_rotation:2").apply(dataset, 0), ShiftError) == (
        "shift option_rotation:2 changed none of the 1 questions of dataset 'open', so it would measure nothing. The "
        "first question is 'What is it?'. Choose a shift that can act on such text (another layout, another "
        "thesaurus), or leave it out."
    )


def test_the_picture_goes_behind_the_question() -> None:
    last = shifts.parse("picture_last")
    assert last.apply_text("<image>\nWhat is it?") == "What is it?\n<image>"
    assert last.apply_text("What is it?") == "What is it?\n<image>"
    assert last.apply_text("Compare <image 1> and <image 2>.") == "Compare <image 1> and <image 2>."


def test_pictures_go_behind_the_question_as_many_as_there_are() -> None:
    last = shifts.parse("picture_last")
    none, several = (
        Sample("0", None, "Why?", "So."),
        Sample("2", None, "Which?", "A.", images=(PICTURE, PICTURE.copy())),
    )
    assert last.apply_sample(none, 0).question == "Why?"
    assert last.apply_sample(several, 0).question == "Which?\n<image 1>\n<image 2>"
    placed = several.with_(question="Is <image 1> or <image 2> red?")
    assert last.apply_sample(placed, 0).question == placed.question


def test_a_sample_without_a_picture_stays_under_visual_shifts() -> None:
    none = Sample("0", None, "Is left before right?", "Left.")
    for name in ("flip", "text_wrong_answer:1", "rotation:3"):
        after = shifts.parse(name).apply_sample(none, 0)
        assert (after.question, after.reference, after.pictures) == (none.question, none.reference, ())
