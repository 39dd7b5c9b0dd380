"""Judge reviews in LLaVA's format: one JSON object a line, with the scores of the reference and of the model."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_emid.data.files import json_lines
from pytest_emid.errors import DataError

__all__ = ["Review", "load_reviews", "review_scores"]


@dataclass(frozen=True, slots=True)
class Review:
    """What a judge said of one question.

    Attributes:
        question_id: which question.
        category: the dataset's label, such as `llava_bench_conv`; may be empty.
        reference_score: the judge's score of the reference answer, above 0 (GPT-4 judges give 1 to 10).
        response_score: the judge's score of the model's answer.

    Example:
        >>> Review("7", "conv", reference_score=8.0, response_score=6.0).response_score
        6.0
    """

    question_id: str
    category: str
    reference_score: float
    response_score: float


def load_reviews(path: str | os.PathLike[str]) -> tuple[Review, ...]:
    """The reviews of a JSONL file, in order.

    Each line holds `tuple`, the scores [reference, model], and usually `question_id` and `category`. LLaVA's script
    writes [-1, -1] where it could not read the judge; such a line is an error, not a score.

    Raises:
        DataError: the file cannot be read, is empty, or a line is not such a review; the message names file and line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "reviews.jsonl")
        ...     _ = file.write_text('{"question_id": 7, "category": "conv", "tuple": [8, 6]}')
        ...     load_reviews(file)
        (Review(question_id='7', category='conv', reference_score=8.0, response_score=6.0),)
    """
    file = Path(path)
    reviews = tuple(_review(where, number, record) for number, (where, record) in enumerate(json_lines(file), start=1))
    if not reviews:
        raise DataError(f"{file}: there is no review in it.")
    return reviews


def review_scores(reviews: Sequence[Review], category: str | None = None) -> tuple[list[float], list[float]]:
    """Scores of the responses and of the references, of one category or of all, for `information.preference`.

    Raises:
        DataError: no review has that category; the message lists those that there are.

    Example:
        >>> review_scores([Review("7", "conv", reference_score=8.0, response_score=6.0)])
        ([6.0], [8.0])
    """
    chosen = [review for review in reviews if category is None or review.category == category]
    if not chosen:
        known = ", ".join(sorted({repr(review.category) for review in reviews})) or "none"
        raise DataError(f"no review has the category {category!r}. There are: {known}.")
    return [review.response_score for review in chosen], [review.reference_score for review in chosen]


def _review(where: str, number: int, record: dict[str, Any]) -> Review:
    scores = record.get("tuple")
    if not (isinstance(scores, list) and len(scores) == 2 and all(_is_number(score) for score in scores)):
        raise DataError(f"{where}: expected `tuple`, a list of the reference's score and the model's, got {scores!r}.")
    reference, response = (float(score) for score in scores)
    if reference <= 0 or response < 0:
        raise DataError(
            f"{where}: scores {scores} are not a judgement (-1 marks one that could not be read). "
            "Judge that question again, or leave the line out."
        )
    return Review(str(record.get("question_id", number)), str(record.get("category", "")), reference, response)


def _is_number(score: object) -> bool:
    return isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score)
