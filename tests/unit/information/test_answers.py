"""Options and short answers: every dress that is taken off, and everything that is left alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_emid.errors import EstimationError
from pytest_emid.information.answers import answer_key, equal_answers, one_wording, short_answer
from pytest_emid.information.companions import normalise_answer

DRESSED = {
    "B": [
        "B", " B\n", "b", "B.", "B)", "b)", "B:", "(B)", "( b )", "[B]", "{B}", "(B).", "(B):", "**B**", "*B*", "__B__",

        "`B`", '"B"', "'B'", "“B”", "«B»", "$B$", r"\boxed{B}", r"$\boxed{B}$", "Ｂ", "Answer: B", "answer:B",
        "**Answer:** B", "**Answer: B**", "Final answer: (B)", "The answer is B", "The answer is B.",
        "The answer is (B).",
        "The correct answer is: **B**", "The correct option is B",
        "So, the answer is B.", "Option B", "Option (B).",
        "Answer: B)", "Antwort: B", "Die Antwort ist B.", "答案：B", "答案是B。", "정답: B", "Απάντηση: B",
        "Η απάντηση είναι B.", "الإجابة: B", "उत्तर: B", "### Answer: B",
    ],
    "12": ["12", "12.0", "12.", "12.00", "+12", "twelve", "Twelve.", "zwölf", "१२", "１２", "(12)"],
    "1234.5": ["1234.5", "1,234.5", "1,234.50"],
    "-3": ["-3", "−3", "-3.0"],
    "0": ["0", "0.0", "-0", "zero"],
    "3": ["three", "drei", "三", "τρία", "ثلاثة", "तीन"],
    "Yes": ["Yes", "Yes.", "**Yes**", "Answer: Yes", "The answer is Yes."],
    "是": ["是", "是。", "答案是是。"],
    "The dog is red": ["The dog is red.", "(The dog is red.)", "**The dog is red.**", "The answer is The dog is red."],
    "": ["", "  \n"],
}  # fmt: skip

AS_IT_IS = [
    "007",
    "1.000",
    "12 %",
    "3/4",
    "12:30",
    "B or C",
    "A and B",
    "I see a cat. It is black.",
    "The answer is that nobody who looks at this picture could tell for certain what it shows.",
    "**Bold** start of a text",
    "no dress",
    "null",
    "Note:",
    "...",
    "(a) first (b) second",
    "don't",
    "I think it is B",
]


@pytest.mark.parametrize(("short", "text"), [(short, text) for short, texts in DRESSED.items() for text in texts])
def test_short_answer(short, text):
    assert short_answer(text) == short
    assert equal_answers(text, short) == bool(short)


@pytest.mark.parametrize("text", AS_IT_IS)
def test_left_as_it_is(text):
    assert short_answer(f" {text}\n") == text


@pytest.mark.parametrize("text", [text for texts in DRESSED.values() for text in texts] + AS_IT_IS)
def test_undressing_twice_changes_nothing(text):
    assert short_answer(short_answer(text)) == short_answer(text)


def test_free_text_keeps_its_own_lines():
    text = "The picture shows two things:\n\n1. **A dog**\n2. A cat"
    assert short_answer(f"\n{text}  ") == text


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("b)", "B"),
        ("(B) a cat", "B"),
        ("B) a cat", "B"),
        ("B. a cat", "B"),
        ("B: a cat", "B"),
        ("**B.** a cat", "B"),
        ("a cat", "B"),
        ("A cat.", "B"),
        ("The answer is a cat.", "B"),
        ("Answer: B. It has whiskers.", "B"),
        ("B\n\nIt has whiskers.", "B\n\nIt has whiskers."),
        ("B. It has whiskers, so it is no dog.", "B"),
        ("The ears are pointed. So the answer is B.", "B"),
        ("The answer is A. No, the answer is B.", "The answer is A. No, the answer is B."),
        ("D", "D"),
        ("(D) a horse", "(D) a horse"),
        ("a horse", "a horse"),
        ("a cat or a dog", "a cat or a dog"),
    ],
)
def test_options(text, letter):
    assert short_answer(text, ["a dog", "a cat", "12"]) == letter


def test_an_option_that_is_a_number():
    assert short_answer("twelve", ["11", "12.0"]) == "B"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("The circle is red.", "circle is red", True),
        ("Red", "red!", True),
        ("12.0", "twelve", True),
        ("-3", "3", False),
        ("007", "7", False),
        ("B", "C", False),
        ("yes", "no", False),
        ("", "", False),
        ("?", "?", False),
        ("A cat. It is black.", "a cat, it is black", True),
    ],
)
def test_equal_answers(a, b, same):
    assert equal_answers(a, b) is same
    assert equal_answers(b, a) is same


def test_a_key_of_an_answer_in_its_format():
    assert answer_key("**The Red One.**") == "red one"


@pytest.mark.parametrize(
    "answer",
    ["The circle is red.", "  the   CIRCLE is\tred ", "a circle, an oval", "3.5 metres", "a T-shirt",
     "don't", "'don't'",
     "yes,no", "yes, no", "(B)", "A", "The", "Ｒｅｄ", "STRASSE",
     "Straße", "theatre", "«rouge»", "?!", ""],
)  # fmt: skip
def test_the_key_of_what_is_no_number_is_what_exact_match_compares(answer):
    assert answer_key(answer) == normalise_answer(answer)


@settings(deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_read(text):
    short = short_answer(text)
    assert short == short.strip()
    assert short_answer(short) == short or len(short) < len(text)


def test_one_wording():
    references = ["B", "The dog is red.", "12"]
    assert one_wording(["(B)", "the dog is red", "twelve"], references) == references
    assert one_wording(["(C)", "C", "D"], references, ["c."]) == ["c.", "c.", "D"]
    assert one_wording(["", "?"], ["", "?"]) == ["", "?"]
    assert one_wording(["a b", "x"], ["ab"], key=lambda text: text.replace(" ", "")) == ["ab", "x"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: short_answer(None), "text: the answer at position 0 is of type NoneType, not a text. An "
         "answer that is missing is an empty text."),
        (lambda: short_answer("A", ["cat"]), "options: there are 1. A multiple choice has 2 to 26."),
        (lambda: short_answer("A", "cat"), "options: expected a list of texts, got one text, 'cat'."),
        (lambda: short_answer("A", ["a cat", "Cat."]), "options: A and B are the same answer, 'Cat.'. Give options "
         "that differ."),
        (lambda: one_wording("B", ["B"]), "answers: expected a list of texts, got one text, 'B'."),
        (lambda: one_wording(["B"], "B"), "known: expected a list of texts, got one text, 'B'."),
    ],
)  # fmt: skip
def test_errors(call, message):
    with pytest.raises(EstimationError) as caught:
        call()
    assert str(caught.value) == message
