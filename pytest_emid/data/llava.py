"""LLaVA's layout: a file of questions, a folder of images, a file of reference answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_emid.data.columns import Record
from pytest_emid.data.dataset import Dataset
from pytest_emid.data.files import json_lines
from pytest_emid.data.records import build
from pytest_emid.errors import DataError

__all__ = ["load_llava", "load_llava_folder", "load_prompts"]


def load_llava(
    questions: str | os.PathLike[str],
    images: str | os.PathLike[str],
    answers: str | os.PathLike[str] | Mapping[Any, str],
    *,
    name: str | None = None,
) -> Dataset:
    """A dataset in the layout of LLaVA-Bench.

    Args:
        questions: JSON lines with `question_id`, `image`, `text` and, if there are any, `category`.
        images: the folder that `image` is relative to, and must not leave.
        answers: JSON lines with `question_id` and `text`, or a mapping from question id to text; answers to other
            questions are not used.
        name: of the dataset; by default the questions' file name without its suffix.

    Raises:
        DataError: a file cannot be read, a field is missing, an id is repeated, a question has no answer, an image is
            missing. The message names file and line.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> from pytest_emid import data
        >>> with TemporaryDirectory() as folder:
        ...     root = Path(folder)
        ...     Image.new("RGB", (2, 2)).save(root / "a.png")
        ...     _ = (root / "q.jsonl").write_text('{"question_id": 7, "image": "a.png", "text": "What is it?"}')
        ...     dataset = data.load_llava(root / "q.jsonl", root, {7: "A square."})
        >>> dataset[0].id, dataset[0].question, dataset[0].reference
        ('7', 'What is it?', 'A square.')
    """
    file = Path(questions)
    if isinstance(answers, Mapping):
        references, answered_in = {str(key): text for key, text in answers.items()}, "the answers"
    else:
        references, answered_in = _texts(Path(answers), "text"), str(answers)
    rows = []
    unanswered = []
    for where, record in json_lines(file):
        question_id = str(record.get("question_id"))
        if "question_id" in record and question_id not in references:
            unanswered.append(f"{where} ({question_id!r})")
            continue
        rows.append(Record(where, {**record, "reference": references.get(question_id, "")}))
    if unanswered:
        more = f" and {len(unanswered) - 3} more" if len(unanswered) > 3 else ""
        raise DataError(
            f"{answered_in}: no answer to {len(unanswered)} of {len(rows) + len(unanswered)} questions: "
            f"{', '.join(unanswered[:3])}{more}. Add the answers, or leave the questions out."
        )
    if not rows:
        raise DataError(f"{file}: there is no question in it.")
    columns = {"id": "question_id", "image": "image", "question": "text", "reference": "reference"}
    return build(name or file.stem, rows, columns=columns, images=Path(images))


def load_llava_folder(folder: str | os.PathLike[str], *, name: str | None = None) -> Dataset:
    """A dataset in LLaVA's layout in one folder: `questions.jsonl`, `answers.jsonl` and the folder `images`.

    Where the files have other names, they are the only one that ends in `questions.jsonl` and the only one with
    `answer` in its name, as in `qa90_questions.jsonl` and `qa90_gpt4_answer.jsonl`.

    Args:
        folder: the folder.
        name: of the dataset; by default the folder's.

    Raises:
        DataError: a part is missing, several files could be it, or as for `load_llava`.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> from pytest_emid import data
        >>> with TemporaryDirectory() as folder:
        ...     root = Path(folder)
        ...     (root / "images").mkdir()
        ...     Image.new("RGB", (2, 2)).save(root / "images" / "a.png")
        ...     _ = (root / "questions.jsonl").write_text('{"question_id": 7, "image": "a.png", "text": "What is it?"}')
        ...     _ = (root / "answers.jsonl").write_text('{"question_id": 7, "text": "A square."}')
        ...     data.load_llava_folder(root, name="squares")
        Dataset('squares', 1 samples)
    """
    root = Path(folder)
    questions = _only(root, "questions.jsonl", "*questions.jsonl")
    answers = _only(root, "answers.jsonl", "*answer*.jsonl")
    if not (root / "images").is_dir():
        raise DataError(f"{root}: there is no folder images, which LLaVA's layout has. Put the pictures there.")
    return load_llava(questions, root / "images", answers, name=name or root.resolve().name)


def _only(root: Path, usual: str, pattern: str) -> Path:
    if (root / usual).is_file():
        return root / usual
    found = sorted(path.name for path in root.glob(pattern) if path.is_file())
    if len(found) != 1:
        problem = f"it could be {', '.join(found)}" if found else f"nor {pattern}"
        raise DataError(
            f"{root}: there is no {usual}, which LLaVA's layout has, {'and ' if found else ''}{problem}. "
            f"Rename the right one to {usual}, or pass the files to data.load_llava."
        )
    return root / found[0]


def load_prompts(path: str | os.PathLike[str]) -> dict[str, str]:
    """The questions as they were asked, from a LLaVA answer file: question id to `prompt`.

    Answers recorded under a text shift or in another language hold the shifted question, which
    `shifts.parallel_text` makes a shift of.

    Raises:
        DataError: the file cannot be read, a record has no `question_id` or `prompt`, or an id is repeated.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from pytest_emid import data
        >>> with TemporaryDirectory() as folder:
        ...     root = Path(folder)
        ...     _ = (root / "a.jsonl").write_text('{"question_id": 7, "prompt": "Was ist das?", "text": "A square."}')
        ...     data.load_prompts(root / "a.jsonl")
        {'7': 'Was ist das?'}
    """
    return _texts(Path(path), "prompt")


def _texts(file: Path, key: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    places: dict[str, str] = {}
    for where, record in json_lines(file):
        for needed, kinds in (("question_id", (str, int)), (key, (str,))):
            if not isinstance(record.get(needed), kinds) or isinstance(record[needed], bool):
                held = ", ".join(map(repr, record)) or "nothing"
                raise DataError(f"{where}: a record needs {needed!r}; this one holds {held}.")
        question_id = str(record["question_id"])
        if question_id in texts:
            raise DataError(f"{where}: question {question_id!r} is already in {places[question_id]}. Keep one of them.")
        if not record[key].strip():
            raise DataError(f"{where} (question {question_id!r}): {key!r} is empty. Add the text, or leave it out.")
        texts[question_id], places[question_id] = record[key], where
    if not texts:
        raise DataError(f"{file}: there is no record in it.")
    return texts
