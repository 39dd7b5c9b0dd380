"""JSON files that are one object: what is wrong with one is said with the file, the place and the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytest_emid import data
from pytest_emid.errors import DataError

ASKED = {"question_id": 7, "image_id": 1, "question": "What is it?"}
TOLD = {"question_id": 7, "multiple_choice_answer": "a cat", "question_type": "what"}
IMAGES = [{"id": 1, "file_name": "one.png"}]


@pytest.mark.parametrize(
    ("content", "beside", "message"),
    [
        (
            {"questions": [ASKED]},
            None,
            "{file}: the answers are not in it, and not in val_annotations.json beside it. Put the annotations there.",
        ),
        (
            {"questions": [ASKED]},
            "[]",
            "{beside}: an object with 'annotations' is needed, not a list.",
        ),
        ({"questions": [ASKED]}, "{}", "{beside}: there is no list 'annotations' in it, which hold VQA's answers."),
        (
            {"questions": [ASKED]},
            "{",
            "{beside}: not JSON in UTF-8: Expecting property name enclosed in double quotes: line 1 column 2 (char 1).",
        ),
        (
            {"questions": [ASKED], "annotations": [TOLD, "cat"]},
            None,
            "{file}, annotation 1: an object with 'question_id' is needed, not 'cat'.",
        ),
        (
            {"questions": [ASKED, {"question": "Who?"}], "annotations": [TOLD]},
            None,
            "{file}, question 1: an object with 'question_id' is needed, not {{'question': 'Who?'}}.",
        ),
        (
            {"questions": [{**ASKED, "question_id": 8}], "annotations": [TOLD]},
            None,
            "{file}, question 0: no annotation of {file} answers question 8. Add one, or leave the question out.",
        ),
        (
            {"images": IMAGES, "annotations": [{"caption": "A cat."}]},
            None,
            "{file}, annotation 0: an object with 'image_id' is needed, not {{'caption': 'A cat.'}}.",
        ),
        (
            {"images": IMAGES, "annotations": [{"image_id": [1], "caption": "A cat."}]},
            None,
            "{file}, annotation 0: an object with 'image_id' is needed, not {{'image_id': [1], 'caption': 'A cat.'}}.",
        ),
        (
            {"images": IMAGES, "annotations": [{"image_id": 1, "bbox": [0, 0, 2, 2]}]},
            None,
            "{file}, annotation 0: there is no 'caption' in it; it holds 'image_id', 'bbox'. Take the file of "
            "captions: boxes and keypoints are no answers to a question.",
        ),
        (
            {"images": [7], "annotations": [{"image_id": 1, "caption": "A cat."}]},
            None,
            "{file}, image 0: an object with 'id' is needed, not 7.",
        ),
        (
            {"images": IMAGES, "annotations": [{"image_id": 2, "caption": "A cat."}]},
            None,
            "{file}: captions of image 2, which is not among 'images'. Add it.",
        ),
        (
            {"data": [{"question": "Who?", "answer": "me"}, "me"]},
            None,
            "{file}, record 1 of 'data': a str, not an object.",
        ),
        (
            {"version": 2, "split": "test"},
            None,
            "{file}: a list of objects, or objects by id, is needed; this object holds 'version', 'split'.",
        ),
        ({}, None, "{file}: a list of objects, or objects by id, is needed; this object holds nothing."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, content: dict[str, Any], beside: str | None, message: str
) -> None:
    file, other = tmp_path / "val_questions.json", tmp_path / "val_annotations.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    if beside is not None:
        other.write_text(beside, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        data.load(file)
    assert str(caught.value) == message.format(file=file, beside=other)


def test_the_answers_may_lie_beside_the_questions(tmp_path: Path) -> None:
    Image.new("RGB", (3, 2), "red").save(tmp_path / "one.png")
    (tmp_path / "val_questions.json").write_text(json.dumps({"questions": [{**ASKED, "image": "one.png"}]}))
    (tmp_path / "val_annotations.json").write_text(json.dumps({"annotations": [TOLD]}))
    (sample,) = data.load(tmp_path / "val_questions.json")
    assert (sample.question, sample.reference, sample.category) == ("What is it?", "a cat", "what")
