"""Right or wrong: exact match, containment, multiple choice, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import regex

from pytest_emid.information.answers import answer_key, short_answer
from pytest_emid.information.choices import stated_options
from pytest_emid.information.companions import normalise_answer
from pytest_emid.measuring.metrics.base import MetricError

__all__ = ["contains", "exact", "multiple_choice", "numeric"]

FIGURE: Final = regex.compile(r"(?<![\w.,])[+−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w])")


def exact(response: str, references: Sequence[str], sample: Any = None) -> float:
    """1.0 where the response equals a reference, whatever the format (`information.answers.answer_key`), else 0.0.

    Case, punctuation at the ends, articles, markup, brackets and lead-ins are format; `12`, `12.0` and `twelve` are one
    number. A response that says nothing equals nothing.

    >>> exact("The answer is **Red**.", ["red", "crimson"]), exact("dark red", ["red"])
    (1.0, 0.0)
    """
    key = answer_key(response)
    return float(bool(key) and any(key == answer_key(reference) for reference in references))


def contains(response: str, references: Sequence[str], sample: Any = None) -> float:
    """1.0 where the words of a reference stand in the response, one after the other, else 0.0.

    Lenient: "no dog, a red cat" contains "red cat" and "dog" alike.

    >>> contains("It is a Red cat.", ["red cat"]), contains("It is scared.", ["red"])
    (1.0, 0.0)
    """
    said = f" {normalise_answer(response)} "
    return float(any(f" {normalise_answer(reference)} " in said for reference in references if reference.strip()))


def multiple_choice(response: str, references: Sequence[str], sample: Any = None) -> float:
    """1.0 where the response names the option of a reference, by letter or by text, else 0.0.

    The options are read from the sample's question (`A. a dog B. a cat`, `(A) a dog`, one a line or in a row); without
    them only letters and equal texts match.

    >>> from types import SimpleNamespace
    >>> asked = SimpleNamespace(question="What is it?\\nA. a dog\\nB. a cat")
    >>> multiple_choice("(B) a cat, I think", ["B"], asked), multiple_choice("A dog.", ["A"], asked)
    (1.0, 1.0)
    """
    options = _options(getattr(sample, "question", ""))

    def chosen(text: str) -> str:
        short = short_answer(text, options) if options else short_answer(text)
        return answer_key(short)

    said = chosen(response)
    return float(bool(said) and any(said == chosen(reference) for reference in references))


def numeric(
    response: str, references: Sequence[str], sample: Any = None, *, relative: float = 0.0, absolute: float = 1e-9
) -> float:
    """1.0 where the number in the response is within tolerance of the number in a reference, else 0.0.

    Args:
        response: holds exactly one number, in figures or as a single word; two numbers are no answer.
        references: each holds exactly one number.
        sample: is not used.
        relative: tolerance as a share of the reference, such as 0.05 (relaxed accuracy of ChartQA).
        absolute: tolerance in the number's own unit.

    Raises:
        MetricError: no reference holds exactly one number, or a tolerance is below 0.

    >>> numeric("about 1,050 people", ["1000"], relative=0.05), numeric("twelve", ["12"]), numeric("3 or 4", ["3"])
    (1.0, 1.0, 0.0)
    """
    if not (relative >= 0.0 and absolute >= 0.0):
        raise MetricError(f"a tolerance is a number from 0 up, not {relative!r} or {absolute!r}.")
    known = [value for value in map(_number, references) if value is not None]
    if not known:
        raise MetricError(f"no reference holds exactly one number: {', '.join(map(repr, references))[:120]}.")
    said = _number(response)
    if said is None:
        return 0.0
    return float(any(abs(said - value) <= abs(value) * relative + absolute for value in known))


def _options(question: str) -> list[str]:
    """The texts of the options in the question; none where two of them are the same answer."""
    texts = [option.text for option in stated_options(question)]
    return texts if len({answer_key(text) for text in texts}) == len(texts) else []


def _number(text: str) -> float | None:
    """The only number in a text; None where there is none, or more than one."""
    short = short_answer(text)
    figures = FIGURE.findall(short)
    if len(figures) != 1:
        return None
    return float(figures[0].replace(",", "").replace("−", "-"))
