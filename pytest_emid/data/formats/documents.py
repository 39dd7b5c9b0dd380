"""JSON files that are one object: VQA, COCO captions, records under a key, records by id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pytest_emid.data.columns import Record
from pytest_emid.data.files import read_bytes
from pytest_emid.data.formats.pictures import found, numbered, with_picture
from pytest_emid.errors import DataError, brief

__all__ = ["captions", "keyed", "vqa", "wrapped"]

CAPTION: Final = "Provide a one-sentence caption for the provided image."
"""What is asked where a benchmark has captions only."""


def vqa(file: Path, content: dict[str, Any], root: Path) -> Iterator[Record]:
    """VQA: `questions`, and `annotations` with the answers in the same file or in the one beside it whose name says
    annotations."""
    answers: dict[str, dict[str, Any]] = {}
    if isinstance(content.get("annotations"), list):
        source, annotations = file, content["annotations"]
    elif all(isinstance(q, dict) and ("answers" in q or "answer" in q) for q in content["questions"]):
        source, annotations = file, content["questions"]
    else:
        source = _annotations_beside(file)
        annotations = _object(source).get("annotations")
        if not isinstance(annotations, list):
            raise DataError(f"{source}: there is no list 'annotations' in it, which hold VQA's answers.")
    for number, annotation in enumerate(annotations):
        where = f"{source}, annotation {number}"
        if not isinstance(annotation, dict) or "question_id" not in annotation:
            raise DataError(f"{where}: an object with 'question_id' is needed, not {brief(annotation)}.")
        answers[str(annotation["question_id"])] = annotation
    subset = str(content.get("data_subtype") or "")
    for number, question in enumerate(content["questions"]):
        where = f"{file}, question {number}"
        if not isinstance(question, dict) or "question_id" not in question:
            raise DataError(f"{where}: an object with 'question_id' is needed, not {brief(question)}.")
        found_answer = answers.get(str(question["question_id"]))
        if found_answer is None:
            raise DataError(
                f"{where}: no annotation of {source} answers question {question['question_id']!r}. Add one, or leave "
                "the question out."
            )
        given = found_answer.get("answers", found_answer.get("answer", found_answer.get("multiple_choice_answer")))
        image = question.get("image")
        if image is None and isinstance(question.get("image_id"), int | str):
            image = found(root, numbered(question["image_id"], subset))
        kind = found_answer.get("question_type", "")
        yield Record(where, {"category": kind, **question, "image": image, "answers": given})


def captions(file: Path, content: dict[str, Any], root: Path) -> Iterator[Record]:
    """COCO: `images`, and `annotations` with captions; all captions of a picture are its references."""
    said: dict[Any, list[Any]] = {}
    for number, annotation in enumerate(content["annotations"]):
        where = f"{file}, annotation {number}"
        if not isinstance(annotation, dict) or not isinstance(annotation.get("image_id"), int | str):
            raise DataError(f"{where}: an object with 'image_id' is needed, not {brief(annotation)}.")
        if "caption" not in annotation:
            raise DataError(
                f"{where}: there is no 'caption' in it; it holds {', '.join(map(repr, annotation))}. Take the file of "
                "captions: boxes and keypoints are no answers to a question."
            )
        said.setdefault(annotation["image_id"], []).append(annotation["caption"])
    for number, image in enumerate(content["images"]):
        where = f"{file}, image {number}"
        if not isinstance(image, dict) or not isinstance(image.get("id"), int | str):
            raise DataError(f"{where}: an object with 'id' is needed, not {brief(image)}.")
        if image["id"] in said:
            names = [image["file_name"]] if isinstance(image.get("file_name"), str) else numbered(str(image["id"]))
            row = {"id": image["id"], "image": found(root, names), "question": CAPTION, "references": said[image["id"]]}
            yield Record(where, row)
    unknown = [image_id for image_id in said if image_id not in {image["id"] for image in content["images"]}]
    if unknown:
        raise DataError(f"{file}: captions of image {unknown[0]!r}, which is not among 'images'. Add it.")


def wrapped(file: Path, content: dict[str, Any], root: Path) -> Iterator[Record]:
    """Records in a list under `data`."""
    for number, record in enumerate(content["data"]):
        where = f"{file}, record {number} of 'data'"
        if not isinstance(record, dict):
            raise DataError(f"{where}: a {type(record).__name__}, not an object.")
        yield Record(where, with_picture(record, root))


def keyed(file: Path, content: dict[str, Any], root: Path) -> Iterator[Record]:
    """Records by their ids. ScienceQA's picture `image.png` lies in `<split>/<id>`."""
    if not content or not all(isinstance(record, dict) for record in content.values()):
        held = ", ".join(map(repr, list(content)[:5])) or "nothing"
        raise DataError(f"{file}: a list of objects, or objects by id, is needed; this object holds {held}.")
    for key, record in content.items():
        image = record.get("image")
        places = (f"{record.get('split', '')}/{key}/{image}", f"{key}/{image}") if image and "split" in record else ()
        yield Record(f"{file}, record {key!r}", with_picture({"id": key, **record}, root, *places))


def _annotations_beside(file: Path) -> Path:
    name = file.name.replace("questions", "annotations")
    for other in (name, name.replace("OpenEnded_", ""), name.replace("MultipleChoice_", "")):
        if other != file.name and file.with_name(other).is_file():
            return file.with_name(other)
    wanted = name.replace("OpenEnded_", "").replace("MultipleChoice_", "")
    raise DataError(f"{file}: the answers are not in it, and not in {wanted} beside it. Put the annotations there.")


def _object(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_bytes(file).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON in UTF-8: {error}.") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: an object with 'annotations' is needed, not a {type(content).__name__}.")
    return content
