from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_emid.data.reviews import Review, load_reviews, review_scores
from pytest_emid.errors import DataError

LINES = [
    {"id": 1, "question_id": 0, "category": "conv", "content": "7 8\n\nGood.", "tuple": [7.0, 8.0]},
    {"id": 2, "question_id": "q1", "category": "detail", "tuple": [9, 7]},
    {"tuple": [10.0, 0.0]},
]


def write(path: Path, lines: list[object]) -> Path:
    file = path / "reviews.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return file


def test_reviews_hold_the_reference_first(tmp_path: Path):
    reviews = load_reviews(write(tmp_path, LINES))
    assert reviews == (
        Review("0", "conv", reference_score=7.0, response_score=8.0),
        Review("q1", "detail", reference_score=9.0, response_score=7.0),
        Review("3", "", reference_score=10.0, response_score=0.0),
    )
    assert review_scores(reviews) == ([8.0, 7.0, 0.0], [7.0, 9.0, 10.0])
    assert review_scores(reviews, "detail") == ([7.0], [9.0])


def test_blank_lines_do_not_shift_line_numbers(tmp_path: Path):
    file = tmp_path / "reviews.jsonl"
    file.write_text('{"tuple": [1, 2]}\n\n{"tuple": [3]}\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_reviews(file)
    assert str(caught.value) == (
        f"{file}, line 3: expected `tuple`, a list of the reference's score and the model's, got [3]."
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"tuple": "7 8"}, "expected `tuple`, a list of the reference's score and the model's, got '7 8'."),
        ({"tuple": [7, True]}, "expected `tuple`, a list of the reference's score and the model's, got [7, True]."),
        ({"id": 1}, "expected `tuple`, a list of the reference's score and the model's, got None."),
        ([7, 8], "a list, not an object. One JSON object a line is needed."),
        (
            {"tuple": [-1, -1]},
            "scores [-1, -1] are not a judgement (-1 marks one that could not be read). "
            "Judge that question again, or leave the line out.",
        ),
        (
            {"tuple": [0, 5]},
            "scores [0, 5] are not a judgement (-1 marks one that could not be read). "
            "Judge that question again, or leave the line out.",
        ),
    ],
)
def test_lines_that_are_no_reviews_are_named(tmp_path: Path, line: object, problem: str):
    file = write(tmp_path, [LINES[0], line])
    with pytest.raises(DataError) as caught:
        load_reviews(file)
    assert str(caught.value) == f"{file}, line 2: {problem}"


def test_files_that_are_no_reviews_are_named(tmp_path: Path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"broken\.jsonl, line 1: not JSON: "):
        load_reviews(broken)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_reviews(empty)
    assert str(caught.value) == f"{empty}: there is no review in it."
    missing = tmp_path / "missing.jsonl"
    with pytest.raises(DataError) as caught:
        load_reviews(missing)
    assert str(caught.value) == f"cannot read {missing}: No such file or directory. Check the path."


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x1c"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, odd: str):
    lines = [{"question_id": f"q{odd}{i}", "content": f"7 8{odd}Good.", "tuple": [7, 8]} for i in range(2)]
    file = tmp_path / "reviews.jsonl"
    file.write_bytes("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    assert [review.question_id for review in load_reviews(file)] == [f"q{odd}0", f"q{odd}1"]


def test_an_unknown_category_lists_those_that_there_are(tmp_path: Path):
    with pytest.raises(DataError) as caught:
        review_scores(load_reviews(write(tmp_path, LINES)), "complex")
    assert str(caught.value) == "no review has the category 'complex'. There are: '', 'conv', 'detail'."


@pytest.mark.skipif("EMID_REFERENCE" not in os.environ, reason="EMID_REFERENCE does not name the reference data")
@pytest.mark.parametrize("name", ["wild_reviews_1.jsonl", "wild_reviews_2.jsonl"])
def test_published_reviews_are_read_whole(name: str):
    file = Path(os.environ["EMID_REFERENCE"]) / "llavabench" / "published_results" / name
    reviews = load_reviews(file)
    assert len(reviews) == 60
    assert {review.category for review in reviews} == {"llava_bench_conv", "llava_bench_detail", "llava_bench_complex"}
    assert all(1 <= score <= 10 for scores in review_scores(reviews) for score in scores)
    first = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
    assert [reviews[0].reference_score, reviews[0].response_score] == first["tuple"]
    # The judge's text begins with the same two numbers.
    assert first["content"].split()[:2] == [f"{score:g}" for score in first["tuple"]]
