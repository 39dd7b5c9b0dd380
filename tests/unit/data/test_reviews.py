from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from refusals import refused

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


NEEDED = "expected `tuple`, a list of the reference's score and the model's, got "
NO_JUDGEMENT = (
    " are not a judgement (-1 marks one that could not be read). Judge that question again, or leave the line out."
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *(
            (f'{{"tuple": [1, 2]}}\n\n{line}\n', f"{{file}}, line 3: {problem}")  # a blank line counts
            for line, problem in [
                ('{"tuple": [3]}', f"{NEEDED}[3]."),
                ('{"tuple": "7 8"}', f"{NEEDED}'7 8'."),
                ('{"tuple": [7, true]}', f"{NEEDED}[7, True]."),
                ('{"id": 1}', f"{NEEDED}None."),
                ("[7, 8]", "a list, not an object. One JSON object a line is needed."),
                ('{"tuple": [-1, -1]}', f"scores [-1, -1]{NO_JUDGEMENT}"),
                ('{"tuple": [0, 5]}', f"scores [0, 5]{NO_JUDGEMENT}"),
            ]
        ),
        ("{", "{file}, line 1: not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1). "
         "The file must hold one JSON object a line."),
        ("\n", "{file}: there is no review in it."),
        (None, "cannot read {file}: No such file or directory. Check the path."),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, content: str | None, message: str):
    file = tmp_path / "reviews.jsonl"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert refused(lambda: load_reviews(file), DataError) == message.replace("{file}", str(file))


def test_an_unknown_category_lists_those_that_there_are(tmp_path: Path):
    reviews = load_reviews(write(tmp_path, LINES))
    assert refused(lambda: review_scores(reviews, "complex"), DataError) == (
        "no review has the category 'complex'. There are: '', 'conv', 'detail'."
    )


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\x1c"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, odd: str):
    lines = [{"question_id": f"q{odd}{i}", "content": f"7 8{odd}Good.", "tuple": [7, 8]} for i in range(2)]
    file = tmp_path / "reviews.jsonl"
    file.write_bytes("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    assert [review.question_id for review in load_reviews(file)] == [f"q{odd}0", f"q{odd}1"]


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
