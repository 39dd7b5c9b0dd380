"""The options that a question states, however they are set."""

import pytest

from pytest_emid.information.choices import stated_options

LIST = [("A", "cat"), ("B", "dog"), ("C", "bird")]


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("What?\nA. cat\nB. dog\nC. bird\nAnswer with the letter.", LIST),
        ("What?\nOptions:\n(A) cat\n(B) dog\n(C) bird", LIST),
        ("A. cat\r\nB. dog\r\nC. bird\r\n", LIST),
        ("Which? (a) cat (b) dog (c) bird\nThink.", LIST),
        ("Which? A) cat B) dog C) bird", LIST),
        ("哪个？A．cat B．dog C．bird", LIST),
        ("Look at point C. Which?\nA: cat\nB: dog\nC: bird", LIST),
        ("One: A. x B. y\nTwo: A. cat B. dog C. bird", LIST),
        ("A. cat\n\nB. dog\n\nC. bird\n\nPlease answer.", LIST),
        ("Which?\nA. vitamin C. x\nB. two\n  lines\nC. z\n  w\n\nThink.",
         [("A", "vitamin C. x"), ("B", "two\n  lines"), ("C", "z\n  w")]),
        ("Is it plan B. or plan C. then?", []),
        ("A. only one", []),
        ("A cat or B dog?", []),
        ("A. cat\nB.\n", []),
        ("", []),
    ],
)  # fmt: skip
def test_options(question, options):
    found = stated_options(question)
    assert [(option.letter, option.text) for option in found] == options
    for option in found:
        assert question[option.start : option.end].endswith(option.text)
        assert option.letter in question[option.start : option.start + 2].upper()
