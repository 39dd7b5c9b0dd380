"""Samples of several pictures, and of none: made by hand, read from tables, exported."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from refusals import refused

from pytest_emid import data
from pytest_emid.data import Dataset, Sample
from pytest_emid.data.sample import LazyImage, image_digest, pictures_digest
from pytest_emid.errors import DataError


def picture(level: int) -> Image.Image:
    return Image.new("RGB", (3, 2), (level, 0, 0))


def encoded(level: int) -> bytes:
    buffer = BytesIO()
    picture(level).save(buffer, "PNG")
    return buffer.getvalue()


def levels(sample: Sample) -> list[Any]:
    """What tells the pictures of a sample apart."""
    return [opened.getpixel((0, 0))[0] for opened in sample.open_images()]  # type: ignore[index]


def row(**changes: Any) -> dict[str, Any]:
    return {"id": "a", "question": "What?", "reference": "That.", **changes}


def test_a_sample_of_several_pictures():
    first, second, third = picture(1), LazyImage(lambda: picture(2), "made"), picture(3)
    sample = Sample("s", None, "Which?", "The first.", images=(first, second))
    assert sample.image is first
    assert sample.pictures == (first, second)
    assert levels(sample) == [1, 2]
    assert refused(sample.open_image, DataError) == (
        "sample 's' has 2 pictures, and one is needed here. Whatever takes any number of them opens them by "
        "open_images()."
    )
    assert levels(sample.with_(image=third)) == [3, 2]
    assert levels(sample.with_(images=(third,))) == [3]
    assert sample.with_(images=(third,)).images == ()
    assert sample.with_(images=()).pictures == sample.with_(image=None).pictures == ()
    assert levels(sample.with_(question="Which one?")) == [1, 2]
    assert Sample("s", first, "Which?", "This.", images=[first]) == Sample("s", first, "Which?", "This.")
    assert refused(lambda: Sample("s", third, "Which?", "This.", images=(first, second)), DataError) == (
        "sample 's': the first of its images is not its image. Give all of them as images=, and image=None."
    )


def test_a_sample_without_a_picture():
    sample = Sample("s", None, "What is 2 + 2?", "4")
    assert (sample.pictures, sample.open_images()) == ((), [])
    assert refused(sample.open_image, DataError) == (
        "sample 's' has no picture, and one is needed here. Whatever takes any number of them opens them by "
        "open_images()."
    )


def test_what_pictures_are_known_by():
    one, two = picture(1), picture(2)
    assert pictures_digest([one]) == image_digest(one)
    assert pictures_digest([]) == ""
    both = [pictures_digest([one, two]), pictures_digest([two, one]), pictures_digest([one, one])]
    assert len({*both, image_digest(one), image_digest(two)}) == 5
    assert all(len(digest) == 64 for digest in both)


def test_a_set_is_known_by_all_its_pictures():
    def fingerprint(*images: Image.Image) -> str:
        return Dataset("d", [Sample("s", None, "What?", "That.", images=images)]).fingerprint

    alone = Dataset("d", [Sample("s", picture(1), "What?", "That.")]).fingerprint
    assert fingerprint(picture(1)) == alone
    assert len({alone, fingerprint(picture(1), picture(2)), fingerprint(picture(2), picture(1)), fingerprint()}) == 4


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"image": [encoded(1), encoded(2)]}, [1, 2]),
        ({"images": [{"bytes": encoded(1)}, {"bytes": encoded(2)}, {"bytes": encoded(1)}]}, [1, 2, 1]),
        ({"image": str([base64.b64encode(encoded(level)).decode() for level in (1, 2)])}, [1, 2]),
        ({"image_1": encoded(1), "image_2": encoded(2), "image_10": None, "image_3": encoded(3)}, [1, 2, 3]),
        ({"image_1": encoded(1), "image_2": None}, [1]),
        ({"image_1": None, "image_2": None}, []),
        ({"image": None}, []),
        ({"image": float("nan")}, []),
        ({"image": []}, []),
    ],
)
def test_the_pictures_of_a_row(values: dict[str, Any], shown: list[int]):
    (sample,) = data.load_records([row(**values)])
    assert levels(sample) == shown


def test_a_picture_that_a_number_skips():
    rows = [row(image_1=encoded(1), image_2=None, image_3=encoded(3))]
    assert refused(lambda: data.load_records(rows, name="mine"), DataError) == (
        "mine, record 0 (sample 'a'): there is a picture in column 'image_3' and none in 'image_2', so questions about "
        "<image 3> would be shown another one. Add it, or leave the sample out."
    )


def test_a_table_without_pictures_says_so():
    rows = [row(id=str(i)) for i in range(2)]
    assert [sample.pictures for sample in data.load_records(rows, columns={"image": ""})] == [(), ()]
    assert "there is no column 'image' or 'image_path' for the image" in refused(
        lambda: data.load_records(rows), DataError
    )


def test_places_stay_in_questions_about_several_pictures():
    text = "<image>\n<image>\nWhich is red?"
    many, one = data.load_records(
        [
            row(image=[encoded(1), encoded(2)], question=text),
            row(id="b", image=encoded(1), question="<image>\nIs it red?"),
        ]
    )
    assert (many.question, one.question) == (text, "Is it red?")


def test_samples_that_share_one_of_their_pictures_are_one_cluster():
    shown = {"a": [1], "b": [2, 3], "c": [], "d": [3, 4], "e": [4], "f": [5], "g": []}
    dataset = data.load_records([row(id=name, image=[encoded(i) for i in held]) for name, held in shown.items()])
    clusters = dict(zip(dataset.ids, dataset.clusters, strict=True))
    assert clusters["b"] == clusters["d"] == clusters["e"]
    assert len(set(dataset.clusters)) == 5
    assert (clusters["c"], clusters["g"]) == ("c", "g")


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        (
            {
                "image": [encoded(1), encoded(2)],
                "conversations": [
                    {"from": "human", "value": "<image>\nWhat is it?"},
                    {"from": "gpt", "value": "Red."},
                    {"from": "human", "value": "<image>\nAnd this?"},
                    {"from": "gpt", "value": "Blue."},
                ],
            },
            [("<image>\nWhat is it?", [1]), ("<image>\nAnd this?", [1, 2])],
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "Is"},
                            {"type": "image", "image": encoded(1)},
                            {"type": "text", "text": "like"},
                            {"type": "image", "image": encoded(2)},
                        ],
                    },
                    {"role": "assistant", "content": "Yes."},
                ]
            },
            [("Is\n<image>\nlike\n<image>", [1, 2])],
        ),
        (
            {"images": [encoded(1), encoded(2)], "texts": [{"user": "Which?", "assistant": "Both."}]},
            [("Which?", [1, 2])],
        ),
    ],
)
def test_conversations_about_several_pictures(values: dict[str, Any], asked: list[tuple[str, list[int]]]):
    dataset = data.load_records([{"id": "a", **values}])
    # the place of a picture that is the only one so far says nothing
    assert [(sample.question, levels(sample)) for sample in dataset] == [
        (question.removeprefix("<image>\n") if len(shown) == 1 else question, shown) for question, shown in asked
    ]


def test_a_conversation_about_more_pictures_than_there_are():
    turns = [{"from": "human", "value": "<image> or <image>?"}, {"from": "gpt", "value": "This."}]
    for held, there in (([encoded(1)], "1"), ([], "none")):
        given = [{"id": "a", "image": held, "conversations": turns}]
        assert refused(lambda given=given: data.load_records(given, name="mine"), DataError) == (
            f"mine, record 0: entry 1 of 'conversations' shows picture 2, and the row holds {there}. Add it, or leave "
            "the row out: where=..."
        )


def test_exported_and_back(tmp_path: Path):
    first, second = picture(1), picture(2)
    made = Dataset(
        "d",
        [
            Sample("one", first, "What?", "That."),
            Sample("two", None, "<image 2> or <image 1>?", "This.", images=(first, second)),
            Sample("none", None, "2 + 2?", "4", references=("4", "four")),
        ],
    )
    noted = data.export(made, tmp_path / "kept")
    again = data.load_exported(tmp_path / "kept", sha256=noted)
    assert again.fingerprint == made.fingerprint
    assert [levels(sample) for sample in again] == [[1], [1, 2], []]
    assert sorted(path.stem for path in (tmp_path / "kept" / "images").iterdir()) == sorted(
        map(image_digest, (first, second))
    )
    lines = [json.loads(line) for line in (tmp_path / "kept" / "samples.jsonl").read_text().splitlines()]
    assert [sorted(line) for line in lines] == [
        ["category", "cluster", "id", "image", "question", "reference"],
        ["category", "cluster", "id", "image", "images", "question", "reference"],
        ["category", "cluster", "id", "image", "question", "reference", "references"],
    ]
