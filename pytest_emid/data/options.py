"""Multiple choice: the options of a record, the letter of the right one, and the question that states them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_emid.data.columns import LETTERS, Record
from pytest_emid.data.selecting import is_empty
from pytest_emid.errors import DataError, brief
from pytest_emid.information.answers import answer_key, short_answer
from pytest_emid.information.choices import stated_options

__all__ = ["INSTRUCTION", "as_list", "options_of", "right_letter", "with_options"]

INSTRUCTION: Final = "Answer with the option's letter from the given choices directly."
"""How LLaVA and many suites after it ask for a letter."""


def options_of(row: Record, column: str | None, by_letter: bool, where: str) -> list[str]:
    """The texts of the options; none where the record is no multiple choice.

    Args:
        row: the record.
        column: holds all of them, as a list or as text that is one; None where no column does.
        by_letter: whether columns A, B, ... hold them one by one.
        where: the place, for errors.

    Raises:
        DataError: there is one only, one is empty or no text, or there are more than letters.
    """
    if column is not None:
        value = as_list(row.values.get(column))
        if is_empty(value):
            return []
        if isinstance(value, Mapping) and isinstance(value.get("text"), list):  # beside a list of labels
            value = value["text"]
        if not isinstance(value, list):
            raise DataError(
                f"{where}: the options in column {column!r} are {brief(value)}, not a list of texts. Make them one, "
                "or leave the column alone: columns={'options': ''}."
            )
        texts = list(value)
    elif by_letter:
        texts = [None if is_empty(row.values.get(letter)) else row.values[letter] for letter in LETTERS]
        while texts and texts[-1] is None:
            texts.pop()
        column = "A, B, ..."
        if not texts:
            return []
    else:
        return []
    for number, text in enumerate(texts):
        if isinstance(text, int | float) and not isinstance(text, bool) and text == text:
            texts[number] = _figure(text)
        elif not isinstance(text, str) or not text.strip():
            letter = LETTERS[min(number, 25)]
            raise DataError(f"{where}: option {letter} in column {column!r} is {brief(text)}, not text. Add its text.")
    if not 2 <= len(texts) <= len(LETTERS):
        raise DataError(f"{where}: there are {len(texts)} options in column {column!r}; a multiple choice has 2 to 26.")
    return [text.strip() for text in texts]


def right_letter(value: Any, options: Sequence[str], column: str, where: str) -> str:
    """The letter of the right option, from its letter, its text, or its number counted from 0.

    Raises:
        DataError: no option is meant, or it cannot be told which.
    """
    letters = LETTERS[: len(options)]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    number = _whole(value)
    if isinstance(value, str) and value.strip():
        short = short_answer(value)
        if len(short) == 1 and short in letters:
            return short
        key = answer_key(value)
        meant = [
            i for i, option in enumerate(options) if option == value.strip() or (key and answer_key(option) == key)
        ]
        if number is not None and number < len(options) and meant not in ([], [number]):
            raise DataError(
                f"{where}: the answer {value!r} in column {column!r} is the text of option {letters[meant[0]]}, and "
                f"the number of option {letters[number]}. Say which with map=, for example by its letter."
            )
        if len(meant) == 1:
            return letters[meant[0]]
    if number is not None and 0 <= number < len(options):
        return letters[number]
    shown = ", ".join(f"{letter}. {option[:40]}" for letter, option in zip(letters, options, strict=True))
    raise DataError(
        f"{where}: the answer in column {column!r} is {brief(value)}, which is none of the options ({shown}). "
        "Give a letter, the text of an option, or its number counted from 0; or, where these are no options, "
        "columns={'options': ''}."
    )


def with_options(question: str, hint: str, options: Sequence[str]) -> str:
    """The question as it is asked: a hint before it, options and the instruction behind it, each on its line. Options
    that it states already are not stated again."""
    lines = [hint.strip(), question.strip() if hint or options else question]
    if options and [option.text for option in stated_options(question)] != list(options):
        lines += [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
        lines.append(INSTRUCTION)
    return "\n".join(line for line in lines if line)


def as_list(value: Any) -> Any:
    """A list where a cell holds one: an array, or text that is a list of texts, as tables without lists write it.

    >>> as_list("['a', 'b']"), as_list("[sic] a"), as_list("[1, 2]")
    (['a', 'b'], '[sic] a', '[1, 2]')
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and value[:1] == "[" and value.rstrip()[-1:] == "]":
        try:
            parsed = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
        if isinstance(parsed, list) and all(isinstance(one, str) for one in parsed):
            return parsed
    return value


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if value.strip().isascii() and value.strip().isdecimal() and len(value) < 5 else None
    if isinstance(value, float):  # how pandas keeps whole numbers beside gaps
        return int(value) if value.is_integer() else None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _figure(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)
