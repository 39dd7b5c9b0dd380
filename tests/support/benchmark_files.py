"""Files in the formats of public benchmarks, drawn from a seed after their descriptions, and ways to spoil them."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

__all__ = ["FORMATS", "SPOILED", "Made", "spoiled", "written"]

NOUNS = ("cat", "dog", "lamp", "chair", "red bus", "tree", "cup", "Straße", "猫", "kite")
Row = dict[str, Any]


@dataclass
class Made:
    """A file in some format.

    Attributes:
        rows: the records.
        asked: for each sample id, question and accepted answers, as they must be read.
        write: writes the records, and gives what `data.load` is given.
        place: how errors name a record by its position.
    """

    rows: list[Row]
    asked: dict[str, tuple[str, tuple[str, ...]]]
    write: Callable[[Path, list[Row]], Path]
    place: Callable[[int], str] = field(default=lambda k: f"line {k + 1}")


@cache
def png(shade: int) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (3, 2), (shade % 256, shade // 256 % 256, 7)).save(buffer, "PNG")
    return buffer.getvalue()


def written(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def pictures(folder: Path, names: list[str]) -> None:
    for shade, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(shade))


def json_lines(folder: Path, rows: list[Row]) -> Path:
    pictures(folder, [f"{i}.png" for i in range(9)])
    return written(folder / "data.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def base(rng: random.Random, n: int) -> list[tuple[str, str, str]]:
    """Question, answer and picture of n records."""
    made = []
    for i in range(n):
        thing = rng.choice(NOUNS)
        asked = rng.choice(("What is beside the", "Which colour has the", 'Où est, "ici", le', "How old is the"))
        made.append((f"{asked} {thing}, number {i}?", f"The {rng.choice(NOUNS)}.", f"{i}.png"))
    return made


def conversations(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    for i, (question, answer, image) in enumerate(base(rng, rng.randint(2, 5))):
        turns = rng.randint(1, 3)
        said = []
        for turn in range(turns):
            text = question if turn == 0 else f"And then, {turn}?"
            mark = rng.choice(("<image>\n{}", "{}\n<image>")) if turn == 0 else "{}"
            said += [{"from": "human", "value": mark.format(text)}, {"from": "gpt", "value": f"{answer} {turn}"}]
            asked[f"r{i}-{turn + 1}" if turns > 1 else f"r{i}"] = (text, (f"{answer} {turn}",))
        rows.append({"id": f"r{i}", "image": image, "conversations": said})
    if rng.random() < 0.5:
        return Made(rows, asked, json_lines)

    def as_json(folder: Path, rows: list[Row]) -> Path:
        json_lines(folder, rows).unlink()
        return written(folder / "llava_instruct.json", rows)

    return Made(rows, asked, as_json, lambda k: f"record {k}")


def messages(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    for i, (question, answer, image) in enumerate(base(rng, rng.randint(2, 5))):
        system = [{"role": "system", "content": "Be brief."}] if rng.random() < 0.4 else []
        if rng.random() < 0.5:
            user: Any = [{"type": "image", "image": image}, {"type": "text", "text": question}]
            row: Row = {"id": i}
        else:
            address = "data:image/png;base64," + base64.b64encode(png(i)).decode()
            user = [{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": address}}]
            row = {"id": i}
        reply: Any = rng.choice((answer, [{"type": "text", "text": answer}]))
        turns = [*system, {"role": "user", "content": user}, {"role": "assistant", "content": reply}]
        rows.append({**row, "messages": turns})
        asked[str(i)] = (f"Be brief.\n\n{question}" if system else question, (answer,))
    return Made(rows, asked, json_lines)


def vqa(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    subset = rng.choice(("val2014", "train2014"))
    for i, (question, answer, _) in enumerate(base(rng, rng.randint(2, 5))):
        said = [answer] * rng.randint(6, 9) + ["another"] * rng.randint(1, 3)
        rng.shuffle(said)
        answers = [{"answer": one, "answer_confidence": "yes", "answer_id": n + 1} for n, one in enumerate(said)]
        annotation = {"image_id": i, "question_id": 1000 + i, "answers": answers, "multiple_choice_answer": answer}
        rows.append({"image_id": i, "question": question, "question_id": 1000 + i, "annotation": annotation})
        asked[str(1000 + i)] = (question, (answer,) * said.count(answer) + ("another",) * said.count("another"))

    def write(folder: Path, rows: list[Row]) -> Path:
        pictures(folder, [f"{subset}/COCO_{subset}_{i:012d}.jpg" for i in range(6)])
        questions = [{key: value for key, value in row.items() if key != "annotation"} for row in rows]
        annotations = [row["annotation"] for row in rows if "annotation" in row]
        head = {"info": {}, "data_type": "mscoco", "data_subtype": subset}
        written(folder / f"v2_mscoco_{subset}_annotations.json", {**head, "annotations": annotations})
        return written(folder / f"v2_OpenEnded_mscoco_{subset}_questions.json", {**head, "questions": questions})

    return Made(rows, asked, write, lambda k: f"question {k}")


def coco(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    for i, (_, answer, _) in enumerate(base(rng, rng.randint(2, 5))):
        said = tuple(f"{answer} {n}" for n in range(rng.randint(1, 5)))
        rows.append({"id": 40 + i, "file_name": f"{i:012d}.jpg", "captions": list(said)})
        asked[str(40 + i)] = ("Provide a one-sentence caption for the provided image.", said)

    def write(folder: Path, rows: list[Row]) -> Path:
        pictures(folder, [f"val2017/{i:012d}.jpg" for i in range(6)])
        images = [{k: v for k, v in row.items() if k != "captions"} for row in rows]
        said = [{"image_id": row.get("id"), "caption": one} for row in rows for one in row.get("captions", [])]
        return written(folder / "captions_val2017.json", {"info": {}, "images": images, "annotations": said})

    return Made(rows, asked, write, lambda k: f"image {k}")


def stated(question: str, options: list[str], hint: str = "") -> str:
    lines = [*([hint] if hint else []), question, *(f"{'ABCDE'[i]}. {text}" for i, text in enumerate(options))]
    return "\n".join([*lines, "Answer with the option's letter from the given choices directly."])


def evalkit(rng: random.Random) -> Made:
    """VLMEvalKit: TSV as pandas writes it, pictures in base64 or the index of the row that has it."""
    rows: list[Row] = []
    asked = {}
    for i, (question, _, _) in enumerate(base(rng, rng.randint(2, 5))):
        options = rng.sample(NOUNS, rng.randint(2, 4))
        right = rng.randrange(len(options))
        hint = rng.choice(("", "Look closely."))
        image = base64.b64encode(png(i)).decode() if i == 0 or rng.random() < 0.7 else "500"
        letters = {letter: options[j] if j < len(options) else "" for j, letter in enumerate("ABCD")}
        row = {"index": str(500 + i), "image": image, "question": question, "hint": hint, **letters}
        rows.append({**row, "answer": "ABCD"[right], "category": "x", "split": "dev"})
        asked[str(500 + i)] = (stated(question, options, hint), ("ABCD"[right], options[right]))
    return Made(rows, asked, tsv, lambda k: f"line {k + 2}")


def tsv(folder: Path, rows: list[Row]) -> Path:
    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if '"' in text or "\t" in text else text

    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["\t".join(columns), *("\t".join(cell(row.get(c, "")) for c in columns) for row in rows)]
    return written(folder / "MMBench_DEV_EN.tsv", "\n".join(lines) + "\n")


def textvqa(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    for i, (question, answer, _) in enumerate(base(rng, rng.randint(2, 5))):
        said = [answer] * 6 + ["x"] * 4
        rng.shuffle(said)
        rows.append({"question": question, "image_id": f"f{i}", "question_id": 7 + i, "answers": said})
        asked[str(7 + i)] = (question, (answer,) * 6 + ("x",) * 4)

    def write(folder: Path, rows: list[Row]) -> Path:
        pictures(folder, [f"train_images/f{i}.jpg" for i in range(6)])
        return written(folder / "TextVQA_0.5.1_val.json", {"dataset_name": "textvqa", "data": rows})

    return Made(rows, asked, write, lambda k: f"record {k} of 'data'")


def references(rng: random.Random) -> Made:
    """DocVQA's and ChartQA's columns: lists of references."""
    column, ask = rng.choice((("answers", "question"), ("label", "query")))
    rows: list[Row] = []
    asked = {}
    for i, (question, answer, image) in enumerate(base(rng, rng.randint(2, 5))):
        said = [answer, *(f"{answer} {n}" for n in range(rng.randint(0, 3)))]
        rows.append({"questionId": i, ask: question, "image": image, column: said})
        asked[str(i)] = (question, tuple(said))
    return Made(rows, asked, json_lines)


def scienceqa(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    for i, (question, _, image) in enumerate(base(rng, rng.randint(2, 5))):
        options = rng.sample(NOUNS, rng.randint(2, 5))
        right, hint = rng.randrange(len(options)), rng.choice(("", "Read the passage."))
        row = {"id": str(i), "image": image, "question": question, "choices": options, "answer": right, "hint": hint}
        rows.append({**row, "lecture": "", "task": "closed choice"})
        asked[str(i)] = (stated(question, options, hint), ("ABCDE"[right], options[right]))
    return Made(rows, asked, json_lines)


def problems(rng: random.Random) -> Made:
    """ScienceQA as it was published: problems by id, pictures in a folder each."""
    made = scienceqa(rng)
    asked = {str(10 + i): value for i, value in enumerate(made.asked.values())}
    rows = [{**row, "id": str(10 + i), "image": "image.png", "split": "test"} for i, row in enumerate(made.rows)]

    def write(folder: Path, rows: list[Row]) -> Path:
        pictures(folder, [f"images/test/{10 + i}/image.png" for i in range(6)])
        return written(
            folder / "problems.json",
            {str(10 + i): {k: v for k, v in r.items() if k != "id"} for i, r in enumerate(rows)},
        )

    return Made(rows, asked, write, lambda k: f"record '{10 + k}'")


def mmmu(rng: random.Random) -> Made:
    """MMMU: options as text that is a list, pictures in image_1 and so on; some questions are open."""
    rows: list[Row] = []
    asked = {}
    for i, (question, answer, image) in enumerate(base(rng, rng.randint(2, 5))):
        options = [] if rng.random() < 0.3 and i else rng.sample(NOUNS, rng.randint(2, 5))
        right = rng.randrange(len(options)) if options else 0
        said = "ABCDE"[right] if options else answer
        row = {"id": f"validation_Art_{i}", "question": f"{question} <image 1>", "options": repr(options)}
        rows.append({**row, "image_1": image, "image_2": None, "answer": said})
        if options:
            asked[row["id"]] = (stated(f"{question} <image 1>", options), (said, options[right]))
        else:
            asked[row["id"]] = (f"{question} <image 1>", (answer,))
    return Made(rows, asked, json_lines)


def cauldron(rng: random.Random) -> Made:
    rows: list[Row] = []
    asked = {}
    position = 0
    for question, answer, image in base(rng, rng.randint(2, 5)):
        texts = []
        for turn in range(rng.randint(1, 3)):
            texts.append({"user": f"{question} {turn}\n", "assistant": f" {answer}", "source": "AI2D"})
            asked[str(position)] = (f"{question} {turn}", (answer,))
            position += 1
        rows.append({"images": [image], "texts": texts})
    return Made(rows, asked, json_lines)


def llava_bench(rng: random.Random) -> Made:
    """LLaVA-Bench: a folder of questions, answers and images."""
    rows: list[Row] = []
    asked = {}
    for i, (question, answer, image) in enumerate(base(rng, rng.randint(2, 5))):
        rows.append({"question_id": i, "image": image, "category": "conv", "text": question, "answer": answer})
        asked[str(i)] = (question, (answer,))

    def write(folder: Path, rows: list[Row]) -> Path:
        pictures(folder, [f"images/{i}.png" for i in range(6)])
        answers = [{"question_id": r.get("question_id"), "text": r["answer"]} for r in rows if "answer" in r]
        questions = [{k: v for k, v in row.items() if k != "answer"} for row in rows]
        written(folder / "answers_gpt4.jsonl", "".join(json.dumps(row) + "\n" for row in answers))
        written(folder / "questions.jsonl", "".join(json.dumps(row) + "\n" for row in questions))
        return folder

    return Made(rows, asked, write)


FORMATS: dict[str, Callable[[random.Random], Made]] = {
    function.__name__: function
    for function in (
        *(conversations, messages, vqa, coco, evalkit, textvqa, references, scienceqa, problems, mmmu, cauldron),
        llava_bench,
    )
}


def _set(**values: Any) -> Callable[[Row], None]:
    return lambda row: row.update(values)


def _drop(*keys: str) -> Callable[[Row], None]:
    return lambda row: [row.pop(key, None) for key in keys] and None


def _turn(column: str, at: int, value: Any) -> Callable[[Row], None]:
    return lambda row: row[column].__setitem__(at, value)


PICTURE = [_set(image="gone.png"), _set(image="../out.png"), _set(image=["0.png", ""]),
           _set(image=3), _set(image="https://example.org/a.png"),
           _set(image="iVBORw0KGgoAAAANSUhEUg*AAAAB" + "A" * 60)]  # fmt: skip
QUESTION = [_set(question=""), _set(question=7), _set(question=None), _drop("question")]
CHOICE = [_set(options=["x"], choices=["x"]), _set(options=["x", ""], choices=["x", ""]), _set(answer=9),
          _set(answer="none of them"), _set(answer=None), _set(answer=True), _set(options=5, choices=5)]  # fmt: skip
TURNS = (
    (0, 7), (0, {"from": "cat", "value": "x"}), (0, {"from": "human"}), (0, {"from": "gpt", "value": "x"}),
    (1, {"from": "human", "value": "x"}), (1, {"from": "gpt", "value": ""}), (1, {"from": "gpt", "value": 3}),
    (0, {"from": "human", "value": "<image> and <image>"}), (0, {"from": "human", "value": "<image>"}),
    (0, {"from": "human", "value": [{"type": "sound"}]}),
)  # fmt: skip

SPOILED: dict[str, list[Callable[[Row], None]]] = {
    "conversations": [*PICTURE, _set(image=""), _set(image=None),
                      _set(conversations=[]), _set(conversations=None), _drop("conversations"),
                      *(_turn("conversations", *turn) for turn in TURNS)],
    "messages": [_set(messages=[]), _set(messages="x"), _drop("messages"),
                 *(_turn("messages", *turn) for turn in TURNS if turn[0] == 0 and turn[1] != TURNS[8][1])],
    "vqa": [*QUESTION, _set(image_id=99), _drop("question_id"), _drop("annotation"),
            lambda row: row["annotation"].update(answers=[]),
            lambda row: row["annotation"].update(answers=[{"answer": ""}])],
    "coco": [_set(file_name="gone.jpg"), _set(file_name="../x.jpg"), _set(captions=[""]), _set(captions=[3])],
    "evalkit": [*QUESTION[:1], _set(image="gone.png"), _set(A=""), _set(answer="E"), _set(answer="zzz"),
                _set(B="", C="x"), _set(image="iVBORw0KGgoAAAANSUhEUg*AAAAB" + "A" * 60)],
    "textvqa": [*QUESTION, _set(image_id="gone"), _set(answers=[]), _set(answers=["a", 3]),
                _set(answers=None)],
    "references": [*PICTURE, _set(question="", query=""), _set(question=7, query=7), _set(answers=[], label=[]),
                   _set(answers=["a", ""], label=["a", ""]), _set(answers=None, label=None)],
    "scienceqa": [*PICTURE, *QUESTION, *CHOICE],
    "problems": [_set(image="gone.png"), *QUESTION, *CHOICE],
    "mmmu": [*QUESTION, *CHOICE[:2], _set(image_1=None, image_2="1.png"), _set(image_1="gone.png"),
             _set(answer=None), _set(answer="")],
    "cauldron": [_set(images=["0.png", ""]), _set(images=["gone.png"]), _set(texts=[]),
                 _set(texts=[3]), _set(texts=[{"user": "x"}]), _set(texts=[{"user": "", "assistant": "x"}]),
                 _set(texts=None), _drop("texts")],
    "llava_bench": [*PICTURE, _set(text=""), _set(text=3), _drop("text"), _drop("question_id"), _set(answer=""),
                    _drop("answer")],
}  # fmt: skip


WITHOUT: dict[str, list[Callable[[Row], None]]] = {
    "evalkit": [_set(image="")],
    "scienceqa": [_set(image=None), _set(image="")],
    "problems": [_set(image=None)],
    "mmmu": [_set(image_1=None), _set(image_1="")],
    "cauldron": [_set(images=[])],
}
"""A row that is asked without a picture."""


def spoiled(rng: random.Random, name: str) -> tuple[Made, list[Row], int]:
    """A file of a format, its rows with one made wrong, and which."""
    made = FORMATS[name](rng)
    rows = copy.deepcopy(made.rows)
    position = rng.randrange(len(rows))
    rng.choice(SPOILED[name])(rows[position])
    return made, rows, position
